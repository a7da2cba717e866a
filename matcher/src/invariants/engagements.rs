//! Volunteers: what they are asked, what they do, where they count.

use std::collections::{BTreeMap, BTreeSet};

use super::{Found, ensure};
use crate::model::*;
use crate::state::District;

/// A volunteer's lists are exactly his standing offers and active assignments.
pub fn volunteers_agree(district: &District, found: &mut Found) {
    let mut offers: BTreeMap<VolunteerId, BTreeSet<OfferId>> = BTreeMap::new();
    for offer in district.offers().filter(|offer| offer.state.standing()) {
        offers.entry(offer.volunteer).or_default().insert(offer.id);
    }
    let mut assignments: BTreeMap<VolunteerId, BTreeSet<AssignmentId>> = BTreeMap::new();
    for assignment in district.assignments().filter(|assignment| assignment.state.active()) {
        assignments.entry(assignment.volunteer).or_default().insert(assignment.id);
    }
    for record in district.volunteers() {
        let id = record.profile.id;
        let asked = offers.remove(&id).unwrap_or_default();
        let engaged = assignments.remove(&id).unwrap_or_default();
        let right = record.offers.iter().copied().eq(asked.iter().copied())
            && record.assignments.iter().copied().eq(engaged.iter().copied());
        ensure(found, right, "volunteer lists", || format!("{id}: {asked:?} {engaged:?}, not {record:?}"));
        let resting = record.duty.status == DutyStatus::Resting;
        let right = !resting || record.rest_until.is_some();
        ensure(found, right, "rest", || format!("{id} rests without an end"));
    }
    let strangers = offers.len() + assignments.len();
    ensure(found, strangers == 0, "volunteer lists", || format!("{strangers} engaged who are not enrolled"));
}

/// I3 across districts: whom another district commits is neither on duty here, nor asked, nor engaged.
pub fn guests_are_free(district: &District, found: &mut Found) {
    for record in district.volunteers().filter(|record| record.profile.guest) {
        let right = !record.on_duty() && record.offers.is_empty() && record.assignments.is_empty();
        ensure(found, right, "guest", || format!("a guest is held: {record:?}"));
    }
}

/// Nobody is twice in one incident, and nobody is asked for one that he is engaged in.
pub fn one_place_in_an_incident(district: &District, found: &mut Found) {
    for record in district.incident_records() {
        let engaged = record.active.iter().filter_map(|&id| district.assignment(id)).map(|a| a.volunteer);
        let asked = record.standing.iter().filter_map(|&id| district.offer(id)).map(|offer| offer.volunteer);
        let all: Vec<VolunteerId> = engaged.chain(asked).collect();
        let different: BTreeSet<&VolunteerId> = all.iter().collect();
        ensure(found, different.len() == all.len(), "twice", || format!("{}: {all:?}", record.incident.id));
    }
}

/// Each step once, in the order of the way.
pub fn milestones_are_written_once(district: &District, found: &mut Found) {
    for assignment in district.assignments() {
        let steps = assignment.milestones.iter().map(|milestone| milestone.step);
        let right = steps.clone().zip(steps.skip(1)).all(|(before, after)| before < after);
        ensure(found, right, "milestones", || format!("{assignment:?}"));
    }
}

/// What a grid counts, and whether it has been told that it is too few.
pub fn grids_count_right(district: &District, found: &mut Found) {
    let mut on_duty: BTreeMap<GridId, u16> = BTreeMap::new();
    for record in district.volunteers().filter(|record| record.duty.status != DutyStatus::OffDuty) {
        *on_duty.entry(record.profile.home_grid).or_default() += 1;
    }
    for record in district.grid_records() {
        let counted = on_duty.get(&record.grid.id).copied().unwrap_or_default();
        let right = counted == record.on_duty && record.under_minimum == (counted < record.grid.minimum_on_duty);
        ensure(found, right, "grid minimum", || format!("{counted} on duty on {record:?}"));
    }
}
