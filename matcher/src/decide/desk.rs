//! What the desk does by hand.

use super::draft::Draft;
use super::limits::{NOTES_MAX, at_most, ensure};
use super::offer::seat_on;
use crate::command::{Answer, Field, Rejection, Why};
use crate::event::{Event, StandDownReason};
use crate::model::*;
use crate::state::IncidentRecord;
use crate::state::records::VolunteerRecord;
use crate::state::world::World;

/// How soon whoever took back an alarm is to be called.
pub const CALL_BACK_MS: u64 = 5 * MINUTE_MS;
/// How soon the supervisor is to have looked.
pub const SUPERVISE_MS: u64 = 10 * MINUTE_MS;

pub fn open_task(draft: &mut Draft<'_>, incident: IncidentId, kind: TaskKind, clock_ms: u64) {
    let task = draft.next_task();
    let due_at = draft.now.plus_ms(clock_ms);
    draft.push(Event::TaskOpened { task, incident, kind, due_at });
}

pub fn complete_task(draft: &mut Draft<'_>, task: TaskId, outcome: TaskOutcome) -> Result<Answer, Rejection> {
    let open = draft.known::<DeskTask>(Field::Task, task.0)?.outcome.is_none();
    if !open {
        return Err(Rejection::TaskOver { task });
    }
    draft.push(Event::TaskCompleted { task, outcome });
    Ok(Answer::Done)
}

pub fn add_note(draft: &mut Draft<'_>, incident: IncidentId, note: SealedRef) -> Result<Answer, Rejection> {
    let notes = draft.known::<IncidentRecord>(Field::Incident, incident.0)?.incident.notes.len();
    at_most(Field::Words, notes as u64 + 1, NOTES_MAX as u64)?;
    draft.push(Event::NoteAdded { incident, note });
    Ok(Answer::Done)
}

/// A volunteer on duty who can carry one more.
fn free(draft: &Draft<'_>, field: Field, volunteer: VolunteerId) -> Result<(), Rejection> {
    let record: &VolunteerRecord = draft.known(field, volunteer.0)?;
    match (record.on_duty(), record.full()) {
        (false, _) => Err(Rejection::OffDuty { volunteer }),
        (true, true) => Err(Rejection::Engaged { volunteer }),
        (true, false) => Ok(()),
    }
}

/// Any volunteer who is free, asked or not; where no open place fits him the desk adds one.
pub fn assign(draft: &mut Draft<'_>, incident: IncidentId, volunteer: VolunteerId) -> Result<Answer, Rejection> {
    let record = draft.live_incident(Field::Incident, incident)?;
    let mut active = record.active.iter().map(|id| draft.must::<Assignment>(id.0));
    if let Some(here) = active.find(|assignment| assignment.volunteer == volunteer) {
        return Ok(Answer::Assigned { assignment: here.id, incident });
    }
    free(draft, Field::Volunteer, volunteer)?;
    place(draft, incident, volunteer)
}

fn place(draft: &mut Draft<'_>, incident: IncidentId, volunteer: VolunteerId) -> Result<Answer, Rejection> {
    if let Some(assignment) = seat_on(draft, incident, volunteer, None, None) {
        return Ok(Answer::Assigned { assignment, incident });
    }
    let record = draft.incident(incident);
    at_most(Field::Roles, record.incident.slots.len() as u64 + 1, SLOTS_MAX as u64)?;
    let level = record.incident.level;
    draft.push(Event::LevelRaised { incident, level, roles: vec![Role { skill: None, count: 1 }] });
    let full = Rejection::AlreadyFilled { incident };
    let assignment = seat_on(draft, incident, volunteer, None, None).ok_or(full)?;
    Ok(Answer::Assigned { assignment, incident })
}

fn active(draft: &Draft<'_>, id: AssignmentId) -> Result<Assignment, Rejection> {
    let assignment: &Assignment = draft.known(Field::Assignment, id.0)?;
    match assignment.state.active() {
        true => Ok(assignment.clone()),
        false => Err(Rejection::AssignmentOver { assignment: id }),
    }
}

