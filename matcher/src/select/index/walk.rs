//! From the nearest cells outward: the one search behind all queries.
//!
//! First the eight by eight cells about the query, ring by ring; then the blocks about its block, ring by ring. A word of
//! [`Maps`](super::maps::Maps) names the cells that have somebody with the skill, all others cost nothing. A cell, block
//! or ring is left out only when its nearest point is farther than the visitor's bound, so nobody who could matter is missed.

use super::Index;
use super::chunks::{Marks, NONE};
use super::frame::{CELLS_PER_BLOCK, Spot, UNITS_PER_CELL};
use crate::model::Position;

/// Who looks at the volunteers that a walk meets.
pub(super) trait Visitor {
    /// The lanes of a chunk that may be of interest, in a cell whose nearest point is at squared distance `nearest`.
    fn lanes(&self, marks: &Marks, nearest: u64) -> u16;
    /// Squared units; nobody beyond it is of interest any more. Must never grow.
    fn bound(&self) -> u64;
    /// Meets somebody with the skills, within the bound. `lane` is theirs in `marks`.
    fn visit(&mut self, index: &Index, square: u64, seat: u32, marks: (&Marks, u32));
}

const BLOCK_UNITS: i64 = UNITS_PER_CELL * CELLS_PER_BLOCK;
/// The left column and the bottom row of a word.
const COLUMN: u64 = 0x0101_0101_0101_0101;

/// Shows everybody with all of `skills` who may be within the visitor's bound to it, roughly the nearest first.
pub(super) fn walk(index: &Index, at: Position, skills: u128, visitor: &mut impl Visitor) {
    match index.frame.spot(at) {
        Some(spot) => Walk { index, spot, skills, first_row: first_row(skills) }.run(visitor),
        None => walk_all(index, at, skills, visitor),
    }
    for stray in index.strays.iter().filter(|stray| stray.card.skills & skills == skills) {
        let marks = Marks::of(&stray.card);
        if visitor.lanes(&marks, 0) != 0 {
            meet_measured(index, at, stray.seat, (&marks, 0), visitor);
        }
    }
}

/// For a query far outside the box: everybody is measured on the sphere.
fn walk_all(index: &Index, at: Position, skills: u128, visitor: &mut impl Visitor) {
    for chunk in index.chunks.chunks() {
        let marks = index.chunks.marks(chunk);
        let mut lanes = visitor.lanes(marks, 0) & index.chunks.lanes_with(chunk, skills);
        while lanes != 0 {
            let lane = lanes.trailing_zeros();
            let (_, _, seat) = index.chunks.lane(chunk, lane);
            meet_measured(index, at, seat, (marks, lane), visitor);
            lanes &= lanes - 1;
        }
    }
}

fn meet_measured(index: &Index, at: Position, seat: u32, marks: (&Marks, u32), visitor: &mut impl Visitor) {
    let square = index.frame.square_of(at.distance_m(index.roster.seat(seat).position));
    if square <= visitor.bound() {
        visitor.visit(index, square, seat, marks);
    }
}

/// The row of the maps that is read first for a set of skills.
pub(super) fn first_row(skills: u128) -> usize {
    if skills == 0 { 0 } else { skills.trailing_zeros() as usize + 1 }
}

struct Walk<'a> {
    index: &'a Index,
    spot: Spot,
    skills: u128,
    /// The row of `skills` that is read first.
    first_row: usize,
}

