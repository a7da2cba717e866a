//! What is one's own: a volunteer's duty, offers and assignments, and the calls of whoever raised them.

use matcher::state::VolunteerRecord;
use matcher::{Assignment, Call, CallId, CallerKey, District, Incident, IncidentId, Offer, VolunteerId};
use uuid::Uuid;
use wire::Id;
use wire::rows::{OwnAssignmentRow, OwnCallRow, OwnOfferRow, OwnRow, ResidentRows, VolunteerRows};

use super::incident::{arrival, count, kind_name, milestones, progress, time};
use super::page::Page;
use super::{View, exact, gone, rounded, words};
use crate::engine::touched::{Own, answers_for};

/// The rows that a commit has changed for one volunteer; `None` when there is nothing to show.
pub fn own_rows(view: &View<'_>, volunteer: VolunteerId, own: &Own) -> Option<VolunteerRows> {
    let district = view.district;
    let record = district.volunteer(volunteer);
    let rows = VolunteerRows {
        district: own.district.then(|| view.district_row()),
        gone: gone(&own.gone),
        me: record.filter(|_| own.me).map(|it| own_row(view, it)).into_iter().collect(),
        offers: own.offers.iter().filter_map(|&id| district.offer(id)).filter_map(|it| offer_row(view, it)).collect(),
        assignments: own
            .assignments
            .iter()
            .filter_map(|&id| district.assignment(id))
            .filter_map(|it| assignment_row(view, it))
            .collect(),
        alarms: call_rows(view, own),
    };
    (rows != VolunteerRows::default()).then_some(rows)
}

/// The rows that a commit has changed for one resident; `None` when there is nothing to show.
pub fn resident_rows(view: &View<'_>, own: &Own) -> Option<ResidentRows> {
    let district = own.district.then(|| view.district_row());
    let rows = ResidentRows { district, gone: gone(&own.gone), alarms: call_rows(view, own) };
    (rows != ResidentRows::default()).then_some(rows)
}

/// A volunteer's snapshot: it always fits into one part.
pub fn own_page(
    view: &View<'_>,
    volunteer: VolunteerId,
    (caller, raised): (Option<CallerKey>, &[IncidentId]),
    page: &mut Page,
) {
    let district = view.district;
    page.member("district", &view.district_row());
    if let Some(record) = district.volunteer(volunteer) {
        page.member("me", &[own_row(view, record)]);
        let offers = record.offers.iter().filter_map(|&id| district.offer(id));
        page.member("offers", &offers.filter_map(|it| offer_row(view, it)).collect::<Vec<_>>());
        let assignments = record.assignments.iter().filter_map(|&id| district.assignment(id));
        page.member("assignments", &assignments.filter_map(|it| assignment_row(view, it)).collect::<Vec<_>>());
    }
    page.member("alarms", &calls_of(view, raised, (caller, Some(volunteer))));
}

/// A resident's snapshot.
pub fn resident_page(view: &View<'_>, caller: CallerKey, raised: &[IncidentId], page: &mut Page) {
    page.member("district", &view.district_row());
    page.member("alarms", &calls_of(view, raised, (Some(caller), None)));
}

/// Calls of one person among the incidents `raised`, newest last.
fn calls_of(
    view: &View<'_>,
    raised: &[IncidentId],
    (caller, volunteer): (Option<CallerKey>, Option<VolunteerId>),
) -> Vec<OwnCallRow> {
    let mut rows = Vec::new();
    for incident in raised.iter().filter_map(|&id| view.district.incident(id)) {
        let raised = volunteer.is_some() && raised_by(view.district, incident.id) == volunteer;
        for (place, call) in incident.calls.iter().enumerate() {
            let called = caller.is_some() && call.caller == caller;
            if (called || (raised && place == 0)) && answers_for(incident, call.id, view.district) {
                rows.push(call_row(view, incident, call));
            }
        }
    }
    rows
}

fn raised_by(district: &District, incident: IncidentId) -> Option<VolunteerId> {
    district.incident_record(incident).and_then(|record| record.raised_by)
}

