//! Who sits where: a volunteer's number is the number of the seat, so there is nothing to look up.

use std::collections::BTreeMap;

use super::chunks::Lane;
use super::marks::NONE;
use crate::model::{DistrictId, GridId, Position, VolunteerId};

const SEATS_PER_PAGE: usize = 1_024;
/// Seats from here on are those of [`Roster::others`].
const OTHERS: u32 = 1 << 26;

/// Where the rest of a volunteer is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// A lane of a cell.
    Lane(Lane),
    /// Outside the box: an entry of the plain list.
    Stray(u32),
}

/// What is kept of one volunteer outside the cells. Sixteen bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seat {
    pub(super) position: Position,
    grid: u32,
    /// The highest bit marks a stray, the next somebody who is on lists; [`NONE`] an empty seat.
    home: u32,
}

const STRAY: u32 = 1 << 31;
const LISTED: u32 = 1 << 30;
const EMPTY: Seat = Seat { position: Position { lat_e7: 0, lng_e7: 0 }, grid: 0, home: NONE };

impl Seat {
    pub(super) fn home(&self) -> Home {
        if self.home & STRAY == 0 { Home::Lane(self.home & !LISTED) } else { Home::Stray(self.home & !STRAY) }
    }

    /// Whether the tiles of a rare skill name him: who moves must be moved there too.
    pub(super) fn listed(&self) -> bool {
        self.home & (STRAY | LISTED) == LISTED
    }

    pub(super) fn set_listed(&mut self, listed: bool) {
        self.home = if listed { self.home | LISTED } else { self.home & !LISTED };
    }

    pub(super) fn set_home(&mut self, home: Home) {
        self.home = match home {
            Home::Lane(lane) => lane | if self.listed() { LISTED } else { 0 },
            Home::Stray(place) => place | STRAY,
        };
    }
}

/// All seats.
#[derive(Clone, Debug, Default)]
pub(super) struct Roster {
    pages: Vec<Option<Box<[Seat; SEATS_PER_PAGE]>>>,
    /// The district whose numbers are the seats: that of the first volunteer.
    district: u32,
    taken: usize,
    /// Volunteers of other districts, or with numbers too high for a table.
    others: BTreeMap<VolunteerId, u32>,
    others_seats: Vec<(VolunteerId, Seat)>,
}

impl Roster {
    pub(super) fn len(&self) -> usize {
        self.taken
    }

    #[inline]
    pub(super) fn seat(&self, seat: u32) -> &Seat {
        if seat >= OTHERS {
            return &self.others_seats[(seat - OTHERS) as usize].1;
        }
        let page = self.pages[seat as usize / SEATS_PER_PAGE].as_ref();
        page.map_or(&EMPTY, |page| &page[seat as usize % SEATS_PER_PAGE])
    }

    #[inline]
    pub(super) fn seat_mut(&mut self, seat: u32) -> &mut Seat {
        if seat >= OTHERS {
            return &mut self.others_seats[(seat - OTHERS) as usize].1;
        }
        let page = seat as usize / SEATS_PER_PAGE;
        if page >= self.pages.len() {
            self.pages.resize(page + 1, None);
        }
        let page = self.pages[page].get_or_insert_with(|| Box::new([EMPTY; SEATS_PER_PAGE]));
        &mut page[seat as usize % SEATS_PER_PAGE]
    }

    #[inline]
    pub(super) fn volunteer(&self, seat: u32) -> VolunteerId {
        if seat >= OTHERS {
            return self.others_seats[(seat - OTHERS) as usize].0;
        }
        VolunteerId::new(DistrictId(self.district), u64::from(seat))
    }

    #[inline]
    pub(super) fn grid(&self, seat: u32) -> GridId {
        GridId::new(self.volunteer(seat).district(), u64::from(self.seat(seat).grid))
    }

    /// The seat of a volunteer who is there.
    #[inline]
    pub(super) fn find(&self, volunteer: VolunteerId) -> Option<u32> {
        let Some(seat) = self.own_seat(volunteer) else { return self.others.get(&volunteer).copied() };
        let there = (seat as usize) < self.pages.len() * SEATS_PER_PAGE && self.seat(seat).home != NONE;
        there.then_some(seat)
    }

    /// Gives a seat to a volunteer who has none; the home is to be set at once.
    pub(super) fn take(&mut self, volunteer: VolunteerId, position: Position, grid: GridId) -> u32 {
        if self.taken == 0 {
            self.district = volunteer.district().0;
        }
        self.taken += 1;
        let seat = match self.own_seat(volunteer) {
            Some(seat) => seat,
            None => self.take_other(volunteer),
        };
        *self.seat_mut(seat) = Seat { position, grid: grid.number() as u32, home: NONE };
        seat
    }

    pub(super) fn leave(&mut self, seat: u32) {
        self.taken -= 1;
        let volunteer = self.volunteer(seat);
        self.seat_mut(seat).home = NONE;
        self.others.remove(&volunteer);
    }

    /// Every seat that is taken, by number.
    pub(super) fn seats(&self) -> impl Iterator<Item = u32> {
        let own = 0..(self.pages.len() * SEATS_PER_PAGE) as u32;
        let others = (0..self.others_seats.len() as u32).map(|other| OTHERS + other);
        own.chain(others).filter(|&seat| self.seat(seat).home != NONE)
    }

    #[inline]
    fn own_seat(&self, volunteer: VolunteerId) -> Option<u32> {
        let number = volunteer.number();
        (volunteer.district().0 == self.district && number < u64::from(OTHERS)).then_some(number as u32)
    }

    /// An empty seat among the others; few, so it is looked for.
    fn take_other(&mut self, volunteer: VolunteerId) -> u32 {
        let empty = self.others_seats.iter().position(|(_, seat)| seat.home == NONE);
        let other = empty.unwrap_or_else(|| {
            self.others_seats.push((volunteer, EMPTY));
            self.others_seats.len() - 1
        });
        self.others_seats[other].0 = volunteer;
        let seat = OTHERS + other as u32;
        self.others.insert(volunteer, seat);
        seat
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        let pages = self.pages.iter().flatten().count() * size_of::<[Seat; SEATS_PER_PAGE]>();
        self.pages.capacity() * size_of::<usize>()
            + pages
            + self.others_seats.capacity() * size_of::<(VolunteerId, Seat)>()
            + self.others.len() * 2 * size_of::<(VolunteerId, u32)>()
    }
}
