//! Eight by eight squares about a query: which are where, how far away, and in what order to look.

use super::frame::{Spot, square};

/// A square to be visited.
#[derive(Clone, Copy, Default)]
pub(super) struct Stop {
    /// Squared distance to its nearest point.
    pub(super) nearest: f32,
    /// Its place in the word.
    pub(super) bit: u32,
}

/// Eight by eight squares, wherever the blocks' edges run.
pub(super) struct Part {
    /// The query from the corner of the first.
    pub(super) from: Spot,
    pub(super) column: u32,
    pub(super) row: u32,
    /// Units along a square's side.
    pub(super) side: i64,
    /// Blocks in a row of them.
    pub(super) wide: u32,
}

impl Part {
    /// The square of a bit: block * 64 + bit of the block.
    #[inline]
    pub(super) fn square(&self, bit: u32) -> u32 {
        let (column, row) = (self.column.wrapping_add(bit & 7), self.row.wrapping_add(bit >> 3));
        let block = (row >> 3).wrapping_mul(self.wide).wrapping_add(column >> 3);
        block << 6 | (row & 7) << 3 | column & 7
    }

    /// The query from the corner of a square.
    #[inline]
    pub(super) fn corner(&self, bit: u32) -> Spot {
        let along = |at: i64, line: u32| at.wrapping_sub(i64::from(line).wrapping_mul(self.side));
        Spot { x: along(self.from.x, bit & 7), y: along(self.from.y, bit >> 3) }
    }

    /// The four squares about that corner of the query's own square which is nearest to it; `own` is not at the edge of the part.
    #[inline]
    pub(super) fn four(&self, own: u32) -> Four {
        let corner = self.corner(own);
        let (x, y) = (corner.x.min(self.side - corner.x), corner.y.min(self.side - corner.y));
        let (east, north) = (u32::from(corner.x > x), u32::from(corner.y > y));
        let (beside, above) = (own - 1 + 2 * east, own - 8 + 16 * north);
        let (nearest_x, nearest_y) = (square(x), square(y));
        let stop = |bit, nearest| Stop { nearest, bit };
        Four {
            stops: [
                stop(own, 0.0),
                stop(beside, nearest_x),
                stop(above, nearest_y),
                stop(beside - 8 + 16 * north, nearest_x + nearest_y),
            ],
            to_edge: x.min(y),
            to_outside: self.side - x.max(y),
        }
    }
}

/// The query's own square and three about it.
pub(super) struct Four {
    pub(super) stops: [Stop; 4],
    /// Units from the query to the edge of its own square, and of the four.
    pub(super) to_edge: i64,
    pub(super) to_outside: i64,
}

impl Four {
    /// Their places in the word.
    #[inline]
    pub(super) fn bits(&self) -> u64 {
        self.stops.iter().fold(0, |bits, stop| bits | 1 << stop.bit)
    }
}

/// How far the eight columns and the eight rows of a part are, squared.
pub(super) struct Squares {
    columns: [f32; 8],
    rows: [f32; 8],
}

impl Squares {
    pub(super) fn of(part: &Part) -> Self {
        let line = |at: i64, line: usize| (at as i32).wrapping_sub((line as i32).wrapping_mul(part.side as i32));
        let columns = std::array::from_fn(|column| square_outside(line(part.from.x, column), part.side));
        let rows = std::array::from_fn(|row| square_outside(line(part.from.y, row), part.side));
        Self { columns, rows }
    }

    /// Squared distance to the nearest point of a square.
    #[inline]
    pub(super) fn nearest(&self, bit: u32) -> f32 {
        self.columns[bit as usize & 7] + self.rows[bit as usize >> 3 & 7]
    }
}

/// How far somebody at `at` is from the stretch from nothing to `side`, squared. Without a branch, and four at a time.
#[inline]
fn square_outside(at: i32, side: i64) -> f32 {
    let more = |a: f32, b: f32| if a > b { a } else { b };
    let at = at as f32;
    let outside = more(more(-at, at - side as f32), 0.0);
    outside * outside
}
