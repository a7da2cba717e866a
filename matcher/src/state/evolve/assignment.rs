//! Assignments: who fills which slots, how far he has come, how it ended.

use super::incident::refresh;
use crate::model::*;
use crate::state::records::{IncidentRecord, VolunteerRecord};
use crate::state::world::World;

/// Who was assigned to what, and by which way.
pub struct Assigned {
    pub incident: IncidentId,
    pub volunteer: VolunteerId,
    pub offer: Option<OfferId>,
    pub eta_min: Option<u16>,
}

pub fn assigned(world: &mut impl World, at: Timestamp, id: AssignmentId, slots: SlotSet, made: Assigned) {
    let Assigned { incident, volunteer, offer, eta_min } = made;
    let state = AssignmentState::Assigned;
    let milestones = Vec::new();
    world.put(Assignment {
        id,
        incident,
        volunteer,
        slots,
        offer,
        made_at: at,
        eta_min,
        state,
        milestones,
        ended_at: None,
    });
    let numbers = world.numbers_mut();
    numbers.assignment = numbers.assignment.max(id.number());
    world.must_mut::<VolunteerRecord>(volunteer.0).assignments.push(id);
    let record = world.must_mut::<IncidentRecord>(incident.0);
    record.incident.assignments.push(id);
    record.active.push(id);
    fill(record, slots, id);
    refresh(world, incident);
}

fn fill(record: &mut IncidentRecord, slots: SlotSet, id: AssignmentId) {
    slots.iter().for_each(|index| record.incident.slots[index].filled_by = Some(id));
}

fn clear(record: &mut IncidentRecord, id: AssignmentId) {
    let held = record.incident.slots.iter_mut().filter(|slot| slot.filled_by == Some(id));
    held.for_each(|slot| slot.filled_by = None);
}

/// Several may change in one commit, one event each, so a slot that another has meanwhile taken is left to him.
pub fn slots_changed(world: &mut impl World, id: AssignmentId, slots: SlotSet) {
    let assignment = world.must_mut::<Assignment>(id.0);
    assignment.slots = slots;
    let incident = assignment.incident;
    let record = world.must_mut::<IncidentRecord>(incident.0);
    clear(record, id);
    fill(record, slots, id);
    refresh(world, incident);
}

pub fn milestone_reached(world: &mut impl World, at: Timestamp, id: AssignmentId, milestone: Milestone) {
    let assignment = world.must_mut::<Assignment>(id.0);
    assignment.milestones.push(milestone);
    let incident = assignment.incident;
    match milestone.step {
        MilestoneStep::EnRoute => assignment.state = AssignmentState::EnRoute,
        MilestoneStep::OnScene => assignment.state = AssignmentState::OnScene,
        MilestoneStep::Done => release(world, at, id, AssignmentState::Done),
    }
    refresh(world, incident);
}

/// He is free again; what he has done stays filled.
fn release(world: &mut impl World, at: Timestamp, id: AssignmentId, state: AssignmentState) {
    let assignment = world.must_mut::<Assignment>(id.0);
    assignment.state = state;
    assignment.ended_at = Some(at);
    let (incident, volunteer) = (assignment.incident, assignment.volunteer);
    world.must_mut::<VolunteerRecord>(volunteer.0).assignments.retain(|&active| active != id);
    world.must_mut::<IncidentRecord>(incident.0).active.retain(|&active| active != id);
}

/// He is free again and so are his slots.
fn give_up(world: &mut impl World, at: Timestamp, id: AssignmentId, state: AssignmentState) {
    release(world, at, id, state);
    let incident = world.must::<Assignment>(id.0).incident;
    clear(world.must_mut::<IncidentRecord>(incident.0), id);
    refresh(world, incident);
}

pub fn aborted(world: &mut impl World, at: Timestamp, id: AssignmentId, reason: AbortReason) {
    give_up(world, at, id, AssignmentState::Aborted(reason));
}

pub fn substituted(world: &mut impl World, at: Timestamp, id: AssignmentId, by: VolunteerId) {
    give_up(world, at, id, AssignmentState::SubstitutedBy(by));
}

pub fn stood_down(world: &mut impl World, at: Timestamp, id: AssignmentId) {
    give_up(world, at, id, AssignmentState::StoodDown);
}
