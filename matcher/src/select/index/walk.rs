//! From the nearest cells outward: the one search behind all queries.
//!
//! First the eight by eight cells about the query, ring by ring; then the blocks about its block, ring by ring. A word of
//! [`Maps`](super::maps::Maps) names the cells that have somebody with the skill, all others cost nothing. A cell, block
//! or ring is left out only when its nearest point is farther than the visitor's bound, so nobody who could matter is missed.

use super::Index;
use super::chunks::{LANES, Marks, NONE};
use super::frame::{CELLS_PER_BLOCK, Spot, UNITS_PER_CELL};
use super::roster::Home;
use crate::model::{Position, TravelMode};

/// Who looks at the volunteers that a walk meets.
pub(super) trait Visitor {
    /// The lanes of a chunk that may be of interest, in a cell whose nearest point is at squared distance `nearest`.
    fn lanes(&self, marks: &Marks, nearest: u64) -> u16;
    /// Squared units; nobody beyond it is of interest any more. Must never grow.
    fn bound(&self) -> u64;
    /// Meets somebody with the skills, within the bound.
    fn visit(&mut self, index: &Index, met: Met);
}

/// Somebody met, at a squared distance in the plane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Met {
    pub(super) square: u64,
    home: Home,
}

impl Met {
    #[inline]
    pub(super) fn seat(self, index: &Index) -> u32 {
        match self.home {
            Home::Lane(lane) => index.chunks.seat(lane),
            Home::Stray(stray) => index.strays[stray as usize].seat,
        }
    }

    pub(super) fn travel(self, index: &Index) -> TravelMode {
        match self.home {
            Home::Lane(lane) => index.chunks.marks(lane / LANES).travel(lane % LANES),
            Home::Stray(stray) => index.strays[stray as usize].card.travel,
        }
    }
}

const BLOCK_UNITS: i64 = UNITS_PER_CELL * CELLS_PER_BLOCK;
/// The left column and the bottom row of a word.
const COLUMN: u64 = 0x0101_0101_0101_0101;

/// Shows everybody with all of `skills` who may be within the visitor's bound to it, roughly the nearest first.
pub(super) fn walk(index: &Index, at: Position, skills: u128, visitor: &mut impl Visitor) {
    match index.frame.spot(at) {
        Some(spot) => Walk::new(index, spot, skills).run(visitor),
        None => walk_all(index, at, skills, visitor),
    }
    for (place, stray) in index.strays.iter().enumerate() {
        if stray.card.skills & skills == skills && visitor.lanes(&Marks::of(&stray.card), 0) != 0 {
            meet_measured(index, at, Home::Stray(place as u32), visitor);
        }
    }
}

/// For a query far outside the box: everybody is measured on the sphere.
fn walk_all(index: &Index, at: Position, skills: u128, visitor: &mut impl Visitor) {
    for chunk in index.chunks.chunks() {
        let mut lanes = visitor.lanes(index.chunks.marks(chunk), 0) & index.chunks.lanes_with(chunk, skills);
        while lanes != 0 {
            meet_measured(index, at, Home::Lane(chunk * LANES + lanes.trailing_zeros()), visitor);
            lanes &= lanes - 1;
        }
    }
}

fn meet_measured(index: &Index, at: Position, home: Home, visitor: &mut impl Visitor) {
    let seat = Met { square: 0, home }.seat(index);
    let square = index.frame.square_of(at.distance_m(index.roster.seat(seat).position));
    if square <= visitor.bound() {
        visitor.visit(index, Met { square, home });
    }
}

/// The row of the maps that is read first for a set of skills.
pub(super) fn first_row(skills: u128) -> usize {
    if skills == 0 { 0 } else { skills.trailing_zeros() as usize + 1 }
}

/// How many cells are fetched together: their cache lines arrive at the same time instead of one after the other.
const TOGETHER: usize = 24;

struct Walk<'a> {
    index: &'a Index,
    spot: Spot,
    skills: u128,
    /// The row of `skills` that is read first.
    first_row: usize,
    stops: [Stop; TOGETHER],
    stops_len: usize,
}

/// A cell to be visited.
#[derive(Clone, Copy, Default)]
struct Stop {
    /// Squared distance to its nearest point.
    nearest: u64,
    /// The query from the cell's corner.
    x: i64,
    y: i64,
    chunk: u32,
    lanes: u16,
}

impl<'a> Walk<'a> {
    fn new(index: &'a Index, spot: Spot, skills: u128) -> Self {
        Self { index, spot, skills, first_row: first_row(skills), stops: [Stop::default(); TOGETHER], stops_len: 0 }
    }

    fn run(&mut self, visitor: &mut impl Visitor) {
        let window = Window::about(self.spot);
        let word = self.window_word(&window);
        for cells in window.rings(self.spot) {
            self.plan_stops(word & cells, (window.column, window.row), None, visitor);
            self.make_stops(visitor);
        }
        if visitor.bound() >= square(window.reach(self.spot)) {
            self.visit_blocks(&window, visitor);
        }
    }

    /// The word of the window, put together from the up to four blocks under it.
    #[inline]
    fn window_word(&self, window: &Window) -> u64 {
        let (block_column, block_row) = (window.column >> 3, window.row >> 3);
        let (right, up) = ((window.column & 7) as u32, (window.row & 7) as u32);
        let wide = |row: i64| {
            let low = (self.word(block_column, row) >> right) & (COLUMN * (0xff >> right));
            if right == 0 {
                return low;
            }
            let high = self.word(block_column + 1, row) << (8 - right);
            low | (high & (COLUMN * ((0xff << (8 - right)) & 0xff)))
        };
        if up == 0 {
            return wide(block_row);
        }
        wide(block_row) >> (8 * up) | wide(block_row + 1) << (64 - 8 * up)
    }

