//! Several calls, one incident: by place, time and kind, by caller, and by the desk; and taken apart again.

use super::draft::Draft;
use super::ending;
use super::limits::ensure;
use super::offer::seat_on;
use crate::command::{Answer, Field, NewIncident, Rejection, Why};
use crate::event::{Event, StandDownReason};
use crate::model::*;
use crate::state::FLOOD_AFTER;
use crate::state::world::World;

/// One caller who calls again about the same kind of thing means the same thing within this distance.
pub const SAME_CALLER_M: u32 = 1_000;

/// What a new call belongs to.
pub enum Match {
    None,
    Duplicate(IncidentId),
    /// The fourth new incident of one caller in ten minutes.
    Flood(IncidentId),
}

impl Match {
    pub fn into_incident(self) -> Option<IncidentId> {
        match self {
            Self::None => None,
            Self::Duplicate(incident) | Self::Flood(incident) => Some(incident),
        }
    }
}

pub fn find(draft: &Draft<'_>, class: IncidentClass, new: &NewIncident, place: Place, drill: bool) -> Match {
    // What was opened for another district ends when that district says so: a call of ours must not end with it.
    let own = |incident: &Incident| incident.aid_for.is_none() && incident.drill == drill;
    let alike = |incident: &Incident| own(incident) && incident.class == class && incident.kind == new.kind;
    if let Some(incident) = by_caller(draft, new, place, alike).or_else(|| by_place(draft, new, place, alike)) {
        return Match::Duplicate(incident);
    }
    match flooded(draft, class, new.caller, drill) {
        Some(incident) => Match::Flood(incident),
        None => Match::None,
    }
}

fn rule(draft: &Draft<'_>, kind: &str) -> MergeRule {
    draft.state.district.plan_or_fallback(kind).merge
}

/// The nearest like incident within the plan's radius and window. A place that is not sure proves nothing.
fn by_place(
    draft: &Draft<'_>,
    new: &NewIncident,
    place: Place,
    alike: impl Fn(&Incident) -> bool,
) -> Option<IncidentId> {
    let MergeRule { radius_m, window_ms } = rule(draft, &new.kind);
    if place.unsure || radius_m == 0 || window_ms == 0 {
        return None;
    }
    let near = draft.state.observed.live().near(place.position, radius_m);
    let known = near.filter_map(|id| draft.state.district.incident(id));
    let fits = known.filter(|i| !i.place.unsure && alike(i) && last_call(i, draft.now) < window_ms);
    let far = fits.map(|i| (i.place.position.distance_m(place.position).round() as u32, i.id));
    far.filter(|&(distance_m, _)| distance_m <= radius_m).min().map(|(_, id)| id)
}

fn last_call(incident: &Incident, now: Timestamp) -> u64 {
    incident.calls.iter().map(|call| now.since_ms(call.at)).min().unwrap_or(u64::MAX)
}

fn by_caller(
    draft: &Draft<'_>,
    new: &NewIncident,
    place: Place,
    alike: impl Fn(&Incident) -> bool,
) -> Option<IncidentId> {
    let MergeRule { radius_m, window_ms } = rule(draft, &new.kind);
    let near = |i: &Incident| {
        let sure = !i.place.unsure && !place.unsure;
        !sure || i.place.position.distance_m(place.position) <= f64::from(radius_m.max(SAME_CALLER_M))
    };
    let open = |id| draft.state.district.incident(id).filter(|i: &&Incident| !i.state.ended());
    let his = draft.state.observed.live().recent_of(new.caller?, draft.now).filter_map(open);
    his.filter(|i| alike(i) && near(i) && window_ms > 0 && last_call(i, draft.now) < window_ms).last().map(|i| i.id)
}

