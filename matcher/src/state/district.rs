//! What the log has made of the district.

use serde::{Deserialize, Serialize};

use crate::event::Commit;
use crate::model::*;

/// A volunteer with his duty and his engagements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolunteerRecord {
    pub profile: Volunteer,
    pub duty: Duty,
    pub rest_until: Option<Timestamp>,
    /// Standing offers and active assignments.
    pub offers: Vec<OfferId>,
    pub assignments: Vec<AssignmentId>,
    /// When he was asked within the last 24 h, oldest first.
    pub alerts: Vec<Timestamp>,
    pub checked_in_at: Option<Timestamp>,
}

/// The journalled state. Cheap to clone (shared chunks), serialisable as a snapshot, and digestible.
#[derive(Clone, Debug)]
pub struct District {
    pub id: DistrictId,
    pub seq: u64,
    /// `at` of the last commit.
    pub at: Timestamp,
}

impl District {
    pub fn new(id: DistrictId) -> Self {
        Self { id, seq: 0, at: Timestamp(0) }
    }

    pub fn evolve(&mut self, commit: &Commit) {
        self.seq = commit.seq;
        self.at = commit.at;
    }

    pub fn next_deadline(&self) -> Option<Timestamp> {
        None
    }
}
