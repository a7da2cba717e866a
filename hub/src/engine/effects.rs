//! Event -> who is to be told, and what has to be shown anew. A pure, exhaustive function: whoever adds an event is
//! asked here by the compiler what follows from it.

use matcher::{
    AssignmentId, CallId, Command, DistrictId, Event, GridId, IncidentId, KindCode, OfferId, SkillId, TaskId, TeamId,
    VolunteerId,
};

/// A row of a stream, by what it shows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Row {
    /// The district itself, which everybody sees.
    District,
    /// A skill.
    Skill(SkillId),
    /// A team.
    Team(TeamId),
    /// A plan, by its kind.
    Plan(KindCode),
    /// A grid.
    Grid(GridId),
    /// A volunteer, his duty and engagements.
    Volunteer(VolunteerId),
    /// An incident and how it goes.
    Incident(IncidentId),
    /// An incident with all its calls, offers, assignments and tasks: whoever let them go when it ended, or came after,
    /// has them again.
    Case(IncidentId),
    /// One call of an incident.
    Call(IncidentId, CallId),
    /// An offer, and with it how its incident goes.
    Offer(OfferId),
    /// What everybody who is asked about an incident sees of it: how many are needed, how many come, how many were asked.
    OffersOf(IncidentId),
    /// An assignment, and with it its incident and its volunteer.
    Assignment(AssignmentId),
    /// A task of the desk.
    Task(TaskId),
}

/// When somebody is woken through another channel than his socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WakeWhen {
    /// Only if he has no socket open.
    Absent,
    /// Even so: his phone has not answered.
    Always,
}

/// What follows from an event, outside of the core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The row is delivered as it is now to everybody who may see it.
    Refresh(Row),
    /// The row is over: whoever saw it forgets it.
    Forget(Row),
    /// The volunteer of this offer is woken.
    Wake(OfferId, WakeWhen),
    /// His position leaves every map.
    OffMap(VolunteerId),
    /// Another district is told.
    Tell(DistrictId, Box<Command>),
}

impl Effect {
    /// Which other district is told what.
    pub fn tell(self) -> Option<(DistrictId, Command)> {
        if let Effect::Tell(district, command) = self { Some((district, *command)) } else { None }
    }

    /// Whom it wakes, and when.
    pub fn wake(self) -> Option<(OfferId, WakeWhen)> {
        if let Effect::Wake(offer, when) = self { Some((offer, when)) } else { None }
    }
}

