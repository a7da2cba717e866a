//! Incidents: their slots, their lists, their ends.

use std::collections::{BTreeMap, BTreeSet};

use super::{Found, ensure};
use crate::model::*;
use crate::state::{District, IncidentRecord};

/// I2: each slot has at most one assignment, and both sides say the same.
pub fn slots_agree_with_assignments(district: &District, found: &mut Found) {
    for incident in district.incidents() {
        for (index, slot) in incident.slots.iter().enumerate() {
            let Some(id) = slot.filled_by else { continue };
            let holder = district.assignment(id);
            let right = holder.is_some_and(|assignment| {
                let counts = assignment.state.active() || assignment.state == AssignmentState::Done;
                counts && assignment.incident == incident.id && assignment.slots.contains(index)
            });
            ensure(found, right, "I2 slot", || format!("{} slot {index} is filled by {holder:?}", incident.id));
        }
    }
    for assignment in district.assignments().filter(|assignment| assignment.state.active()) {
        let slots = district.incident(assignment.incident).map_or(&[][..], |incident| &incident.slots);
        let held = |slot: usize| slots.get(slot).is_some_and(|slot| slot.filled_by == Some(assignment.id));
        let right = !assignment.slots.is_empty() && assignment.slots.iter().all(held);
        ensure(found, right, "I2 assignment", || format!("{assignment:?} does not hold its slots"));
    }
}

/// An incident's short lists are those of its offers and assignments that are not over.
pub fn lists_agree(district: &District, found: &mut Found) {
    for record in district.incident_records() {
        let incident = &record.incident;
        let offers = incident.offers.iter().filter_map(|&id| district.offer(id));
        let standing: Vec<OfferId> = offers.filter(|offer| offer.state.standing()).map(|offer| offer.id).collect();
        let assignments = incident.assignments.iter().filter_map(|&id| district.assignment(id));
        let active: Vec<AssignmentId> = assignments.filter(|a| a.state.active()).map(|a| a.id).collect();
        let right = standing == record.standing && active == record.active;
        ensure(found, right, "lists", || format!("{}: {standing:?} {active:?}, not {record:?}", incident.id));
    }
    let belongs = |offer: &Offer| district.incident(offer.incident).is_some_and(|i| i.offers.contains(&offer.id));
    for offer in district.offers() {
        ensure(found, belongs(offer), "lists", || format!("offer {} belongs to no incident", offer.id));
    }
}

/// An ended incident asks nobody, holds nobody and waits for nothing but its archive.
pub fn the_ended_are_quiet(district: &District, found: &mut Found) {
    for record in district.incident_records().filter(|record| record.incident.state.ended()) {
        let incident = &record.incident;
        let waits = incident.next_wave_at.is_some() || incident.next_step_at.is_some();
        let right = record.standing.is_empty() && record.active.is_empty() && !waits;
        let right = right && incident.shortfall.is_none() && incident.ended_at.is_some();
        ensure(found, right, "ended", || format!("{} has ended, yet {record:?}", incident.id));
    }
}

/// Nobody is asked for aid by what has ended, no place is filled twice, and whoever asked us knows what we give.
pub fn aid_is_of_use(district: &District, found: &mut Found) {
    for incident in district.incidents() {
        let own = incident.slots.iter().enumerate().filter(|(_, slot)| slot.filled_by.is_some());
        let own = own.fold(SlotSet::default(), |set, (index, _)| set.union(SlotSet::only(index)));
        let mut taken = own;
        for aid in &incident.aids {
            let right = taken.0 & aid.filled.0 == 0 && aid.filled.0 & !aid.slots.0 == 0;
            let right = right && !(aid.state.live() && incident.state.ended());
            ensure(found, right, "aid asked", || format!("{}: {aid:?} beside {taken:?}", incident.id));
            taken = taken.union(aid.filled);
        }
        let Some(given) = incident.aid_for else { continue };
        let right = given.over == incident.state.ended() && (given.over || given.told == given.needs.at_ranks(own));
        ensure(found, right, "aid given", || format!("{}: {given:?} with {own:?} filled", incident.id));
    }
}

