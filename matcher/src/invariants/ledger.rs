//! The auditor's own idea of what is going on: only what it needs to tell a legal event from another.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::OfferMade;
use crate::model::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Live,
    Ended,
}

/// An incident: whether it lives, and who holds which slot.
#[derive(Clone, Debug)]
pub struct Case {
    pub kind: KindCode,
    pub stage: Stage,
    pub slots: usize,
    pub held: BTreeMap<usize, AssignmentId>,
    pub calls: BTreeSet<CallId>,
    pub wave: u16,
    pub short: Option<u8>,
    pub standing: BTreeSet<OfferId>,
    pub active: BTreeSet<AssignmentId>,
    /// Everything that goes when it is archived.
    pub offers: Vec<OfferId>,
    pub engagements: Vec<AssignmentId>,
    pub tasks: Vec<TaskId>,
    /// Requests for aid, and whether they can still be answered.
    pub aids: BTreeMap<u8, bool>,
    /// For which request of another district it was opened, and whether that was told to be over.
    pub given: Option<(AidId, bool)>,
}

impl Case {
    pub fn new(kind: &KindCode, slots: usize, call: CallId) -> Self {
        Self {
            kind: kind.clone(),
            stage: Stage::Live,
            slots,
            held: BTreeMap::new(),
            calls: BTreeSet::from([call]),
            wave: 0,
            short: None,
            standing: BTreeSet::new(),
            active: BTreeSet::new(),
            offers: Vec::new(),
            engagements: Vec::new(),
            tasks: Vec::new(),
            aids: BTreeMap::new(),
            given: None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    Made,
    Received,
    Seen,
    Over,
}

#[derive(Clone, Debug)]
pub struct Engagement {
    pub incident: IncidentId,
    pub volunteer: VolunteerId,
    pub active: bool,
    pub last_step: Option<MilestoneStep>,
}

#[derive(Clone, Debug, Default)]
pub struct Person {
    pub capacity: u8,
    pub on_duty: bool,
    pub active: BTreeSet<AssignmentId>,
    pub standing: BTreeSet<OfferId>,
}

#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// How waves of each kind are sized, and whether one person may fill several roles.
    pub plans: BTreeMap<KindCode, (WaveSize, bool)>,
    pub grids: BTreeSet<GridId>,
    pub people: BTreeMap<VolunteerId, Person>,
    pub cases: BTreeMap<IncidentId, Case>,
    pub offers: BTreeMap<OfferId, (IncidentId, VolunteerId, Asked)>,
    pub engagements: BTreeMap<AssignmentId, Engagement>,
    pub tasks: BTreeMap<TaskId, (IncidentId, bool)>,
}

/// What an event did wrong, if anything.
pub type Verdict = Result<(), String>;

pub fn that(holds: bool, why: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(why()) }
}

impl Ledger {
    pub fn case(&mut self, id: IncidentId) -> Result<&mut Case, String> {
        self.cases.get_mut(&id).ok_or_else(|| format!("incident {id} is not known"))
    }

    pub fn live(&mut self, id: IncidentId) -> Result<&mut Case, String> {
        let case = self.case(id)?;
        that(case.stage == Stage::Live, || format!("incident {id} has ended"))?;
        Ok(case)
    }

    pub fn person(&mut self, id: VolunteerId) -> Result<&mut Person, String> {
        self.people.get_mut(&id).ok_or_else(|| format!("volunteer {id} is not known"))
    }

    pub fn offer_made(&mut self, incident: IncidentId, made: &OfferMade) -> Verdict {
        let person = self.person(made.volunteer)?;
        that(person.on_duty, || format!("volunteer {} is asked off duty", made.volunteer))?;
        person.standing.insert(made.id);
        let case = self.live(incident)?;
        case.standing.insert(made.id);
        case.offers.push(made.id);
        let before = self.offers.insert(made.id, (incident, made.volunteer, Asked::Made));
        that(before.is_none(), || format!("offer {} is made twice", made.id))
    }

    pub fn offer_moves(&mut self, id: OfferId, to: Asked) -> Verdict {
        let (incident, volunteer, state) = self.offers.get(&id).copied().ok_or(format!("offer {id} is not known"))?;
        that(state < to && state != Asked::Over, || format!("offer {id} goes from {state:?} to {to:?}"))?;
        let case = self.live(incident)?;
        if to == Asked::Over {
            case.standing.remove(&id);
            self.person(volunteer)?.standing.remove(&id);
        }
        self.offers.insert(id, (incident, volunteer, to));
        Ok(())
    }

