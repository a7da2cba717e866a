//! What a walk goes over: the cells with everybody in them, or the tiles of one rare skill.

use super::Index;
use super::frame::Spot;
use super::marks::{LANES, NONE};
use super::postings::{List, Postings, Tiles};
use super::walk::{Met, Squares, Visitor, first_row};

/// A square to be visited.
#[derive(Clone, Copy, Default)]
pub(super) struct Stop {
    /// Squared distance to its nearest point.
    pub(super) nearest: u64,
    /// Its place in the word.
    pub(super) bit: u32,
}

/// Squares of a word to be visited, where they lie, and the place (block * 64 + bit) of each.
pub(super) type Stops<'a, F> = (&'a [Stop], &'a Squares, &'a F);

/// Squares of one size, 64 to a block.
pub(super) trait Layer {
    /// A square has 2^shift cells along a side.
    fn shift(&self) -> u32;
    /// Columns and rows of blocks.
    fn blocks(&self) -> (i64, i64);
    /// The squares of a block that have somebody: bit 8 * row + column.
    fn word(&self, block: usize) -> u64;
    /// Shows everybody in these squares, who all have somebody, to the visitor.
    fn visit(&self, index: &Index, spot: Spot, stops: Stops<impl Fn(u32) -> u32>, visitor: &mut impl Visitor);
}

/// The ordinary cells.
pub(super) struct Cells<'a> {
    index: &'a Index,
    skills: u128,
    /// The row of `skills` that is read first.
    first_row: usize,
}

impl<'a> Cells<'a> {
    pub(super) fn new(index: &'a Index, skills: u128) -> Self {
        Self { index, skills, first_row: first_row(skills) }
    }
}

impl Layer for Cells<'_> {
    #[inline]
    fn shift(&self) -> u32 {
        0
    }

    #[inline]
    fn blocks(&self) -> (i64, i64) {
        (self.index.frame.blocks_wide, self.index.frame.blocks_high)
    }

    #[inline]
    fn word(&self, block: usize) -> u64 {
        let maps = &self.index.maps;
        let mut word = maps.block(block, self.first_row).cells;
        let mut more = self.skills & self.skills.wrapping_sub(1);
        while more != 0 && word != 0 {
            word &= maps.block(block, more.trailing_zeros() as usize + 1).cells;
            more &= more - 1;
        }
        word
    }

    #[inline]
    fn visit(&self, index: &Index, _spot: Spot, stops: Stops<impl Fn(u32) -> u32>, visitor: &mut impl Visitor) {
        let (stops, squares, place) = stops;
        for stop in stops {
            if stop.nearest <= visitor.bound() {
                let head = self.index.chunks.head(place(stop.bit));
                visit_cell(index, (head, squares.corner(stop.bit), stop.nearest), self.skills, visitor);
            }
        }
    }
}

/// Meets the volunteers of a cell, chunk by chunk.
#[inline]
fn visit_cell(index: &Index, cell: (u32, Spot, u64), skills: u128, visitor: &mut impl Visitor) {
    let (mut chunk, from, nearest) = cell;
    let chunks = &index.chunks;
    while chunk != NONE {
        let marks = chunks.marks(chunk);
        let mut lanes = visitor.lanes(marks, nearest) & chunks.lanes_with(chunk, skills);
        let places = chunks.places(chunk);
        while lanes != 0 {
            let lane = lanes.trailing_zeros();
            lanes &= lanes - 1;
            let square = from.square_to(places.offset(lane));
            if square <= visitor.bound() {
                visitor.visit(index, Met::in_lane(square, chunk * LANES + lane));
            }
        }
        chunk = marks.next;
    }
}

/// The tiles of one skill.
pub(super) struct Posts<'a> {
    pub(super) postings: &'a Postings,
    pub(super) tiles: &'a Tiles,
}

impl Layer for Posts<'_> {
    #[inline]
    fn shift(&self) -> u32 {
        self.tiles.shift
    }

    #[inline]
    fn blocks(&self) -> (i64, i64) {
        (self.tiles.blocks_wide, self.tiles.blocks_high)
    }

    #[inline]
    fn word(&self, block: usize) -> u64 {
        self.tiles.word(block)
    }

    #[inline]
    fn visit(&self, index: &Index, spot: Spot, stops: Stops<impl Fn(u32) -> u32>, visitor: &mut impl Visitor) {
        let (stops, _, place) = stops;
        for stop in stops {
            if stop.nearest <= visitor.bound() {
                let place = place(stop.bit);
                let mut list = self.postings.head(self.tiles, place as usize >> 6, place & 63);
                while list != NONE {
                    let holders = self.postings.list(list);
                    visit_list(index, holders, spot, visitor);
                    list = holders.next;
                }
            }
        }
    }
}

#[inline]
fn visit_list(index: &Index, holders: &List, spot: Spot, visitor: &mut impl Visitor) {
    let squares = holders.squares_from(spot);
    for (place, &square) in squares.iter().enumerate() {
        if square <= visitor.bound() {
            let posted = holders.posted(place);
            if visitor.wants(posted) {
                visitor.visit(index, Met::on_list(square, posted));
            }
        }
    }
}
