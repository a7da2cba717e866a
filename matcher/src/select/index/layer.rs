//! What a walk goes over: the cells with everybody in them, or the tiles of one rare skill.

use super::Index;
use super::frame::Spot;
use super::marks::{LANES, NONE};
use super::postings::{List, Postings, Tiles};
use super::walk::{Met, Squares, Visitor, first_row};

/// How many squares are fetched together: the first lines of all of them are asked for before any is looked at, so that they
/// arrive at the same time instead of one after the other.
pub(super) const TOGETHER: usize = 16;

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
        let (chunks, skills) = (&self.index.chunks, self.skills);
        let mut heads = [(NONE, 0u16); TOGETHER];
        for (stop, head) in stops.iter().zip(&mut heads) {
            let chunk = chunks.head(place(stop.bit));
            *head = (chunk, visitor.lanes(chunks.marks(chunk), stop.nearest) & chunks.lanes_with(chunk, skills));
        }
        for (stop, &(chunk, lanes)) in stops.iter().zip(&heads) {
            if stop.nearest <= visitor.bound() {
                visit_cell(index, (chunk, lanes), (squares.corner(stop.bit), stop.nearest), skills, visitor);
            }
        }
    }
}

/// Meets the volunteers of a cell, chunk by chunk; `lanes` are those of the first chunk that may be of interest.
#[inline]
fn visit_cell(
    index: &Index,
    (mut chunk, mut lanes): (u32, u16),
    (from, nearest): (Spot, u64),
    skills: u128,
    visitor: &mut impl Visitor,
) {
    let chunks = &index.chunks;
    loop {
        let places = chunks.places(chunk);
        while lanes != 0 {
            let lane = lanes.trailing_zeros();
            lanes &= lanes - 1;
            let square = from.square_to(places.offset(lane));
            if square <= visitor.bound() {
                visitor.visit(index, Met::in_lane(square, chunk * LANES + lane));
            }
        }
        chunk = chunks.marks(chunk).next;
        if chunk == NONE {
            return;
        }
        lanes = visitor.lanes(chunks.marks(chunk), nearest) & chunks.lanes_with(chunk, skills);
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
        let mut heads = [(NONE, NONE); TOGETHER];
        for (stop, head) in stops.iter().zip(&mut heads) {
            let place = place(stop.bit);
            let list = self.postings.head(self.tiles, place as usize >> 6, place & 63);
            *head = (list, self.postings.list(list).next);
        }
        for (stop, &(list, mut next)) in stops.iter().zip(&heads) {
            if stop.nearest <= visitor.bound() {
                visit_list(index, self.postings.list(list), spot, visitor);
                while next != NONE {
                    let holders = self.postings.list(next);
                    visit_list(index, holders, spot, visitor);
                    next = holders.next;
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
