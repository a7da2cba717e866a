//! One small function for each event: what it changes, and nothing that would have to be decided.

mod aid;
mod assignment;
mod desk;
mod duty;
mod incident;
mod learning;
mod offer;
mod settings;

use super::world::World;
use crate::event::Event;
use crate::model::Timestamp;

/// Makes one event so, as of `at`.
///
/// # Panics
/// When the event names what is not there: see [`World::must`].
pub fn apply(world: &mut impl World, at: Timestamp, event: &Event) {
    match event {
        Event::DistrictDefined { name, centre } => settings::district_defined(world, name, *centre),
        Event::SkillsDefined { skills } => settings::skills_defined(world, skills),
        Event::GridsDefined { grids } => settings::grids_defined(world, grids),
        Event::GridsRemoved { grids } => settings::grids_removed(world, grids),
        Event::TeamsDefined { teams } => settings::teams_defined(world, teams),
        Event::PlansDefined { plans } => settings::plans_defined(world, plans),
        Event::DrillSet { on } => world.settings_mut().drill = *on,
        Event::ServiceResumed { gap_ms } => settings::service_resumed(world, at, *gap_ms),

        Event::VolunteersEnrolled { volunteers } => duty::enrolled(world, at, volunteers),
        Event::VolunteersRetired { volunteers } => duty::retired(world, volunteers),
        Event::DutyStarted { volunteer, status, until } => duty::started(world, at, *volunteer, *status, *until),
        Event::DutyEnded { volunteer, why: _ } => duty::ended(world, at, *volunteer),
        Event::RestStarted { volunteer, until } => duty::rest_started(world, *volunteer, *until),
        Event::RestEnded { volunteer } => duty::rest_ended(world, *volunteer),
        Event::CheckedIn { volunteer } => duty::checked_in(world, at, *volunteer),
        Event::GridUnderMinimum { grid, on_duty: _, minimum: _ } => duty::under_minimum(world, *grid, true),
        Event::GridAtMinimum { grid } => duty::under_minimum(world, *grid, false),

        Event::IncidentOpened { incident, class, kind, urgency, drill, call, raised_by, roles } => {
            let opened = incident::Opened { id: *incident, class: *class, kind, urgency: *urgency, drill: *drill };
            incident::opened(world, at, opened, call, *raised_by, roles);
        }
        Event::CallMerged { into, call } => incident::call_merged(world, *into, call),
        Event::IncidentMerged { duplicate, into } => incident::merged(world, at, *duplicate, *into),
        Event::Unmerged { from, incident, call } => incident::unmerged(world, at, *from, *incident, *call),
        Event::LevelRaised { incident, level, roles } => incident::level_raised(world, *incident, *level, roles),
        Event::AidAsked { of, request, slots, answer_by } => {
            aid::asked(world, at, request.aid, (*of, *slots, *answer_by));
        }
        Event::AidTold { aid, filled, over, telling } => aid::told(world, at, *aid, *filled, (*over, *telling)),
        Event::AidExpired { of: _, aid } => aid::expired(world, *aid),
        Event::AidWithdrawn { of: _, aid } => aid::withdrawn(world, *aid),
        Event::AidBegun { incident, aid, needs } => aid::begun(world, *incident, *aid, *needs),
        Event::AidGiven { incident, aid: _, filled, over, telling } => {
            aid::given(world, *incident, *filled, (*over, *telling));
        }
        Event::SlotsReleased { incident, slots } => incident::slots_released(world, *incident, *slots),
        Event::Escalated { incident, step, action: _, by_desk: _ } => incident::escalated(world, *incident, *step),
        Event::Supervised { incident, clock } => incident::supervised(world, at, *incident, *clock),
        Event::ShortfallTold { incident, missing } => incident::shortfall_told(world, at, *incident, *missing),
        Event::ShortfallEnded { incident } => incident::shortfall_ended(world, *incident),
        Event::IncidentClosed { incident, disposition, words: _ } => {
            incident::closed(world, at, *incident, *disposition)
        }
        Event::IncidentCancelled { incident, by_caller: _, words: _ } => incident::cancelled(world, at, *incident),
        Event::IncidentReopened { incident } => incident::reopened(world, at, *incident),
        Event::NoteAdded { incident, note } => incident::note_added(world, at, *incident, *note),
        Event::IncidentArchived { incident } => incident::archived(world, *incident),

        Event::WaveSent { incident, wave, deadline, next_wave_at, offers, explanation, supplement } => {
            let sent = offer::Sent { incident: *incident, wave: *wave, deadline: *deadline, supplement: *supplement };
            offer::wave_sent(world, at, sent, *next_wave_at, offers, explanation);
        }
        Event::OfferReceived { offer } => offer::received(world, at, *offer),
        Event::OfferSeen { offer } => offer::seen(world, at, *offer),
        Event::OfferUnreceived { offer } => offer::unreceived(world, *offer),
        Event::OfferAccepted { offer, eta_min: _ } => offer::accepted(world, at, *offer),
        Event::OfferDeclined { offer, reason, words: _ } => offer::declined(world, at, *offer, *reason),
        Event::OfferExpired { offer } => offer::expired(world, at, *offer),
        Event::OfferWithdrawn { offer, why } => offer::withdrawn(world, at, *offer, *why),

        Event::VolunteerAssigned { assignment, incident, volunteer, slots, offer, eta_min } => {
            let made = Assigned { incident: *incident, volunteer: *volunteer, offer: *offer, eta_min: *eta_min };
            assignment::assigned(world, at, *assignment, *slots, made);
        }
        Event::SlotsChanged { assignment, slots } => assignment::slots_changed(world, *assignment, *slots),
        Event::MilestoneReached { assignment, milestone, sheet: _ } => {
            assignment::milestone_reached(world, at, *assignment, *milestone);
        }
        Event::AssignmentAborted { assignment, reason, words: _ } => {
            assignment::aborted(world, at, *assignment, *reason);
        }
        Event::AssignmentSubstituted { assignment, by } => assignment::substituted(world, at, *assignment, *by),
        Event::StoodDown { assignment, why: _ } => assignment::stood_down(world, at, *assignment),

        Event::TaskOpened { task, incident, kind, due_at } => {
            desk::task_opened(world, at, *task, *incident, kind, *due_at);
        }
        Event::TaskOverdue { task } => desk::task_overdue(world, *task),
        Event::TaskCompleted { task, outcome } => desk::task_completed(world, at, *task, *outcome),
    }
}

use assignment::Assigned;
