//! Steps of the plan, taken by the clock or by the desk.

use super::draft::Draft;
use super::{aid, desk, wave};
use crate::command::{Answer, Field, Rejection};
use crate::event::Event;
use crate::model::*;

/// The next step of the plan now, whatever its clock says.
pub fn by_desk(draft: &mut Draft<'_>, incident: IncidentId) -> Result<Answer, Rejection> {
    let step = draft.live_incident(Field::Incident, incident)?.incident.escalation_step;
    let steps = draft.plan_of(incident).escalation.len();
    if usize::from(step) >= steps {
        return Err(Rejection::NothingToEscalate { incident });
    }
    take(draft, incident, step + 1, true);
    Ok(Answer::Done)
}

/// Takes step number `step`, counted from 1; those before it that did not apply are passed over.
pub fn take(draft: &mut Draft<'_>, incident: IncidentId, step: u8, by_desk: bool) {
    let action = draft.plan_of(incident).escalation[usize::from(step) - 1].action.clone();
    draft.push(Event::Escalated { incident, step, action: action.clone(), by_desk });
    // What is opened for another district asks for what that district lacks, and for nobody else: the rest is its plan's.
    let is_aid = draft.incident(incident).incident.aid_for.is_some();
    if is_aid && !matches!(action, EscalationAction::Widen | EscalationAction::TellSupervisor) {
        return;
    }
    match action {
        EscalationAction::Widen => widen(draft, incident),
        EscalationAction::RaiseLevel => raise_level(draft, incident),
        EscalationAction::AddRoles(roles) => add_roles(draft, incident, roles, None),
        EscalationAction::TellSupervisor => {
            desk::open_task(draft, incident, TaskKind::Supervise, desk::SUPERVISE_MS);
        }
        EscalationAction::AskNeighbour { district, clock_ms } => aid::ask(draft, incident, district, clock_ms),
        EscalationAction::HandOver { service, clock_ms, words } => {
            desk::open_task(draft, incident, TaskKind::HandOver { service, words }, clock_ms);
        }
    }
}

fn widen(draft: &mut Draft<'_>, incident: IncidentId) {
    if !draft.incident(incident).incident.open_slots().is_empty() {
        wave::round(draft, incident);
    }
}

fn raise_level(draft: &mut Draft<'_>, incident: IncidentId) {
    let level = draft.incident(incident).incident.level;
    let roles = draft.plan_of(incident).levels.get(usize::from(level)).cloned();
    if let Some(roles) = roles {
        add_roles(draft, incident, roles, Some(level + 1));
    }
}

/// As many as still fit into [`SLOTS_MAX`].
fn add_roles(draft: &mut Draft<'_>, incident: IncidentId, mut roles: Vec<Role>, level: Option<u8>) {
    let record = &draft.incident(incident).incident;
    let mut room = SLOTS_MAX - record.slots.len();
    for role in &mut roles {
        role.count = role.count.min(room as u8);
        room -= usize::from(role.count);
    }
    roles.retain(|role| role.count > 0);
    let level = level.unwrap_or(record.level);
    draft.push(Event::LevelRaised { incident, level, roles });
}
