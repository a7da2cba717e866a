//! Skills that few have: for each its own grid of tiles, as wide as the skill is rare, with those who have it listed tile by tile.
//!
//! In a cell of the ordinary size a skill of one in a hundred is there for every fourth cell or so, and each would cost a visit; in its
//! own tile several of them lie together in a few cache lines, places and all. A common skill has no tiles: it is met in the
//! cells themselves, and who moves there has nothing more to update.

use super::super::entry::Availability;
use super::frame::{CELLS_PER_BLOCK, Frame, SHARING_A_CELL, Spot};
use super::marks::{Card, NONE};
use crate::model::TravelMode;

/// A skill held by fewer than one in so many gets tiles. More common ones are in nearly every cell.
const POSTED_BELOW_ONE_IN: usize = 25;
/// How many holders a tile should have where people live as densely as most do.
const HOLDERS_PER_TILE: f64 = 12.0;
/// The widest tiles have 2^this cells along a side.
const SHIFT_MAX: u32 = 6;
const TILES_PER_BLOCK: usize = 64;
/// Holders that lie in one cache line.
const PLACES: usize = 5;

/// Somebody listed: the seat, and above it what a query leaves people out by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Posted(pub(super) u32);

const SEAT_MASK: u32 = (1 << 27) - 1;
const TRAVEL_SHIFT: u32 = 28;
const REACHABLE: u32 = 1 << 30;
const RESTING: u32 = 1 << 31;

impl Posted {
    /// An empty place: of no seat, and resting.
    pub(super) const NOBODY: Self = Self(NONE);

    fn new(seat: u32, card: &Card) -> Self {
        let travel = (card.travel as u32) << TRAVEL_SHIFT;
        let reachable = if card.reachable { REACHABLE } else { 0 };
        let resting = if card.availability == Availability::Resting { RESTING } else { 0 };
        Self(seat | travel | reachable | resting)
    }

    pub(super) fn seat(self) -> u32 {
        self.0 & SEAT_MASK
    }

    pub(super) fn travel(self) -> TravelMode {
        match self.0 >> TRAVEL_SHIFT & 3 {
            0 => TravelMode::Walk,
            1 => TravelMode::Bicycle,
            _ => TravelMode::Car,
        }
    }

    pub(super) fn reachable(self) -> bool {
        self.0 & REACHABLE != 0
    }

    #[inline]
    pub(super) fn resting(self) -> bool {
        self.0 & RESTING != 0
    }
}

/// One cache line of holders. All but the first of a chain are full; empty places are at the end.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct List {
    x: [i32; PLACES],
    y: [i32; PLACES],
    who: [u32; PLACES],
    pub(super) next: u32,
}

/// Nobody is there: far from everywhere.
const NOWHERE: i32 = i32::MIN;
const NOBODY_AT: Spot = Spot { x: NOWHERE as i64, y: 0 };
const EMPTY: List = List { x: [NOWHERE; PLACES], y: [0; PLACES], who: [NONE; PLACES], next: NONE };

impl List {
    /// The squared distance of each place from `spot`, four at a time; of an empty one more than most bounds.
    #[inline]
    pub(super) fn squares_from(&self, spot: Spot) -> [f32; PLACES] {
        let apart = |from: i64, to: i32| (from as i32).wrapping_sub(to) as f32;
        std::array::from_fn(|place| {
            let (x, y) = (apart(spot.x, self.x[place]), apart(spot.y, self.y[place]));
            x * x + y * y
        })
    }

    #[inline]
    pub(super) fn posted(&self, place: usize) -> Posted {
        Posted(self.who[place])
    }

    fn len(&self) -> usize {
        self.who.iter().take_while(|who| **who != NONE).count()
    }

    fn place_of(&self, seat: u32) -> Option<usize> {
        self.who.iter().position(|&who| who != NONE && who & SEAT_MASK == seat)
    }

    fn set(&mut self, place: usize, (spot, who): (Spot, Posted)) {
        (self.x[place], self.y[place], self.who[place]) = (spot.x as i32, spot.y as i32, who.0);
    }
}

/// The tiles of 64, as the cells of a block: which have somebody, and where their chains begin.
#[derive(Clone, Copy, Debug)]
struct TileBlock {
    word: u64,
    /// The first of 64 heads; [`NONE`] until somebody was there.
    heads: u32,
}

