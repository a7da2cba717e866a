//! From the nearest cells outward: the one search behind all queries.
//!
//! First the four squares about the corner that is nearest to the query, fetched together; then the rest of the eight by
//! eight about it, ring by ring; then the blocks about its block, ring by ring. A word of the [`Layer`] names the squares that
//! have somebody with the skill, all others cost nothing. A square, block or ring is left out only when its nearest point is
//! farther than the visitor's bound, so nobody who could matter is missed.

use std::hint::select_unpredictable;

use super::Index;
use super::chunks::Lane;
use super::frame::{CELLS_PER_BLOCK, Spot, UNITS_PER_CELL, square};
use super::layer::{Cells, Head, Layer, Posts};
use super::marks::{LANES, Marks};
use super::part::{Four, Part, Squares, Stop};
use super::postings::Posted;
use super::roster::Home;
use super::window::Window;
use crate::model::{GridId, Position, TravelMode};

/// Who looks at the volunteers that a walk meets.
pub(super) trait Visitor {
    /// The lanes of a chunk that may be of interest, in a cell whose nearest point is at squared distance `nearest`.
    fn lanes(&self, marks: &Marks, nearest: f32) -> u16;
    /// Whether somebody listed may be of interest; an empty place never is.
    fn wants(&self, posted: Posted) -> bool;
    /// Squared units; nobody beyond it is of interest any more. Must never grow.
    fn bound(&self) -> f32;
    /// Meets somebody with the skills, or nobody: perhaps beyond the bound, because to look is cheaper than to ask first.
    fn visit(&mut self, index: &Index, met: Met);
}

/// Somebody met: the bits of the squared distance in the plane, and below them by what. One word in the order of distance, so
/// that putting several in order needs no branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Met(u64);

/// Where somebody was met.
enum MetBy {
    Lane(Lane),
    Stray(u32),
    Posted(Posted),
}

const BY_STRAY: u32 = 2 << 30;
const BY_LIST: u32 = 3 << 30;

impl Met {
    /// Nobody, farther than anybody.
    pub(super) const NOBODY: Self = Self((f32::INFINITY.to_bits() as u64) << 32 | u32::MAX as u64);

    #[inline]
    fn new(square: f32, by: u32) -> Self {
        Self(u64::from(square.to_bits()) << 32 | u64::from(by))
    }

    #[inline]
    pub(super) fn in_lane(square: f32, lane: Lane) -> Self {
        Self::new(square, lane)
    }

    /// The tag takes the place of what [`Visitor::wants`] has been told already.
    #[inline]
    pub(super) fn on_list(square: f32, posted: Posted) -> Self {
        Self::new(square, BY_LIST | posted.0)
    }

    fn at_home(square: f32, home: Home) -> Self {
        match home {
            Home::Lane(lane) => Self::in_lane(square, lane),
            Home::Stray(stray) => Self::new(square, BY_STRAY | stray),
        }
    }

    #[inline]
    pub(super) fn square(self) -> f32 {
        f32::from_bits((self.0 >> 32) as u32)
    }

