//! Rows of one incident as the desk sees them: the card, its calls, offers, assignments and tasks.

use matcher::{
    Aid, Assignment, AssignmentState, Call, DeskTask, District, Incident, IncidentId, IncidentState, Milestone, Offer,
    OfferState, ResponsePlan, TaskKind, Timestamp,
};
use uuid::Uuid;
use wire::rows::{
    AidRow, AssignmentRow, CallRow, IncidentRow, MilestoneRow, OfferRow, Progress, SupervisedRow, TaskRow,
};
use wire::{Id, Time};

use super::{View, exact, words};

/// A moment on the wire.
pub(super) fn time(at: Timestamp) -> Time {
    Time(at.0)
}

pub(super) fn kind_name(district: &District, incident: &Incident) -> String {
    district.plan_or_fallback(&incident.kind).name.clone()
}

pub(super) fn is_sensitive(district: &District, incident: &Incident) -> bool {
    district.plan(&incident.kind).is_some_and(|plan| plan.sensitive)
}

/// The command that began it, as a trace.
pub fn trace(incident: &Incident) -> Option<Uuid> {
    incident.opened_by().map(|command| Uuid::from_u128(command.0))
}

/// The card of an incident.
pub fn incident_row(view: &View<'_>, incident: &Incident) -> IncidentRow {
    let duplicate_of = match incident.state {
        IncidentState::DuplicateOf(other) => Some(Id(other.0)),
        _ => None,
    };
    IncidentRow {
        id: Id(incident.id.0),
        class: words::incident_class(incident.class),
        kind: incident.kind.clone(),
        kind_name: kind_name(view.district, incident),
        urgency: words::urgency(incident.urgency),
        sensitive: is_sensitive(view.district, incident),
        drill: incident.drill,
        grid: Id(incident.place.grid.0),
        place: exact(incident.place.position),
        place_unsure: incident.place.unsure,
        opened_at: time(incident.opened_at),
        ended_at: incident.ended_at.map(time),
        state: words::incident_state(incident.state),
        disposition: words::disposition(incident.state),
        duplicate_of,
        calls: count(incident.calls.len()),
        flood: incident.calls.iter().any(|call| call.flood),
        progress: progress(view.district, incident),
        trace: trace(incident),
    }
}

/// How it goes.
pub(super) fn progress(district: &District, incident: &Incident) -> Progress {
    let (needed, filled) = incident.needed_and_filled();
    let offers: Vec<&Offer> = incident.offers.iter().filter_map(|&id| district.offer(id)).collect();
    let counted = |test: fn(&Offer) -> bool| count(offers.iter().filter(|offer| test(offer)).count());
    let plan = district.plan_or_fallback(&incident.kind);
    let has_ended = incident.state.ended();
    Progress {
        needed: count(needed),
        filled: count(filled),
        level: incident.level,
        wave: incident.wave,
        asked: count(offers.len()),
        received: counted(|offer| offer.received_at.is_some()),
        seen: counted(|offer| offer.seen_at.is_some()),
        accepted: counted(|offer| offer.state == OfferState::Accepted),
        declined: counted(|offer| matches!(offer.state, OfferState::Declined(_))),
        first_arrival_at: first_arrival(district, incident).map(time),
        next_wave_at: incident.next_wave_at.filter(|_| !has_ended).map(time),
        next_step_at: incident.next_step_at.filter(|_| !has_ended).map(time),
        next_step: next_step(&plan, incident),
        escalation_step: incident.escalation_step,
        shortfall: incident.shortfall.map(|shortfall| u16::from(shortfall.missing)),
        supervised: incident
            .supervised
            .iter()
            .map(|&(clock, at)| SupervisedRow { clock: words::clock(clock), since: time(at) })
            .collect(),
        aids: incident.aids.iter().map(aid_row).collect(),
        aid_for: incident.aid_for.map(|given| given.aid.incident.district().to_string()),
    }
}

fn aid_row(aid: &Aid) -> AidRow {
    AidRow {
        district: aid.of.to_string(),
        state: words::aid_state(aid.state),
        wanted: count(aid.slots.len() as usize),
        people: count(aid.filled.len() as usize),
        asked_at: time(aid.asked_at),
        answer_by: time(aid.answer_by),
        answered_at: aid.answered_at.map(time),
    }
}