/// The grid of one skill.
#[derive(Clone, Debug)]
pub(super) struct Tiles {
    /// A tile has 2^shift cells along a side.
    pub(super) shift: u32,
    pub(super) blocks_wide: i64,
    pub(super) blocks_high: i64,
    blocks: Vec<TileBlock>,
}

impl Tiles {
    fn new(frame: &Frame, shift: u32) -> Self {
        let blocks = |cell_blocks: i64| (cell_blocks + (1 << shift) - 1) >> shift;
        let (blocks_wide, blocks_high) = (blocks(frame.blocks_wide), blocks(frame.blocks_high));
        let empty = TileBlock { word: 0, heads: NONE };
        Self { shift, blocks_wide, blocks_high, blocks: vec![empty; (blocks_wide * blocks_high) as usize] }
    }

    /// The tiles of a block that have somebody.
    #[inline]
    pub(super) fn word(&self, block: usize) -> u64 {
        self.blocks[block].word
    }

    /// Block and bit of a spot's tile; `None` outside the box.
    #[inline]
    fn tile(&self, spot: Spot) -> Option<(usize, u32)> {
        let (column, row) = spot.column_row();
        let (column, row) = (column >> self.shift, row >> self.shift);
        let (block_column, block_row) = (column / CELLS_PER_BLOCK, row / CELLS_PER_BLOCK);
        let inside = column >= 0 && row >= 0 && block_column < self.blocks_wide && block_row < self.blocks_high;
        let bit = ((row & 7) << 3 | (column & 7)) as u32;
        inside.then_some(((block_row * self.blocks_wide + block_column) as usize, bit))
    }
}

/// The lists of all skills that have them.
#[derive(Clone, Debug, Default)]
pub(super) struct Postings {
    /// By skill.
    tiles: Vec<Option<Box<Tiles>>>,
    /// The skills that have tiles.
    pub(super) skills: u128,
    heads: Vec<[u32; TILES_PER_BLOCK]>,
    lists: Vec<List>,
    free: Vec<u32>,
}

impl Postings {
    /// Empty lists for the skills that few of `volunteers` hold; `holders` is by skill.
    pub(super) fn new(frame: &Frame, holders: &[u32; 128], volunteers: usize) -> Self {
        let mut postings = Self { tiles: vec![None; 128], ..Self::default() };
        if frame.blocks() == 0 {
            return postings;
        }
        for (skill, &held) in holders.iter().enumerate() {
            if held > 0 && (held as usize) * POSTED_BELOW_ONE_IN < volunteers {
                let in_a_cell = SHARING_A_CELL * f64::from(held) / volunteers as f64;
                let shift = (HOLDERS_PER_TILE / in_a_cell).log2() / 2.0;
                let shift = (shift.round().max(0.0) as u32).min(SHIFT_MAX);
                postings.tiles[skill] = Some(Box::new(Tiles::new(frame, shift)));
                postings.skills |= 1 << skill;
            }
        }
        postings
    }

    /// The tiles of a skill, if it has them.
    #[inline]
    pub(super) fn tiles(&self, skill: u32) -> Option<&Tiles> {
        self.tiles.get(skill as usize)?.as_deref()
    }

    /// Where the chain of a tile begins.
    #[inline]
    pub(super) fn head(&self, tiles: &Tiles, block: usize, bit: u32) -> u32 {
        self.heads[tiles.blocks[block].heads as usize][bit as usize % TILES_PER_BLOCK]
    }

    #[inline]
    pub(super) fn list(&self, list: u32) -> &List {
        &self.lists[list as usize]
    }

    /// Lists somebody under each of the skills that have tiles.
    pub(super) fn add(&mut self, spot: Spot, seat: u32, card: &Card) {
        let posted = Posted::new(seat, card);
        each(card.skills & self.skills, |skill| self.add_to(skill, spot, posted));
    }

    /// Takes somebody off all lists. `spot` is where he was when listed.
    pub(super) fn remove(&mut self, spot: Spot, seat: u32, card: &Card) {
        each(card.skills & self.skills, |skill| self.remove_from(skill, spot, seat));
    }

