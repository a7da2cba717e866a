//! What happens: `(&State, now, &Request) -> Decision`, one file per family of commands; this page is the table of
//! contents.
//!
//! A decision is written as a draft: each event is applied to a thin overlay of the state as soon as it is made, by the same functions
//! that will apply the commit, so the next rule sees what the rules before it have done. At the end the draft is
//! settled: surplus offers withdrawn, the next wave sent where the open slots are not covered, shortfalls told.

mod aid;
mod alarm;
mod assignment;
mod batch;
mod chance;
mod cover;
mod desk;
mod district;
mod draft;
mod duty;
mod ending;
mod escalation;
mod limits;
mod merging;
mod offer;
mod settle;
mod tick;
mod wave;

use crate::command::{Answer, Command, Rejection, Request};
use crate::event::Event;
use crate::model::Timestamp;
use crate::state::State;
use draft::Draft;

pub use limits::*;

/// What a command makes happen, and what its caller is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub events: Vec<Event>,
    pub answer: Answer,
}

/// Decides one command at `now`. Pure: the same state, time and request give the same decision.
///
/// # Errors
/// A typed [`Rejection`], addressed to the caller; nothing has changed.
pub fn decide(state: &State, now: Timestamp, request: &Request) -> Result<Decision, Rejection> {
    if let Some(answer) = recall(state, request)? {
        return Ok(Decision { events: Vec::new(), answer });
    }
    let mut draft = Draft::new(state, now, request.actor);
    let answer = dispatch(&mut draft, request)?;
    settle::all(&mut draft);
    Ok(Decision { events: draft.into_events(), answer })
}

/// The answer of a command that was taken before: it takes effect once.
fn recall(state: &State, request: &Request) -> Result<Option<Answer>, Rejection> {
    match state.district.remembered(request.id).filter(|_| request.command.remembered()) {
        Some((body_hash, _)) if body_hash != request.body_hash => {
            Err(Rejection::IdempotencyConflict { id: request.id })
        }
        remembered => Ok(remembered.map(|(_, answer)| answer)),
    }
}

fn dispatch(draft: &mut Draft<'_>, request: &Request) -> Result<Answer, Rejection> {
    match &request.command {
        Command::DefineDistrict { name, centre } => district::define(draft, name, *centre),
        Command::DefineSkills { skills } => district::define_skills(draft, skills),
        Command::DefineGrids { grids } => district::define_grids(draft, grids),
        Command::RemoveGrids { grids } => district::remove_grids(draft, grids),
        Command::DefineTeams { teams } => district::define_teams(draft, teams),
        Command::DefinePlans { plans } => district::define_plans(draft, plans),
        Command::SetDrill { on } => district::set_drill(draft, *on),
        Command::ResumeService { gap_ms } => district::resume_service(draft, *gap_ms),

        Command::EnrolVolunteers { volunteers } => duty::enrol(draft, volunteers),
        Command::RetireVolunteers { volunteers } => duty::retire(draft, volunteers),
        Command::GoOnDuty { volunteer, status, until } => duty::start(draft, *volunteer, *status, *until),
        Command::GoOffDuty { volunteer } => duty::stop(draft, *volunteer),
        Command::CheckIn { volunteer } => duty::check_in(draft, *volunteer),

        Command::RaiseAlarm(new) => Ok(alarm::raise(draft, request.id, new)),
        Command::RequestService(new) => alarm::request_service(draft, request.id, new),
        Command::CancelAlarm { alarm } => alarm::take_back(draft, *alarm),

        Command::OfferReceived { offer } => offer::received(draft, *offer),
        Command::OfferSeen { offer } => offer::seen(draft, *offer),
        Command::Accept { offer, eta_min } => offer::accept(draft, *offer, *eta_min),
        Command::Decline { offer, reason, words } => offer::decline(draft, *offer, *reason, *words),
        Command::VolunteerFor { incident, volunteer, eta_min } => {
            offer::volunteer_for(draft, *incident, *volunteer, *eta_min)
        }
        Command::ReachMilestone { assignment, step, tapped_ago_ms, sheet } => {
            assignment::reach(draft, *assignment, *step, *tapped_ago_ms, *sheet)
        }
        Command::AbortAssignment { assignment, reason, words } => {
            assignment::abort(draft, *assignment, *reason, *words)
        }

        Command::Assign { incident, volunteer } => desk::assign(draft, *incident, *volunteer),
        Command::Reassign { assignment, to } => desk::reassign(draft, *assignment, *to),
        Command::Substitute { assignment, by } => desk::substitute(draft, *assignment, *by),
        Command::StandDown { incident, assignment } => desk::stand_down(draft, *incident, *assignment),
        Command::Escalate { incident } => escalation::by_desk(draft, *incident),
        Command::Merge { duplicate, into } => merging::merge(draft, *duplicate, *into),
        Command::Unmerge { incident, call } => merging::unmerge(draft, *incident, *call),
        Command::Cancel { incident, words } => ending::cancel(draft, *incident, *words),
        Command::Close { incident, disposition, words } => ending::close(draft, *incident, *disposition, *words),
        Command::Reopen { incident } => ending::reopen(draft, *incident),
        Command::AddNote { incident, note } => desk::add_note(draft, *incident, *note),
        Command::CompleteTask { task, outcome } => desk::complete_task(draft, *task, *outcome),

        Command::GiveAid(asked) => aid::give(draft, request.id, asked),
        Command::TellAid { aid, filled, over, telling } => aid::told(draft, *aid, *filled, *over, *telling),
        Command::EndAid { aid } => aid::end(draft, *aid),

        Command::Tick => Ok(tick::tick(draft)),
    }
}
