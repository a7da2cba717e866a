//! Who sits where: volunteers by id, without a hash map.

use std::collections::BTreeMap;

use super::chunks::{Lane, NONE};
use crate::model::{GridId, Position, VolunteerId};

const NUMBERS_PER_PAGE: usize = 1_024;
/// Higher numbers, and ids of other districts, are looked up in a tree: a table would be too long.
const NUMBER_MAX: u64 = 64_000_000;

/// Where the rest of a volunteer is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// A lane of a cell.
    Lane(Lane),
    /// Outside the box: an entry of the plain list.
    Stray(u32),
}

/// What is kept of one volunteer outside the cells. Twenty-four bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seat {
    pub(super) volunteer: VolunteerId,
    pub(super) position: Position,
    grid: u32,
    /// The highest bit marks a stray.
    home: u32,
}

const STRAY: u32 = 1 << 31;

impl Seat {
    pub(super) fn new(volunteer: VolunteerId, position: Position, grid: GridId) -> Self {
        Self { volunteer, position, grid: grid.number() as u32, home: NONE }
    }

    /// Grids are of the volunteer's own district.
    pub(super) fn grid(&self) -> GridId {
        GridId::new(self.volunteer.district(), u64::from(self.grid))
    }

    pub(super) fn home(&self) -> Home {
        if self.home & STRAY == 0 { Home::Lane(self.home) } else { Home::Stray(self.home & !STRAY) }
    }

    pub(super) fn set_home(&mut self, home: Home) {
        self.home = match home {
            Home::Lane(lane) => lane,
            Home::Stray(place) => place | STRAY,
        };
    }
}

/// All seats, and which volunteer has which.
#[derive(Clone, Debug, Default)]
pub(super) struct Roster {
    seats: Vec<Seat>,
    free: Vec<u32>,
    pages: Vec<Option<Box<[u32; NUMBERS_PER_PAGE]>>>,
    others: BTreeMap<VolunteerId, u32>,
    /// The district of the first volunteer: the pages are its numbers.
    district: u32,
}

impl Roster {
    pub(super) fn len(&self) -> usize {
        self.seats.len() - self.free.len()
    }

    pub(super) fn seat(&self, seat: u32) -> &Seat {
        &self.seats[seat as usize]
    }

    pub(super) fn seat_mut(&mut self, seat: u32) -> &mut Seat {
        &mut self.seats[seat as usize]
    }

    /// The seat of a volunteer.
    pub(super) fn find(&self, volunteer: VolunteerId) -> Option<u32> {
        let Some((page, place)) = self.page_of(volunteer) else { return self.others.get(&volunteer).copied() };
        let seat = self.pages.get(page)?.as_ref()?[place];
        (seat != NONE).then_some(seat)
    }

    /// Gives a seat to a volunteer who has none.
    pub(super) fn take(&mut self, seat: Seat) -> u32 {
        let number = match self.free.pop() {
            Some(number) => {
                self.seats[number as usize] = seat;
                number
            }
            None => {
                self.seats.push(seat);
                self.seats.len() as u32 - 1
            }
        };
        if self.len() == 1 {
            self.district = seat.volunteer.district().0;
        }
        self.write(seat.volunteer, number);
        number
    }

    pub(super) fn leave(&mut self, seat: u32) {
        self.write(self.seat(seat).volunteer, NONE);
        self.free.push(seat);
    }

    /// Every seat that is taken, in the order of seats.
    pub(super) fn taken(&self) -> impl Iterator<Item = u32> {
        (0..self.seats.len() as u32).filter(|&seat| self.find(self.seat(seat).volunteer) == Some(seat))
    }

    fn page_of(&self, volunteer: VolunteerId) -> Option<(usize, usize)> {
        let number = volunteer.number();
        let listed = volunteer.district().0 == self.district && number < NUMBER_MAX;
        listed.then_some((number as usize / NUMBERS_PER_PAGE, number as usize % NUMBERS_PER_PAGE))
    }

    fn write(&mut self, volunteer: VolunteerId, seat: u32) {
        let Some((page, place)) = self.page_of(volunteer) else {
            if seat == NONE {
                self.others.remove(&volunteer);
            } else {
                self.others.insert(volunteer, seat);
            }
            return;
        };
        if page >= self.pages.len() {
            self.pages.resize(page + 1, None);
        }
        self.pages[page].get_or_insert_with(|| Box::new([NONE; NUMBERS_PER_PAGE]))[place] = seat;
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        let pages = self.pages.iter().flatten().count() * size_of::<[u32; NUMBERS_PER_PAGE]>();
        self.seats.capacity() * size_of::<Seat>()
            + self.free.capacity() * size_of::<u32>()
            + self.pages.capacity() * size_of::<usize>()
            + pages
    }
}