    /// Corrects the place of somebody listed, tile by tile.
    pub(super) fn shift(&mut self, (from, to): (Spot, Spot), seat: u32, skills: u128) {
        each(skills & self.skills, |skill| {
            let Some((head, list, place)) = self.find(skill, from, seat) else { return };
            let tile = |spot| self.tiles(skill as u32).and_then(|tiles| tiles.tile(spot));
            if tile(from) == tile(to) {
                let list = &mut self.lists[list as usize];
                (list.x[place], list.y[place]) = (to.x as i32, to.y as i32);
            } else {
                let posted = self.list(list).posted(place);
                self.take_out(skill, from, (head, list, place));
                self.add_to(skill, to, posted);
            }
        });
    }

    fn add_to(&mut self, skill: usize, spot: Spot, posted: Posted) {
        let Some(tiles) = &mut self.tiles[skill] else { return };
        let Some((block, bit)) = tiles.tile(spot) else { return };
        let block = &mut tiles.blocks[block];
        if block.heads == NONE {
            block.heads = self.heads.len() as u32;
            self.heads.push([NONE; TILES_PER_BLOCK]);
        }
        block.word |= 1 << bit;
        let head = &mut self.heads[block.heads as usize][bit as usize];
        if *head == NONE || self.lists[*head as usize].len() == PLACES {
            let list = self.free.pop().unwrap_or_else(|| {
                self.lists.push(EMPTY);
                self.lists.len() as u32 - 1
            });
            self.lists[list as usize] = List { next: *head, ..EMPTY };
            *head = list;
        }
        let list = &mut self.lists[*head as usize];
        list.set(list.len(), (spot, posted));
    }

    fn remove_from(&mut self, skill: usize, spot: Spot, seat: u32) {
        if let Some(found) = self.find(skill, spot, seat) {
            self.take_out(skill, spot, found);
        }
    }

    /// The hole is filled with the last of the first list.
    fn take_out(&mut self, skill: usize, spot: Spot, (head, list, place): (u32, u32, usize)) {
        let first = &mut self.lists[head as usize];
        let last = first.len() - 1;
        let moved = (Spot { x: first.x[last].into(), y: first.y[last].into() }, Posted(first.who[last]));
        let next = first.next;
        first.set(last, (NOBODY_AT, Posted::NOBODY));
        if (list, place) != (head, last) {
            self.lists[list as usize].set(place, moved);
        }
        if last == 0 {
            self.free.push(head);
            self.set_head(skill, spot, next);
        }
    }

    fn set_head(&mut self, skill: usize, spot: Spot, head: u32) {
        let Some(tiles) = &mut self.tiles[skill] else { return };
        let Some((block, bit)) = tiles.tile(spot) else { return };
        let block = &mut tiles.blocks[block];
        self.heads[block.heads as usize][bit as usize] = head;
        if head == NONE {
            block.word &= !(1 << bit);
        }
    }

    /// First list of the tile, list and place of somebody.
    fn find(&self, skill: usize, spot: Spot, seat: u32) -> Option<(u32, u32, usize)> {
        let tiles = self.tiles(skill as u32)?;
        let (block, bit) = tiles.tile(spot)?;
        let head = self.head(tiles, block, bit);
        let mut list = head;
        while list != NONE {
            if let Some(place) = self.list(list).place_of(seat) {
                return Some((head, list, place));
            }
            list = self.list(list).next;
        }
        None
    }

    /// Gives back the room that growing has left over.
    pub(super) fn shrink(&mut self) {
        self.heads.shrink_to_fit();
        self.lists.shrink_to_fit();
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        let tiles = |tiles: &Tiles| size_of::<Tiles>() + tiles.blocks.capacity() * size_of::<TileBlock>();
        self.tiles.capacity() * size_of::<usize>()
            + self.tiles.iter().flatten().map(|own| tiles(own)).sum::<usize>()
            + self.heads.capacity() * size_of::<[u32; TILES_PER_BLOCK]>()
            + self.lists.capacity() * size_of::<List>()
            + self.free.capacity() * size_of::<u32>()
    }
}

#[inline]
fn each(mut skills: u128, mut act: impl FnMut(usize)) {
    while skills != 0 {
        act(skills.trailing_zeros() as usize);
        skills &= skills - 1;
    }
}
