//! What is not journalled: live positions, reachability, and the indexes that follow from these and the district.

use std::collections::{BTreeMap, BTreeSet};

use super::{District, Live, VolunteerRecord};
use crate::event::{Commit, Event};
use crate::model::*;
use crate::select::{Availability, Entry, Index};

/// One thing seen, not decided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Observation {
    /// A fix; `at` is when it was taken, by the district's clock.
    Fix { volunteer: VolunteerId, position: Position, at: Timestamp },
    /// Whether a socket is open or a wake-up channel known; without either for 60 s he ranks last.
    Reach { volunteer: VolunteerId, reachable: bool },
}

/// Positions and indexes. Rebuilt from the district and from Presence; never part of a digest.
#[derive(Debug, Default)]
pub struct Observed {
    index: Index,
    live: Live,
    fixes: BTreeMap<VolunteerId, (Position, Timestamp)>,
    /// When skills that the index still counts expire.
    expiries: BTreeSet<(Timestamp, VolunteerId)>,
}

impl Observed {
    pub fn of(district: &District) -> Self {
        let mut observed = Self { live: Live::of(district), ..Self::default() };
        for record in district.volunteers() {
            observed.sync(district, record.profile.id);
        }
        observed
    }

    /// Keeps the indexes in step with a commit that `district` has just applied.
    pub fn follow(&mut self, district: &District, commit: &Commit) {
        for event in &commit.events {
            self.follow_event(district, event);
        }
        self.expire(district);
    }

    /// Takes in fixes and reachability; what names nobody of this district is dropped, an older fix than the last too.
    pub fn take(&mut self, district: &District, observations: &[Observation]) {
        let mut moves = Vec::new();
        for &observation in observations {
            match observation {
                Observation::Fix { volunteer, position, at } => {
                    let taken = self.take_fix(district, volunteer, position, at);
                    moves.extend(taken.then_some((volunteer, position)));
                }
                Observation::Reach { volunteer, reachable } => {
                    self.index.set_reachable(volunteer, reachable);
                }
            }
        }
        self.index.move_all(&moves);
    }

    /// Whether it is news.
    fn take_fix(&mut self, district: &District, volunteer: VolunteerId, position: Position, at: Timestamp) -> bool {
        let newer = self.fixes.get(&volunteer).is_none_or(|&(_, before)| at >= before);
        let taken = newer && district.volunteer(volunteer).is_some();
        if taken {
            self.fixes.insert(volunteer, (position, at));
        }
        taken
    }

    /// His last fix, and when it was taken.
    pub fn position(&self, volunteer: VolunteerId) -> Option<(Position, Timestamp)> {
        self.fixes.get(&volunteer).copied()
    }

    /// Whether he can be told, as far as the shell has said; true until it says otherwise.
    pub fn reachable(&self, volunteer: VolunteerId) -> bool {
        self.index.get(volunteer).is_none_or(|entry| entry.reachable)
    }

    /// Whether nobody's certificate has expired between the last commit and `now`: the index says what each can do then.
    pub fn skills_hold_at(&self, now: Timestamp) -> bool {
        self.expiries.first().is_none_or(|&(at, _)| at > now)
    }

    /// Volunteers by place and skill.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Incidents that have not ended.
    pub fn live(&self) -> &Live {
        &self.live
    }

    fn sync(&mut self, district: &District, id: VolunteerId) {
        let Some(record) = district.volunteer(id) else {
            self.index.remove(id);
            self.fixes.remove(&id);
            return;
        };
        let position = self.fixes.get(&id).map_or(record.profile.home, |&(position, _)| position);
        let valid = |held: &&SkillHeld| held.until.is_some_and(|until| until > district.at);
        self.expiries.extend(record.profile.skills.iter().filter(valid).filter_map(|held| Some((held.until?, id))));
        self.index.upsert(Entry {
            volunteer: id,
            position,
            skills: record.skills_at(district.at),
            travel: record.profile.travel,
            grid: record.profile.home_grid,
            availability: availability(record),
            reachable: self.reachable(id),
        });
    }

    fn set_availability(&mut self, district: &District, id: VolunteerId) {
        if let Some(record) = district.volunteer(id) {
            self.index.set_availability(id, availability(record));
        }
    }