/// What follows from one event.
pub fn effects(event: &Event) -> Vec<Effect> {
    use Effect::{Forget, OffMap, Refresh, Tell, Wake};
    match event {
        Event::DistrictDefined { .. } | Event::DrillSet { .. } => vec![Refresh(Row::District)],
        Event::SkillsDefined { skills } => skills.iter().map(|skill| Refresh(Row::Skill(skill.id))).collect(),
        Event::GridsDefined { grids } => grids.iter().map(|grid| Refresh(Row::Grid(grid.id))).collect(),
        Event::GridsRemoved { grids } => grids.iter().map(|&grid| Forget(Row::Grid(grid))).collect(),
        Event::TeamsDefined { teams } => teams.iter().map(|team| Refresh(Row::Team(team.id))).collect(),
        Event::PlansDefined { plans } => plans.iter().map(|plan| Refresh(Row::Plan(plan.kind.clone()))).collect(),
        Event::VolunteersEnrolled { volunteers } => {
            volunteers.iter().map(|volunteer| Refresh(Row::Volunteer(volunteer.id))).collect()
        }
        Event::VolunteersRetired { volunteers } => {
            let gone = |&volunteer| [Forget(Row::Volunteer(volunteer)), OffMap(volunteer)];
            volunteers.iter().flat_map(gone).collect()
        }
        // Deadlines of all open offers moved: each is shown anew by whoever expands this.
        Event::ServiceResumed { .. } => Vec::new(),

        Event::DutyStarted { volunteer, .. }
        | Event::RestStarted { volunteer, .. }
        | Event::RestEnded { volunteer }
        | Event::CheckedIn { volunteer } => vec![Refresh(Row::Volunteer(*volunteer))],
        Event::DutyEnded { volunteer, .. } => vec![Refresh(Row::Volunteer(*volunteer)), OffMap(*volunteer)],
        Event::GridUnderMinimum { grid, .. } | Event::GridAtMinimum { grid } => vec![Refresh(Row::Grid(*grid))],

        Event::IncidentOpened { incident, call, .. } => {
            vec![Refresh(Row::Incident(*incident)), Refresh(Row::Call(*incident, call.id))]
        }
        Event::CallMerged { into, call } => vec![Refresh(Row::Incident(*into)), Refresh(Row::Call(*into, call.id))],
        Event::IncidentMerged { duplicate, into } => {
            vec![Refresh(Row::Incident(*duplicate)), Refresh(Row::Case(*into))]
        }
        Event::Unmerged { from, incident, call } => {
            let moved = call.map(|call| Refresh(Row::Call(*incident, call)));
            let both = [Refresh(Row::Incident(*from)), Refresh(Row::Case(*incident))];
            both.into_iter().chain(moved).collect()
        }
        Event::LevelRaised { incident, .. } | Event::SlotsReleased { incident, .. } => {
            vec![Refresh(Row::Incident(*incident)), Refresh(Row::OffersOf(*incident))]
        }
        Event::Escalated { incident, .. }
        | Event::Supervised { incident, .. }
        | Event::ShortfallTold { incident, .. }
        | Event::ShortfallEnded { incident }
        | Event::IncidentClosed { incident, .. }
        | Event::IncidentCancelled { incident, .. }
        | Event::NoteAdded { incident, .. } => vec![Refresh(Row::Incident(*incident))],
        Event::AidAsked { of, request, .. } => {
            let give = Command::GiveAid(request.clone());
            vec![Refresh(Row::Incident(request.aid.incident)), Tell(*of, Box::new(give))]
        }
        Event::AidTold { aid, .. } => vec![Refresh(Row::Incident(aid.incident)), Refresh(Row::OffersOf(aid.incident))],
        Event::AidExpired { of, aid } | Event::AidWithdrawn { of, aid } => {
            vec![Refresh(Row::Incident(aid.incident)), Tell(*of, Box::new(Command::EndAid { aid: *aid }))]
        }
        Event::AidBegun { incident, .. } => vec![Refresh(Row::Incident(*incident))],
        Event::AidGiven { incident, aid, filled, over, telling } => {
            let told = Command::TellAid { aid: *aid, filled: *filled, over: *over, telling: *telling };
            vec![Refresh(Row::Incident(*incident)), Tell(aid.incident.district(), Box::new(told))]
        }
        Event::IncidentReopened { incident } => vec![Refresh(Row::Case(*incident))],
        Event::IncidentArchived { incident } => vec![Forget(Row::Incident(*incident))],

        Event::WaveSent { incident, offers, .. } => {
            let made =
                offers.iter().flat_map(|offer| [Refresh(Row::Offer(offer.id)), Wake(offer.id, WakeWhen::Absent)]);
            let asked = [Refresh(Row::Incident(*incident)), Refresh(Row::OffersOf(*incident))];
            asked.into_iter().chain(made).collect()
        }
        Event::OfferUnreceived { offer } => vec![Refresh(Row::Offer(*offer)), Wake(*offer, WakeWhen::Always)],
        Event::OfferReceived { offer }
        | Event::OfferSeen { offer }
        | Event::OfferAccepted { offer, .. }
        | Event::OfferDeclined { offer, .. }
        | Event::OfferExpired { offer }
        | Event::OfferWithdrawn { offer, .. } => vec![Refresh(Row::Offer(*offer))],

        Event::VolunteerAssigned { assignment, .. }
        | Event::SlotsChanged { assignment, .. }
        | Event::MilestoneReached { assignment, .. }
        | Event::AssignmentAborted { assignment, .. }
        | Event::AssignmentSubstituted { assignment, .. }
        | Event::StoodDown { assignment, .. } => vec![Refresh(Row::Assignment(*assignment))],

        Event::TaskOpened { task, incident, .. } => vec![Refresh(Row::Task(*task)), Refresh(Row::Incident(*incident))],
        Event::TaskOverdue { task } | Event::TaskCompleted { task, .. } => vec![Refresh(Row::Task(*task))],
    }
}

/// The name under which a step of an offer is counted (`accepted`, `expired`), if this event is one.
pub fn offer_outcome(event: &Event) -> Option<&'static str> {
    event.name().strip_prefix("offer_")
}
