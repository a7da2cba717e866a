//! For each skill, which cells have somebody on duty with it; and how many there are.
//!
//! A word holds the 64 cells of a block, so a query for a rare skill steps over empty country 64 cells at a time.
//! Row 0 stands for "anybody", row s + 1 for skill s.

use super::super::entry::Availability;

/// How many of one row a block has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) ready: u32,
    pub(super) resting: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Maps {
    blocks: usize,
    cells: Vec<u64>,
    tallies: Vec<Tally>,
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
        let rows = skills + 1;
        Self {
            blocks,
            cells: vec![0; rows * blocks],
            tallies: vec![Tally::default(); rows * blocks],
            totals: vec![[0; Availability::ALL.len()]; rows],
        }
    }

    /// Makes room for `skills` skills.
    pub(super) fn widen(&mut self, skills: usize) {
        let rows = skills + 1;
        self.cells.resize(rows * self.blocks, 0);
        self.tallies.resize(rows * self.blocks, Tally::default());
        self.totals.resize(rows, [0; Availability::ALL.len()]);
    }

    /// The words of one row, one for each block; nothing for a skill that nobody ever had.
    #[inline]
    pub(super) fn row(&self, row: usize) -> &[u64] {
        self.cells.get(row * self.blocks..(row + 1) * self.blocks).unwrap_or(&[])
    }

    pub(super) fn tally(&self, row: usize, block: usize) -> Tally {
        self.tallies[row * self.blocks + block]
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
            let at = row * self.blocks + block;
            self.cells[at] |= bit;
            count(&mut self.tallies[at], availability, 1);
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
            let at = row * self.blocks + block;
            count(&mut self.tallies[at], availability, -1);
            if !remains(row) {
                self.cells[at] &= !bit;
            }
        }
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.cells.capacity() * size_of::<u64>()
            + self.tallies.capacity() * size_of::<Tally>()
            + self.totals.capacity() * size_of::<[u32; 4]>()
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