    fn expire(&mut self, district: &District) {
        while let Some(&(at, volunteer)) = self.expiries.first().filter(|&&(at, _)| at <= district.at) {
            self.expiries.remove(&(at, volunteer));
            if let Some(record) = district.volunteer(volunteer) {
                self.index.set_skills(volunteer, record.skills_at(district.at));
            }
        }
    }

    fn follow_event(&mut self, district: &District, event: &Event) {
        match event {
            Event::VolunteersEnrolled { volunteers } => {
                volunteers.iter().for_each(|volunteer| self.sync(district, volunteer.id));
            }
            Event::VolunteersRetired { volunteers } => volunteers.iter().for_each(|&id| self.sync(district, id)),
            Event::DutyStarted { volunteer, .. }
            | Event::DutyEnded { volunteer, .. }
            | Event::RestStarted { volunteer, .. }
            | Event::RestEnded { volunteer }
            | Event::VolunteerAssigned { volunteer, .. } => self.set_availability(district, *volunteer),
            Event::MilestoneReached { assignment, .. }
            | Event::AssignmentAborted { assignment, .. }
            | Event::AssignmentSubstituted { assignment, .. }
            | Event::StoodDown { assignment, .. } => {
                let volunteer = district.assignment(*assignment).map(|assignment| assignment.volunteer);
                volunteer.into_iter().for_each(|volunteer| self.set_availability(district, volunteer));
            }
            Event::IncidentOpened { incident, .. } => self.of_incident(district, *incident, Live::opened),
            Event::IncidentReopened { incident } | Event::Unmerged { incident, call: None, .. } => {
                self.of_incident(district, *incident, Live::reopened);
            }
            Event::IncidentClosed { incident, .. }
            | Event::IncidentCancelled { incident, .. }
            | Event::IncidentMerged { duplicate: incident, .. } => {
                self.of_incident(district, *incident, Live::ended);
            }
            Event::ShortfallTold { incident, .. } | Event::ShortfallEnded { incident } => {
                self.of_incident(district, *incident, Live::shortfall);
            }
            Event::DistrictDefined { .. }
            | Event::SkillsDefined { .. }
            | Event::GridsDefined { .. }
            | Event::GridsRemoved { .. }
            | Event::TeamsDefined { .. }
            | Event::PlansDefined { .. }
            | Event::DrillSet { .. }
            | Event::ServiceResumed { .. }
            | Event::CheckedIn { .. }
            | Event::GridUnderMinimum { .. }
            | Event::GridAtMinimum { .. }
            | Event::CallMerged { .. }
            | Event::Unmerged { call: Some(_), .. }
            | Event::LevelRaised { .. }
            | Event::AidAsked { .. }
            | Event::AidTold { .. }
            | Event::AidExpired { .. }
            | Event::AidWithdrawn { .. }
            | Event::AidBegun { .. }
            | Event::AidGiven { .. }
            | Event::SlotsReleased { .. }
            | Event::Escalated { .. }
            | Event::Supervised { .. }
            | Event::NoteAdded { .. }
            | Event::IncidentArchived { .. }
            | Event::WaveSent { .. }
            | Event::OfferReceived { .. }
            | Event::OfferSeen { .. }
            | Event::OfferUnreceived { .. }
            | Event::OfferAccepted { .. }
            | Event::OfferDeclined { .. }
            | Event::OfferExpired { .. }
            | Event::OfferWithdrawn { .. }
            | Event::SlotsChanged { .. }
            | Event::TaskOpened { .. }
            | Event::TaskOverdue { .. }
            | Event::TaskCompleted { .. } => {}
        }
    }

    fn of_incident(&mut self, district: &District, id: IncidentId, change: impl FnOnce(&mut Live, &Incident)) {
        if let Some(incident) = district.incident(id) {
            change(&mut self.live, incident);
        }
    }
}

/// Busy comes before resting: he is not free at all.
pub(crate) fn availability(record: &VolunteerRecord) -> Availability {
    match (record.duty.status, record.full()) {
        (DutyStatus::OffDuty, _) => Availability::OffDuty,
        (_, true) => Availability::Engaged,
        (DutyStatus::Resting, false) => Availability::Resting,
        (DutyStatus::Available | DutyStatus::OnPatrol, false) => Availability::Ready,
    }
}