    pub fn hold(&mut self, incident: IncidentId, slots: SlotSet, by: AssignmentId) -> Verdict {
        let case = self.live(incident)?;
        that(!slots.is_empty(), || format!("assignment {by} holds nothing"))?;
        for slot in slots.iter() {
            that(slot < case.slots, || format!("incident {incident} has no slot {slot}"))?;
            case.held.insert(slot, by);
        }
        Ok(())
    }

    pub fn engage(&mut self, id: AssignmentId, incident: IncidentId, volunteer: VolunteerId) -> Verdict {
        let person = self.person(volunteer)?;
        let free = person.active.len() < usize::from(person.capacity);
        that(free, || format!("I3: volunteer {volunteer} is given {id} above his capacity"))?;
        person.active.insert(id);
        let case = self.live(incident)?;
        case.active.insert(id);
        case.engagements.push(id);
        let engagement = Engagement { incident, volunteer, active: true, last_step: None };
        let before = self.engagements.insert(id, engagement);
        that(before.is_none(), || format!("assignment {id} is made twice"))
    }

    pub fn active(&mut self, id: AssignmentId) -> Result<&mut Engagement, String> {
        let engagement = self.engagements.get_mut(&id).ok_or_else(|| format!("assignment {id} is not known"))?;
        that(engagement.active, || format!("assignment {id} is over"))?;
        Ok(engagement)
    }

    /// Ends an assignment; `keeps` its slots when it was done.
    pub fn disengage(&mut self, id: AssignmentId, keeps: bool) -> Verdict {
        let engagement = self.active(id)?;
        engagement.active = false;
        let (incident, volunteer) = (engagement.incident, engagement.volunteer);
        self.person(volunteer)?.active.remove(&id);
        let case = self.case(incident)?;
        case.active.remove(&id);
        if !keeps {
            case.held.retain(|_, holder| *holder != id);
        }
        Ok(())
    }

    pub fn end(&mut self, id: IncidentId) -> Verdict {
        let case = self.live(id)?;
        case.stage = Stage::Ended;
        that(case.standing.is_empty(), || format!("incident {id} ends with somebody still asked"))?;
        that(case.active.is_empty(), || format!("incident {id} ends with somebody still engaged"))?;
        let is_asking = case.aids.values().any(|live| *live);
        that(!is_asking, || format!("incident {id} ends while a neighbour is asked for it"))
    }

    pub fn reopen(&mut self, id: IncidentId) -> Verdict {
        let case = self.case(id)?;
        that(case.stage == Stage::Ended, || format!("incident {id} has not ended"))?;
        (case.stage, case.short) = (Stage::Live, None);
        case.held.clear();
        Ok(())
    }

    pub fn archive(&mut self, id: IncidentId) -> Verdict {
        that(self.case(id)?.stage == Stage::Ended, || format!("incident {id} is archived alive"))?;
        let Some(case) = self.cases.remove(&id) else { return Ok(()) };
        for offer in &case.offers {
            self.offers.remove(offer);
        }
        for assignment in &case.engagements {
            self.engagements.remove(assignment);
        }
        for task in &case.tasks {
            self.tasks.remove(task);
        }
        Ok(())
    }

    pub fn open(&mut self, id: IncidentId, kind: &KindCode, call: CallId, roles: &[Role]) -> Verdict {
        let before = self.cases.insert(id, Case::new(kind, places(roles), call));
        that(before.is_none(), || format!("incident {id} is opened twice"))
    }

    pub fn merge_call(&mut self, into: IncidentId, call: CallId) -> Verdict {
        that(self.live(into)?.calls.insert(call), || format!("call {call} is merged twice"))
    }

    pub fn merge(&mut self, duplicate: IncidentId, into: IncidentId) -> Verdict {
        that(duplicate != into, || format!("incident {into} is merged into itself"))?;
        self.end(duplicate)?;
        let calls = self.case(duplicate)?.calls.clone();
        self.live(into)?.calls.extend(calls);
        Ok(())
    }

    pub fn unmerge(&mut self, from: IncidentId, incident: IncidentId, call: Option<CallId>) -> Verdict {
        let taken = match call {
            Some(call) => BTreeSet::from([call]),
            None => self.case(incident)?.calls.clone(),
        };
        self.case(from)?.calls.retain(|call| !taken.contains(call));
        if call.is_none() { self.reopen(incident) } else { Ok(()) }
    }

    pub fn raise_level(&mut self, id: IncidentId, roles: &[Role]) -> Verdict {
        let case = self.live(id)?;
        case.slots += places(roles);
        that(case.slots <= SLOTS_MAX, || format!("incident {id} has more than {SLOTS_MAX} slots"))
    }

