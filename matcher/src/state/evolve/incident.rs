//! Incidents from opening to archive.

use crate::model::*;
use crate::state::records::IncidentRecord;
use crate::state::world::World;

/// The head of a new incident.
pub struct Opened<'a> {
    pub id: IncidentId,
    pub class: IncidentClass,
    pub kind: &'a KindCode,
    pub urgency: Urgency,
    pub drill: bool,
}

pub fn opened(
    world: &mut impl World,
    at: Timestamp,
    head: Opened<'_>,
    call: &Call,
    raised_by: Option<VolunteerId>,
    roles: &[Role],
) {
    let numbers = world.numbers_mut();
    numbers.incident = numbers.incident.max(head.id.number());
    numbers.call = numbers.call.max(call.id.number());
    let plan = world.settings().plans.get(head.kind);
    let collected = head.class == IncidentClass::ServiceRequest && !roles.is_empty();
    let batch_ms = plan.map(|plan| plan.batch_ms).filter(|&batch_ms| batch_ms > 0 && collected);
    let mut incident = new_incident(at, head, call, roles);
    incident.next_wave_at = batch_ms.map(|batch_ms| at.plus_ms(batch_ms));
    world.put(IncidentRecord {
        incident,
        raised_by,
        clock_from: at,
        rounds: 0,
        standing: Vec::new(),
        active: Vec::new(),
        unreceived: Vec::new(),
        waves: Vec::new(),
        armed: None,
    });
}

fn new_incident(at: Timestamp, head: Opened<'_>, call: &Call, roles: &[Role]) -> Incident {
    Incident {
        id: head.id,
        class: head.class,
        kind: head.kind.clone(),
        urgency: head.urgency,
        drill: head.drill,
        place: call.place,
        opened_at: at,
        calls: vec![call.clone()],
        state: IncidentState::Open,
        ended_at: None,
        slots: slots_of(roles, 1),
        level: 1,
        wave: 0,
        next_wave_at: None,
        escalation_step: 0,
        next_step_at: None,
        shortfall: None,
        supervised: Vec::new(),
        offers: Vec::new(),
        assignments: Vec::new(),
        tasks: Vec::new(),
        notes: Vec::new(),
        aids: Vec::new(),
        aid_for: None,
    }
}

fn slots_of(roles: &[Role], level: u8) -> Vec<Slot> {
    let slots = |role: &Role| {
        let slot = Slot { skill: role.skill, level, filled_by: None, released: false };
        std::iter::repeat_n(slot, usize::from(role.count))
    };
    roles.iter().flat_map(slots).collect()
}

/// Sets the incident's state from its slots, offers and assignments, after any of them has changed.
pub fn refresh(world: &mut impl World, id: IncidentId) {
    let record = world.must::<IncidentRecord>(id.0);
    if record.incident.state.ended() {
        return;
    }
    let state = state_of(world, record);
    let filled = record.incident.open_slots().is_empty();
    let incident = &mut world.must_mut::<IncidentRecord>(id.0).incident;
    incident.state = state;
    if filled {
        incident.next_wave_at = None;
    }
}

fn state_of(world: &impl World, record: &IncidentRecord) -> IncidentState {
    let reached = |state: AssignmentState| {
        let assignments = record.incident.assignments.iter().filter_map(|id| world.get::<Assignment>(id.0));
        assignments
            .filter(|assignment| assignment.made_at >= record.clock_from)
            .any(|assignment| assignment.state == state)
    };
    let (needed, filled) = record.incident.needed_and_filled();
    if reached(AssignmentState::OnScene) || reached(AssignmentState::Done) {
        IncidentState::OnScene
    } else if reached(AssignmentState::EnRoute) {
        IncidentState::EnRoute
    } else if needed > 0 && filled == needed {
        IncidentState::Assigned
    } else if !record.standing.is_empty() {
        IncidentState::Offering
    } else {
        IncidentState::Open
    }
}

pub fn call_merged(world: &mut impl World, into: IncidentId, call: &Call) {
    let numbers = world.numbers_mut();
    numbers.call = numbers.call.max(call.id.number());
    world.must_mut::<IncidentRecord>(into.0).incident.calls.push(call.clone());
}

fn end(world: &mut impl World, at: Timestamp, id: IncidentId, state: IncidentState) {
    let incident = &mut world.must_mut::<IncidentRecord>(id.0).incident;
    incident.state = state;
    incident.ended_at = Some(at);
    incident.next_wave_at = None;
    incident.shortfall = None;
}

