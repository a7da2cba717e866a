//! What a person is going to do, and when: a handful of entries in order of time.

use matcher::{AssignmentId, OfferId, Timestamp};

use super::Act;

#[derive(Clone, Debug, Default)]
pub struct Agenda(Vec<(Timestamp, Act)>);

impl Agenda {
    pub fn add(&mut self, at: Timestamp, act: Act) {
        let spot = self.0.partition_point(|(other, _)| *other <= at);
        self.0.insert(spot, (at, act));
    }

    pub fn next_at(&self) -> Option<Timestamp> {
        self.0.first().map(|(at, _)| *at)
    }

    /// When such an entry is due.
    pub fn find(&self, such: impl Fn(&Act) -> bool) -> Option<Timestamp> {
        self.0.iter().find(|(_, act)| such(act)).map(|(at, _)| *at)
    }

    /// The next entry that is due.
    pub fn take_due(&mut self, now: Timestamp) -> Option<Act> {
        (self.next_at()? <= now).then(|| self.0.remove(0).1)
    }

    pub fn forget_offer(&mut self, offer: OfferId) {
        self.0.retain(|(_, act)| act.offer() != Some(offer));
    }

    pub fn forget_assignment(&mut self, assignment: AssignmentId) {
        self.0.retain(|(_, act)| act.assignment() != Some(assignment));
    }
}
