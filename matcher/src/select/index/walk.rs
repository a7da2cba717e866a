//! From the nearest cells outward: the one search behind all queries.
//!
//! First the eight by eight cells about the query, ring by ring; then the blocks about its block, ring by ring. A word of
//! [`Maps`](super::maps::Maps) names the cells that have somebody with the skill, all others cost nothing. A cell, block
//! or ring is left out only when its nearest point is farther than the visitor's bound, so nobody who could matter is missed.

use super::Index;
use super::frame::{CELLS_PER_BLOCK, Spot, UNITS_PER_CELL, square};
use super::marks::{LANES, Marks, NONE};
use super::roster::Home;
use super::window::Window;
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
const TOGETHER: usize = 12;

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
    from: Spot,
    chunk: u32,
    lanes: u16,
}

impl<'a> Walk<'a> {
    fn new(index: &'a Index, spot: Spot, skills: u128) -> Self {
        Self { index, spot, skills, first_row: first_row(skills), stops: [Stop::default(); TOGETHER], stops_len: 0 }
    }

    fn run(&mut self, visitor: &mut impl Visitor) {
        let window = Window::about(self.spot);
        let word = window.word(|column, row| self.word(column, row));
        let bases = window.bases(&self.index.frame);
        let from = self.spot.from(window.column, window.row);
        let to_edge = edge_distance(self.spot.x, UNITS_PER_CELL).min(edge_distance(self.spot.y, UNITS_PER_CELL));
        for (ring, cells) in (0..).zip(window.rings(self.spot)) {
            if square((to_edge + (ring - 1) * UNITS_PER_CELL).max(0)) > visitor.bound() {
                return;
            }
            self.plan_stops(word & cells, from, |bit| window.cell(&bases, bit), visitor);
            self.make_stops(visitor);
        }
        if visitor.bound() >= square(window.reach(self.spot)) {
            self.visit_blocks(&window, visitor);
        }
    }

    /// The cells of a block that have somebody with each of the skills.
    #[inline]
    fn word(&self, column: i64, row: i64) -> u64 {
        let Some(block) = self.index.frame.block(column, row) else { return 0 };
        let mut word = self.index.maps.block(block, self.first_row).cells;
        let mut more = self.skills & self.skills.wrapping_sub(1);
        while more != 0 && word != 0 {
            word &= self.index.maps.block(block, more.trailing_zeros() as usize + 1).cells;
            more &= more - 1;
        }
        word
    }

    fn visit_blocks(&mut self, window: &Window, visitor: &mut impl Visitor) {
        let (wide, high) = (self.index.frame.blocks_wide, self.index.frame.blocks_high);
        let (column, row) = (self.spot.x.div_euclid(BLOCK_UNITS), self.spot.y.div_euclid(BLOCK_UNITS));
        let farthest = |at: i64, count: i64| at.abs().max((count - 1 - at).abs());
        let to_edge = edge_distance(self.spot.x, BLOCK_UNITS).min(edge_distance(self.spot.y, BLOCK_UNITS));
        for ring in 0..=farthest(column, wide).max(farthest(row, high)) {
            if square((to_edge + (ring - 1) * BLOCK_UNITS).max(0)) > visitor.bound() {
                return;
            }
            for block_row in (row - ring).max(0)..=(row + ring).min(high - 1) {
                if (block_row - row).abs() == ring {
                    for block_column in (column - ring).max(0)..=(column + ring).min(wide - 1) {
                        self.plan_block(block_column, block_row, window, visitor);
                    }
                } else {
                    self.plan_block(column - ring, block_row, window, visitor);
                    self.plan_block(column + ring, block_row, window, visitor);
                }
            }
            self.make_stops(visitor);
        }
    }

    #[inline]
    fn plan_block(&mut self, column: i64, row: i64, window: &Window, visitor: &mut impl Visitor) {
        let word = self.word(column, row) & !window.part_of(column, row);
        let from = self.spot.from(column * CELLS_PER_BLOCK, row * CELLS_PER_BLOCK);
        if word != 0
            && from.square_outside(BLOCK_UNITS) <= visitor.bound()
            && let Some(block) = self.index.frame.block(column, row)
        {
            self.plan_stops(word, from, |bit| (block as u32) << 6 | bit, visitor);
        }
    }

    /// Plans to visit the cells of a word; `from` is the query seen from its corner.
    #[inline]
    fn plan_stops(&mut self, mut word: u64, from: Spot, cell: impl Fn(u32) -> u32, visitor: &mut impl Visitor) {
        while word != 0 {
            let bit = word.trailing_zeros();
            word &= word - 1;
            let from = from.from(i64::from(bit & 7), i64::from(bit >> 3));
            let nearest = from.square_outside(UNITS_PER_CELL);
            if nearest > visitor.bound() {
                continue;
            }
            if self.stops_len >= TOGETHER {
                self.make_stops(visitor);
            }
            let chunk = self.index.chunks.head(cell(bit));
            self.stops[self.stops_len] = Stop { nearest, from, chunk, lanes: 0 };
            self.stops_len += 1;
        }
    }

    /// Visits the cells planned: first all their marks are read, then the volunteers met.
    #[inline]
    fn make_stops(&mut self, visitor: &mut impl Visitor) {
        let (chunks, skills) = (&self.index.chunks, self.skills);
        let len = std::mem::take(&mut self.stops_len).min(TOGETHER);
        for stop in &mut self.stops[..len] {
            stop.lanes = visitor.lanes(chunks.marks(stop.chunk), stop.nearest) & chunks.lanes_with(stop.chunk, skills);
        }
        for stop in &self.stops[..len] {
            if stop.nearest <= visitor.bound() {
                visit_cell(self.index, *stop, skills, visitor);
            }
        }
    }
}

/// Meets the volunteers of a cell, chunk by chunk.
#[inline]
fn visit_cell(index: &Index, mut stop: Stop, skills: u128, visitor: &mut impl Visitor) {
    let chunks = &index.chunks;
    loop {
        let places = chunks.places(stop.chunk);
        while stop.lanes != 0 {
            let lane = stop.lanes.trailing_zeros();
            stop.lanes &= stop.lanes - 1;
            let square = stop.from.square_to(places.offset(lane));
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

/// From a place to the nearer edge of its cell or block.
fn edge_distance(at: i64, side: i64) -> i64 {
    let from_low = at & (side - 1);
    from_low.min(side - from_low)
}