fn call_rows(view: &View<'_>, own: &Own) -> Vec<OwnCallRow> {
    let row = |&(incident, call): &(IncidentId, CallId)| {
        let incident = view.district.incident(incident)?;
        let call = incident.calls.iter().find(|it| it.id == call)?;
        answers_for(incident, call.id, view.district).then(|| call_row(view, incident, call))
    };
    own.calls.iter().filter_map(row).collect()
}

fn call_row(view: &View<'_>, incident: &Incident, call: &Call) -> OwnCallRow {
    let progress = progress(view.district, incident);
    let assignments = incident.assignments.iter().filter_map(|&id| view.district.assignment(id));
    let coming = assignments.filter(|it| it.state.active());
    let first = coming.min_by_key(|it| (arrival(view.district, it), it.id));
    OwnCallRow {
        id: Id(call.id.0),
        incident: Id(incident.id.0),
        alarm: Uuid::from_u128(call.command.0),
        kind_name: kind_name(view.district, incident),
        drill: incident.drill,
        at: time(call.at),
        state: words::incident_state(incident.state),
        asked: progress.asked,
        received: progress.received,
        accepted: progress.accepted,
        helper: first.map(|it| view.names.masked(it.volunteer)),
        arrival_at: first.and_then(|it| arrival(view.district, it)).map(time),
    }
}

fn grid_name(district: &District, grid: matcher::GridId) -> String {
    district.grid(grid).map(|grid| grid.name.clone()).unwrap_or_default()
}

fn own_row(view: &View<'_>, record: &VolunteerRecord) -> OwnRow {
    let profile = &record.profile;
    OwnRow {
        id: Id(profile.id.0),
        name: view.names.name(profile.id).to_owned(),
        duty: words::duty(record.duty.status),
        until: record.duty.until.map(time),
        home_grid: Id(profile.home_grid.0),
        grid_name: grid_name(view.district, profile.home_grid),
        rest_until: record.rest_until.map(time),
    }
}

/// `None` once its incident has left the state.
fn offer_row(view: &View<'_>, offer: &Offer) -> Option<OwnOfferRow> {
    let district = view.district;
    let incident = district.incident(offer.incident)?;
    let record = district.volunteer(offer.volunteer)?;
    let plan = district.plan_or_fallback(&incident.kind);
    let (needed, filled) = incident.needed_and_filled();
    Some(OwnOfferRow {
        id: Id(offer.id.0),
        incident: Id(incident.id.0),
        kind_name: plan.name.clone(),
        urgency: words::urgency(incident.urgency),
        drill: incident.drill,
        near: rounded(incident.place.position),
        grid_name: grid_name(district, incident.place.grid),
        distance_m: offer.standing.distance_m,
        travel_min: count(usize::try_from(offer.standing.travel_ms.div_ceil(matcher::MINUTE_MS)).unwrap_or(usize::MAX)),
        travel: words::travel(record.profile.travel),
        words: plan.words.clone(),
        needed: count(needed),
        filled: count(filled),
        asked: count(incident.offers.len()),
        state: words::offer_state(offer.state),
        made_at: time(offer.made_at),
        deadline: time(offer.deadline),
        expires_in_ms: offer.deadline.since_ms(district.at),
        ended_at: offer.ended_at.map(time),
    })
}

fn assignment_row(view: &View<'_>, assignment: &Assignment) -> Option<OwnAssignmentRow> {
    let incident = view.district.incident(assignment.incident)?;
    let plan = view.district.plan_or_fallback(&incident.kind);
    Some(OwnAssignmentRow {
        id: Id(assignment.id.0),
        incident: Id(incident.id.0),
        kind_name: plan.name.clone(),
        urgency: words::urgency(incident.urgency),
        drill: incident.drill,
        place: exact(incident.place.position),
        place_unsure: incident.place.unsure,
        grid_name: grid_name(view.district, incident.place.grid),
        words: plan.words.clone(),
        state: words::assignment_state(assignment.state),
        eta_min: assignment.eta_min,
        made_at: time(assignment.made_at),
        milestones: milestones(&assignment.milestones),
        ended_at: assignment.ended_at.map(time),
    })
}
