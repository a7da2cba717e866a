//! Aid between districts, from both sides. The one that asks has a time limit and goes on with its plan when it runs out;
//! the one that is asked opens an incident of its own, so that its own waves and rules say who goes.

use super::draft::Draft;
use super::limits::{self, at_most, ensure};
use super::{alarm, ending, escalation, settle};
use crate::command::{Answer, Field, Rejection, Why};
use crate::event::Event;
use crate::model::*;
use crate::state::world::World;
use crate::state::{IncidentRecord, due};

/// Asks a neighbour for everybody who has not come yet, unless it is being asked already.
pub fn ask(draft: &mut Draft<'_>, id: IncidentId, of: DistrictId, clock_ms: u64) {
    let incident = &draft.incident(id).incident;
    let slots = incident.open_slots();
    let is_asked = incident.aids.iter().any(|aid| aid.of == of && aid.state.live());
    if slots.is_empty() || is_asked || incident.aids.len() >= AIDS_MAX {
        return;
    }
    let district = &draft.state.district;
    let code = |slot: usize| Some(district.skill(incident.slots[slot].skill?)?.code.clone());
    let request = AidRequest {
        aid: AidId { incident: id, number: incident.aids.len() as u8 + 1 },
        kind: incident.kind.clone(),
        urgency: incident.urgency,
        drill: incident.drill,
        position: incident.place.position,
        needs: slots.iter().map(code).collect(),
    };
    let answer_by = draft.now.plus_ms(clock_ms);
    draft.push(Event::AidAsked { of, request, slots, answer_by });
}

fn aid(draft: &Draft<'_>, id: AidId) -> Result<Aid, Rejection> {
    let record: &IncidentRecord = draft.known(Field::Aid, id.incident.0)?;
    let known = record.incident.aids.iter().find(|aid| aid.number == id.number).cloned();
    known.ok_or(Rejection::Unknown { what: Field::Aid, id: id.incident.0 })
}

/// The neighbour has told which needs its people fill.
pub fn told(draft: &mut Draft<'_>, id: AidId, needs: SlotSet, over: bool, telling: u32) -> Result<Answer, Rejection> {
    let aid = aid(draft, id)?;
    if telling != 0 && telling <= aid.heard {
        return Ok(Answer::NothingToDo);
    }
    if !aid.state.live() {
        return if over { Ok(Answer::NothingToDo) } else { Err(Rejection::AidOver { aid: id }) };
    }
    let incident = &draft.incident(id.incident).incident;
    let free = incident.open_slots().union(aid.filled);
    let filled = SlotSet(aid.slots.at_ranks(needs).0 & free.0);
    let goes_on = over && filled.is_empty();
    draft.push(Event::AidTold { aid: id, filled, over, telling });
    if goes_on {
        next_step(draft, id.incident);
    }
    Ok(Answer::Done)
}

/// Who was asked in vain is not waited for: the plan's next step is taken at once.
fn next_step(draft: &mut Draft<'_>, id: IncidentId) {
    let record = draft.incident(id);
    if !record.incident.open_slots().is_empty()
        && let Some((step, _)) = due::next_step(draft, record)
    {
        escalation::take(draft, id, step, false);
    }
}

/// Time limits that have run out.
pub fn expire(draft: &mut Draft<'_>, id: IncidentId) {
    let late = |aid: &&Aid| aid.state == AidState::Asked && aid.answer_by <= draft.now;
    let late: Vec<Aid> = draft.incident(id).incident.aids.iter().filter(late).cloned().collect();
    for aid in &late {
        draft.push(Event::AidExpired { of: aid.of, aid: AidId { incident: id, number: aid.number } });
    }
    if !late.is_empty() {
        next_step(draft, id);
    }
}

/// Requests for places that have been filled otherwise.
pub fn withdraw_needless(draft: &mut Draft<'_>, id: IncidentId) {
    let incident = &draft.incident(id).incident;
    let open = incident.open_slots();
    let needless = |aid: &&Aid| aid.state == AidState::Asked && aid.slots.0 & open.0 == 0;
    let needless: Vec<Aid> = incident.aids.iter().filter(needless).cloned().collect();
    withdraw(draft, id, &needless);
}

/// The incident ends: whoever helps from outside is told.
pub fn withdraw_all(draft: &mut Draft<'_>, id: IncidentId) {
    let live = draft.incident(id).incident.aids.iter().filter(|aid| aid.state.live());
    let live: Vec<Aid> = live.cloned().collect();
    withdraw(draft, id, &live);
}

fn withdraw(draft: &mut Draft<'_>, id: IncidentId, aids: &[Aid]) {
    for aid in aids {
        draft.push(Event::AidWithdrawn { of: aid.of, aid: AidId { incident: id, number: aid.number } });
    }
}

