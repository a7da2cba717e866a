//! What the log says, kept apart from the engine's own state and checked against it: who is free, who was asked, which
//! slot is whose. It shares no code with `decide` or `evolve`, so it can say that they are wrong.

use std::collections::{BTreeMap, BTreeSet};

use crowd::model::Heard;
use matcher::event::StandDownReason;
use matcher::{
    AssignmentId, Commit, Event, IncidentId, MilestoneStep, OfferId, Position, Role, SkillId, SkillSet, SlotSet,
    Timestamp, Volunteer, VolunteerId,
};

/// One volunteer as the log and his fixes have him.
#[derive(Clone, Debug)]
pub struct Seen {
    pub skills: SkillSet,
    pub position: Position,
    pub capacity: u8,
    pub on_duty: bool,
    pub resting: bool,
    pub standing: u32,
    pub active: u32,
}

impl Seen {
    pub fn free(&self) -> bool {
        self.on_duty && !self.resting && self.standing + self.active < u32::from(self.capacity)
    }
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    skill: Option<SkillId>,
    filled_by: Option<AssignmentId>,
    released: bool,
}

/// One incident.
#[derive(Clone, Debug)]
pub struct Case {
    pub opened_at: Timestamp,
    pub place: Position,
    pub first_accept_at: Option<Timestamp>,
    /// When every place was taken for the first time.
    pub enough_at: Option<Timestamp>,
    pub ended: bool,
    pub active: u32,
    slots: Vec<Slot>,
    asked: BTreeSet<VolunteerId>,
}

impl Case {
    pub fn open_slots(&self) -> usize {
        self.slots.iter().filter(|slot| slot.filled_by.is_none() && !slot.released).count()
    }
}

#[derive(Clone, Copy, Debug)]
struct Engaged {
    incident: IncidentId,
    volunteer: VolunteerId,
    slots: SlotSet,
}

/// Faults of the engine; all must be 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// A slot with two people, or a person with more than his capacity.
    pub double_assignments: u64,
    /// A slot told short although somebody suitable was free in reach and had not been asked.
    pub unfilled_while_free: u64,
}

#[derive(Debug, Default)]
pub struct Mirror {
    pub people: BTreeMap<VolunteerId, Seen>,
    pub cases: BTreeMap<IncidentId, Case>,
    pub faults: Faults,
    offers: BTreeMap<OfferId, (IncidentId, VolunteerId)>,
    assignments: BTreeMap<AssignmentId, Engaged>,
}

impl Mirror {
    /// Who has to hear that his offer or assignment ends with `event`. Ask before [`Mirror::take`].
    pub fn over(&self, event: &Event) -> Option<(VolunteerId, Heard)> {
        if let Event::OfferExpired { offer } | Event::OfferWithdrawn { offer, .. } = event {
            let (_, volunteer) = self.offers.get(offer)?;
            return Some((*volunteer, Heard::OfferOver { offer: *offer }));
        }
        if let Event::StoodDown { assignment, .. } | Event::AssignmentSubstituted { assignment, .. } = event {
            let volunteer = self.assignments.get(assignment)?.volunteer;
            return Some((volunteer, Heard::AssignmentOver { assignment: *assignment }));
        }
        None
    }

    pub fn stands(&self, offer: OfferId) -> bool {
        self.offers.contains_key(&offer)
    }

    pub fn assignment(&self, assignment: AssignmentId) -> Option<(IncidentId, VolunteerId)> {
        self.assignments.get(&assignment).map(|engaged| (engaged.incident, engaged.volunteer))
    }

    pub fn moved(&mut self, volunteer: VolunteerId, position: Position) {
        if let Some(seen) = self.people.get_mut(&volunteer) {
            seen.position = position;
        }
    }

    pub fn follow(&mut self, commit: &Commit) {
        commit.events.iter().for_each(|event| self.take(commit.at, event));
    }

    /// An incident that will not be looked at again.
    pub fn forget(&mut self, incident: IncidentId) -> Option<Case> {
        self.cases.remove(&incident)
    }

