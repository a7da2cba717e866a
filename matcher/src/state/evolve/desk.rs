//! Tasks of the desk.

use crate::model::*;
use crate::state::records::IncidentRecord;
use crate::state::world::World;

pub fn task_opened(
    world: &mut impl World,
    at: Timestamp,
    id: TaskId,
    incident: IncidentId,
    kind: &TaskKind,
    due_at: Timestamp,
) {
    world.put(DeskTask { id, incident, kind: kind.clone(), made_at: at, due_at, overdue: false, outcome: None });
    let numbers = world.numbers_mut();
    numbers.task = numbers.task.max(id.number());
    world.must_mut::<IncidentRecord>(incident.0).incident.tasks.push(id);
}

pub fn task_overdue(world: &mut impl World, id: TaskId) {
    world.must_mut::<DeskTask>(id.0).overdue = true;
}

pub fn task_completed(world: &mut impl World, at: Timestamp, id: TaskId, outcome: TaskOutcome) {
    world.must_mut::<DeskTask>(id.0).outcome = Some((outcome, at));
}