/// The calls of the duplicate are heard by the other incident too; it keeps its own copy, to be taken out again.
pub fn merged(world: &mut impl World, at: Timestamp, duplicate: IncidentId, into: IncidentId) {
    end(world, at, duplicate, IncidentState::DuplicateOf(into));
    let calls = world.must::<IncidentRecord>(duplicate.0).incident.calls.clone();
    world.must_mut::<IncidentRecord>(into.0).incident.calls.extend(calls);
}

pub fn unmerged(world: &mut impl World, at: Timestamp, from: IncidentId, incident: IncidentId, call: Option<CallId>) {
    let taken: Vec<CallId> = match call {
        Some(call) => vec![call],
        None => world.must::<IncidentRecord>(incident.0).incident.calls.iter().map(|call| call.id).collect(),
    };
    take_out(world, from, &taken);
    if call.is_none() {
        reopened(world, at, incident);
    }
}

/// Out of what they were merged into, and out of everything that has been merged into since: a call is heard by one live
/// incident only.
fn take_out(world: &mut impl World, from: IncidentId, taken: &[CallId]) {
    let mut next = Some(from);
    while let Some(id) = next {
        let incident = &mut world.must_mut::<IncidentRecord>(id.0).incident;
        incident.calls.retain(|call| !taken.contains(&call.id));
        let IncidentState::DuplicateOf(into) = incident.state else { return };
        next = world.get::<IncidentRecord>(into.0).map(|record| record.incident.id);
    }
}

pub fn level_raised(world: &mut impl World, id: IncidentId, level: u8, roles: &[Role]) {
    let incident = &mut world.must_mut::<IncidentRecord>(id.0).incident;
    incident.level = level;
    incident.slots.extend(slots_of(roles, level));
    refresh(world, id);
}

pub fn slots_released(world: &mut impl World, id: IncidentId, slots: SlotSet) {
    let incident = &mut world.must_mut::<IncidentRecord>(id.0).incident;
    slots.iter().for_each(|index| incident.slots[index].released = true);
    refresh(world, id);
}

pub fn escalated(world: &mut impl World, id: IncidentId, step: u8) {
    world.must_mut::<IncidentRecord>(id.0).incident.escalation_step = step;
}

pub fn supervised(world: &mut impl World, at: Timestamp, id: IncidentId, clock: Clock) {
    world.must_mut::<IncidentRecord>(id.0).incident.supervised.push((clock, at));
}

pub fn shortfall_told(world: &mut impl World, at: Timestamp, id: IncidentId, missing: u8) {
    let incident = &mut world.must_mut::<IncidentRecord>(id.0).incident;
    let since = incident.shortfall.map_or(at, |shortfall| shortfall.since);
    incident.shortfall = Some(Shortfall { missing, since });
}

pub fn shortfall_ended(world: &mut impl World, id: IncidentId) {
    world.must_mut::<IncidentRecord>(id.0).incident.shortfall = None;
}

pub fn closed(world: &mut impl World, at: Timestamp, id: IncidentId, disposition: Disposition) {
    end(world, at, id, IncidentState::Closed(disposition));
}

pub fn cancelled(world: &mut impl World, at: Timestamp, id: IncidentId) {
    end(world, at, id, IncidentState::Cancelled);
}

/// Afresh: every clock starts again, every place is open again, everybody who did not say no may be asked again.
pub fn reopened(world: &mut impl World, at: Timestamp, id: IncidentId) {
    let record = world.must_mut::<IncidentRecord>(id.0);
    record.clock_from = at;
    record.rounds = 0;
    record.unreceived.clear();
    let incident = &mut record.incident;
    incident.state = IncidentState::Open;
    incident.ended_at = None;
    incident.escalation_step = 0;
    incident.supervised.clear();
    incident.slots.iter_mut().for_each(|slot| slot.filled_by = None);
    incident.aids.iter_mut().for_each(|aid| aid.filled = SlotSet::default());
}

pub fn note_added(world: &mut impl World, at: Timestamp, id: IncidentId, note: SealedRef) {
    world.must_mut::<IncidentRecord>(id.0).incident.notes.push((at, note));
}

pub fn archived(world: &mut impl World, id: IncidentId) {
    let incident = world.must::<IncidentRecord>(id.0).incident.clone();
    incident.offers.iter().for_each(|offer| world.take::<Offer>(offer.0));
    incident.assignments.iter().for_each(|assignment| world.take::<Assignment>(assignment.0));
    incident.tasks.iter().for_each(|task| world.take::<DeskTask>(task.0));
    world.take::<IncidentRecord>(id.0);
}
