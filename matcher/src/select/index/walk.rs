//! From the nearest cells outward: the one search behind all queries.
//!
//! First the eight by eight squares about the query, ring by ring; then the blocks about its block, ring by ring. A word of
//! the [`Layer`] names the squares that have somebody with the skill, all others cost nothing. A square, block
//! or ring is left out only when its nearest point is farther than the visitor's bound, so nobody who could matter is missed.

use super::Index;
use super::chunks::Lane;
use super::frame::{CELLS_PER_BLOCK, Spot, UNITS_PER_CELL, square};
use super::layer::{Cells, Layer, Posts, Stop, TOGETHER};
use super::marks::{LANES, Marks};
use super::postings::Posted;
use super::roster::Home;
use super::window::Window;
use crate::model::{GridId, Position, TravelMode};

/// Who looks at the volunteers that a walk meets.
pub(super) trait Visitor {
    /// The lanes of a chunk that may be of interest, in a cell whose nearest point is at squared distance `nearest`.
    fn lanes(&self, marks: &Marks, nearest: u64) -> u16;
    /// Whether somebody listed may be of interest.
    fn wants(&self, posted: Posted) -> bool;
    /// Squared units; nobody beyond it is of interest any more. Must never grow.
    fn bound(&self) -> u64;
    /// Meets somebody with the skills, within the bound.
    fn visit(&mut self, index: &Index, met: Met);
}

/// Somebody met, at a squared distance in the plane. Two words, so that putting them in order needs no branch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Met {
    pub(super) square: u64,
    by: u64,
}

/// Where somebody was met.
enum MetBy {
    Lane(Lane),
    Stray(u32),
    Posted(Posted),
}

const BY_STRAY: u64 = 1 << 32;
const BY_LIST: u64 = 2 << 32;

impl Met {
    /// Nobody, farther than anybody.
    pub(super) const NOBODY: Self = Self { square: u64::MAX, by: 0 };

    #[inline]
    pub(super) fn in_lane(square: u64, lane: Lane) -> Self {
        Self { square, by: lane.into() }
    }

    #[inline]
    pub(super) fn on_list(square: u64, posted: Posted) -> Self {
        Self { square, by: BY_LIST | u64::from(posted.0) }
    }

    fn at_home(square: u64, home: Home) -> Self {
        match home {
            Home::Lane(lane) => Self::in_lane(square, lane),
            Home::Stray(stray) => Self { square, by: BY_STRAY | u64::from(stray) },
        }
    }

    #[inline]
    fn by(self) -> MetBy {
        match self.by & (BY_STRAY | BY_LIST) {
            0 => MetBy::Lane(self.by as u32),
            BY_STRAY => MetBy::Stray(self.by as u32),
            _ => MetBy::Posted(Posted(self.by as u32)),
        }
    }

    #[inline]
    pub(super) fn seat(self, index: &Index) -> u32 {
        match self.by() {
            MetBy::Posted(posted) => posted.seat(),
            MetBy::Lane(lane) => index.chunks.seat(lane),
            MetBy::Stray(stray) => index.strays[stray as usize].seat,
        }
    }

    /// Whether he may belong to a grid, as far as can be told without his seat.
    #[inline]
    pub(super) fn may_be_of(self, index: &Index, grid: GridId) -> bool {
        match self.by() {
            MetBy::Lane(lane) => index.chunks.marks(lane / LANES).grids[(lane % LANES) as usize] == grid.number() as u8,
            MetBy::Stray(_) | MetBy::Posted(_) => true,
        }
    }

    pub(super) fn travel(self, index: &Index) -> TravelMode {
        match self.by() {
            MetBy::Posted(posted) => posted.travel(),
            MetBy::Lane(lane) => index.chunks.marks(lane / LANES).travel(lane % LANES),
            MetBy::Stray(stray) => index.strays[stray as usize].card.travel,
        }
    }
}

/// Shows everybody with all of `skills` who may be within the visitor's bound to it, roughly the nearest first.
pub(super) fn walk(index: &Index, at: Position, skills: u128, visitor: &mut impl Visitor) {
    match index.frame.spot(at) {
        Some(spot) => walk_plane(index, spot, skills, visitor),
        None => walk_all(index, at, skills, visitor),
    }
    for (place, stray) in index.strays.iter().enumerate() {
        if stray.card.skills & skills == skills && visitor.lanes(&Marks::of(&stray.card), 0) != 0 {
            meet_measured(index, at, Home::Stray(place as u32), visitor);
        }
    }
}

/// By the skill's own tiles where it is the only one and has them.
fn walk_plane(index: &Index, spot: Spot, skills: u128, visitor: &mut impl Visitor) {
    let tiles = (skills.count_ones() == 1).then(|| index.postings.tiles(skills.trailing_zeros())).flatten();
    match tiles {
        Some(tiles) => Walk::new(index, Posts { postings: &index.postings, tiles }, spot).run(visitor),
        None => Walk::new(index, Cells::new(index, skills), spot).run(visitor),
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
    let seat = Met::at_home(0, home).seat(index);
    let square = index.frame.square_of(at.distance_m(index.roster.seat(seat).position));
    if square <= visitor.bound() {
        visitor.visit(index, Met::at_home(square, home));
    }
}

/// The row of the maps that is read first for a set of skills.
pub(super) fn first_row(skills: u128) -> usize {
    if skills == 0 { 0 } else { skills.trailing_zeros() as usize + 1 }
}

struct Walk<'a, L> {
    index: &'a Index,
    layer: L,
    spot: Spot,
    /// Units along a square's side, and the cells of a side as a shift.
    side: i64,
    shift: u32,
}

