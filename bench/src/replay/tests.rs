//! Replays of small made-up files: the figures, their repeatability, and that the checks can say no.

use matcher::{AssignmentId, Event, IncidentId, Position, SlotSet, State, VolunteerId};

use super::*;
use crate::calls::UnitSent;

const MIDDLE: (f64, f64) = (40.2, -75.4);

/// A place some hundred metres apart from its neighbours.
fn place(number: u64) -> Position {
    let (row, column) = (number * 7 % 11, number * 5 % 13);
    Position::from_degrees(MIDDLE.0 + row as f64 * 0.004, MIDDLE.1 + column as f64 * 0.004).unwrap()
}

fn minutes(number: u64) -> Timestamp {
    Timestamp(1_450_000_000_000).plus_ms(number * matcher::MINUTE_MS)
}

/// Forty calls, one every five minutes.
fn town_calls() -> Calls {
    let kinds = ["ems_fall_victim", "fire_alarm", "traffic_vehicle_accident"];
    let call = |n: u64| Call {
        at: minutes(5 * n),
        kind: kinds[n as usize % 3].to_owned(),
        place: (n != 7).then(|| place(n)),
        units: Vec::new(),
    };
    Calls { rows: 40, calls: (0..40).map(call).collect(), findings: Default::default() }
}

/// Thirty calls of an engine and two medics, from a fleet of six of each: enough overlap that some must wait.
fn fleet_calls() -> Calls {
    let unit = |n: u64, unit_type: &str, number: u64| UnitSent {
        unit: format!("{unit_type}{number}"),
        unit_type: unit_type.to_owned(),
        received: minutes(4 * n),
        dispatch: minutes(4 * n + 1),
        on_scene: Some(minutes(4 * n + 6)),
        available: minutes(4 * n + 15),
    };
    let call = |n: u64| Call {
        at: minutes(4 * n),
        kind: "structure_fire".to_owned(),
        place: Some(place(n)),
        units: vec![unit(n, "ENGINE", n % 6), unit(n, "MEDIC", n % 6), unit(n, "MEDIC", (n + 3) % 6)],
    };
    Calls { rows: 90, calls: (0..30).map(call).collect(), findings: Default::default() }
}

fn options(format: Format, seed: u64, journal: Option<PathBuf>) -> Options {
    let (calls, way) = (PathBuf::new(), Way::Both);
    Options { calls, format, volunteers: 80, seed, first: None, journal, way, batch_ms: None, json: true }
}

#[test]
fn a_town_is_served_and_the_same_seed_gives_the_same_digest() {
    let run = |seed| figures(&options(Format::Montco, seed, None), &town_calls()).unwrap();
    let (first, again, other) = (run(1), run(1), run(2));
    assert_eq!((first.calls, first.double_assignments, first.unfilled_while_free), (40, 0, 0));
    assert!(first.accepted > 30 && first.offers >= first.accepted, "{first:?}");
    assert!(first.first_accept_s.p50.is_some_and(|s| s > 0.0 && s < 120.0), "{first:?}");
    assert_eq!(first.digest, again.digest);
    assert_ne!(first.digest, other.digest, "other people live otherwise");
}

#[test]
fn the_journal_file_replays_to_the_same_digest() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let figures = figures(&options(Format::Montco, 1, Some(file.path().to_owned())), &town_calls()).unwrap();
    let mut state = State::new(DISTRICT);
    for line in std::fs::read_to_string(file.path()).unwrap().lines() {
        state.evolve(&serde_json::from_str(line).unwrap());
    }
    assert_eq!(state.district.seq, figures.commits);
    assert_eq!(format!("{:016x}", state.district.digest()), figures.digest);
}

#[test]
fn a_fleet_goes_to_the_nearest_and_is_never_in_two_places() {
    let figures = figures(&options(Format::SfFire, 1, None), &fleet_calls()).unwrap();
    assert_eq!((figures.calls, figures.regret_m), (30, Some(0)));
    assert_eq!((figures.double_assignments, figures.unfilled_while_free), (0, 0));
    assert_eq!(figures.accepted, 90 - figures.unfilled);
    let distance = &figures.distance_km;
    assert!(distance.chosen_median <= distance.sent_median, "{distance:?}");
}

#[test]
fn two_people_in_one_slot_and_one_in_two_places_are_seen() {
    let mut mirror = Mirror::default();
    let file = tempfile::NamedTempFile::new().unwrap();
    figures(&options(Format::Montco, 1, Some(file.path().to_owned())), &town_calls()).unwrap();
    let mut assigned = None;
    for line in std::fs::read_to_string(file.path()).unwrap().lines() {
        let commit: matcher::Commit = serde_json::from_str(line).unwrap();
        mirror.follow(&commit);
        assigned = commit.events.iter().find_map(|event| {
            let Event::VolunteerAssigned { incident, volunteer, slots, .. } = event else { return None };
            Some((*incident, *volunteer, *slots))
        });
        if assigned.is_some() {
            break;
        }
    }
    let (incident, volunteer, slots): (IncidentId, VolunteerId, SlotSet) = assigned.expect("somebody comes");
    assert_eq!(mirror.faults.double_assignments, 0);
    let again = |volunteer, number| Event::VolunteerAssigned {
        assignment: AssignmentId::new(DISTRICT, number),
        incident,
        volunteer,
        slots,
        offer: None,
        eta_min: None,
    };
    let another = VolunteerId::new(DISTRICT, volunteer.number() % 80 + 1);
    mirror.take(minutes(1), &again(another, 900));
    assert_eq!(mirror.faults.double_assignments, 1, "a slot with two people");
    mirror.take(minutes(1), &again(volunteer, 901));
    assert_eq!(mirror.faults.double_assignments, 3, "and one person twice, in a slot that has another");
}

#[test]
fn a_batch_and_one_at_a_time_serve_the_same_calls_by_the_same_rules() {
    let options = Options { batch_ms: Some(60_000), ..options(Format::Montco, 1, None) };
    let gain = batched::gain(&options, &town_calls(), 60_000).unwrap();
    for way in [&gain.one_at_a_time, &gain.batched] {
        assert_eq!((way.requests, way.double_assignments), (40, 0), "{gain:?}");
        assert!(way.accepted > 30 && way.total_km > 0.0, "{gain:?}");
        assert!((0.0..=1.0).contains(&way.on_time_share), "{gain:?}");
    }
}
