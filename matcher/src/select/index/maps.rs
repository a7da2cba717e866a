//! For each skill, which cells have somebody on duty with it; and how many there are.
//!
//! A word holds the 64 cells of a block, so a query for a rare skill steps over empty country 64 cells at a time.
//! Row 0 stands for "anybody", row s + 1 for skill s.

use super::super::entry::Availability;

/// What a block of 64 cells has of one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Block {
    /// The cells that have somebody: bit 8 * row + column.
    pub(super) cells: u64,
    pub(super) tally: Tally,
}

/// How many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) ready: u32,
    pub(super) resting: u32,
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        self.ready += other.ready;
        self.resting += other.resting;
    }
}

#[derive(Clone, Debug)]
pub(super) struct Maps {
    blocks: usize,
    /// Block after block, each with all its rows: who moves touches the lines of one block.
    rows: Vec<Block>,
    /// Of the whole index, those outside the box too.
    totals: Vec<[u32; Availability::ALL.len()]>,
}

/// The rows of a set of skills, "anybody" among them.
pub(super) fn rows_of(skills: u128) -> impl Iterator<Item = usize> {
    let mut left = skills;
    let skills = std::iter::from_fn(move || {
        let row = (left != 0).then(|| left.trailing_zeros() as usize + 1);
        left &= left.saturating_sub(1);
        row
    });
    std::iter::once(0).chain(skills)
}

impl Maps {
    pub(super) fn new(blocks: usize, skills: usize) -> Self {
        Self { blocks, rows: vec![Block::default(); (skills + 1) * blocks], totals: vec![[0; 4]; skills + 1] }
    }

    /// How many skills there is room for.
    pub(super) fn skills(&self) -> usize {
        self.totals.len() - 1
    }

    /// Makes room for `skills` skills.
    pub(super) fn widen(&mut self, skills: usize) {
        let (before, after) = (self.totals.len(), skills + 1);
        let mut rows = vec![Block::default(); after * self.blocks];
        for (to, from) in rows.chunks_mut(after).zip(self.rows.chunks(before)) {
            to[..before].copy_from_slice(from);
        }
        self.rows = rows;
        self.totals.resize(after, Default::default());
    }

    /// What a block has of a row; nothing of a skill that nobody ever had.
    #[inline]
    pub(super) fn block(&self, block: usize, row: usize) -> Block {
        if row >= self.totals.len() {
            return Block::default();
        }
        self.rows[block * self.totals.len() + row]
    }

    /// Whether a cell has anybody of a row.
    #[inline]
    pub(super) fn has(&self, cell: u32, row: usize) -> bool {
        self.block(cell as usize / 64, row).cells >> (cell % 64) & 1 == 1
    }

    /// How many of a row are in the index, by availability.
    pub(super) fn total(&self, row: usize, availability: Availability) -> u32 {
        self.totals.get(row).map_or(0, |totals| totals[availability as usize])
    }

    pub(super) fn count_total(&mut self, skills: u128, availability: Availability, by: i32) {
        for row in rows_of(skills) {
            let total = &mut self.totals[row][availability as usize];
            *total = total.wrapping_add_signed(by);
        }
    }

    /// Somebody came into a cell, or began to be on duty in it.
    pub(super) fn enter(&mut self, cell: u32, skills: u128, availability: Availability) {
        let (block, bit) = (cell as usize / 64, 1 << (cell % 64));
        for row in rows_of(skills) {
            let block = &mut self.rows[block * self.totals.len() + row];
            block.cells |= bit;
            count(&mut block.tally, availability, 1);
        }
    }

    /// Somebody left a cell; `remains(row)` says whether it still has anybody of a row.
    pub(super) fn leave(
        &mut self,
        cell: u32,
        skills: u128,
        availability: Availability,
        remains: impl Fn(usize) -> bool,
    ) {
        let (block, bit) = (cell as usize / 64, 1 << (cell % 64));
        for row in rows_of(skills) {
            let block = &mut self.rows[block * self.totals.len() + row];
            count(&mut block.tally, availability, -1);
            if !remains(row) {
                block.cells &= !bit;
            }
        }
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Block>() + self.totals.capacity() * size_of::<[u32; 4]>()
    }
}

fn count(tally: &mut Tally, availability: Availability, by: i32) {
    let counter = match availability {
        Availability::Ready => &mut tally.ready,
        Availability::Resting => &mut tally.resting,
        Availability::Engaged | Availability::OffDuty => return,
    };
    *counter = counter.wrapping_add_signed(by);
}