/// The same person to another incident; his place here is asked for again.
pub fn reassign(draft: &mut Draft<'_>, id: AssignmentId, to: IncidentId) -> Result<Answer, Rejection> {
    let assignment = active(draft, id)?;
    ensure(assignment.incident != to, Field::To, Why::Itself)?;
    let there = &draft.live_incident(Field::To, to)?.active;
    let twice = there.iter().any(|id| draft.must::<Assignment>(id.0).volunteer == assignment.volunteer);
    ensure(!twice, Field::To, Why::Twice)?;
    draft.push(Event::StoodDown { assignment: id, why: StandDownReason::Reassigned });
    if draft.volunteer(assignment.volunteer).full() {
        return Err(Rejection::Engaged { volunteer: assignment.volunteer });
    }
    place(draft, to, assignment.volunteer)
}

/// Another person to the same slots.
pub fn substitute(draft: &mut Draft<'_>, id: AssignmentId, by: VolunteerId) -> Result<Answer, Rejection> {
    let Assignment { incident, volunteer, slots, .. } = active(draft, id)?;
    ensure(volunteer != by, Field::By, Why::Itself)?;
    free(draft, Field::By, by)?;
    let record = draft.incident(incident);
    let here = record.active.iter().any(|id| draft.must::<Assignment>(id.0).volunteer == by);
    ensure(!here, Field::By, Why::Twice)?;
    let able = super::cover::able_slots(&record.incident.slots, draft.volunteer(by).skills_at(draft.now));
    if slots.0 & !able.0 != 0 {
        return Err(Rejection::NotQualified { volunteer: by });
    }
    draft.push(Event::AssignmentSubstituted { assignment: id, by });
    let assignment = seat_on(draft, incident, by, None, None).ok_or(Rejection::AlreadyFilled { incident })?;
    Ok(Answer::Assigned { assignment, incident })
}

/// One, or all that is not needed: who was only asked, and, when somebody is on the scene, who is not there yet. Their
/// places are let go, not asked for again.
pub fn stand_down(
    draft: &mut Draft<'_>,
    incident: IncidentId,
    assignment: Option<AssignmentId>,
) -> Result<Answer, Rejection> {
    draft.live_incident(Field::Incident, incident)?;
    match assignment {
        Some(id) => stand_down_one(draft, incident, id),
        None => stand_down_surplus(draft, incident),
    }
}

fn stand_down_one(draft: &mut Draft<'_>, incident: IncidentId, id: AssignmentId) -> Result<Answer, Rejection> {
    let assignment = active(draft, id)?;
    ensure(assignment.incident == incident, Field::Assignment, Why::OtherClass)?;
    draft.push(Event::SlotsReleased { incident, slots: assignment.slots });
    draft.push(Event::StoodDown { assignment: id, why: StandDownReason::ByDesk });
    Ok(Answer::Done)
}

fn stand_down_surplus(draft: &mut Draft<'_>, incident: IncidentId) -> Result<Answer, Rejection> {
    let record = draft.incident(incident);
    let active = || record.active.iter().map(|id| draft.must::<Assignment>(id.0));
    let there = active().any(|assignment| assignment.state == AssignmentState::OnScene);
    let coming = active().filter(|assignment| there && assignment.state != AssignmentState::OnScene);
    let coming: Vec<(AssignmentId, SlotSet)> = coming.map(|assignment| (assignment.id, assignment.slots)).collect();
    let (standing, open) = (record.standing.clone(), record.incident.open_slots());
    let slots = coming.iter().fold(open, |set, &(_, slots)| set.union(slots));
    if slots.is_empty() {
        return Ok(Answer::NothingToDo);
    }
    draft.push(Event::SlotsReleased { incident, slots });
    for offer in standing {
        draft.push(Event::OfferWithdrawn { offer, why: WithdrawReason::ByDesk });
    }
    for (assignment, _) in coming {
        draft.push(Event::StoodDown { assignment, why: StandDownReason::ByDesk });
    }
    Ok(Answer::Done)
}