    pub fn short(&mut self, id: IncidentId, missing: Option<u8>) -> Verdict {
        let case = self.live(id)?;
        let before = std::mem::replace(&mut case.short, missing);
        that(before != missing && missing != Some(0), || format!("incident {id}: {before:?}, then {missing:?} missing"))
    }

    pub fn wave(&mut self, id: IncidentId, wave: u16, offers: &[OfferMade]) -> Verdict {
        let case = self.live(id)?;
        let before = std::mem::replace(&mut case.wave, wave);
        that(wave == before + 1, || format!("incident {id}: wave {wave} after {before}"))?;
        offers.iter().try_for_each(|made| self.offer_made(id, made))
    }

    pub fn aid_asked(&mut self, aid: AidId) -> Verdict {
        let before = self.live(aid.incident)?.aids.insert(aid.number, true);
        that(before.is_none(), || format!("aid {aid:?} is asked for twice"))
    }

    /// What comes of a request: it was open, and stays so only if there may be more.
    pub fn aid_answered(&mut self, aid: AidId, over: bool) -> Verdict {
        let live = self.live(aid.incident)?.aids.get_mut(&aid.number);
        let live = live.ok_or_else(|| format!("aid {aid:?} was not asked for"))?;
        let before = std::mem::replace(live, !over);
        that(before, || format!("aid {aid:?} is over"))
    }

    /// One incident for one request, and never two for the same.
    pub fn aid_begun(&mut self, id: IncidentId, aid: AidId) -> Verdict {
        let twice = self.cases.values().any(|case| case.given.is_some_and(|(given, over)| given == aid && !over));
        self.live(id)?.given = Some((aid, false));
        that(!twice, || format!("aid {aid:?} is given twice"))
    }

    pub fn aid_given(&mut self, id: IncidentId, aid: AidId, over: bool) -> Verdict {
        let given = self.case(id)?.given.replace((aid, over));
        that(given == Some((aid, false)), || format!("incident {id} gives {aid:?} after {given:?}"))
    }

    /// Fresh slots must be open; those of a change may pass from hand to hand within one commit.
    pub fn assign(
        &mut self,
        id: AssignmentId,
        incident: IncidentId,
        volunteer: VolunteerId,
        slots: SlotSet,
    ) -> Verdict {
        let held = self.live(incident)?.held.clone();
        let open = slots.iter().all(|slot| !held.contains_key(&slot));
        self.engage(id, incident, volunteer)?;
        self.hold(incident, slots, id)?;
        that(open, || format!("I2: assignment {id} takes a slot that is held"))
    }

    pub fn change_slots(&mut self, id: AssignmentId, slots: SlotSet) -> Verdict {
        let incident = self.active(id)?.incident;
        self.case(incident)?.held.retain(|_, holder| *holder != id);
        self.hold(incident, slots, id)
    }

    pub fn milestone(&mut self, id: AssignmentId, step: MilestoneStep) -> Verdict {
        let engagement = self.active(id)?;
        let before = engagement.last_step.replace(step);
        that(before < Some(step), || format!("assignment {id}: {step:?} after {before:?}"))?;
        if step == MilestoneStep::Done { self.disengage(id, true) } else { Ok(()) }
    }

    pub fn task(&mut self, id: TaskId, incident: IncidentId) -> Verdict {
        self.case(incident)?.tasks.push(id);
        let before = self.tasks.insert(id, (incident, false));
        that(before.is_none(), || format!("task {id} is opened twice"))
    }

    pub fn task_open(&mut self, id: TaskId, done: bool) -> Verdict {
        let task = self.tasks.get_mut(&id).ok_or_else(|| format!("task {id} is not known"))?;
        let before = std::mem::replace(&mut task.1, done);
        that(!before, || format!("task {id} was completed before"))
    }

    pub fn retire(&mut self, id: VolunteerId) -> Verdict {
        let free = self.person(id).map(|person| person.active.is_empty() && person.standing.is_empty())?;
        self.people.remove(&id);
        that(free, || format!("volunteer {id} is retired while engaged"))
    }

    /// On or off; saying what is so already is wrong only for the end.
    pub fn duty(&mut self, id: VolunteerId, on: bool) -> Verdict {
        let person = self.person(id)?;
        let before = std::mem::replace(&mut person.on_duty, on);
        that(on || before, || format!("volunteer {id} goes off duty twice"))
    }
}

fn places(roles: &[Role]) -> usize {
    roles.iter().map(|role| usize::from(role.count)).sum()
}
