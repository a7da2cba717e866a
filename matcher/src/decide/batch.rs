//! Service requests of one kind that were collected for a while, matched together: the least travel over all of them,
//! instead of each taking the nearest from the next.

use std::collections::BTreeMap;

use super::draft::Draft;
use super::wave::{self, Reserved};
use crate::assign::{Listed, Pair, Problem, Row, assign};
use crate::model::*;
use crate::select::RankQuery;

/// Requests that are matched at once; the rest wait for their own time.
pub const BATCH_MAX: usize = 200;
/// Candidates of one role of one request that the matching looks at.
const CANDIDATES_MAX: usize = 64;
/// A request is left without anybody only where nobody can come: dearer than any way, in milliseconds.
const UNASSIGNED_MS: i64 = 1 << 39;

/// One role of one request, and who could fill it at which price.
struct Wanted {
    incident: IncidentId,
    count: u32,
    prices: Vec<(VolunteerId, i64)>,
}

/// Sends the first round of `first` and of all that were collected with it.
pub fn send(draft: &mut Draft<'_>, first: IncidentId) {
    let incidents = collected_with(draft, first);
    let wanted: Vec<Wanted> = incidents.iter().flat_map(|&incident| roles_of(draft, incident)).collect();
    let reserved = matched(&wanted);
    for incident in incidents {
        wave::round_reserving(draft, incident, &reserved);
    }
}

/// Oldest first.
fn collected_with(draft: &Draft<'_>, first: IncidentId) -> Vec<IncidentId> {
    let kind = &draft.incident(first).incident.kind;
    let others = draft
        .state
        .district
        .incident_records()
        .filter(|record| record.in_batch() && record.incident.kind == *kind && record.incident.id != first);
    std::iter::once(first).chain(others.map(|record| record.incident.id)).take(BATCH_MAX).collect()
}

fn roles_of(draft: &Draft<'_>, incident: IncidentId) -> Vec<Wanted> {
    let record = &draft.incident(incident).incident;
    let mut counts: BTreeMap<Option<SkillId>, u32> = BTreeMap::new();
    for slot in record.open_slots().iter() {
        *counts.entry(record.slots[slot].skill).or_default() += 1;
    }
    let wanted = |(skill, count)| Wanted { incident, count, prices: prices(draft, incident, skill) };
    counts.into_iter().map(wanted).collect()
}

/// The price is the way with the grid's metres taken off; who cannot be told counts as a day away.
fn prices(draft: &Draft<'_>, incident: IncidentId, skill: Option<SkillId>) -> Vec<(VolunteerId, i64)> {
    let plan = draft.plan_of(incident);
    let record = &draft.incident(incident).incident;
    let query = RankQuery {
        at: record.place.position,
        grid: record.place.grid,
        radius_m: plan.wave.radius_m_max,
        skills: skill.map_or(SkillSet::EMPTY, SkillSet::only),
        preference: plan.grid_preference,
        resting_too: record.urgency == Urgency::LifeThreat,
        count: CANDIDATES_MAX,
    };
    let judge = wave::judge_of(draft, incident, plan.alert_budget);
    let found = draft.state.observed.index().rank(&query, judge).found;
    let behind = |last: bool| if last { DAY_MS as i64 } else { 0 };
    let price = |key: &crate::select::RankKey| {
        key.way.counted_ms as i64 + behind(key.way.unreachable) + behind(key.way.other_grid)
    };
    found.iter().map(|ranked| (ranked.key.volunteer, price(&ranked.key))).collect()
}

/// Each volunteer for at most one of the requests, at the least price over all.
fn matched(wanted: &[Wanted]) -> Reserved {
    let mut columns: BTreeMap<VolunteerId, u32> = BTreeMap::new();
    for (volunteer, _) in wanted.iter().flat_map(|wanted| &wanted.prices) {
        let next = columns.len() as u32;
        columns.entry(*volunteer).or_insert(next);
    }
    let row = |wanted: &Wanted| Row { demand: wanted.count, unassigned_price: UNASSIGNED_MS };
    let problem = Problem { rows: wanted.iter().map(row).collect(), capacities: vec![1; columns.len()] };
    let pair = |&(volunteer, cost): &(VolunteerId, i64)| Pair { cost, column: columns[&volunteer] };
    let lists = wanted.iter().map(|wanted| wanted.prices.iter().map(pair).collect()).collect();
    let taken = assign(&problem, &mut Listed::new(lists)).taken;
    let volunteers: BTreeMap<u32, VolunteerId> =
        columns.iter().map(|(&volunteer, &column)| (column, volunteer)).collect();
    taken.iter().map(|taken| (volunteers[&taken.column], wanted[taken.row as usize].incident)).collect()
}
