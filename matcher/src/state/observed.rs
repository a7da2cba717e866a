//! What is not journalled: live positions, reachability, and the index over both.

use super::District;
use crate::event::Commit;
use crate::model::*;

/// One thing seen, not decided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Observation {
    /// A fix; `at` is when it was taken, by the district's clock.
    Fix { volunteer: VolunteerId, position: Position, at: Timestamp },
    /// Whether a socket is open or a wake-up channel known; without either for 60 s he ranks last.
    Reach { volunteer: VolunteerId, reachable: bool },
}

/// Positions and the select index. Rebuilt from the district and from Presence; never part of a digest.
#[derive(Debug)]
pub struct Observed {}

impl Observed {
    pub fn of(_district: &District) -> Self {
        Self {}
    }

    /// Keeps the index in step with a commit that `district` has just applied.
    pub fn follow(&mut self, _district: &District, _commit: &Commit) {}

    pub fn take(&mut self, _district: &District, _observations: &[Observation]) {}
}