impl Walk<'_> {
    fn run(&self, visitor: &mut impl Visitor) {
        let window = Window::about(self.spot);
        self.visit_window(&window, visitor);
        if visitor.bound() >= square(window.reach(self.spot)) {
            self.visit_blocks(&window, visitor);
        }
    }

    fn visit_window(&self, window: &Window, visitor: &mut impl Visitor) {
        let word = self.window_word(window);
        for ring in window.rings(self.spot) {
            self.visit_cells(word & ring, (window.column, window.row), None, visitor);
        }
    }

    /// The word of the window, put together from the up to four blocks under it.
    fn window_word(&self, window: &Window) -> u64 {
        let (block_column, block_row) = (window.column >> 3, window.row >> 3);
        let (right, up) = ((window.column & 7) as u32, (window.row & 7) as u32);
        let wide = |row: i64| {
            let low = self.word(block_column, row) >> right & COLUMN * (0xff >> right);
            if right == 0 {
                return low;
            }
            let high = self.word(block_column + 1, row) << (8 - right);
            low | high & COLUMN * (0xff << (8 - right) & 0xff)
        };
        if up == 0 {
            return wide(block_row);
        }
        wide(block_row) >> (8 * up) | wide(block_row + 1) << (64 - 8 * up)
    }

    fn word(&self, column: i64, row: i64) -> u64 {
        self.index.frame.block(column, row).map_or(0, |block| self.block_word(block))
    }

    #[inline]
    fn block_word(&self, block: usize) -> u64 {
        let mut word = self.index.maps.row(self.first_row).get(block).copied().unwrap_or(0);
        let mut more = self.skills & self.skills.wrapping_sub(1);
        while more != 0 && word != 0 {
            let row = more.trailing_zeros() as usize + 1;
            word &= self.index.maps.row(row).get(block).copied().unwrap_or(0);
            more &= more - 1;
        }
        word
    }

    fn visit_blocks(&self, window: &Window, visitor: &mut impl Visitor) {
        let frame = &self.index.frame;
        let (column, row) = (self.spot.x.div_euclid(BLOCK_UNITS), self.spot.y.div_euclid(BLOCK_UNITS));
        let farthest = |at: i64, count: i64| at.abs().max((count - 1 - at).abs());
        let rings = farthest(column, frame.blocks_wide).max(farthest(row, frame.blocks_high));
        let to_edge = edge_distance(self.spot.x, column).min(edge_distance(self.spot.y, row));
        for ring in 0..=rings {
            if ring > 0 && square(to_edge + (ring - 1) * BLOCK_UNITS) > visitor.bound() {
                return;
            }
            for block_row in (row - ring).max(0)..=(row + ring).min(frame.blocks_high - 1) {
                let whole = (block_row - row).abs() == ring;
                let step = if whole { 1 } else { (2 * ring).max(1) };
                self.visit_block_row((column - ring, column + ring, step), block_row, window, visitor);
            }
        }
    }

    fn visit_block_row(&self, columns: (i64, i64, i64), row: i64, window: &Window, visitor: &mut impl Visitor) {
        let (first, last, step) = columns;
        let wide = self.index.frame.blocks_wide;
        let (first, last) = if step == 1 { (first.max(0), last.min(wide - 1)) } else { (first, last) };
        let mut column = first;
        while column <= last {
            let word = self.word(column, row);
            if word != 0 && self.square_to(column * BLOCK_UNITS, row * BLOCK_UNITS, BLOCK_UNITS) <= visitor.bound() {
                self.visit_cells(word, (column << 3, row << 3), Some(window), visitor);
            }
            column += step;
        }
    }

    /// Visits the cells of a word whose lowest bit is the cell at `corner`, those outside `seen`.
    #[inline]
    fn visit_cells(&self, mut word: u64, corner: (i64, i64), seen: Option<&Window>, visitor: &mut impl Visitor) {
        while word != 0 {
            let bit = i64::from(word.trailing_zeros());
            word &= word - 1;
            let (column, row) = (corner.0 + (bit & 7), corner.1 + (bit >> 3));
            if seen.is_some_and(|window| window.holds(column, row)) {
                continue;
            }
            let (x, y) = (column * UNITS_PER_CELL, row * UNITS_PER_CELL);
            let nearest = self.square_to(x, y, UNITS_PER_CELL);
            if nearest <= visitor.bound()
                && let Some(cell) = self.index.frame.cell(Spot { x, y })
            {
                self.visit_cell(cell, nearest, (self.spot.x - x, self.spot.y - y), visitor);
            }
        }
    }

    /// `x` and `y` are those of the query from the corner of the cell, `nearest` its squared distance.
    #[inline]
    fn visit_cell(&self, cell: u32, nearest: u64, (x, y): (i64, i64), visitor: &mut impl Visitor) {
        let chunks = &self.index.chunks;
        let mut chunk = chunks.head(cell);
        while chunk != NONE {
            let marks = chunks.marks(chunk);
            let mut lanes = visitor.lanes(marks, nearest) & chunks.lanes_with(chunk, self.skills);
            while lanes != 0 {
                let lane = lanes.trailing_zeros();
                let (lane_x, lane_y, seat) = chunks.lane(chunk, lane);
                let square = square(i64::from(lane_x) - x) + square(i64::from(lane_y) - y);
                if square <= visitor.bound() {
                    visitor.visit(self.index, square, seat, (marks, lane));
                }
                lanes &= lanes - 1;
            }
            chunk = marks.next;
        }
    }

    /// Squared distance to the nearest point of a square of cells.
    #[inline]
    fn square_to(&self, x: i64, y: i64, side: i64) -> u64 {
        let outside = |low: i64, at: i64| (low - at).max(at - low - side).max(0);
        square(outside(x, self.spot.x)) + square(outside(y, self.spot.y))
    }
}

/// The eight by eight cells about a spot, not aligned to blocks; named by its south-west cell.
struct Window {
    column: i64,
    row: i64,
}

impl Window {
    fn about(spot: Spot) -> Self {
        let half = UNITS_PER_CELL / 2;
        Self { column: ((spot.x + half) >> 16) - 4, row: ((spot.y + half) >> 16) - 4 }
    }

    fn holds(&self, column: i64, row: i64) -> bool {
        (0..8).contains(&(column - self.column)) && (0..8).contains(&(row - self.row))
    }

    /// Units from the spot to the nearest edge.
    fn reach(&self, spot: Spot) -> i64 {
        let to_edge = |at: i64, first: i64| (at - (first << 16)).min(((first + 8) << 16) - at);
        to_edge(spot.x, self.column).min(to_edge(spot.y, self.row))
    }

    /// The cells of the window in five rings about the cell of the spot.
    fn rings(&self, spot: Spot) -> [u64; 5] {
        let (column, row) = spot.column_row();
        let (column, row) = (column - self.column, row - self.row);
        let mut inner = 0;
        std::array::from_fn(|ring| {
            let within = band(column, ring as i64) * COLUMN & spread(band(row, ring as i64));
            let ring = within & !inner;
            inner = within;
            ring
        })
    }
}

/// Bits at - ring ..= at + ring of eight.
fn band(at: i64, ring: i64) -> u64 {
    let (first, last) = ((at - ring).max(0), (at + ring).min(7));
    (1 << (last + 1)) - (1 << first)
}

/// Each of eight bits as a whole row of the word.
fn spread(rows: u64) -> u64 {
    (0..8).filter(|row| rows >> row & 1 == 1).fold(0, |word, row| word | 0xff << (8 * row))
}

fn edge_distance(at: i64, block: i64) -> i64 {
    let from_low = at - block * BLOCK_UNITS;
    from_low.min(BLOCK_UNITS - from_low)
}

#[inline]
pub(super) fn square(length: i64) -> u64 {
    (length * length) as u64
}