/// Another district asks: an incident of our own is opened for it, or it is told that nobody here can do that.
pub fn give(draft: &mut Draft<'_>, command: CommandId, request: &AidRequest) -> Result<Answer, Rejection> {
    let district = &draft.state.district;
    ensure(request.aid.incident.district() != district.id, Field::Aid, Why::Itself)?;
    at_most(Field::Roles, request.needs.len() as u64, SLOTS_MAX as u64)?;
    limits::position(Field::Position, request.position)?;
    let (roles, needs) = roles_of(draft, &request.needs);
    let grid = district.nearest_grid(request.position).filter(|_| !roles.is_empty());
    let grid = grid.ok_or(Rejection::NoAidHere { aid: request.aid })?;
    if incident_for(draft, request.aid).is_some() {
        return Ok(Answer::NothingToDo);
    }
    let place = Place { position: request.position, grid, unsure: false };
    let (at, id) = (draft.now, draft.next_call());
    let source = CallSource::Neighbour;
    let call = Call { id, command, at, source, place, caller: None, sealed: None, flood: false };
    let incident = open(draft, request, call, roles);
    draft.push(Event::AidBegun { incident, aid: request.aid, needs });
    settle::settle_incident(draft, incident);
    let (record, drill) = (draft.incident(incident), draft.incident(incident).incident.drill);
    let asked = record.standing.len() as u16;
    Ok(Answer::Opened { incident, call: id, merged: false, place_unsure: false, asked, drill })
}

fn open(draft: &mut Draft<'_>, request: &AidRequest, call: Call, roles: Vec<Role>) -> IncidentId {
    let incident = draft.next_incident();
    let is_code = limits::code(Field::Kind, &request.kind).is_ok();
    draft.push(Event::IncidentOpened {
        incident,
        class: IncidentClass::Alarm,
        kind: if is_code { request.kind.clone() } else { alarm::KIND_UNNAMED.to_owned() },
        urgency: request.urgency,
        drill: request.drill || draft.state.district.drill(),
        call,
        raised_by: None,
        roles,
    });
    incident
}

/// One role for each need whose skill is known here, and which needs these are.
fn roles_of(draft: &Draft<'_>, needs: &[Option<String>]) -> (Vec<Role>, SlotSet) {
    let (mut roles, mut served) = (Vec::new(), SlotSet::default());
    for (index, need) in needs.iter().enumerate() {
        let skill = need.as_ref().map(|code| draft.state.district.skill_by_code(code).map(|skill| skill.id));
        if skill != Some(None) {
            roles.push(Role { skill: skill.flatten(), count: 1 });
            served = served.union(SlotSet::only(index));
        }
    }
    (roles, served)
}

/// The incident that was opened for a request and that has not been archived.
fn incident_for(draft: &Draft<'_>, aid: AidId) -> Option<IncidentId> {
    let of_it = |incident: &&Incident| incident.aid_for.is_some_and(|given| given.aid == aid);
    draft.state.district.incidents().find(of_it).map(|incident| incident.id)
}

/// The district that asked needs nobody any more. Who is there has done it.
pub fn end(draft: &mut Draft<'_>, id: AidId) -> Result<Answer, Rejection> {
    let incident = incident_for(draft, id);
    let live = incident.filter(|&incident| !draft.incident(incident).incident.state.ended());
    let Some(incident) = live else { return Ok(Answer::NothingToDo) };
    let active = draft.incident(incident).active.iter();
    let mut states = active.map(|id| draft.must::<Assignment>(id.0).state);
    if states.any(|state| state == AssignmentState::OnScene) {
        ending::close_as(draft, incident, Disposition::Resolved, None);
    } else {
        ending::cancel_as(draft, incident, false, None);
    }
    Ok(Answer::Done)
}

/// An incident for another district whom nobody is asked about and to whom nobody comes: there is nobody here.
pub fn give_up_if_nobody(draft: &mut Draft<'_>, id: IncidentId) {
    let record = draft.incident(id);
    let is_idle = record.standing.is_empty() && record.active.is_empty() && !record.waves.is_empty();
    if record.incident.aid_for.is_some() && is_idle {
        let came = record.incident.needed_and_filled().1 > 0;
        let disposition = if came { Disposition::Resolved } else { Disposition::NobodyFound };
        ending::close_as(draft, id, disposition, None);
    }
}

/// The district that asked is told whenever who comes has changed, and once when it is over.
pub fn tell(draft: &mut Draft<'_>, id: IncidentId) {
    let incident = &draft.incident(id).incident;
    let Some(given) = incident.aid_for.filter(|given| !given.over) else { return };
    let held = incident.slots.iter().enumerate().filter(|(_, slot)| slot.filled_by.is_some());
    let held = held.fold(SlotSet::default(), |set, (index, _)| set.union(SlotSet::only(index)));
    let filled = given.needs.at_ranks(held);
    let over = incident.state.ended();
    if over || filled != given.told {
        draft.push(Event::AidGiven { incident: id, aid: given.aid, filled, over, telling: given.telling + 1 });
    }
}