/// The latest of his that is open, of whatever kind, when there are too many to be true. Never refused: without an open
/// one, it opens.
fn flooded(draft: &Draft<'_>, class: IncidentClass, caller: Option<CallerKey>, drill: bool) -> Option<IncidentId> {
    let recent: Vec<&Incident> = draft
        .state
        .observed
        .live()
        .recent_of(caller?, draft.now)
        .filter_map(|id| draft.state.district.incident(id))
        .filter(|i| i.class == IncidentClass::Alarm && class == IncidentClass::Alarm && i.drill == drill)
        .collect();
    let open = recent.iter().rev().find(|incident| !incident.state.ended());
    open.filter(|_| recent.len() >= FLOOD_AFTER).map(|incident| incident.id)
}

/// By the desk: the duplicate ends, its people go over where they are needed, the others are stood down with thanks.
pub fn merge(draft: &mut Draft<'_>, duplicate: IncidentId, into: IncidentId) -> Result<Answer, Rejection> {
    let class = draft.live_incident(Field::Duplicate, duplicate)?.incident.class;
    let other = draft.live_incident(Field::Into, into)?.incident.class;
    ensure(duplicate != into, Field::Into, Why::Itself)?;
    ensure(class == other, Field::Into, Why::OtherClass)?;
    let is_aid = |id| draft.incident(id).incident.aid_for.is_some();
    ensure(!is_aid(duplicate) && !is_aid(into), Field::Into, Why::OtherClass)?;
    let going: Vec<AssignmentId> = draft.incident(duplicate).active.clone();
    ending::release_all(draft, duplicate, StandDownReason::Reassigned);
    draft.push(Event::IncidentMerged { duplicate, into });
    for assignment in going {
        let volunteer = draft.must::<Assignment>(assignment.0).volunteer;
        let here = draft.incident(into).active.iter();
        let already = here.clone().any(|id| draft.must::<Assignment>(id.0).volunteer == volunteer);
        if !already && !draft.volunteer(volunteer).full() {
            seat_on(draft, into, volunteer, None, None);
        }
    }
    Ok(Answer::Done)
}

/// Takes a call, or an incident that had been merged, out again; it is answered as if it had come now.
pub fn unmerge(draft: &mut Draft<'_>, id: IncidentId, call: Option<CallId>) -> Result<Answer, Rejection> {
    match call {
        Some(call) => unmerge_call(draft, id, call),
        None => unmerge_incident(draft, id),
    }
}

fn unmerge_incident(draft: &mut Draft<'_>, id: IncidentId) -> Result<Answer, Rejection> {
    let record: &crate::state::IncidentRecord = draft.known(Field::Incident, id.0)?;
    let IncidentState::DuplicateOf(from) = record.incident.state else {
        return Err(Rejection::IncidentNotEnded { incident: id });
    };
    draft.known::<crate::state::IncidentRecord>(Field::Into, from.0)?;
    draft.push(Event::Unmerged { from, incident: id, call: None });
    Ok(Answer::Done)
}

fn unmerge_call(draft: &mut Draft<'_>, from: IncidentId, call: CallId) -> Result<Answer, Rejection> {
    let record: &crate::state::IncidentRecord = draft.known(Field::Incident, from.0)?;
    let found = record.incident.calls.iter().position(|known| known.id == call);
    let index = found.ok_or(Rejection::Unknown { what: Field::Call, id: call.0 })?;
    ensure(index > 0, Field::Call, Why::InUse)?;
    let taken = record.incident.calls[index].clone();
    let before = draft.state.district.incidents();
    let own = before.filter(|i| i.state == IncidentState::DuplicateOf(from)).find(|i| i.calls.contains(&taken));
    if let Some(incident) = own.map(|incident| incident.id) {
        return unmerge_incident(draft, incident);
    }
    let incident = open_for(draft, from, &taken);
    draft.push(Event::Unmerged { from, incident, call: Some(call) });
    Ok(Answer::Done)
}

fn open_for(draft: &mut Draft<'_>, from: IncidentId, call: &Call) -> IncidentId {
    let Incident { class, kind, urgency, drill, .. } = draft.incident(from).incident.clone();
    let roles = draft.plan_of(from).levels.first().cloned().unwrap_or_default();
    let incident = draft.next_incident();
    let call = Call { flood: false, ..call.clone() };
    draft.push(Event::IncidentOpened { incident, class, kind, urgency, drill, call, raised_by: None, roles });
    incident
}
