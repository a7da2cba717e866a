//! Calls: alarms, which are never refused, and service requests, which may be.

use super::draft::Draft;
use super::limits;
use super::merging::{self, Match};
use super::settle;
use super::{desk, ending};
use crate::command::{Answer, Field, NewIncident, Rejection, Why};
use crate::event::Event;
use crate::model::*;
use crate::state::records::VolunteerRecord;
use crate::state::world::World;

/// What an alarm is called whose kind is not even a code.
pub const KIND_UNNAMED: &str = "unnamed";

/// An alarm: what is missing or wrong in it is filled in or left out, and flagged, but it is taken.
pub fn raise(draft: &mut Draft<'_>, id: CommandId, new: &NewIncident) -> Answer {
    let mut new = new.clone();
    if limits::code(Field::Kind, &new.kind).is_err() {
        new.kind = KIND_UNNAMED.to_owned();
    }
    new.raised_by = new.raised_by.filter(|volunteer| draft.get::<VolunteerRecord>(volunteer.0).is_some());
    new.roles = new.roles.filter(|roles| limits::roles(&draft.state.district, roles).is_ok());
    let place = place_of(draft, &new);
    take(draft, id, IncidentClass::Alarm, &new, place)
}

/// A request from the menu: everything in it must be right.
pub fn request_service(draft: &mut Draft<'_>, id: CommandId, new: &NewIncident) -> Result<Answer, Rejection> {
    limits::code(Field::Kind, &new.kind)?;
    if draft.state.district.plan(&new.kind).is_none() {
        return Err(Rejection::UnknownKind(new.kind.clone()));
    }
    if let Some(volunteer) = new.raised_by {
        draft.known::<VolunteerRecord>(Field::Volunteer, volunteer.0)?;
    }
    limits::roles(&draft.state.district, new.roles.as_deref().unwrap_or_default())?;
    let place = place_of(draft, new);
    limits::ensure(!place.unsure || new.position.is_none(), Field::Position, Why::OutsideDistrict)?;
    limits::ensure(!place.unsure, Field::Position, Why::Empty)?;
    Ok(take(draft, id, IncidentClass::ServiceRequest, new, place))
}

/// The place as told if it lies on a grid; else the caller's last fix or home, else the centre, flagged.
fn place_of(draft: &Draft<'_>, new: &NewIncident) -> Place {
    let district = &draft.state.district;
    let told = new.position.and_then(|position| Some((position, district.grid_at(position)?)));
    if let Some((position, grid)) = told {
        return Place { position, grid, unsure: false };
    }
    let near = |position: &Position| limits::position(Field::Position, *position).is_ok();
    let fallback = new.fallback.filter(near).or(district.centre()).or(new.position.filter(near));
    let position = fallback.unwrap_or(Position { lat_e7: 0, lng_e7: 0 });
    let nowhere = GridId::new(district.id, 0);
    Place { position, grid: district.nearest_grid(position).unwrap_or(nowhere), unsure: true }
}

fn take(draft: &mut Draft<'_>, command: CommandId, class: IncidentClass, new: &NewIncident, place: Place) -> Answer {
    let drill = new.drill || draft.state.district.drill();
    let found = merging::find(draft, class, new, place, drill);
    let flood = matches!(found, Match::Flood(_));
    let call = Call {
        id: draft.next_call(),
        command,
        at: draft.now,
        source: new.source,
        place,
        caller: new.caller,
        sealed: new.sealed,
        flood,
    };
    let (id, merged) = (call.id, found.into_incident());
    let incident = match merged {
        Some(into) => {
            draft.push(Event::CallMerged { into, call });
            into
        }
        None => open(draft, class, new, call, drill),
    };
    settle::settle_incident(draft, incident);
    let asked = draft.incident(incident).standing.len() as u16;
    Answer::Opened { incident, call: id, merged: merged.is_some(), place_unsure: place.unsure, asked, drill }
}

fn open(draft: &mut Draft<'_>, class: IncidentClass, new: &NewIncident, call: Call, drill: bool) -> IncidentId {
    let plan = draft.state.district.plan_or_fallback(&new.kind);
    let incident = draft.next_incident();
    draft.push(Event::IncidentOpened {
        incident,
        class,
        kind: new.kind.clone(),
        urgency: plan.urgency,
        drill,
        call,
        raised_by: new.raised_by,
        roles: new.roles.clone().or_else(|| plan.levels.first().cloned()).unwrap_or_default(),
    });
    incident
}

/// Whoever raised it takes it back: all are stood down with thanks, and the desk calls back. If others have called about the
/// same thing it is not his to end: only the desk is told.
pub fn take_back(draft: &mut Draft<'_>, alarm: CommandId) -> Result<Answer, Rejection> {
    let unknown = Rejection::Unknown { what: Field::Alarm, id: (alarm.0 & u128::from(u64::MAX)) as u64 };
    let answered = draft.state.district.incident_of_command(alarm).ok_or(unknown)?;
    let incident = where_it_went(draft, answered);
    let record = draft.live_incident(Field::Alarm, incident)?;
    let own = record.incident.calls.iter().position(|call| call.command == alarm);
    let caller = own.and_then(|index| record.incident.calls[index].caller);
    // A call that was merged says no more which volunteer made it; whoever knows its id may speak for it, and as others
    // have called too that only brings the desk a task.
    let merged = own.is_some_and(|index| index > 0);
    may_take_back(draft, record.raised_by, caller, merged)?;
    let others =
        record.incident.calls.iter().any(|call| call.command != alarm && (call.caller != caller || caller.is_none()));
    if !others {
        ending::cancel_as(draft, incident, true, None);
    }
    desk::open_task(draft, incident, TaskKind::CallBack, desk::CALL_BACK_MS);
    Ok(Answer::Done)
}

/// What his call belongs to now, if it was merged meanwhile.
fn where_it_went(draft: &Draft<'_>, mut incident: IncidentId) -> IncidentId {
    while let Some(IncidentState::DuplicateOf(into)) = draft.state.district.incident(incident).map(|i| i.state) {
        incident = into;
    }
    incident
}

fn may_take_back(
    draft: &Draft<'_>,
    raised_by: Option<VolunteerId>,
    caller: Option<CallerKey>,
    merged: bool,
) -> Result<(), Rejection> {
    let his = match draft.actor {
        Actor::Volunteer(volunteer) => merged || raised_by == Some(volunteer),
        Actor::Resident(key) => caller == Some(key),
        Actor::Desk(_) | Actor::Integration(_) | Actor::System => true,
    };
    if his { Ok(()) } else { Err(Rejection::NotYours) }
}
