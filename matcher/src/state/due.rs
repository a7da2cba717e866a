//! When an owner has to be looked at next: the earliest of all that can come due, from its own record and nothing else.

use super::records::{IncidentRecord, VolunteerRecord};
use super::world::World;
use crate::model::*;

/// An offer that no phone has received for so long does not hold up the next candidate.
pub const RECEIVED_WITHIN_MS: u64 = 5 * SECOND_MS;
/// How long an ended incident stays, for questions and for the rights that came with it.
pub const ARCHIVED_AFTER_MS: u64 = 24 * HOUR_MS;

pub fn of_volunteer(record: &VolunteerRecord) -> Option<Timestamp> {
    [record.duty.until, record.rest_until].into_iter().flatten().min()
}

pub fn of_incident(world: &impl World, record: &IncidentRecord) -> Option<Timestamp> {
    let mut earliest = tasks(world, record).min();
    let mut at = |moment: Option<Timestamp>| earliest = [earliest, moment].into_iter().flatten().min();
    if let Some(ended_at) = record.incident.ended_at {
        at(Some(ended_at.plus_ms(ARCHIVED_AFTER_MS)));
        return earliest;
    }
    at(record.incident.next_wave_at);
    at(next_step(world, record).map(|(_, moment)| moment));
    at(next_clock(world, record).map(|(_, moment)| moment));
    for aid in record.incident.aids.iter().filter(|aid| aid.state == AidState::Asked) {
        at(Some(aid.answer_by));
    }
    for offer in standing(world, record) {
        at(Some(offer.deadline));
        at(unreceived_at(world, record, offer));
    }
    earliest
}

fn standing<'a>(world: &'a impl World, record: &'a IncidentRecord) -> impl Iterator<Item = &'a Offer> {
    record.standing.iter().filter_map(|id| world.get::<Offer>(id.0))
}

fn tasks<'a>(world: &'a impl World, record: &'a IncidentRecord) -> impl Iterator<Item = Timestamp> + 'a {
    let open = record.incident.tasks.iter().filter_map(|id| world.get::<DeskTask>(id.0));
    open.filter(|task| task.outcome.is_none() && !task.overdue).map(|task| task.due_at)
}

/// When this offer counts as not received; `None` once it is, or once nobody more is needed.
pub fn unreceived_at(world: &impl World, record: &IncidentRecord, offer: &Offer) -> Option<Timestamp> {
    let waiting = offer.state == OfferState::Made && !record.unreceived.contains(&offer.id);
    let needed = !record.incident.open_slots().is_empty();
    let since = offer.made_at.max(world.settings().resumed_at);
    (waiting && needed).then(|| since.plus_ms(RECEIVED_WITHIN_MS))
}

/// The next step of escalation that would be taken as things stand, counted from 1, and when.
pub fn next_step(world: &impl World, record: &IncidentRecord) -> Option<(u8, Timestamp)> {
    if record.incident.state.ended() {
        return None;
    }
    let plan = world.settings().plans.get(&record.incident.kind);
    let fallback = plan.is_none().then(|| ResponsePlan::fallback(&record.incident.kind));
    let steps = &plan.or(fallback.as_ref())?.escalation;
    let unfilled = !record.incident.open_slots().is_empty();
    let taken = usize::from(record.incident.escalation_step);
    let next = steps.iter().enumerate().skip(taken).find(|(_, step)| step.always || unfilled);
    next.map(|(index, step)| (index as u8 + 1, record.clock_from.plus_ms(step.after_ms)))
}

/// The next clock of supervision that is running and has not run out.
pub fn next_clock(world: &impl World, record: &IncidentRecord) -> Option<(Clock, Timestamp)> {
    if record.incident.state.ended() {
        return None;
    }
    let plan = world.settings().plans.get(&record.incident.kind);
    let clocks = plan.map_or_else(|| ResponsePlan::fallback(&record.incident.kind).clocks, |plan| plan.clocks);
    let running = [
        (Clock::Answer, clocks.answer_ms, answer_from(record)),
        (Clock::Arrive, clocks.arrive_ms, arrive_from(world, record)),
        (Clock::Close, clocks.close_ms, Some(record.clock_from)),
    ];
    let told = |clock: Clock| record.incident.supervised.iter().any(|&(told, _)| told == clock);
    let open = running.into_iter().filter(|&(clock, ms, _)| ms > 0 && !told(clock));
    open.filter_map(|(clock, ms, from)| Some((clock, from?.plus_ms(ms)))).min_by_key(|&(_, at)| at)
}

/// Until somebody has said yes since the clocks started; never where nobody is needed.
fn answer_from(record: &IncidentRecord) -> Option<Timestamp> {
    let needed = !record.incident.open_slots().is_empty();
    (needed && record.active.is_empty()).then_some(record.clock_from)
}

/// From the first assignment, until somebody is there.
fn arrive_from(world: &impl World, record: &IncidentRecord) -> Option<Timestamp> {
    let active = || record.active.iter().filter_map(|id| world.get::<Assignment>(id.0));
    let there = active().any(|assignment| assignment.state == AssignmentState::OnScene);
    active().map(|assignment| assignment.made_at).min().filter(|_| !there)
}
