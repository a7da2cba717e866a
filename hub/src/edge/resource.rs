//! What a command is about: its verb, its district, and whose it is, so that `allow` can be asked.

use matcher::{
    AssignmentId, CommandId, District, DistrictId, IncidentId, OfferId, Position, TaskId, TeamId, VolunteerId,
};
use wire::Id;
use wire::command::CommandArgs;

use super::auth::{Owner, Resource, Verb};
use super::datum;
use super::error::Refusal;
use crate::records::Identity;

/// What a command names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    Offer(OfferId),
    Assignment(AssignmentId),
    Incident(IncidentId),
    Task(TaskId),
    /// The volunteer who gives it.
    Oneself,
    /// A call; its place, when it has one.
    Place(Option<Position>),
    /// An alarm, by the command that raised it.
    Alarm(CommandId),
    District,
}

impl About {
    /// The district that the id names.
    pub fn district(self) -> Option<DistrictId> {
        match self {
            Self::Offer(id) => Some(id.district()),
            Self::Assignment(id) => Some(id.district()),
            Self::Incident(id) => Some(id.district()),
            Self::Task(id) => Some(id.district()),
            Self::Oneself | Self::Place(_) | Self::Alarm(_) | Self::District => None,
        }
    }
}

/// The verb of a command, and what it is about.
pub fn about(args: &CommandArgs) -> (Verb, About) {
    let offer = |id: Id| (Verb::Serve, About::Offer(OfferId(id.0)));
    let serve = |id: Id| (Verb::Serve, About::Assignment(AssignmentId(id.0)));
    let dispatch = |id: Id| (Verb::Dispatch, About::Incident(IncidentId(id.0)));
    let move_on = |id: Id| (Verb::Dispatch, About::Assignment(AssignmentId(id.0)));
    match args {
        CommandArgs::GoOnDuty(_) | CommandArgs::GoOffDuty(_) | CommandArgs::CheckIn(_) => (Verb::Serve, About::Oneself),
        CommandArgs::OfferReceived(a) | CommandArgs::OfferSeen(a) => offer(a.offer),
        CommandArgs::Accept(a) => offer(a.offer),
        CommandArgs::Decline(a) => offer(a.offer),
        // Which incident is for the core to look at: anybody of the district may come forward.
        CommandArgs::VolunteerFor(_) => (Verb::Serve, About::Oneself),
        CommandArgs::EnRoute(a) | CommandArgs::OnScene(a) => serve(a.assignment),
        CommandArgs::Done(a) => serve(a.assignment),
        CommandArgs::Abort(a) => serve(a.assignment),
        CommandArgs::RaiseAlarm(a) => {
            let place = a.place.and_then(|place| datum::position(place.lat, place.lng, a.crs));
            (Verb::RaiseAlarm, About::Place(place))
        }
        CommandArgs::RequestService(a) => {
            (Verb::RequestService, About::Place(datum::position(a.place.lat, a.place.lng, a.crs)))
        }
        CommandArgs::CancelAlarm(a) => (Verb::RaiseAlarm, About::Alarm(CommandId(a.alarm.as_u128()))),
        CommandArgs::Assign(a) => dispatch(a.incident),
        CommandArgs::Reassign(a) => move_on(a.assignment),
        CommandArgs::Substitute(a) => move_on(a.assignment),
        CommandArgs::StandDown(a) => dispatch(a.incident),
        CommandArgs::Escalate(a) | CommandArgs::Reopen(a) => dispatch(a.incident),
        CommandArgs::Merge(a) => dispatch(a.duplicate),
        CommandArgs::Unmerge(a) => dispatch(a.incident),
        CommandArgs::Cancel(a) => dispatch(a.incident),
        CommandArgs::Close(a) => dispatch(a.incident),
        CommandArgs::Note(a) => dispatch(a.incident),
        CommandArgs::CompleteTask(a) => (Verb::Dispatch, About::Task(TaskId(a.task.0))),
        CommandArgs::Drill(_) => (Verb::SetDrill, About::District),
    }
}

/// Whose it is, as `actor` may reach it.
///
/// # Errors
/// 404 with the noun: the district does not know what the command names.
pub fn resource(district: &District, about: About, actor: &Identity) -> Result<Resource, Refusal> {
    let here = district.id;
    let owner = match about {
        About::Offer(id) => {
            let offer = district.offer(id).ok_or_else(|| unknown("offer", "派单", id.0))?;
            of_volunteer(district, offer.volunteer, actor)
        }
        About::Assignment(id) => {
            let assignment = district.assignment(id).ok_or_else(|| unknown("assignment", "接单", id.0))?;
            of_volunteer(district, assignment.volunteer, actor)
        }
        About::Incident(id) => of_incident(district, id, actor)?,
        About::Task(id) => {
            let task = district.task(id).ok_or_else(|| unknown("task", "任务", id.0))?;
            of_incident(district, task.incident, actor)?
        }
        About::Oneself => actor.volunteer().map_or(Owner::District, Owner::Volunteer),
        About::Place(_) | About::Alarm(_) | About::District => Owner::District,
    };
    Ok(Resource::owned(here, owner))
}

/// A volunteer's things are his own; for a team leader they are his team's.
pub fn of_volunteer(district: &District, volunteer: VolunteerId, actor: &Identity) -> Owner {
    let team = district.volunteer(volunteer).and_then(|record| record.profile.team);
    match team.and_then(|team| reaching(district, team, actor)) {
        Some(team) => Owner::Team(team),
        None => Owner::Volunteer(volunteer),
    }
}

/// An incident belongs to the team of its grid.
fn of_incident(district: &District, id: IncidentId, actor: &Identity) -> Result<Owner, Refusal> {
    let incident = district.incident(id).ok_or_else(|| unknown("incident", "事件", id.0))?;
    let team = district.grid(incident.place.grid).and_then(|grid| grid.team);
    Ok(team.and_then(|team| reaching(district, team, actor)).map_or(Owner::District, Owner::Team))
}

/// The actor's own team, when it is `team` or stands above it.
fn reaching(district: &District, team: TeamId, actor: &Identity) -> Option<TeamId> {
    let mine = actor.team?;
    let chain = std::iter::successors(Some(team), |id| district.team(*id).and_then(|team| team.above));
    chain.take(LEVELS_MAX).find(|id| *id == mine)
}

/// Levels of teams that are looked up; four are usual, and a circle must not hang a request.
const LEVELS_MAX: usize = 16;

pub fn unknown(noun: &'static str, zh: &str, id: u64) -> Refusal {
    let code = match noun {
        "offer" => "unknown_offer",
        "assignment" => "unknown_assignment",
        "task" => "unknown_task",
        "volunteer" => "unknown_volunteer",
        "team" => "unknown_team",
        "grid" => "unknown_grid",
        _ => "unknown_incident",
    };
    let en = format!("{noun} {id} is not known in this district");
    Refusal::new(axum::http::StatusCode::NOT_FOUND, code, format!("本区没有这个{zh}({id})"), en).at(&format!("/{noun}"))
}
