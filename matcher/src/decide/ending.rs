//! How an incident ends, and how it begins again.

use super::draft::Draft;
use super::{aid, assignment};
use crate::command::{Answer, Field, Rejection};
use crate::event::{Event, StandDownReason};
use crate::model::*;
use crate::state::IncidentRecord;
use crate::state::world::World;

/// Withdraws every offer and stands everybody down; what the desk was to do for it falls away.
pub fn release_all(draft: &mut Draft<'_>, id: IncidentId, why: StandDownReason) {
    let record = draft.incident(id);
    let (standing, active, tasks) = (record.standing.clone(), record.active.clone(), record.incident.tasks.clone());
    aid::withdraw_all(draft, id);
    for offer in standing {
        draft.push(Event::OfferWithdrawn { offer, why: WithdrawReason::IncidentEnded });
    }
    for assignment in active {
        draft.push(Event::StoodDown { assignment, why });
    }
    for task in tasks {
        if draft.must::<DeskTask>(task.0).outcome.is_none() {
            draft.push(Event::TaskCompleted { task, outcome: TaskOutcome::NotNeeded });
        }
    }
}

pub fn close_as(draft: &mut Draft<'_>, id: IncidentId, disposition: Disposition, words: Option<SealedRef>) {
    if disposition == Disposition::Resolved {
        finish_those_there(draft, id);
    }
    release_all(draft, id, StandDownReason::IncidentEnded);
    draft.push(Event::IncidentClosed { incident: id, disposition, words });
}

/// Whoever is on the scene of what is resolved has done it, though he did not say so.
fn finish_those_there(draft: &mut Draft<'_>, id: IncidentId) {
    let (at, source) = (draft.now, MilestoneSource::System);
    for active in draft.incident(id).active.clone() {
        if draft.must::<Assignment>(active.0).state == AssignmentState::OnScene {
            let milestone = Milestone { step: MilestoneStep::Done, at, tapped_ago_ms: 0, source };
            assignment::record(draft, active, milestone, None);
        }
    }
}

pub fn cancel_as(draft: &mut Draft<'_>, id: IncidentId, by_caller: bool, words: Option<SealedRef>) {
    let why = if by_caller { StandDownReason::TakenBack } else { StandDownReason::IncidentEnded };
    release_all(draft, id, why);
    draft.push(Event::IncidentCancelled { incident: id, by_caller, words });
}

pub fn close(
    draft: &mut Draft<'_>,
    id: IncidentId,
    disposition: Disposition,
    words: Option<SealedRef>,
) -> Result<Answer, Rejection> {
    draft.live_incident(Field::Incident, id)?;
    close_as(draft, id, disposition, words);
    Ok(Answer::Done)
}

pub fn cancel(draft: &mut Draft<'_>, id: IncidentId, words: Option<SealedRef>) -> Result<Answer, Rejection> {
    draft.live_incident(Field::Incident, id)?;
    cancel_as(draft, id, false, words);
    Ok(Answer::Done)
}

/// Everything starts afresh: clocks, rounds, places. A duplicate is taken out by `unmerge` instead.
pub fn reopen(draft: &mut Draft<'_>, id: IncidentId) -> Result<Answer, Rejection> {
    let record: &IncidentRecord = draft.known(Field::Incident, id.0)?;
    match record.incident.state {
        IncidentState::Closed(_) | IncidentState::Cancelled => {}
        IncidentState::DuplicateOf(into) => return Err(Rejection::IncidentEnded { incident: into }),
        _ => return Err(Rejection::IncidentNotEnded { incident: id }),
    }
    if record.incident.aid_for.is_some() {
        // The district that asked has been told that it is over.
        return Err(Rejection::IncidentEnded { incident: id });
    }
    draft.push(Event::IncidentReopened { incident: id });
    Ok(Answer::Done)
}