/// A live incident says that it is short exactly when it is, and by how much (I11: nobody waits without being told).
pub fn shortfall_is_true(district: &District, found: &mut Found) {
    let live = |record: &&IncidentRecord| !record.incident.state.ended() && !record.in_batch();
    for record in district.incident_records().filter(live) {
        let Some(missing) = missing(district, record) else { continue };
        let told = record.incident.shortfall.map_or(0, |shortfall| usize::from(shortfall.missing));
        ensure(found, told == missing, "shortfall", || {
            format!("{} lacks {missing} and says {told}: {record:?}", record.incident.id)
        });
    }
}

/// How many places stay empty even if all who are asked say yes. `None` where a certificate that runs out makes it depend
/// on the minute.
fn missing(district: &District, record: &IncidentRecord) -> Option<usize> {
    let engaged = record.active.iter().filter_map(|&id| district.assignment(id));
    let engaged: Vec<(VolunteerId, SlotSet)> = engaged.map(|it| (it.volunteer, it.slots)).collect();
    let asked = record.standing.iter().filter_map(|&id| district.offer(id));
    let asked: Vec<VolunteerId> = asked.map(|offer| offer.volunteer).collect();
    let people = engaged.iter().map(|&(volunteer, _)| volunteer).chain(asked.iter().copied());
    for volunteer in people {
        let skills = &district.volunteer(volunteer)?.profile.skills;
        if skills.iter().any(|held| held.until.is_some()) {
            return None;
        }
    }
    let combine = district.plan_or_fallback(&record.incident.kind).one_person_several_roles;
    Some(match combine {
        true => missing_in_roles(district, record, &asked),
        false => missing_in_matching(district, record, &engaged, &asked),
    })
}

fn holds(district: &District, volunteer: VolunteerId, skill: Option<SkillId>) -> bool {
    let held =
        |skill| district.volunteer(volunteer).is_some_and(|it| it.profile.skills.iter().any(|h| h.skill == skill));
    skill.is_none_or(held)
}

/// One person fills one place of each role that he can: so each role counts for itself, and nobody who is engaged takes
/// another place by himself.
fn missing_in_roles(district: &District, record: &IncidentRecord, asked: &[VolunteerId]) -> usize {
    let mut open: BTreeMap<Option<SkillId>, usize> = BTreeMap::new();
    for slot in record.incident.open_slots().iter() {
        *open.entry(record.incident.slots[slot].skill).or_default() += 1;
    }
    let able = |skill: Option<SkillId>| asked.iter().filter(|&&volunteer| holds(district, volunteer, skill)).count();
    open.into_iter().map(|(skill, count)| count.saturating_sub(able(skill))).sum()
}

/// One person fills one place, and whoever is engaged may move on to another; who has several, from a plan that was
/// different then, stays where he is.
fn missing_in_matching(
    district: &District,
    record: &IncidentRecord,
    engaged: &[(VolunteerId, SlotSet)],
    asked: &[VolunteerId],
) -> usize {
    let slots = &record.incident.slots;
    let movable = || engaged.iter().copied().filter(|(_, slots)| slots.len() == 1);
    let held: BTreeSet<usize> = movable().flat_map(|(_, slots)| slots.iter().collect::<Vec<_>>()).collect();
    let places: Vec<usize> = record.incident.open_slots().iter().chain(held).collect();
    let people = movable().chain(asked.iter().map(|&volunteer| (volunteer, SlotSet::default())));
    let able = people.map(|(volunteer, has)| {
        let fits = |place: &usize| has.contains(*place) || holds(district, volunteer, slots[*place].skill);
        places.iter().copied().filter(fits).collect()
    });
    places.len() - matched(&able.collect::<Vec<Vec<usize>>>(), &places)
}

/// The size of a maximum matching, the slow way: try every person on every place, and move whoever can move.
fn matched(able: &[Vec<usize>], places: &[usize]) -> usize {
    fn seat(person: usize, able: &[Vec<usize>], tried: &mut BTreeSet<usize>, seats: &mut [Option<usize>]) -> bool {
        for &place in &able[person] {
            if tried.insert(place) && seats[place].is_none_or(|holder| seat(holder, able, tried, seats)) {
                seats[place] = Some(person);
                return true;
            }
        }
        false
    }
    let mut seats = vec![None; places.iter().max().map_or(0, |&last| last + 1)];
    (0..able.len()).filter(|&person| seat(person, able, &mut BTreeSet::new(), &mut seats)).count()
}
