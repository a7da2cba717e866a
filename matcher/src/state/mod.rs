//! The state of one district: what the log has made of it ([`District`]), and what is only observed ([`Observed`]).
//!
//! [`State::evolve`] is the only way that what is journalled changes; [`State::observe`] the only way that the rest does.
//! What a commit changes is in `evolve/`, one small function for each event; when somebody has to be looked at next is in
//! `due`, derived from the records alone.

mod digest;
mod district;
pub(crate) mod due;
pub(crate) mod evolve;
mod geometry;
pub mod learnt;
mod live;
mod memory;
mod observed;
pub(crate) mod records;
mod settings;
mod shelf;
mod timers;
pub(crate) mod world;

pub use digest::digest_of;
pub use district::District;
pub use live::{FLOOD_AFTER, FLOOD_WINDOW_MS, Live};
pub use memory::{REMEMBERED_FOR_MS, REMEMBERED_MAX};
pub(crate) use observed::availability;
pub use observed::{Observation, Observed};
pub use records::{GridRecord, IncidentRecord, VolunteerRecord, WaveRecord};
pub(crate) use settings::{Numbers, Settings};
pub use timers::TimerKey;

use crate::event::Commit;
use crate::model::*;

/// All that `decide` looks at.
#[derive(Debug)]
pub struct State {
    pub district: District,
    pub observed: Observed,
}

impl State {
    /// An empty district before its first commit.
    pub fn new(id: DistrictId) -> Self {
        Self::from_district(District::new(id))
    }

    /// From a snapshot or a follower's copy: positions start at home until the phones say better.
    pub fn from_district(district: District) -> Self {
        let observed = Observed::of(&district);
        Self { district, observed }
    }

    /// Applies one commit. Its seq must be the next; the caller has it from `decide` or from the log.
    pub fn evolve(&mut self, commit: &Commit) {
        self.district.evolve(commit);
        self.observed.follow(&self.district, commit);
    }

    /// Takes in what is not journalled: fixes and reachability.
    pub fn observe(&mut self, observations: &[Observation]) {
        self.observed.take(&self.district, observations);
    }

    /// When `Command::Tick` has something to do next.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.district.next_deadline()
    }
}
