//! Time: whatever is due for one owner, in one commit. The hub repeats it while anybody is due.

use super::draft::Draft;
use super::duty;
use super::{aid, batch, escalation, settle, wave};
use crate::command::Answer;
use crate::event::Event;
use crate::model::*;
use crate::state::world::World;
use crate::state::{TimerKey, due};

pub fn tick(draft: &mut Draft<'_>) -> Answer {
    match draft.state.district.due(draft.now) {
        Some(TimerKey::Incident(incident)) => of_incident(draft, incident),
        Some(TimerKey::Volunteer(volunteer)) => duty::time_up(draft, volunteer),
        None => return Answer::NothingToDo,
    }
    Answer::Done
}

fn of_incident(draft: &mut Draft<'_>, id: IncidentId) {
    tasks_overdue(draft, id);
    let incident = &draft.incident(id).incident;
    match incident.ended_at {
        Some(ended_at) if ended_at.plus_ms(due::ARCHIVED_AFTER_MS) <= draft.now => {
            draft.push(Event::IncidentArchived { incident: id });
        }
        Some(_) => {}
        None => of_live_incident(draft, id),
    }
}

fn of_live_incident(draft: &mut Draft<'_>, id: IncidentId) {
    expire_offers(draft, id);
    clocks(draft, id);
    replace_unreceived(draft, id);
    next_round(draft, id);
    aid::expire(draft, id);
    steps(draft, id);
    settle::settle_incident(draft, id);
}

fn tasks_overdue(draft: &mut Draft<'_>, id: IncidentId) {
    for task in draft.incident(id).incident.tasks.clone() {
        let record = draft.must::<DeskTask>(task.0);
        if record.outcome.is_none() && !record.overdue && record.due_at <= draft.now {
            draft.push(Event::TaskOverdue { task });
        }
    }
}

fn expire_offers(draft: &mut Draft<'_>, id: IncidentId) {
    for offer in draft.incident(id).standing.clone() {
        if draft.must::<Offer>(offer.0).deadline <= draft.now {
            draft.push(Event::OfferExpired { offer });
        }
    }
}

fn clocks(draft: &mut Draft<'_>, id: IncidentId) {
    while let Some((clock, _)) = due::next_clock(draft, draft.incident(id)).filter(|&(_, at)| at <= draft.now) {
        draft.push(Event::Supervised { incident: id, clock });
    }
}

fn replace_unreceived(draft: &mut Draft<'_>, id: IncidentId) {
    let record = draft.incident(id);
    let late = |offer: &&OfferId| {
        let at = due::unreceived_at(draft, record, draft.must::<Offer>(offer.0));
        at.is_some_and(|at| at <= draft.now)
    };
    let late: Vec<OfferId> = record.standing.iter().filter(late).copied().collect();
    for &offer in &late {
        draft.push(Event::OfferUnreceived { offer });
    }
    if !late.is_empty() {
        wave::supplement(draft, id, late.len());
    }
}

fn next_round(draft: &mut Draft<'_>, id: IncidentId) {
    let record = draft.incident(id);
    let due = record.incident.next_wave_at.is_some_and(|at| at <= draft.now);
    match (due, record.in_batch()) {
        (false, _) => {}
        (true, true) => batch::send(draft, id),
        (true, false) => wave::round(draft, id),
    }
}

fn steps(draft: &mut Draft<'_>, id: IncidentId) {
    while let Some((step, _)) = due::next_step(draft, draft.incident(id)).filter(|&(_, at)| at <= draft.now) {
        escalation::take(draft, id, step, false);
    }
}
