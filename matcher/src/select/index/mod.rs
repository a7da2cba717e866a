//! Who is where, and what they can do: the index that every wave is chosen from.
//!
//! A uniform grid of cells in a local plane ([`frame`]); in each cell chunks of sixteen volunteers ([`chunks`]); for each skill a
//! bit map of the cells that have it ([`maps`]), and where it is rare lists of its holders in wider tiles ([`postings`]); one
//! seat for each volunteer, found by number ([`roster`]). One writer, no locks, no hash map; everything is changed in place. When the
//! number of volunteers has quadrupled, many live outside the box or skills have changed hands, the plane is fitted anew. Answers do not depend on any of this: they are those of [`Naive`](super::Naive).

mod census;
mod chunks;
mod frame;
mod layer;
mod maps;
mod marks;
mod moves;
mod nearest;
mod part;
mod postings;
mod rank;
mod roster;
mod walk;
mod window;

use super::entry::{Availability, Entry};
use super::order::{Judge, RankQuery, Ranking};
use super::query::{Census, Near, NearestQuery};
use crate::model::{Position, SkillSet, VolunteerId};
use chunks::{Chunks, Lane};
use frame::{Frame, Spot};
use maps::Maps;
use marks::Card;
pub use nearest::Finder;
use postings::Postings;
use roster::{Home, Roster};

/// Strays that are borne before the plane is fitted anew.
const STRAYS_MIN: usize = 64;
/// Growth after which the cells are fitted anew.
const GROWTH: usize = 4;
/// Skills there is room for at first.
const SKILLS_MIN: usize = 16;

/// Somebody outside the box.
#[derive(Clone, Copy, Debug)]
struct Stray {
    seat: u32,
    card: Card,
}

/// All volunteers of a district by place and skill, changed in place by its single writer.
#[derive(Clone, Debug)]
pub struct Index {
    frame: Frame,
    chunks: Chunks,
    maps: Maps,
    postings: Postings,
    roster: Roster,
    strays: Vec<Stray>,
    refit_at: RefitAt,
    /// Sets of skills given or taken since the plane was fitted: which skills are rare was counted then.
    skills_changed: usize,
}

/// Sizes at which the plane is fitted anew.
#[derive(Clone, Copy, Debug)]
struct RefitAt {
    volunteers: usize,
    strays: usize,
    skills_changed: usize,
}

impl Default for Index {
    fn default() -> Self {
        Self::new()
    }
}

impl FromIterator<Entry> for Index {
    /// Fits the plane once; quicker than one `upsert` after the other. The last entry of a volunteer counts.
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let mut index = Self::new();
        index.refill(entries.into_iter().collect());
        index
    }
}

impl Index {
    /// An empty index.
    pub fn new() -> Self {
        Self {
            frame: Frame::empty(),
            chunks: Chunks::new(0),
            maps: Maps::new(0, SKILLS_MIN),
            postings: Postings::default(),
            roster: Roster::default(),
            strays: Vec::new(),
            refit_at: RefitAt { volunteers: STRAYS_MIN, strays: STRAYS_MIN, skills_changed: STRAYS_MIN },
            skills_changed: 0,
        }
    }