fn next_step(plan: &ResponsePlan, incident: &Incident) -> Option<wire::rows::StepName> {
    let step = plan.escalation.get(usize::from(incident.escalation_step))?;
    incident.next_step_at.filter(|_| !incident.state.ended())?;
    Some(words::step_name(&step.action))
}

/// When the first of those under way is expected: what he said, else what was estimated.
pub(super) fn first_arrival(district: &District, incident: &Incident) -> Option<Timestamp> {
    let assignments = incident.assignments.iter().filter_map(|&id| district.assignment(id));
    let under_way = assignments.filter(|it| matches!(it.state, AssignmentState::Assigned | AssignmentState::EnRoute));
    under_way.filter_map(|it| arrival(district, it)).min()
}

/// When one of them is expected.
pub(super) fn arrival(district: &District, assignment: &Assignment) -> Option<Timestamp> {
    let said_ms = assignment.eta_min.map(|min| u64::from(min) * matcher::MINUTE_MS);
    let offer = assignment.offer.and_then(|id| district.offer(id));
    let travel_ms = said_ms.or(offer.map(|offer| offer.standing.travel_ms))?;
    Some(assignment.made_at.plus_ms(travel_ms))
}

/// One call.
pub fn call_row(incident: IncidentId, call: &Call) -> CallRow {
    CallRow {
        id: Id(call.id.0),
        incident: Id(incident.0),
        at: time(call.at),
        source: words::call_source(call.source),
        place: exact(call.place.position),
        place_unsure: call.place.unsure,
        flood: call.flood,
        has_words: call.sealed.is_some(),
    }
}

/// One offer.
pub fn offer_row(offer: &Offer) -> OfferRow {
    let reason = match offer.state {
        OfferState::Declined(reason) => Some(words::declined(reason)),
        _ => None,
    };
    OfferRow {
        id: Id(offer.id.0),
        incident: Id(offer.incident.0),
        volunteer: Id(offer.volunteer.0),
        wave: offer.wave,
        state: words::offer_state(offer.state),
        reason,
        distance_m: offer.standing.distance_m,
        travel_ms: offer.standing.travel_ms,
        own_grid: offer.standing.own_grid,
        made_at: time(offer.made_at),
        deadline: time(offer.deadline),
        received_at: offer.received_at.map(time),
        seen_at: offer.seen_at.map(time),
        ended_at: offer.ended_at.map(time),
    }
}

/// One assignment.
pub fn assignment_row(assignment: &Assignment) -> AssignmentRow {
    let (reason, substituted_by) = match assignment.state {
        AssignmentState::Aborted(reason) => (Some(words::aborted(reason)), None),
        AssignmentState::SubstitutedBy(by) => (None, Some(Id(by.0))),
        _ => (None, None),
    };
    AssignmentRow {
        id: Id(assignment.id.0),
        incident: Id(assignment.incident.0),
        volunteer: Id(assignment.volunteer.0),
        state: words::assignment_state(assignment.state),
        reason,
        substituted_by,
        eta_min: assignment.eta_min,
        made_at: time(assignment.made_at),
        milestones: milestones(&assignment.milestones),
        ended_at: assignment.ended_at.map(time),
    }
}

pub(super) fn milestones(milestones: &[Milestone]) -> Vec<MilestoneRow> {
    let row = |it: &Milestone| MilestoneRow {
        step: words::step(it.step),
        at: time(it.at),
        tapped_ago_ms: it.tapped_ago_ms,
        source: words::source(it.source),
    };
    milestones.iter().map(row).collect()
}

/// One task of the desk.
pub fn task_row(task: &DeskTask) -> TaskRow {
    let words = match &task.kind {
        TaskKind::HandOver { words, .. } => words.clone(),
        TaskKind::CallBack | TaskKind::Supervise => String::new(),
    };
    TaskRow {
        id: Id(task.id.0),
        incident: Id(task.incident.0),
        kind: words::task_kind(&task.kind),
        words,
        made_at: time(task.made_at),
        due_at: time(task.due_at),
        overdue: task.overdue,
        outcome: task.outcome.map(|(outcome, _)| words::outcome(outcome)),
    }
}

pub(super) fn count(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}
