//! The eight by eight cells about a query, wherever the blocks' edges run: most queries end inside it.

use super::frame::{Spot, UNITS_PER_CELL};

/// The left column of a word.
const COLUMN: u64 = 0x0101_0101_0101_0101;
const RINGS: usize = 5;

/// Named by its south-west cell; it lies over up to four blocks.
pub(super) struct Window {
    pub(super) column: i64,
    pub(super) row: i64,
}

impl Window {
    /// The window of squares of 2^shift cells in whose middle four the spot is.
    #[inline]
    pub(super) fn about(spot: Spot, shift: u32) -> Self {
        let half = (UNITS_PER_CELL << shift) / 2;
        Self { column: ((spot.x + half) >> (16 + shift)) - 4, row: ((spot.y + half) >> (16 + shift)) - 4 }
    }

    /// Units from the spot to the nearest edge.
    pub(super) fn reach(&self, spot: Spot, shift: u32) -> i64 {
        let shift = 16 + shift;
        let to_edge = |at: i64, first: i64| (at - (first << shift)).min(((first + 8) << shift) - at);
        to_edge(spot.x, self.column).min(to_edge(spot.y, self.row))
    }

    /// The bit of a square in the middle four.
    #[inline]
    pub(super) fn bit(&self, column: i64, row: i64) -> u32 {
        ((row - self.row) << 3 | (column - self.column)) as u32
    }

    /// The squares of the window in rings about one of the middle four: first the eight about it.
    pub(super) fn rings(&self, bit: u32) -> &'static [u64] {
        &RINGS_ABOUT[((bit as usize >> 3) - 3) & 1][((bit as usize & 7) - 3) & 1][1..]
    }

    /// The word of the window, put together from the words of the four blocks under it: of two columns and two rows.
    #[inline]
    pub(super) fn word(&self, blocks: [[u64; 2]; 2]) -> u64 {
        let (right, up) = self.shift();
        let [west, east] = blocks.map(|[low, high]| ((u128::from(high) << 64 | u128::from(low)) >> (8 * up)) as u64);
        let of_west = COLUMN * (0xff >> right);
        west >> right & of_west | east << (8 - right) & !of_west
    }

    /// The cells of a block that lie in the window.
    #[inline]
    pub(super) fn part_of(&self, column: i64, row: i64) -> u64 {
        let (right, up) = self.shift();
        let (first_column, first_row) = self.block();
        let columns = match column - first_column {
            0 => (0xff << right) & 0xff,
            1 => 0xff >> (8 - right),
            _ => 0,
        };
        let rows = match row - first_row {
            0 => u64::MAX << (8 * up),
            1 if up > 0 => u64::MAX >> (64 - 8 * up),
            _ => 0,
        };
        (columns * COLUMN) & rows
    }

    /// The column and row of the south-west block under it.
    #[inline]
    pub(super) fn block(&self) -> (i64, i64) {
        (self.column >> 3, self.row >> 3)
    }

    fn shift(&self) -> (u32, u32) {
        ((self.column & 7) as u32, (self.row & 7) as u32)
    }
}

/// The rings about the cell in row 3 or 4 and column 3 or 4 of a window.
static RINGS_ABOUT: [[[u64; RINGS]; 2]; 2] =
    [[rings_about(3, 3), rings_about(4, 3)], [rings_about(3, 4), rings_about(4, 4)]];

const fn rings_about(column: usize, row: usize) -> [u64; RINGS] {
    let mut rings = [0; RINGS];
    let mut cell = 0;
    while cell < 64 {
        let (across, up) = ((cell & 7usize).abs_diff(column), (cell >> 3).abs_diff(row));
        rings[if across > up { across } else { up }] |= 1 << cell;
        cell += 1;
    }
    rings
}
