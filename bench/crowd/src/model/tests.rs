use matcher::{AssignmentId, DistrictId, HOUR_MS, IncidentId, OfferId, Position, Timestamp};

use super::*;

const HOME: Position = Position { lat_e7: 457_500_000, lng_e7: 1_266_000_000 };
/// About 1.1 km north.
const THERE: Position = Position { lat_e7: 457_600_000, lng_e7: 1_266_000_000 };
const NOON: Timestamp = Timestamp(1_800_000_000_000);

fn offer(number: u64) -> Heard {
    let district = DistrictId(1);
    Heard::Offered {
        offer: OfferId::new(district, number),
        incident: IncidentId::new(district, number),
        near: THERE,
        kind: KindKey::of("fall"),
    }
}

/// All that a person does of himself, with the moments.
fn live(person: &mut Person) -> Vec<(Timestamp, Act)> {
    let mut done = Vec::new();
    while let Some(at) = person.next_deadline() {
        let act = person.wake(at).expect("due at its own deadline");
        done.push((at, act));
    }
    done
}

fn person(index: u64, pace: Pace) -> Person {
    Person::new(Temper::of(7, index), HOME, pace)
}

#[test]
fn answers_lie_within_the_measured_rates() {
    let (mut comes, mut says_no, mut nothing) = (0, 0, 0);
    for index in 0..500 {
        for call in 1..=20 {
            let mut person = person(index, Pace::LIFE);
            person.hear(NOON, offer(call));
            match live(&mut person).last().expect("the telephone at least has it").1 {
                Act::Accept { .. } => comes += 1,
                Act::Decline { .. } => says_no += 1,
                Act::Receive(_) | Act::See(_) => nothing += 1,
                other => panic!("no assignment was given, yet {other:?}"),
            }
        }
    }
    assert!((2_900..3_500).contains(&comes), "{comes} of 10,000 accept; the middle of 17-47 % is 3,200");
    assert!(says_no > 2_000 && nothing > 2_000, "{says_no} decline, {nothing} ignore");
}

#[test]
fn the_same_person_does_the_same_whatever_others_do() {
    let mut alone = person(3, Pace::LIFE);
    alone.hear(NOON, offer(9));
    let mut among_others = person(3, Pace::LIFE);
    among_others.hear(NOON, offer(8));
    among_others.hear(NOON, Heard::OfferOver { offer: OfferId::new(DistrictId(1), 8) });
    among_others.hear(NOON, offer(9));
    assert_eq!(live(&mut alone), live(&mut among_others));
}

#[test]
fn an_assignment_is_walked_worked_and_left() {
    let assignment = AssignmentId::new(DistrictId(1), 1);
    let mut person = person(1, Pace::LIFE);
    person.hear(NOON, Heard::Assigned { assignment, place: THERE });
    let mut days_work = Vec::new();
    while let Some(at) = person.next_deadline() {
        let act = person.wake(at).unwrap();
        if act == Act::Arrive(assignment) {
            assert_eq!(person.position(at), THERE);
        }
        days_work.push(act);
    }
    assert_eq!(days_work, [Act::SetOut(assignment), Act::Arrive(assignment), Act::Finish(assignment)]);
    assert_eq!(person.position(NOON.plus_ms(10 * HOUR_MS)), HOME, "he has gone home");
}

#[test]
fn who_is_stood_down_turns_round_where_he_is() {
    let assignment = AssignmentId::new(DistrictId(1), 1);
    let mut person = person(1, Pace::LIFE);
    person.hear(NOON, Heard::Assigned { assignment, place: THERE });
    let left = person.next_deadline().unwrap();
    assert_eq!(person.wake(left), Some(Act::SetOut(assignment)));
    let on_the_way = left.plus_ms(60_000);
    let here = person.position(on_the_way);
    assert!(here != HOME && here != THERE && person.moving(on_the_way));
    person.hear(on_the_way, Heard::AssignmentOver { assignment });
    assert_eq!(person.position(on_the_way), here);
    assert_eq!(person.next_deadline(), None);
    assert_eq!(person.position(on_the_way.plus_ms(HOUR_MS)), HOME);
}

#[test]
fn a_faster_life_does_the_same_things_sooner() {
    let (mut slow, mut fast) = (person(4, Pace::LIFE), person(4, Pace(60)));
    slow.hear(NOON, offer(5));
    fast.hear(NOON, offer(5));
    let (slow, fast) = (live(&mut slow), live(&mut fast));
    assert_eq!(
        slow.iter().map(|(_, act)| act).collect::<Vec<_>>(),
        fast.iter().map(|(_, act)| act).collect::<Vec<_>>()
    );
    let took = |acts: &[(Timestamp, Act)]| acts.last().unwrap().0.since_ms(NOON);
    assert!(took(&fast) <= took(&slow) / 60 && took(&slow) > 0);
}

#[test]
fn what_is_over_is_not_answered() {
    let mut person = Person::new(Temper::of(7, 2).always_comes(), HOME, Pace::LIFE);
    person.hear(NOON, offer(5));
    assert!(matches!(person.wake(NOON), Some(Act::Receive(_))));
    person.hear(NOON, Heard::OfferOver { offer: OfferId::new(DistrictId(1), 5) });
    assert_eq!(live(&mut person), []);
}

#[test]
fn people_with_a_rhythm_differ_by_hour_and_kind_and_are_as_predictable_as_was_measured() {
    let rates = |hour: u64, kind: &str| -> Vec<u64> {
        let at = Timestamp(0).plus_ms(hour * HOUR_MS);
        (0..2_000).map(|index| Temper::of(7, index).with_rhythm().accepts_at(at, KindKey::of(kind))).collect()
    };
    let mean = |rates: &[u64]| rates.iter().sum::<u64>() / rates.len() as u64;
    let (noon, evening, night) = (rates(12, "ems_fall"), rates(19, "ems_fall"), rates(3, "ems_fall"));
    assert!(mean(&night) < mean(&noon) && mean(&noon) < mean(&evening), "{} {}", mean(&night), mean(&evening));
    assert!((170..470).contains(&mean(&noon)), "{}", mean(&noon));
    assert_ne!(noon, rates(12, "fire_smoke"));
    assert_eq!(noon, rates(12 + 24, "ems_fall"), "the same every day");
    let told: u64 = noon.iter().map(|&rate| rate.max(1_000 - rate)).sum::<u64>() / 2_000;
    assert!((750..830).contains(&told), "{told} of a thousand answers can be told from the past; 79 % was measured");
    let plain = |hour| Temper::of(7, 3).accepts_at(Timestamp(0).plus_ms(hour * HOUR_MS), KindKey::of("fire"));
    assert_eq!(plain(3), plain(19), "who has no rhythm is always the same");
}
