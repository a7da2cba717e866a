//! Service requests that are collected and matched together.

use super::town::{Town, alarm, person, plan, role};
use crate::*;

fn request(town: &mut Town, east_m: f64) -> IncidentId {
    match town.must(Command::RequestService(alarm("repair", east_m))) {
        Answer::Opened { incident, .. } => incident,
        other => panic!("a request was answered {other:?}"),
    }
}

/// One at a time the first takes whom the second needs; together nobody walks far.
#[test]
fn what_is_collected_is_matched_at_the_least_travel_over_all() {
    let asked = |batch_ms: u64| {
        let mut repair = plan("repair", vec![vec![role(None, 1)]]);
        (repair.batch_ms, repair.wave.size) = (batch_ms, WaveSize::Fixed(1));
        let mut town = Town::with_plans(vec![repair]);
        town.people(vec![person(1, 1_000.0, &[]), person(2, 2_000.0, &[])]);
        let far = request(&mut town, 1_400.0);
        let near = request(&mut town, 900.0);
        let early = (town.asked(far).len(), town.state.district.incident(far).and_then(|i| i.shortfall));
        assert_eq!(early, (usize::from(batch_ms == 0), None), "nobody is asked, and nobody missed, before its time");
        town.pass(batch_ms);
        (town.asked(far), town.asked(near))
    };
    assert_eq!(asked(0), (vec![1], vec![2]), "1,500 m of ways");
    assert_eq!(asked(60_000), (vec![2], vec![1]), "700 m");
}

#[test]
fn an_alarm_of_a_kind_that_is_collected_does_not_wait() {
    let mut repair = plan("repair", vec![vec![role(None, 1)]]);
    repair.batch_ms = HOUR_MS;
    let mut town = Town::with_plans(vec![repair]);
    town.people(vec![person(1, 1_000.0, &[])]);
    let incident = town.raise(alarm("repair", 900.0));
    assert_eq!(town.asked(incident), [1]);
}

#[test]
fn a_request_that_nobody_can_take_is_told_when_its_time_has_come() {
    let mut repair = plan("repair", vec![vec![role(None, 2)]]);
    repair.batch_ms = MINUTE_MS;
    let mut town = Town::with_plans(vec![repair]);
    town.people(vec![person(1, 1_000.0, &[])]);
    let incidents = [request(&mut town, 900.0), request(&mut town, 1_000.0)];
    town.minutes(1);
    let missing =
        incidents.map(|incident| town.state.district.incident(incident).and_then(|i| i.shortfall).map(|s| s.missing));
    assert_eq!(missing.iter().flatten().map(|&missing| u32::from(missing)).sum::<u32>(), 3);
}
