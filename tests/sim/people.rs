//! Everybody who has a connection to the hub.

use hub::engine::StreamView;
use matcher::{AccountId, CallerKey, Timestamp, VolunteerId};

use super::caller::Caller;
use super::chance::Chance;
use super::desk::Desk;
use super::phone::Phone;
use super::post::Post;
use super::replica::Replica;
use super::town::{self, DISTRICT};

/// A client's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    Phone(usize),
    Caller(usize),
    Desk,
    Wall,
}

/// All of them.
pub struct People {
    pub phones: Vec<Phone>,
    pub callers: Vec<Caller>,
    pub desk: Desk,
    pub wall: Replica,
}

const PHONES: std::ops::RangeInclusive<u64> = 6..=22;
const CALLERS: std::ops::RangeInclusive<u64> = 2..=6;

/// Streams of draws, told apart by who draws.
const PHONE_STREAM: u64 = 1_000;
const CALLER_STREAM: u64 = 2_000;
const DESK_STREAM: u64 = 3_000;

impl People {
    /// The people of a seed, and their entries in the registry.
    pub fn of(seed: u64, chance: &mut Chance) -> (Self, Vec<matcher::Volunteer>) {
        let mut volunteers = Vec::new();
        let phones = (0..chance.of(PHONES) as usize).map(|index| {
            let volunteer = town::volunteer(chance, index, crowd_travel(seed, index));
            let person = Phone::owner(seed, index, volunteer.home);
            let phone = Phone::new(volunteer.id, person, Chance::new(seed, PHONE_STREAM + index as u64));
            volunteers.push(volunteer);
            phone
        });
        let phones = phones.collect();
        let caller = |index: u64| Caller::new(CallerKey(index + 1), Chance::new(seed, CALLER_STREAM + index));
        let callers = (0..chance.of(CALLERS)).map(caller).collect();
        let desk = Desk::new(AccountId::new(DISTRICT, 1), Chance::new(seed, DESK_STREAM));
        (Self { phones, callers, desk, wall: Replica::default() }, volunteers)
    }

    pub fn everybody(&self) -> Vec<Who> {
        let phones = (0..self.phones.len()).map(Who::Phone);
        phones.chain((0..self.callers.len()).map(Who::Caller)).chain([Who::Desk, Who::Wall]).collect()
    }

    pub fn view(&self, who: Who) -> StreamView {
        match who {
            Who::Phone(index) => {
                let VolunteerId(id) = self.phones[index].volunteer;
                StreamView::Volunteer { id: VolunteerId(id), caller: Some(CallerKey(1_000 + id)) }
            }
            Who::Caller(index) => StreamView::Resident(self.callers[index].key),
            Who::Desk => StreamView::Desk,
            Who::Wall => StreamView::Wall,
        }
    }

    pub fn replica(&mut self, who: Who) -> &mut Replica {
        match who {
            Who::Phone(index) => &mut self.phones[index].replica,
            Who::Caller(index) => &mut self.callers[index].replica,
            Who::Desk => &mut self.desk.replica,
            Who::Wall => &mut self.wall,
        }
    }

    /// Where he puts what he asks; a wall asks nothing.
    pub fn post(&mut self, who: Who) -> Option<&mut Post> {
        match who {
            Who::Phone(index) => Some(&mut self.phones[index].post),
            Who::Caller(index) => Some(&mut self.callers[index].post),
            Who::Desk => Some(&mut self.desk.post),
            Who::Wall => None,
        }
    }

    /// When somebody does something by himself next, milliseconds of the steady clock.
    pub fn next_ms(&mut self, who: Who) -> Option<u64> {
        match who {
            Who::Phone(index) => self.phones[index].next_ms(),
            Who::Caller(_) | Who::Desk | Who::Wall => self.post(who)?.next_ms(),
        }
    }
}

/// Time as people's own watches show it: nobody's deadlines hang on it.
pub fn watch(now_ms: u64) -> Timestamp {
    Timestamp(now_ms as i64)
}

fn crowd_travel(seed: u64, index: usize) -> matcher::TravelMode {
    crowd::model::Temper::of(seed, index as u64).travel
}