    /// How many volunteers it holds, whatever their availability.
    pub fn len(&self) -> usize {
        self.roster.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes held on the heap.
    pub fn bytes(&self) -> usize {
        let strays = self.strays.capacity() * size_of::<Stray>();
        self.chunks.bytes() + self.maps.bytes() + self.postings.bytes() + self.roster.bytes() + strays
    }

    /// What is known of a volunteer.
    pub fn get(&self, volunteer: VolunteerId) -> Option<Entry> {
        self.roster.find(volunteer).map(|seat| self.entry(seat))
    }

    /// What a volunteer can do.
    pub fn skills(&self, volunteer: VolunteerId) -> Option<SkillSet> {
        let seat = self.roster.find(volunteer)?;
        Some(SkillSet(match self.roster.seat(seat).home() {
            Home::Lane(lane) => self.chunks.skills(lane),
            Home::Stray(place) => self.strays[place as usize].card.skills,
        }))
    }

    /// Adds a volunteer, or replaces all that is known of one.
    pub fn upsert(&mut self, entry: Entry) {
        let card = card_of(&entry);
        let before = self.roster.find(entry.volunteer).map(|seat| self.card(seat).skills);
        self.skills_changed += usize::from(before != Some(card.skills));
        self.remove(entry.volunteer);
        self.widen_for(card.skills);
        self.maps.count_total(card.skills, card.availability, 1);
        let seat = self.roster.take(entry.volunteer, entry.position, entry.grid);
        self.settle(seat, card);
        self.refit_if_due();
    }

    /// Forgets a volunteer; false when there was none.
    pub fn remove(&mut self, volunteer: VolunteerId) -> bool {
        let Some(seat) = self.roster.find(volunteer) else { return false };
        let card = self.unsettle(seat);
        self.maps.count_total(card.skills, card.availability, -1);
        self.roster.leave(seat);
        true
    }

    /// Moves a volunteer; false when there is none.
    pub fn move_to(&mut self, volunteer: VolunteerId, position: Position) -> bool {
        moves::move_to(self, volunteer, position)
    }

    /// Moves several, who is not there left out. Quicker than one by one: all that they need is asked for at once.
    pub fn move_all(&mut self, moves: &[(VolunteerId, Position)]) {
        moves::move_all(self, moves);
    }

    /// Changes whether somebody can be asked; false when there is none.
    pub fn set_availability(&mut self, volunteer: VolunteerId, availability: Availability) -> bool {
        self.change(volunteer, |card| card.availability = availability)
    }

    /// Changes whether somebody can be told; false when there is none.
    pub fn set_reachable(&mut self, volunteer: VolunteerId, reachable: bool) -> bool {
        self.change(volunteer, |card| card.reachable = reachable)
    }

    /// Changes what somebody can do; false when there is none.
    pub fn set_skills(&mut self, volunteer: VolunteerId, skills: SkillSet) -> bool {
        self.widen_for(skills.0);
        self.skills_changed += 1;
        let there = self.change(volunteer, |card| card.skills = skills.0);
        self.refit_if_due();
        there
    }

    /// The nearest who are ready and have the skills, in the order of distance, then id.
    pub fn nearest<'f>(&self, query: &NearestQuery, finder: &'f mut Finder) -> &'f [Near] {
        nearest::nearest(self, query, finder)
    }

    /// The first `query.count` in the product order.
    pub fn rank(&self, query: &RankQuery, judge: impl Judge) -> Ranking {
        rank::rank(self, query, judge)
    }

    /// How many there are, by the first reason not to be asked; exact. One census for each of `roles`.
    pub fn census(&self, roles: &[SkillSet], at: Position, radius_m: u32) -> Vec<Census> {
        census::census(self, roles, at, radius_m)
    }

    fn entry(&self, seat: u32) -> Entry {
        let card = self.card(seat);
        Entry {
            volunteer: self.roster.volunteer(seat),
            position: self.roster.seat(seat).position,
            skills: SkillSet(card.skills),
            travel: card.travel,
            grid: self.roster.grid(seat),
            availability: card.availability,
            reachable: card.reachable,
        }
    }

    /// Where a seat's volunteer is; cheaper than to look it up in the chunk.
    #[inline]
    fn spot_at(&self, seat: u32) -> Option<Spot> {
        self.frame.spot(self.roster.seat(seat).position)
    }

    fn card(&self, seat: u32) -> Card {
        match self.roster.seat(seat).home() {
            Home::Lane(lane) => self.chunks.card(lane),
            Home::Stray(place) => self.strays[place as usize].card,
        }
    }

    fn change(&mut self, volunteer: VolunteerId, change: impl FnOnce(&mut Card)) -> bool {
        let Some(seat) = self.roster.find(volunteer) else { return false };
        let before = self.card(seat);
        let mut card = before;
        change(&mut card);
        self.maps.count_total(before.skills, before.availability, -1);
        self.maps.count_total(card.skills, card.availability, 1);
        match self.roster.seat(seat).home() {
            Home::Stray(place) => self.strays[place as usize].card = card,
            Home::Lane(lane) if before.askable() == card.askable() => self.rewrite(seat, lane, &before, &card),
            Home::Lane(_) => {
                self.unsettle(seat);
                self.settle(seat, card);
            }
        }
        true
    }

    fn rewrite(&mut self, seat: u32, lane: Lane, before: &Card, card: &Card) {
        self.unlist(seat, before);
        self.chunks.set_marks(lane, card);
        self.chunks.flip_skills(lane, before.skills ^ card.skills);
        if (before.skills, before.availability) != (card.skills, card.availability) {
            let cell = self.chunks.cell(lane);
            self.leave_cell(cell, before);
            self.enter_cell(cell, card);
        }
        self.list(seat, card);
    }

    /// Finds a home for a seat without one.
    fn settle(&mut self, seat: u32, card: Card) {
        let spot = self.frame.spot(self.roster.seat(seat).position);
        let home = match spot.and_then(|spot| Some((spot, self.frame.cell(spot)?))) {
            Some((spot, cell)) => Home::Lane(self.settle_in(cell, spot, seat, &card)),
            None => {
                self.strays.push(Stray { seat, card });
                Home::Stray(self.strays.len() as u32 - 1)
            }
        };
        self.roster.seat_mut(seat).set_home(home);
        if let Home::Lane(_) = home {
            self.list(seat, &card);
        }
    }

    /// Puts somebody in the cells on the lists of his rare skills.
    fn list(&mut self, seat: u32, card: &Card) {
        if card.askable()
            && card.skills & self.postings.skills != 0
            && let Some(spot) = self.spot_at(seat)
        {
            self.postings.add(spot, seat, card);
            self.roster.seat_mut(seat).set_listed(true);
        }
    }

    /// Takes him off again; his position must still be the one he was listed with.
    fn unlist(&mut self, seat: u32, card: &Card) {
        if self.roster.seat(seat).listed()
            && let Some(spot) = self.spot_at(seat)
        {
            self.postings.remove(spot, seat, card);
            self.roster.seat_mut(seat).set_listed(false);
        }
    }

    fn settle_in(&mut self, cell: u32, spot: Spot, seat: u32, card: &Card) -> Lane {
        let cell = if card.askable() { cell } else { self.chunks.nowhere() };
        let lane = self.chunks.add(cell, seat, card);
        self.chunks.set_offsets(lane, spot.x as u16, spot.y as u16);
        self.enter_cell(cell, card);
        lane
    }

    /// Takes a seat out of its home.
    fn unsettle(&mut self, seat: u32) -> Card {
        let card = self.card(seat);
        self.unlist(seat, &card);
        match self.roster.seat(seat).home() {
            Home::Lane(lane) => {
                let cell = self.chunks.cell(lane);
                if let Some(moved) = self.chunks.remove(lane, card.skills) {
                    self.roster.seat_mut(moved).set_home(Home::Lane(lane));
                }
                self.leave_cell(cell, &card);
            }
            Home::Stray(place) => {
                self.strays.swap_remove(place as usize);
                if let Some(moved) = self.strays.get(place as usize) {
                    self.roster.seat_mut(moved.seat).set_home(Home::Stray(place));
                }
            }
        }
        card
    }

    fn enter_cell(&mut self, cell: u32, card: &Card) {
        if card.askable() {
            self.maps.enter(cell, card.skills, card.availability);
        }
    }

    /// To be called when the lanes no longer say that `card` is there.
    fn leave_cell(&mut self, cell: u32, card: &Card) {
        if card.askable() {
            let chunks = &self.chunks;
            self.maps.leave(cell, card.skills, card.availability, |row| chunks.any(cell, row));
        }
    }

    fn widen_for(&mut self, skills: u128) {
        let needed = (u128::BITS - skills.leading_zeros()) as usize;
        if needed > self.maps.skills() {
            self.maps.widen(needed.next_multiple_of(SKILLS_MIN));
        }
    }

    fn refit_if_due(&mut self) {
        let due = self.len() >= self.refit_at.volunteers
            || self.strays.len() >= self.refit_at.strays
            || self.skills_changed >= self.refit_at.skills_changed;
        if due {
            let entries: Vec<Entry> = self.roster.seats().map(|seat| self.entry(seat)).collect();
            *self = Self::new();
            self.refill(entries);
        }
    }

    /// Fits the plane to `entries` and takes them in; the index is empty before.
    fn refill(&mut self, entries: Vec<Entry>) {
        self.lay_out(&entries);
        entries.into_iter().for_each(|entry| self.upsert(entry));
        self.chunks.shrink();
        self.postings.shrink();
        self.refit_at.strays = STRAYS_MIN.max(2 * self.strays.len()).max(self.len() / 16);
        self.refit_at.skills_changed = STRAYS_MIN.max(self.len());
        self.skills_changed = 0;
    }

    /// Empty cells under a new plane, to be filled with `entries`.
    fn lay_out(&mut self, entries: &[Entry]) {
        let positions: Vec<Position> = entries.iter().map(|entry| entry.position).collect();
        let (frame, volunteers) = (Frame::fit(&positions), entries.len());
        self.chunks = Chunks::new(frame.blocks() * 64);
        self.maps = Maps::new(frame.blocks(), SKILLS_MIN);
        self.postings = Postings::new(&frame, &holders(entries), volunteers);
        self.frame = frame;
        let next = GROWTH * volunteers.max(STRAYS_MIN);
        self.refit_at = RefitAt {
            volunteers: next,
            strays: volunteers.max(STRAYS_MIN) + 1,
            skills_changed: volunteers.max(STRAYS_MIN) + 1,
        };
    }
}

/// How many hold each skill.
fn holders(entries: &[Entry]) -> [u32; 128] {
    let mut holders = [0; 128];
    for entry in entries {
        let mut skills = entry.skills.0;
        while skills != 0 {
            holders[skills.trailing_zeros() as usize] += 1;
            skills &= skills - 1;
        }
    }
    holders
}

fn card_of(entry: &Entry) -> Card {
    Card {
        skills: entry.skills.0,
        travel: entry.travel,
        availability: entry.availability,
        reachable: entry.reachable,
        grid_byte: entry.grid.number() as u8,
    }
}