    #[inline]
    fn by(self) -> MetBy {
        let by = self.0 as u32;
        match by & BY_LIST {
            BY_LIST => MetBy::Posted(Posted(by)),
            BY_STRAY => MetBy::Stray(by & !BY_LIST),
            _ => MetBy::Lane(by),
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
/// `at` is the query's place and where that lies in the plane.
pub(super) fn walk(index: &Index, (at, spot): (Position, Option<Spot>), skills: u128, visitor: &mut impl Visitor) {
    match spot {
        Some(spot) => walk_plane(index, spot, skills, visitor),
        None => walk_all(index, at, skills, visitor),
    }
    for (place, stray) in index.strays.iter().enumerate() {
        if stray.card.skills & skills == skills && visitor.lanes(&Marks::of(&stray.card), 0.0) != 0 {
            meet_measured(index, at, Home::Stray(place as u32), visitor);
        }
    }
}

/// By the skill's own tiles where it is the only one and has them.
fn walk_plane(index: &Index, spot: Spot, skills: u128, visitor: &mut impl Visitor) {
    let tiles = (skills.count_ones() == 1).then(|| index.postings.tiles(skills.trailing_zeros())).flatten();
    match tiles {
        Some(tiles) => Walk::new(Posts { index, tiles, spot }, spot).run(visitor),
        None => Walk::new(Cells::new(index, skills), spot).run(visitor),
    }
}

/// For a query far outside the box: everybody is measured on the sphere.
fn walk_all(index: &Index, at: Position, skills: u128, visitor: &mut impl Visitor) {
    for chunk in index.chunks.chunks() {
        let mut lanes = visitor.lanes(index.chunks.marks(chunk), 0.0) & index.chunks.lanes_with(chunk, skills);
        while lanes != 0 {
            meet_measured(index, at, Home::Lane(chunk * LANES + lanes.trailing_zeros()), visitor);
            lanes &= lanes - 1;
        }
    }
}

fn meet_measured(index: &Index, at: Position, home: Home, visitor: &mut impl Visitor) {
    let seat = Met::at_home(0.0, home).seat(index);
    let square = index.frame.square_of(at.distance_m(index.roster.seat(seat).position));
    visitor.visit(index, Met::at_home(square, home));
}

/// The row of the maps that is read first for a set of skills.
pub(super) fn first_row(skills: u128) -> usize {
    if skills == 0 { 0 } else { skills.trailing_zeros() as usize + 1 }
}

struct Walk<L> {
    layer: L,
    spot: Spot,
    /// Units along a square's side, and the cells of a side as a shift.
    side: i64,
    shift: u32,
}

impl<L: Layer> Walk<L> {
    #[inline]
    fn new(layer: L, spot: Spot) -> Self {
        let shift = layer.shift();
        Self { layer, spot, side: UNITS_PER_CELL << shift, shift }
    }

    /// The four squares about the corner that is nearest to the query, where many queries end; then the rest.
    #[inline]
    fn run(&self, visitor: &mut impl Visitor) {
        let window = Window::about(self.spot, self.shift);
        let word = window.word(self.words(window.block()));
        let part = self.part(window.column, window.row);
        let own = window.bit(self.spot.x >> (16 + self.shift), self.spot.y >> (16 + self.shift));
        let four = part.four(own);
        if word != 0 {
            self.visit_four(word, &four, &part, visitor);
        }
        if square(four.to_outside) <= visitor.bound() {
            self.run_on(&window, (word & !four.bits(), own), four.to_edge, visitor);
        }
    }

    /// Visits those of four squares that are in the word. All are asked for, another in place of one that is not: there is
    /// nothing to foretell, and none waits for what the one before it had to say.
    #[inline]
    fn visit_four(&self, word: u64, four: &Four, part: &Part, visitor: &mut impl Visitor) {
        let another = word.trailing_zeros();
        let mut heads = [Head::NONE; 4];
        for (&Stop { nearest, bit }, head) in four.stops.iter().zip(&mut heads) {
            let there = select_unpredictable(word >> bit & 1 != 0, bit, another);
            *head = self.layer.head(part.square(there), nearest, visitor);
        }
        for (&Stop { nearest, bit }, head) in four.stops.iter().zip(heads) {
            if (word >> bit & 1 != 0) & (nearest <= visitor.bound()) {
                self.layer.visit(head, part.corner(bit), nearest, visitor);
            }
        }
    }

    /// The rest of the window, ring by ring, then of the box.
    #[inline(never)]
    fn run_on(&self, window: &Window, (word, own): (u64, u32), to_edge: i64, visitor: &mut impl Visitor) {
        let part = self.part(window.column, window.row);
        let squares = Squares::of(&part);
        for (ring, about) in (1..).zip(window.rings(own)) {
            if square(to_edge + (ring - 1) * self.side) > visitor.bound() {
                return;
            }
            self.visit_word(word & about, (&part, &squares), visitor);
        }
        if visitor.bound() >= square(window.reach(self.spot, self.shift)) {
            self.visit_blocks(window, visitor);
        }
    }

    /// The eight by eight squares that begin at this column and row.
    #[inline]
    fn part(&self, column: i64, row: i64) -> Part {
        let (wide, _) = self.layer.blocks();
        Part {
            from: self.from(column, row),
            column: column as u32,
            row: row as u32,
            side: self.side,
            wide: wide as u32,
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

    /// The words of a block, of those to the east and north of it and of the one between them: [column][row].
    #[inline]
    fn words(&self, (column, row): (i64, i64)) -> [[u64; 2]; 2] {
        let word = |column, row| self.block(column, row).map_or(0, |block| self.layer.word(block));
        [[word(column, row), word(column, row + 1)], [word(column + 1, row), word(column + 1, row + 1)]]
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
        let part = self.part(column * CELLS_PER_BLOCK, row * CELLS_PER_BLOCK);
        if part.from.square_outside(self.side * CELLS_PER_BLOCK) <= visitor.bound() {
            let word = self.layer.word(block) & !window.part_of(column, row);
            self.visit_word(word, (&part, &Squares::of(&part)), visitor);
        }
    }

    /// Visits those squares of a word that the bound reaches.
    fn visit_word(&self, mut word: u64, (part, squares): (&Part, &Squares), visitor: &mut impl Visitor) {
        while word != 0 {
            let (mut stops, mut len) = ([Stop::default(); TOGETHER], 0);
            let bound = visitor.bound();
            while word != 0 && len < TOGETHER {
                let bit = word.trailing_zeros();
                word &= word - 1;
                let nearest = squares.nearest(bit);
                stops[len] = Stop { nearest, bit };
                len += usize::from(nearest <= bound);
            }
            self.visit_stops(&stops[..len], part, visitor);
        }
    }

    /// The first lines of all of them are asked for before any is looked at, so that they arrive at the same time instead of
    /// one after the other.
    #[inline]
    fn visit_stops(&self, stops: &[Stop], part: &Part, visitor: &mut impl Visitor) {
        let mut heads = [Head::NONE; TOGETHER];
        for (stop, head) in stops.iter().zip(&mut heads) {
            *head = self.layer.head(part.square(stop.bit), stop.nearest, visitor);
        }
        for (stop, &head) in stops.iter().zip(&heads) {
            if stop.nearest <= visitor.bound() {
                self.layer.visit(head, part.corner(stop.bit), stop.nearest, visitor);
            }
        }
    }
}

/// How many squares are fetched together.
const TOGETHER: usize = 8;

/// From a place to the nearer edge of its square or block.
fn edge_distance(at: i64, side: i64) -> i64 {
    let from_low = at & (side - 1);
    from_low.min(side - from_low)
}
