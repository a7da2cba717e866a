//! What a walk goes over: the cells with everybody in them, or the tiles of one rare skill.

use super::Index;
use super::frame::Spot;
use super::marks::{LANES, NONE};
use super::postings::{List, Tiles};
use super::walk::{Met, Visitor, first_row};

/// Squares of one size, 64 to a block, each with a chain of links: chunks, or lists.
pub(super) trait Layer {
    /// A square has 2^shift cells along a side.
    fn shift(&self) -> u32;
    /// Columns and rows of blocks.
    fn blocks(&self) -> (i64, i64);
    /// The squares of a block that have somebody: bit 8 * row + column.
    fn word(&self, block: usize) -> u64;
    /// The first link of a square, block * 64 + bit, that has somebody, and what its first lines say of it. `nearest` is the
    /// squared distance to the square's nearest point.
    fn head(&self, square: u32, nearest: f32, visitor: &impl Visitor) -> Head;
    /// Shows everybody in a square, whose corner sees the query at `from`, to the visitor.
    fn visit(&self, head: Head, from: Spot, nearest: f32, visitor: &mut impl Visitor);
}

/// The first link of a square.
#[derive(Clone, Copy)]
pub(super) struct Head {
    link: u32,
    /// Of a chunk the lanes that may be of interest, of a list the next one.
    says: u32,
}

impl Head {
    pub(super) const NONE: Self = Self { link: NONE, says: NONE };
}

/// The ordinary cells.
pub(super) struct Cells<'a> {
    index: &'a Index,
    skills: u128,
    /// The row of `skills` that is read first.
    first_row: usize,
    /// All skills but the one of that row.
    more_skills: u128,
}

impl<'a> Cells<'a> {
    pub(super) fn new(index: &'a Index, skills: u128) -> Self {
        Self { index, skills, first_row: first_row(skills), more_skills: skills & skills.wrapping_sub(1) }
    }

    /// Those of `cells` that have somebody with each of the other skills too.
    #[inline(never)]
    fn cells_with_all(&self, block: usize, mut cells: u64) -> u64 {
        let mut more = self.more_skills;
        while more != 0 && cells != 0 {
            cells &= self.index.maps.block(block, more.trailing_zeros() as usize + 1).cells;
            more &= more - 1;
        }
        cells
    }

    /// The lanes of a chunk that may be of interest.
    #[inline]
    fn lanes(&self, chunk: u32, nearest: f32, visitor: &impl Visitor) -> u16 {
        let chunks = &self.index.chunks;
        visitor.lanes(chunks.marks(chunk), nearest) & chunks.lanes_with(chunk, self.skills)
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
        let cells = self.index.maps.block(block, self.first_row).cells;
        if self.more_skills == 0 { cells } else { self.cells_with_all(block, cells) }
    }

    #[inline]
    fn head(&self, square: u32, nearest: f32, visitor: &impl Visitor) -> Head {
        let link = self.index.chunks.head(square);
        Head { link, says: self.lanes(link, nearest, visitor).into() }
    }

    #[inline]
    fn visit(&self, head: Head, from: Spot, nearest: f32, visitor: &mut impl Visitor) {
        let chunks = &self.index.chunks;
        let (mut chunk, mut lanes) = (head.link, head.says as u16);
        loop {
            let places = chunks.places(chunk);
            while lanes != 0 {
                let lane = lanes.trailing_zeros();
                lanes &= lanes - 1;
                let square = from.square_to(places.offset(lane));
                visitor.visit(self.index, Met::in_lane(square, chunk << LANES.ilog2() | lane));
            }
            chunk = chunks.marks(chunk).next;
            if chunk == NONE {
                return;
            }
            lanes = self.lanes(chunk, nearest, visitor);
        }
    }
}

/// The tiles of one skill.
pub(super) struct Posts<'a> {
    pub(super) index: &'a Index,
    pub(super) tiles: &'a Tiles,
    pub(super) spot: Spot,
}

impl Posts<'_> {
    /// Those of a list who may be within the bound: told apart four at a time, and without a branch.
    #[inline]
    fn visit_list(&self, holders: &List, visitor: &mut impl Visitor) {
        let (squares, bound) = (holders.squares_from(self.spot), visitor.bound());
        let mut near = 0u32;
        for (place, &square) in squares.iter().enumerate() {
            near |= u32::from(square <= bound) << place;
        }
        while near != 0 {
            let place = near.trailing_zeros() as usize;
            near &= near - 1;
            let posted = holders.posted(place);
            let met = if visitor.wants(posted) { Met::on_list(squares[place], posted) } else { Met::NOBODY };
            visitor.visit(self.index, met);
        }
    }
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
    fn head(&self, square: u32, _nearest: f32, _visitor: &impl Visitor) -> Head {
        let postings = &self.index.postings;
        let link = postings.head(self.tiles, square as usize >> 6, square & 63);
        Head { link, says: postings.list(link).next }
    }

    #[inline]
    fn visit(&self, head: Head, _from: Spot, _nearest: f32, visitor: &mut impl Visitor) {
        let postings = &self.index.postings;
        self.visit_list(postings.list(head.link), visitor);
        let mut next = head.says;
        while next != NONE {
            let holders = postings.list(next);
            self.visit_list(holders, visitor);
            next = holders.next;
        }
    }
}