impl<'a, L: Layer> Walk<'a, L> {
    #[inline]
    fn new(index: &'a Index, layer: L, spot: Spot) -> Self {
        let shift = layer.shift();
        Self { index, layer, spot, side: UNITS_PER_CELL << shift, shift }
    }

    #[inline]
    fn run(&self, visitor: &mut impl Visitor) {
        let (column, row) = self.spot.column_row();
        let window = Window::about(self.spot, self.shift);
        let word = window.word(|column, row| self.word(column, row));
        let bases = window.bases(|column, row| self.block(column, row));
        let squares = Squares::of(self.from(window.column, window.row), self.side);
        let to_edge = edge_distance(self.spot.x, self.side).min(edge_distance(self.spot.y, self.side));
        for (ring, about) in (0..).zip(window.rings(column >> self.shift, row >> self.shift)) {
            if square((to_edge + (ring - 1) * self.side).max(0)) > visitor.bound() {
                return;
            }
            self.visit_word(word & about, &squares, |bit| window.cell(&bases, bit), visitor);
        }
        if visitor.bound() >= square(window.reach(self.spot, self.shift)) {
            self.visit_blocks(&window, visitor);
        }
    }

    /// The query seen from the corner of a square.
    #[inline]
    fn from(&self, column: i64, row: i64) -> Spot {
        self.spot.from(column << self.shift, row << self.shift)
    }

    #[inline]
    fn block(&self, column: i64, row: i64) -> Option<usize> {
        let (wide, high) = self.layer.blocks();
        let inside = (column as u64) < wide as u64 && (row as u64) < high as u64;
        inside.then_some(row.wrapping_mul(wide).wrapping_add(column) as usize)
    }

    #[inline]
    fn word(&self, column: i64, row: i64) -> u64 {
        self.block(column, row).map_or(0, |block| self.layer.word(block))
    }

    /// The rest of the box, block by block.
    #[inline(never)]
    fn visit_blocks(&self, window: &Window, visitor: &mut impl Visitor) {
        let (wide, high) = self.layer.blocks();
        let block_side = self.side * CELLS_PER_BLOCK;
        let (column, row) = (self.spot.x.div_euclid(block_side), self.spot.y.div_euclid(block_side));
        let farthest = |at: i64, count: i64| at.abs().max((count - 1 - at).abs());
        let to_edge = edge_distance(self.spot.x, block_side).min(edge_distance(self.spot.y, block_side));
        for ring in 0..=farthest(column, wide).max(farthest(row, high)) {
            if square((to_edge + (ring - 1) * block_side).max(0)) > visitor.bound() {
                return;
            }
            for block_row in (row - ring).max(0)..=(row + ring).min(high - 1) {
                if (block_row - row).abs() == ring {
                    for block_column in (column - ring).max(0)..=(column + ring).min(wide - 1) {
                        self.visit_block(block_column, block_row, window, visitor);
                    }
                } else {
                    self.visit_block(column - ring, block_row, window, visitor);
                    self.visit_block(column + ring, block_row, window, visitor);
                }
            }
        }
    }

    fn visit_block(&self, column: i64, row: i64, window: &Window, visitor: &mut impl Visitor) {
        let Some(block) = self.block(column, row) else { return };
        let from = self.from(column * CELLS_PER_BLOCK, row * CELLS_PER_BLOCK);
        if from.square_outside(self.side * CELLS_PER_BLOCK) <= visitor.bound() {
            let word = self.layer.word(block) & !window.part_of(column, row);
            self.visit_word(word, &Squares::of(from, self.side), |bit| (block as u32) << 6 | bit, visitor);
        }
    }

    /// Visits those squares of a word that the bound reaches: noted first, without a branch, then visited together.
    #[inline]
    fn visit_word(&self, mut word: u64, squares: &Squares, place: impl Fn(u32) -> u32, visitor: &mut impl Visitor) {
        while word != 0 {
            let mut stops = [Stop::default(); TOGETHER];
            let mut len = 0;
            let bound = visitor.bound();
            while word != 0 && len < TOGETHER {
                let bit = word.trailing_zeros();
                word &= word - 1;
                let nearest = squares.nearest(bit);
                stops[len] = Stop { nearest, bit };
                len += usize::from(nearest <= bound);
            }
            self.layer.visit(self.index, self.spot, (&stops[..len], squares, &place), visitor);
        }
    }
}

/// From a place to the nearer edge of its square or block.
fn edge_distance(at: i64, side: i64) -> i64 {
    let from_low = at & (side - 1);
    from_low.min(side - from_low)
}

/// How far the eight columns and the eight rows of a word are, squared.
pub(super) struct Squares {
    /// The query from the corner of the word.
    from: Spot,
    side: i64,
    columns: [u64; 8],
    rows: [u64; 8],
}

impl Squares {
    #[inline]
    fn of(from: Spot, side: i64) -> Self {
        let outside = |at: i64, line: usize| {
            let at = at.wrapping_sub((line as i64).wrapping_mul(side));
            square(at.wrapping_neg().max(at.wrapping_sub(side)).max(0))
        };
        let columns = std::array::from_fn(|column| outside(from.x, column));
        let rows = std::array::from_fn(|row| outside(from.y, row));
        Self { from, side, columns, rows }
    }

    /// Squared distance to the nearest point of a square.
    #[inline]
    fn nearest(&self, bit: u32) -> u64 {
        self.columns[bit as usize & 7].wrapping_add(self.rows[bit as usize >> 3 & 7])
    }

    /// The query from the corner of a square.
    #[inline]
    pub(super) fn corner(&self, bit: u32) -> Spot {
        let along = |at: i64, line: u32| at.wrapping_sub(i64::from(line).wrapping_mul(self.side));
        Spot { x: along(self.from.x, bit & 7), y: along(self.from.y, bit >> 3) }
    }
}
