//! What somebody is, written as a bit in each of eight rows of sixteen lanes.

use super::super::entry::Availability;
use crate::model::TravelMode;

/// Lanes of a chunk.
pub(super) const LANES: u32 = 16;
/// End of a chain, or no chunk.
pub(super) const NONE: u32 = u32::MAX;

/// Rows of lanes that say what somebody is, beside the skills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Present,
    Ready,
    Resting,
    Engaged,
    Reachable,
    Walk,
    Bicycle,
    Car,
}

const MARKS: usize = 8;

impl Mark {
    const ALL: [Self; MARKS] = [
        Self::Present,
        Self::Ready,
        Self::Resting,
        Self::Engaged,
        Self::Reachable,
        Self::Walk,
        Self::Bicycle,
        Self::Car,
    ];

    pub(super) fn of_travel(travel: TravelMode) -> Self {
        match travel {
            TravelMode::Walk => Self::Walk,
            TravelMode::Bicycle => Self::Bicycle,
            TravelMode::Car => Self::Car,
        }
    }

    /// Off duty is no mark at all.
    fn of_availability(availability: Availability) -> Option<Self> {
        match availability {
            Availability::Ready => Some(Self::Ready),
            Availability::Resting => Some(Self::Resting),
            Availability::Engaged => Some(Self::Engaged),
            Availability::OffDuty => None,
        }
    }
}

/// What the rows say of one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Card {
    pub(super) skills: u128,
    pub(super) travel: TravelMode,
    pub(super) availability: Availability,
    pub(super) reachable: bool,
    /// The low byte of the grid's number: enough to leave most other grids out.
    pub(super) grid_byte: u8,
}

impl Card {
    /// On duty and not engaged: to be found by queries.
    pub(super) fn askable(&self) -> bool {
        matches!(self.availability, Availability::Ready | Availability::Resting)
    }

    fn has(&self, mark: Mark) -> bool {
        match mark {
            Mark::Present => true,
            Mark::Reachable => self.reachable,
            mark => Some(mark) == Mark::of_availability(self.availability) || mark == Mark::of_travel(self.travel),
        }
    }
}

/// The rows of sixteen lanes that say what somebody is, and the chain of the cell. Part of a [`Chunk`].
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Marks {
    pub(super) next: u32,
    pub(super) cell: u32,
    pub(super) rows: [u16; MARKS],
    /// The low byte of each lane's grid.
    pub(super) grids: [u8; LANES as usize],
}

impl Marks {
    pub(super) const EMPTY: Self = Self { next: NONE, cell: NONE, rows: [0; MARKS], grids: [0; LANES as usize] };

    /// A chunk of one: lane 0 is as `card` says.
    pub(super) fn of(card: &Card) -> Self {
        let mut marks = Self { rows: Mark::ALL.map(|mark| u16::from(card.has(mark))), ..Self::EMPTY };
        marks.grids[0] = card.grid_byte;
        marks
    }

    #[inline]
    pub(super) fn row(&self, mark: Mark) -> u16 {
        self.rows[mark as usize]
    }

    /// The lanes whose grid may be this one.
    #[inline]
    pub(super) fn lanes_of_grid(&self, grid_byte: u8) -> u16 {
        let bit = |(lane, &grid): (usize, &u8)| u16::from(grid == grid_byte) << lane;
        self.grids.iter().enumerate().map(bit).fold(0, |lanes, bit| lanes | bit)
    }

    pub(super) fn availability(&self, availability: Availability) -> u16 {
        match Mark::of_availability(availability) {
            Some(mark) => self.row(mark),
            None => {
                let on = [Mark::Ready, Mark::Resting, Mark::Engaged].map(|mark| self.row(mark));
                self.row(Mark::Present) & !(on[0] | on[1] | on[2])
            }
        }
    }

    /// How the volunteer of a lane travels.
    pub(super) fn travel(&self, lane: u32) -> TravelMode {
        let has = |mark: Mark| self.row(mark) >> (lane % LANES) & 1 == 1;
        if has(Mark::Car) {
            TravelMode::Car
        } else if has(Mark::Bicycle) {
            TravelMode::Bicycle
        } else {
            TravelMode::Walk
        }
    }

    pub(super) fn set(&mut self, lane: u32, card: &Card) {
        let bit = 1 << lane;
        for (row, mark) in self.rows.iter_mut().zip(Mark::ALL) {
            *row = if card.has(mark) { *row | bit } else { *row & !bit };
        }
        self.grids[lane as usize] = card.grid_byte;
    }
}