    #[inline]
    fn word(&self, column: i64, row: i64) -> u64 {
        self.index.frame.block(column, row).map_or(0, |block| self.block_word(block))
    }

    #[inline]
    fn block_word(&self, block: usize) -> u64 {
        let cells = |row| self.index.maps.block(block, row).cells;
        let mut word = cells(self.first_row);
        let mut more = self.skills & self.skills.wrapping_sub(1);
        while more != 0 && word != 0 {
            word &= cells(more.trailing_zeros() as usize + 1);
            more &= more - 1;
        }
        word
    }

    fn visit_blocks(&mut self, window: &Window, visitor: &mut impl Visitor) {
        let index = self.index;
        let frame = &index.frame;
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
            self.make_stops(visitor);
        }
    }

    fn visit_block_row(&mut self, columns: (i64, i64, i64), row: i64, window: &Window, visitor: &mut impl Visitor) {
        let (first, last, step) = columns;
        let wide = self.index.frame.blocks_wide;
        let (first, last) = if step == 1 { (first.max(0), last.min(wide - 1)) } else { (first, last) };
        let mut column = first;
        while column <= last {
            let word = self.word(column, row);
            if word != 0 && self.square_to(column * BLOCK_UNITS, row * BLOCK_UNITS, BLOCK_UNITS) <= visitor.bound() {
                self.plan_stops(word, (column << 3, row << 3), Some(window), visitor);
            }
            column += step;
        }
    }

    /// Plans to visit the cells of a word whose lowest bit is the cell at `corner`, those outside `seen`.
    #[inline]
    fn plan_stops(&mut self, mut word: u64, corner: (i64, i64), seen: Option<&Window>, visitor: &mut impl Visitor) {
        while word != 0 {
            let bit = i64::from(word.trailing_zeros());
            word &= word - 1;
            let (column, row) = (corner.0 + (bit & 7), corner.1 + (bit >> 3));
            let (x, y) = (column * UNITS_PER_CELL, row * UNITS_PER_CELL);
            let nearest = self.square_to(x, y, UNITS_PER_CELL);
            if nearest > visitor.bound() || seen.is_some_and(|window| window.holds(column, row)) {
                continue;
            }
            let Some(cell) = self.index.frame.cell(Spot { x, y }) else { continue };
            if self.stops_len == TOGETHER {
                self.make_stops(visitor);
            }
            let chunk = self.index.chunks.head(cell);
            self.stops[self.stops_len] = Stop { nearest, x: self.spot.x - x, y: self.spot.y - y, chunk, lanes: 0 };
            self.stops_len += 1;
        }
    }

    /// Visits the cells planned: first all their marks are read, then the volunteers met.
    #[inline]
    fn make_stops(&mut self, visitor: &mut impl Visitor) {
        let (chunks, skills) = (&self.index.chunks, self.skills);
        for stop in &mut self.stops[..self.stops_len] {
            stop.lanes = visitor.lanes(chunks.marks(stop.chunk), stop.nearest) & chunks.lanes_with(stop.chunk, skills);
        }
        for stop in &self.stops[..self.stops_len] {
            if stop.nearest <= visitor.bound() {
                visit_cell(self.index, *stop, skills, visitor);
            }
        }
        self.stops_len = 0;
    }

    /// Squared distance to the nearest point of a square of cells.
    #[inline]
    fn square_to(&self, x: i64, y: i64, side: i64) -> u64 {
        let outside = |low: i64, at: i64| (low - at).max(at - low - side).max(0);
        square(outside(x, self.spot.x)) + square(outside(y, self.spot.y))
    }
}

/// Meets the volunteers of a cell, chunk by chunk.
#[inline]
fn visit_cell(index: &Index, mut stop: Stop, skills: u128, visitor: &mut impl Visitor) {
    let chunks = &index.chunks;
    loop {
        while stop.lanes != 0 {
            let lane = stop.lanes.trailing_zeros();
            stop.lanes &= stop.lanes - 1;
            let (x, y) = chunks.offsets(stop.chunk, lane);
            let square = square(i64::from(x) - stop.x) + square(i64::from(y) - stop.y);
            if square <= visitor.bound() {
                visitor.visit(index, Met { square, home: Home::Lane(stop.chunk * LANES + lane) });
            }
        }
        stop.chunk = chunks.marks(stop.chunk).next;
        if stop.chunk == NONE {
            return;
        }
        stop.lanes = visitor.lanes(chunks.marks(stop.chunk), stop.nearest) & chunks.lanes_with(stop.chunk, skills);
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
    fn rings(&self, spot: Spot) -> &'static [u64; RINGS] {
        let (column, row) = spot.column_row();
        &RINGS_ABOUT[(row - self.row - 3) as usize & 1][(column - self.column - 3) as usize & 1]
    }
}

const RINGS: usize = 5;
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

fn edge_distance(at: i64, block: i64) -> i64 {
    let from_low = at - block * BLOCK_UNITS;
    from_low.min(BLOCK_UNITS - from_low)
}

#[inline]
pub(super) fn square(length: i64) -> u64 {
    (length * length) as u64
}
