//! What an assigned volunteer reports: how far he has come, or that he cannot.

use super::TAPPED_AGO_MS_MAX;
use super::draft::Draft;
use super::limits::at_most;
use crate::command::{Answer, Field, Rejection};
use crate::event::Event;
use crate::model::*;

fn own(draft: &Draft<'_>, id: AssignmentId) -> Result<Assignment, Rejection> {
    let assignment: &Assignment = draft.known(Field::Assignment, id.0)?;
    draft.owned_by(assignment.volunteer)?;
    Ok(assignment.clone())
}

/// Each step is written once; a step that a later one has overtaken changes nothing any more.
pub fn reach(
    draft: &mut Draft<'_>,
    id: AssignmentId,
    step: MilestoneStep,
    tapped_ago_ms: u64,
    sheet: Option<SealedRef>,
) -> Result<Answer, Rejection> {
    at_most(Field::TappedAgoMs, tapped_ago_ms, TAPPED_AGO_MS_MAX)?;
    let assignment = own(draft, id)?;
    if assignment.milestones.iter().any(|milestone| milestone.step >= step) {
        return Ok(Answer::NothingToDo);
    } else if !assignment.state.active() {
        return Err(Rejection::AssignmentOver { assignment: id });
    }
    let source = match draft.actor {
        Actor::Volunteer(_) => MilestoneSource::Volunteer,
        Actor::Desk(_) => MilestoneSource::Desk,
        Actor::Resident(_) | Actor::Integration(_) | Actor::System => MilestoneSource::System,
    };
    let milestone = Milestone { step, at: draft.now, tapped_ago_ms, source };
    record(draft, id, milestone, sheet);
    Ok(Answer::Done)
}

/// Writes a milestone; whoever is done with his last assignment rests.
pub fn record(draft: &mut Draft<'_>, id: AssignmentId, milestone: Milestone, sheet: Option<SealedRef>) {
    draft.push(Event::MilestoneReached { assignment: id, milestone, sheet });
    if milestone.step == MilestoneStep::Done {
        rest(draft, id);
    }
}

fn rest(draft: &mut Draft<'_>, id: AssignmentId) {
    let Ok(Assignment { incident, volunteer, .. }) = draft.known::<Assignment>(Field::Assignment, id.0).cloned() else {
        return;
    };
    let rest_ms = draft.plan_of(incident).rest_ms;
    let record = draft.volunteer(volunteer);
    if rest_ms > 0 && record.on_duty() && record.assignments.is_empty() {
        draft.push(Event::RestStarted { volunteer, until: draft.now.plus_ms(rest_ms) });
    }
}

/// His place is open again and asked for at once.
pub fn abort(
    draft: &mut Draft<'_>,
    id: AssignmentId,
    reason: AbortReason,
    words: Option<SealedRef>,
) -> Result<Answer, Rejection> {
    let assignment = own(draft, id)?;
    match assignment.state {
        AssignmentState::Aborted(_) => return Ok(Answer::NothingToDo),
        state if !state.active() => return Err(Rejection::AssignmentOver { assignment: id }),
        _ => draft.push(Event::AssignmentAborted { assignment: id, reason, words }),
    }
    Ok(Answer::Done)
}