    /// One event of a commit at `at`.
    pub fn take(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::VolunteersEnrolled { volunteers } => volunteers.iter().for_each(|v| self.enrol(v, at)),
            Event::DutyStarted { volunteer, .. } => self.person(*volunteer, |seen| seen.on_duty = true),
            Event::DutyEnded { volunteer, .. } => self.person(*volunteer, |seen| seen.on_duty = false),
            Event::RestStarted { volunteer, .. } => self.person(*volunteer, |seen| seen.resting = true),
            Event::RestEnded { volunteer } => self.person(*volunteer, |seen| seen.resting = false),
            Event::IncidentOpened { incident, call, roles, .. } => self.open(*incident, at, call.place.position, roles),
            Event::LevelRaised { incident, roles, .. } => self.case(*incident, |case| case.slots.extend(slots(roles))),
            Event::SlotsReleased { incident, slots } => self.case(*incident, |case| {
                slots.iter().for_each(|slot| case.slots[slot].released = true);
            }),
            Event::WaveSent { incident, offers, explanation, .. } => {
                self.looks_again(
                    *incident,
                    explanation.radius_m,
                    explanation.short,
                    offers.iter().map(|o| o.volunteer),
                );
                for offer in offers {
                    self.offers.insert(offer.id, (*incident, offer.volunteer));
                    self.case(*incident, |case| _ = case.asked.insert(offer.volunteer));
                    self.person(offer.volunteer, |seen| seen.standing += 1);
                }
            }
            Event::OfferAccepted { offer, .. } => {
                let incident = self.offers.get(offer).map(|(incident, _)| *incident);
                self.case(incident.unwrap_or(IncidentId(0)), |case| _ = case.first_accept_at.get_or_insert(at));
                self.offer_over(*offer);
            }
            Event::OfferDeclined { offer, .. }
            | Event::OfferExpired { offer }
            | Event::OfferWithdrawn { offer, .. } => {
                self.offer_over(*offer);
            }
            Event::VolunteerAssigned { assignment, incident, volunteer, slots, .. } => {
                self.assign(*assignment, Engaged { incident: *incident, volunteer: *volunteer, slots: *slots });
                self.case(*incident, |case| {
                    if case.open_slots() == 0 {
                        case.enough_at.get_or_insert(at);
                    }
                });
            }
            Event::SlotsChanged { assignment, slots } => self.change_slots(*assignment, *slots),
            Event::MilestoneReached { assignment, milestone, .. } if milestone.step == MilestoneStep::Done => {
                self.assignment_over(*assignment, false);
            }
            Event::AssignmentAborted { assignment, .. } | Event::AssignmentSubstituted { assignment, .. } => {
                self.assignment_over(*assignment, true);
            }
            Event::StoodDown { assignment, why } => {
                self.assignment_over(*assignment, *why != StandDownReason::IncidentEnded);
            }
            Event::IncidentClosed { incident, .. } | Event::IncidentCancelled { incident, .. } => {
                self.case(*incident, |case| case.ended = true);
            }
            Event::IncidentMerged { duplicate, .. } => self.case(*duplicate, |case| case.ended = true),
            Event::IncidentReopened { incident } => self.case(*incident, |case| case.ended = false),
            // Neither a person's freedom nor a slot hangs on these.
            Event::MilestoneReached { .. }
            | Event::DistrictDefined { .. }
            | Event::SkillsDefined { .. }
            | Event::GridsDefined { .. }
            | Event::GridsRemoved { .. }
            | Event::TeamsDefined { .. }
            | Event::PlansDefined { .. }
            | Event::VolunteersRetired { .. }
            | Event::DrillSet { .. }
            | Event::ServiceResumed { .. }
            | Event::CheckedIn { .. }
            | Event::GridUnderMinimum { .. }
            | Event::GridAtMinimum { .. }
            | Event::CallMerged { .. }
            | Event::Unmerged { .. }
            | Event::Escalated { .. }
            | Event::Supervised { .. }
            // A replay has one district.
            | Event::AidAsked { .. }
            | Event::AidTold { .. }
            | Event::AidExpired { .. }
            | Event::AidWithdrawn { .. }
            | Event::AidBegun { .. }
            | Event::AidGiven { .. }
            | Event::ShortfallTold { .. }
            | Event::ShortfallEnded { .. }
            | Event::NoteAdded { .. }
            | Event::IncidentArchived { .. }
            | Event::OfferReceived { .. }
            | Event::OfferSeen { .. }
            | Event::OfferUnreceived { .. }
            | Event::TaskOpened { .. }
            | Event::TaskOverdue { .. }
            | Event::TaskCompleted { .. } => {}
        }
    }

    fn person(&mut self, volunteer: VolunteerId, change: impl FnOnce(&mut Seen)) {
        if let Some(seen) = self.people.get_mut(&volunteer) {
            change(seen);
        }
    }

    fn case(&mut self, incident: IncidentId, change: impl FnOnce(&mut Case)) {
        if let Some(case) = self.cases.get_mut(&incident) {
            change(case);
        }
    }

    fn enrol(&mut self, volunteer: &Volunteer, at: Timestamp) {
        let held = volunteer.skills.iter().filter(|held| held.until.is_none_or(|until| until > at));
        let seen = Seen {
            skills: held.map(|held| held.skill).collect(),
            position: volunteer.home,
            capacity: volunteer.capacity,
            on_duty: false,
            resting: false,
            standing: 0,
            active: 0,
        };
        self.people.insert(volunteer.id, seen);
    }

    fn open(&mut self, incident: IncidentId, at: Timestamp, place: Position, roles: &[Role]) {
        let case = Case {
            opened_at: at,
            place,
            first_accept_at: None,
            enough_at: None,
            ended: false,
            active: 0,
            slots: slots(roles).collect(),
            asked: BTreeSet::new(),
        };
        self.cases.insert(incident, case);
    }

    fn offer_over(&mut self, offer: OfferId) {
        if let Some((_, volunteer)) = self.offers.remove(&offer) {
            self.person(volunteer, |seen| seen.standing = seen.standing.saturating_sub(1));
        }
    }

    fn assign(&mut self, assignment: AssignmentId, engaged: Engaged) {
        self.assignments.insert(assignment, engaged);
        let mut doubled = 0;
        self.person(engaged.volunteer, |seen| {
            seen.active += 1;
            doubled += u64::from(seen.active > u32::from(seen.capacity));
        });
        self.faults.double_assignments += doubled;
        self.case(engaged.incident, |case| case.active += 1);
        self.fill(assignment, engaged);
    }

    fn fill(&mut self, assignment: AssignmentId, engaged: Engaged) {
        let mut doubled = 0;
        self.case(engaged.incident, |case| {
            for slot in engaged.slots.iter() {
                let before = case.slots[slot].filled_by.replace(assignment);
                doubled += u64::from(before.is_some_and(|other| other != assignment));
            }
        });
        self.faults.double_assignments += doubled;
    }

    fn change_slots(&mut self, assignment: AssignmentId, slots: SlotSet) {
        let Some(engaged) = self.assignments.get_mut(&assignment) else { return };
        engaged.slots = slots;
        let engaged = *engaged;
        self.case(engaged.incident, |case| case.empty(assignment));
        self.fill(assignment, engaged);
    }

    fn assignment_over(&mut self, assignment: AssignmentId, empties: bool) {
        let Some(engaged) = self.assignments.remove(&assignment) else { return };
        self.person(engaged.volunteer, |seen| seen.active = seen.active.saturating_sub(1));
        self.case(engaged.incident, |case| {
            case.active = case.active.saturating_sub(1);
            if empties {
                case.empty(assignment);
            }
        });
    }

    /// Somebody else looks whether the engine was right to say that nobody can be found for `short`.
    fn looks_again(
        &mut self,
        incident: IncidentId,
        radius_m: u32,
        short: SlotSet,
        offered: impl Iterator<Item = VolunteerId>,
    ) {
        let Some(case) = self.cases.get(&incident).filter(|_| !short.is_empty()) else { return };
        let offered: BTreeSet<VolunteerId> = offered.collect();
        let wrong = |slot: &usize| {
            let skill = case.slots[*slot].skill;
            self.people.iter().any(|(id, seen)| {
                let fits = seen.free() && skill.is_none_or(|skill| seen.skills.contains(skill));
                let unasked = !offered.contains(id) && !case.asked.contains(id);
                // The engine counts in whole metres.
                fits && unasked && seen.position.distance_m(case.place).round() <= f64::from(radius_m)
            })
        };
        let wrong = short.iter().filter(wrong).count() as u64;
        self.faults.unfilled_while_free += wrong;
    }
}

impl Case {
    fn empty(&mut self, assignment: AssignmentId) {
        let held = self.slots.iter_mut().filter(|slot| slot.filled_by == Some(assignment));
        held.for_each(|slot| slot.filled_by = None);
    }
}

fn slots(roles: &[Role]) -> impl Iterator<Item = Slot> {
    let one = |role: &Role| Slot { skill: role.skill, filled_by: None, released: false };
    roles.iter().flat_map(move |role| std::iter::repeat_n(one(role), usize::from(role.count)))
}
