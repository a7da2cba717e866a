//! The timeline of an incident, from its commits.

use matcher::{Actor, Cause, Commit, Event, IncidentId};
use uuid::Uuid;
use wire::http::TimelineEntry;
use wire::{Id, Time};

/// One entry for each event of `commits` that is about `incident`, oldest first.
pub fn entries(incident: IncidentId, commits: &[Commit]) -> Vec<TimelineEntry> {
    commits.iter().flat_map(|commit| of_commit(incident, commit)).collect()
}

fn of_commit(incident: IncidentId, commit: &Commit) -> impl Iterator<Item = TimelineEntry> {
    let (by, by_id, trace) = cause(&commit.cause);
    let its = commit.events.iter().map(|event| (event, subject(event)));
    its.filter(move |(_, subject)| subject.concerns(incident)).map(move |(event, subject)| TimelineEntry {
        seq: commit.seq,
        at: Time(commit.at.0),
        kind: event.name().to_owned(),
        by: by.to_owned(),
        by_id,
        about: subject.id(),
        trace,
    })
}

fn cause(cause: &Cause) -> (&'static str, Option<Id>, Option<Uuid>) {
    match cause {
        Cause::Clock => ("clock", None, None),
        Cause::Command { id, actor, .. } => {
            let (by, whose) = match actor {
                Actor::Volunteer(volunteer) => ("volunteer", Some(Id(volunteer.0))),
                Actor::Desk(account) => ("desk", Some(Id(account.0))),
                Actor::Resident(_) => ("resident", None),
                Actor::Integration(account) => ("integration", Some(Id(account.0))),
                Actor::System => ("system", None),
            };
            (by, whose, Some(Uuid::from_u128(id.0)))
        }
    }
}

/// What an event is about.
enum Subject {
    Incident(IncidentId),
    /// A part of an incident, by its own id; the commit it stands in is one of the incident's.
    Part(u64),
    /// An incident and a part of it.
    Both(IncidentId, u64),
    /// The district or somebody's duty: in the commit by the way.
    Other,
}

impl Subject {
    fn concerns(&self, incident: IncidentId) -> bool {
        match self {
            Self::Incident(of) | Self::Both(of, _) => *of == incident,
            Self::Part(_) => true,
            Self::Other => false,
        }
    }

    fn id(&self) -> Option<Id> {
        match self {
            Self::Part(id) | Self::Both(_, id) => Some(Id(*id)),
            Self::Incident(_) | Self::Other => None,
        }
    }
}

fn subject(event: &Event) -> Subject {
    match event {
        Event::LevelRaised { incident, .. }
        | Event::SlotsReleased { incident, .. }
        | Event::AidBegun { incident, .. }
        | Event::AidGiven { incident, .. }
        | Event::Escalated { incident, .. }
        | Event::Supervised { incident, .. }
        | Event::ShortfallTold { incident, .. }
        | Event::ShortfallEnded { incident }
        | Event::IncidentClosed { incident, .. }
        | Event::IncidentCancelled { incident, .. }
        | Event::IncidentReopened { incident }
        | Event::NoteAdded { incident, .. }
        | Event::IncidentArchived { incident }
        | Event::WaveSent { incident, .. } => Subject::Incident(*incident),
        Event::AidAsked { request, .. } => Subject::Incident(request.aid.incident),
        Event::AidTold { aid, .. } | Event::AidExpired { aid, .. } | Event::AidWithdrawn { aid, .. } => {
            Subject::Incident(aid.incident)
        }
        Event::IncidentOpened { incident, call, .. } => Subject::Both(*incident, call.id.0),
        Event::CallMerged { into, call } => Subject::Both(*into, call.id.0),
        Event::VolunteerAssigned { incident, assignment, .. } => Subject::Both(*incident, assignment.0),
        Event::TaskOpened { incident, task, .. } => Subject::Both(*incident, task.0),
        Event::IncidentMerged { duplicate, .. } => Subject::Part(duplicate.0),
        Event::Unmerged { incident, .. } => Subject::Part(incident.0),
        Event::OfferReceived { offer }
        | Event::OfferSeen { offer }
        | Event::OfferUnreceived { offer }
        | Event::OfferAccepted { offer, .. }
        | Event::OfferDeclined { offer, .. }
        | Event::OfferExpired { offer }
        | Event::OfferWithdrawn { offer, .. } => Subject::Part(offer.0),
        Event::SlotsChanged { assignment, .. }
        | Event::MilestoneReached { assignment, .. }
        | Event::AssignmentAborted { assignment, .. }
        | Event::AssignmentSubstituted { assignment, .. }
        | Event::StoodDown { assignment, .. } => Subject::Part(assignment.0),
        Event::TaskOverdue { task } | Event::TaskCompleted { task, .. } => Subject::Part(task.0),
        Event::DistrictDefined { .. }
        | Event::SkillsDefined { .. }
        | Event::GridsDefined { .. }
        | Event::GridsRemoved { .. }
        | Event::TeamsDefined { .. }
        | Event::PlansDefined { .. }
        | Event::VolunteersEnrolled { .. }
        | Event::VolunteersRetired { .. }
        | Event::DrillSet { .. }
        | Event::ServiceResumed { .. }
        | Event::DutyStarted { .. }
        | Event::DutyEnded { .. }
        | Event::RestStarted { .. }
        | Event::RestEnded { .. }
        | Event::CheckedIn { .. }
        | Event::GridUnderMinimum { .. }
        | Event::GridAtMinimum { .. } => Subject::Other,
    }
}
