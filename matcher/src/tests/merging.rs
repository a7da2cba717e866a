//! Which calls are one incident.

use super::town::{Town, alarm, at, person, plan, role, volunteer_id};
use crate::*;

/// Falls merge within 100 m and ten minutes, fires never.
fn town() -> Town {
    let mut fall = plan("fall", vec![vec![role(None, 1)]]);
    fall.merge = MergeRule { radius_m: 100, window_ms: 10 * MINUTE_MS };
    let mut town = Town::with_plans(vec![fall, plan("fire", vec![vec![role(None, 1)]])]);
    town.people((1..=4).map(|n| person(n, n as f64 * 100.0, &[])).collect());
    town
}

fn from(caller: u64, new: NewIncident) -> NewIncident {
    NewIncident { caller: Some(CallerKey(caller)), ..new }
}

/// Raises both, `wait_ms` apart: whether the second was merged.
fn merged(first: NewIncident, wait_ms: u64, second: NewIncident) -> bool {
    let mut town = town();
    let one = town.raise(first);
    town.pass(wait_ms);
    let two = town.raise(second);
    let calls = town.state.district.incident(one).expect("it is kept").calls.len();
    assert_eq!(calls == 2, one == two);
    one == two
}

#[test]
fn a_second_call_belongs_to_the_first_when_it_is_near_in_place_time_and_kind() {
    let unsure = |kind| NewIncident { position: None, fallback: Some(at(0.0)), ..alarm(kind, 0.0) };
    let drill = NewIncident { drill: true, ..alarm("fall", 0.0) };
    let minute = MINUTE_MS;
    let table = [
        ("near", alarm("fall", 0.0), minute, alarm("fall", 90.0), true),
        ("too far", alarm("fall", 0.0), minute, alarm("fall", 110.0), false),
        ("too late", alarm("fall", 0.0), 10 * minute, alarm("fall", 0.0), false),
        ("another kind", alarm("fall", 0.0), 0, alarm("fire", 0.0), false),
        ("a kind that does not merge", alarm("fire", 0.0), 0, alarm("fire", 0.0), false),
        ("a place that is not sure", alarm("fall", 0.0), 0, unsure("fall"), false),
        ("a drill and no drill", alarm("fall", 0.0), 0, drill, false),
        ("his own, not sure where", from(1, alarm("fall", 0.0)), minute, from(1, unsure("fall")), true),
        ("his own, a street further", from(1, alarm("fall", 0.0)), minute, from(1, alarm("fall", 900.0)), true),
        ("his own, elsewhere", from(1, alarm("fall", 0.0)), minute, from(1, alarm("fall", 1_100.0)), false),
        ("another caller, a street further", from(1, alarm("fall", 0.0)), 0, from(2, alarm("fall", 900.0)), false),
    ];
    for (what, first, wait_ms, second, expected) in table {
        assert_eq!(merged(first, wait_ms, second), expected, "{what}");
    }
}

#[test]
fn the_fourth_incident_of_one_caller_in_ten_minutes_is_merged_and_flagged_but_never_refused() {
    let mut town = town();
    let places = [0.0, 2_000.0, 4_000.0];
    let three = places.map(|east_m| town.raise(from(9, alarm("fire", east_m))));
    let fourth = town.raise(from(9, alarm("fall", 6_000.0)));
    assert_eq!(fourth, three[2]);
    let calls = &town.state.district.incident(fourth).expect("it is open").calls;
    assert!(calls[1].flood && !calls[0].flood);
    assert_ne!(town.raise(from(8, alarm("fall", 6_000.0))), fourth, "another caller is another matter");
    for incident in three {
        town.must(Command::Cancel { incident, words: None });
    }
    let fifth = town.raise(from(9, alarm("fire", 8_000.0)));
    assert!(!three.contains(&fifth), "with none open it opens");
    town.minutes(11);
    assert_ne!(town.raise(from(9, alarm("fall", 1_000.0))), fifth, "ten minutes later it is no flood");
}

#[test]
fn a_merged_call_can_be_taken_out_and_is_answered_for_itself() {
    let mut town = town();
    let incident = town.raise(alarm("fall", 0.0));
    town.raise(alarm("fall", 50.0));
    let calls: Vec<CallId> = town.state.district.incident(incident).expect("open").calls.iter().map(|c| c.id).collect();
    let first = town.must_be_refused(Command::Unmerge { incident, call: Some(calls[0]) });
    assert_eq!(first, Rejection::Invalid { field: command::Field::Call, why: command::Why::InUse });
    town.must(Command::Unmerge { incident, call: Some(calls[1]) });
    let taken_out = town.state.district.incidents().last().expect("two are open");
    assert_ne!(taken_out.id, incident);
    assert_eq!((taken_out.calls[0].id, taken_out.wave), (calls[1], 1));
    assert_eq!(town.asked(taken_out.id), [3, 4], "1 and 2 are asked about the other one");
}

#[test]
fn merging_by_hand_moves_those_who_are_needed_and_unmerging_starts_afresh() {
    let mut town = town();
    let duplicate = town.raise(alarm("fire", 0.0));
    town.accept(1);
    let into = town.raise(alarm("fire", 400.0));
    town.must(Command::Merge { duplicate, into });
    let district = &town.state.district;
    assert_eq!(district.incident(duplicate).map(|i| i.state), Some(IncidentState::DuplicateOf(into)));
    assert_eq!(district.incident(into).map(|i| (i.state, i.calls.len())), Some((IncidentState::Assigned, 2)));
    assert_eq!(district.volunteer(volunteer_id(1)).map(|v| v.assignments.len()), Some(1));
    town.must(Command::Unmerge { incident: duplicate, call: None });
    let district = &town.state.district;
    assert_eq!(district.incident(into).map(|i| i.calls.len()), Some(1));
    assert_eq!(district.incident(duplicate).map(|i| i.state), Some(IncidentState::Offering));
}

#[test]
fn what_is_taken_out_of_a_duplicate_leaves_whatever_that_was_merged_into() {
    let mut town = town();
    let [first, second, third] = [0.0, 2_000.0, 4_000.0].map(|east_m| town.raise(alarm("fall", east_m)));
    town.must(Command::Merge { duplicate: first, into: second });
    town.must(Command::Merge { duplicate: second, into: third });
    town.must(Command::Unmerge { incident: first, call: None });
    let calls = |id| town.state.district.incident(id).map(|incident| incident.calls.len());
    assert_eq!([first, second, third].map(calls), [Some(1), Some(1), Some(2)], "the first call is heard by one only");
}
