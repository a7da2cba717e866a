//! Rounds of offers: how far, how many, when again, and who is left in peace.

use super::town::{DOCTOR, NIGHT, Town, alarm, at, person, plan, role, volunteer_id};
use crate::event::Excluded;
use crate::*;

fn one_helper() -> ResponsePlan {
    plan("fall", vec![vec![role(None, 1)]])
}

#[test]
fn each_round_is_wider_and_after_the_last_the_shortfall_is_told() {
    let mut town = Town::with_plans(vec![one_helper()]);
    town.people(
        [500.0, 900.0, 1_500.0, 1_900.0, 3_500.0, 3_900.0, 4_500.0]
            .iter()
            .zip(1..)
            .map(|(&m, n)| person(n, m, &[]))
            .collect(),
    );
    let incident = town.raise(alarm("fall", 0.0));
    for asked in [vec![1, 2], vec![3, 4], vec![5, 6]] {
        assert_eq!(town.asked(incident), asked);
        for number in asked {
            let offer = town.offer_to(number);
            town.must(Command::OfferReceived { offer });
        }
        town.pass(30 * SECOND_MS);
    }
    let known = town.state.district.incident(incident).expect("open");
    assert_eq!(known.shortfall.map(|s| s.missing), Some(1));
    assert_eq!((known.wave, known.next_wave_at), (3, None));
    let radii: Vec<u32> = town.state.district.waves(incident).iter().map(|w| w.explanation.radius_m).collect();
    assert_eq!(radii, [1_000, 2_000, 4_000]);
}

#[test]
fn where_too_few_are_near_the_first_round_is_as_wide_as_it_must_be() {
    let mut town = Town::with_plans(vec![one_helper()]);
    town.people(vec![person(1, 3_500.0, &[])]);
    let incident = town.raise(alarm("fall", 0.0));
    assert_eq!(town.asked(incident), [1]);
    assert_eq!(town.state.district.waves(incident)[0].explanation.radius_m, 4_000);
    assert_eq!(town.state.district.incident(incident).and_then(|i| i.shortfall), None);
}

#[test]
fn nobody_within_the_widest_radius_is_told_in_the_same_breath() {
    let mut town = Town::with_plans(vec![one_helper()]);
    town.people(vec![person(1, 9_000.0, &[])]);
    let incident = town.raise(alarm("fall", 0.0));
    assert_eq!(
        town.log.last().expect("it was taken").events.iter().map(Event::name).collect::<Vec<_>>(),
        ["incident_opened", "wave_sent", "shortfall_told"]
    );
    town.people(vec![person(2, 100.0, &[])]);
    assert_eq!(town.asked(incident), [2]);
    assert_eq!(town.state.district.incident(incident).and_then(|i| i.shortfall), None, "and its end is told too");
}

#[test]
fn an_offer_that_no_phone_receives_stays_open_and_the_next_is_asked_beside_it() {
    let mut town = Town::with_plans(vec![one_helper()]);
    town.people((1..=4).map(|n| person(n, n as f64 * 100.0, &[])).collect());
    let incident = town.raise(alarm("fall", 0.0));
    let offer = town.offer_to(1);
    town.must(Command::OfferReceived { offer });
    town.pass(5 * SECOND_MS);
    assert_eq!(town.asked(incident), [1, 2, 3]);
    let known = town.state.district.incident(incident).expect("open");
    assert_eq!(known.next_wave_at, Some(NIGHT.plus_ms(30 * SECOND_MS)), "the round's own clock runs on");
    let record = town.state.district.incident_record(incident).expect("open");
    assert_eq!((record.rounds, record.waves.len()), (1, 2));
    assert!(matches!(town.accept(2), Answer::Assigned { .. }), "the silent phone may still say yes");
}

/// Who of 1 and 2 is asked when 1, the nearer, has something against it.
fn asked_with(urgency: Urgency, spoil: impl FnOnce(&mut Town)) -> Vec<u64> {
    let mut first = one_helper();
    (first.urgency, first.rest_ms) = (urgency, HOUR_MS);
    first.wave.size = WaveSize::Fixed(1);
    let mut town = Town::with_plans(vec![first]);
    town.people(vec![Volunteer { alerts_per_day_max: Some(1), ..person(1, 100.0, &[]) }, person(2, 200.0, &[])]);
    spoil(&mut town);
    let incident = town.raise(alarm("fall", 0.0));
    town.asked(incident)
}

fn work(town: &mut Town) {
    town.raise(alarm("fall", 50.0));
    let Answer::Assigned { assignment, .. } = town.accept(1) else { panic!("he was free") };
    let step = MilestoneStep::Done;
    town.must(Command::ReachMilestone { assignment, step, tapped_ago_ms: 0, sheet: None });
}

#[test]
fn rest_and_the_alert_budget_give_way_to_a_threat_to_life_and_to_nothing_else() {
    assert_eq!(asked_with(Urgency::Urgent, |_| ()), [1]);
    assert_eq!(asked_with(Urgency::Urgent, work), [2], "he rests");
    assert_eq!(asked_with(Urgency::LifeThreat, work), [1]);
    let rested = |town: &mut Town| {
        work(town);
        town.minutes(61);
    };
    assert_eq!(asked_with(Urgency::Urgent, rested), [2], "he has had his one alert today");
    let next_day = |town: &mut Town| {
        work(town);
        town.pass(DAY_MS);
    };
    assert_eq!(asked_with(Urgency::Urgent, next_day), [1]);
}

#[test]
fn who_is_asked_already_is_not_asked_for_less_than_a_life() {
    let busy = |town: &mut Town| {
        town.raise(alarm("fall", 60.0));
    };
    assert_eq!(asked_with(Urgency::Urgent, busy), [2]);
    assert_eq!(asked_with(Urgency::LifeThreat, busy), [1]);
}

#[test]
fn who_raises_the_alarm_is_not_asked_to_come() {
    let mut town = Town::with_plans(vec![one_helper()]);
    town.people(vec![person(1, 0.0, &[]), person(2, 500.0, &[])]);
    let incident = town.raise(NewIncident { raised_by: Some(volunteer_id(1)), ..alarm("fall", 0.0) });
    assert_eq!(town.asked(incident), [2]);
    let excluded = &town.state.district.waves(incident)[0].explanation.excluded;
    assert!(excluded.contains(&(Excluded::RaisedItHimself, 1)), "{excluded:?}");
}

#[test]
fn an_expired_certificate_counts_no_more() {
    let mut town = Town::with_plans(vec![plan("stroke", vec![vec![role(Some(DOCTOR), 1)]])]);
    let until = Some(NIGHT.plus_ms(MINUTE_MS));
    let expiring = Volunteer { skills: vec![SkillHeld { skill: DOCTOR, until }], ..person(1, 100.0, &[]) };
    town.people(vec![expiring, person(2, 900.0, &[DOCTOR])]);
    town.pass(MINUTE_MS - 1);
    let before = town.raise(alarm("stroke", 0.0));
    assert_eq!(town.asked(before), [1, 2]);
    town.pass(1);
    let offer = town.offer_to(1);
    let no = town.must_be_refused(Command::Accept { offer, eta_min: None });
    assert_eq!(no, Rejection::NotQualified { volunteer: volunteer_id(1) });
    town.accept(2);
    let after = town.raise(alarm("stroke", 3_000.0));
    assert_eq!(town.asked(after), [0u64; 0]);
    assert_eq!(town.state.district.incident(after).and_then(|i| i.shortfall).map(|s| s.missing), Some(1));
}

#[test]
fn a_live_position_counts_more_than_home_and_the_unreachable_come_last() {
    let mut town = Town::with_plans(vec![one_helper()]);
    town.people((1..=3).map(|n| person(n, n as f64 * 200.0, &[])).collect());
    let now = town.now;
    town.state.observe(&[
        Observation::Fix { volunteer: volunteer_id(3), position: at(10.0), at: now },
        Observation::Reach { volunteer: volunteer_id(1), reachable: false },
    ]);
    let incident = town.raise(alarm("fall", 0.0));
    assert_eq!(town.asked(incident), [3, 2]);
}

#[test]
fn a_plan_that_only_informs_sends_nobody_and_is_short_of_nobody() {
    let mut town = Town::with_plans(vec![plan("stall", Vec::new())]);
    town.people(vec![person(1, 0.0, &[])]);
    let incident = town.raise(alarm("stall", 0.0));
    town.pass(DAY_MS);
    let known = town.state.district.incident(incident).expect("it waits for the desk");
    assert_eq!((known.wave, known.shortfall, known.state), (0, None, IncidentState::Open));
}

#[test]
fn whoever_becomes_free_is_asked_at_once_where_somebody_is_missing() {
    let mut grave = one_helper();
    (grave.kind, grave.urgency) = ("choking".to_owned(), Urgency::LifeThreat);
    let mut town = Town::with_plans(vec![one_helper(), grave, plan("stroke", vec![vec![role(Some(DOCTOR), 1)]])]);
    town.people(vec![person(1, 100.0, &[])]);
    let first = town.raise(alarm("fall", 0.0));
    let Answer::Assigned { assignment, .. } = town.accept(1) else { panic!("he was free") };
    let [skilled, ordinary, life] = ["stroke", "fall", "choking"].map(|kind| town.raise(alarm(kind, 50.0)));
    town.minutes(5);
    let missing = |town: &Town, id| town.state.district.incident(id).and_then(|i| i.shortfall).map(|s| s.missing);
    assert_eq!([skilled, ordinary, life].map(|id| missing(&town, id)), [Some(1); 3]);
    town.must(Command::ReachMilestone { assignment, step: MilestoneStep::Done, tapped_ago_ms: 0, sheet: None });
    assert_eq!(
        [first, skilled, ordinary, life].map(|id| town.asked(id).len()),
        [0, 0, 0, 1],
        "the gravest he can help with"
    );
    assert_eq!(missing(&town, life), None);
    town.people(vec![person(2, 9_000.0, &[]), person(3, 200.0, &[])]);
    assert_eq!(town.asked(ordinary), [3], "2 lives too far away");
}

/// One helper is missing, all three rounds and the step that widens have gone out; then `later` happens.
fn asked_after_the_last_step(later: impl FnOnce(&mut Town)) -> Vec<u64> {
    let step = EscalationStep { after_ms: 3 * MINUTE_MS, always: false, action: EscalationAction::Widen };
    let with_steps = ResponsePlan { escalation: vec![step], rest_ms: HOUR_MS, ..one_helper() };
    let elsewhere = ResponsePlan { kind: "fire".to_owned(), rest_ms: HOUR_MS, ..one_helper() };
    let mut town = Town::with_plans(vec![with_steps, elsewhere]);
    town.people(vec![person(1, 8_000.0, &[]), person(2, 100.0, &[]), person(3, 200.0, &[])]);
    let fire = town.raise(alarm("fire", 8_000.0));
    town.accept(1);
    for number in [2, 3] {
        town.must(Command::GoOffDuty { volunteer: volunteer_id(number) });
    }
    town.people(vec![person(4, 300.0, &[])]);
    let incident = town.raise(alarm("fall", 0.0));
    town.minutes(10);
    let known = town.state.district.incident(incident).expect("open");
    let over = (known.escalation_step, known.next_wave_at, known.next_step_at, known.shortfall.map(|s| s.missing));
    assert_eq!((town.asked(incident), over), (vec![], (1, None, None, Some(1))));
    assert_eq!(town.state.district.incident(fire).map(|fire| fire.state), Some(IncidentState::Assigned));
    later(&mut town);
    town.asked(incident)
}

#[test]
fn after_the_last_step_whoever_can_come_later_is_asked_and_nobody_twice() {
    let on_duty = |volunteer| Command::GoOnDuty { volunteer, status: DutyStatus::Available, until: None };
    let done = |town: &mut Town| {
        let assignment = town.state.district.volunteer(volunteer_id(1)).expect("enrolled").assignments[0];
        let near = Observation::Fix { volunteer: volunteer_id(1), position: at(50.0), at: town.now };
        town.state.observe(&[near]);
        let step = MilestoneStep::Done;
        town.must(Command::ReachMilestone { assignment, step, tapped_ago_ms: 0, sheet: None });
    };
    assert_eq!(asked_after_the_last_step(|town| town.pass(DAY_MS)), [0u64; 0], "time alone brings nobody");
    assert_eq!(
        asked_after_the_last_step(|town| {
            town.must(on_duty(volunteer_id(2)));
        }),
        [2]
    );
    assert_eq!(asked_after_the_last_step(|town| town.people(vec![person(5, 400.0, &[])])), [5]);
    assert_eq!(asked_after_the_last_step(|town| town.people(vec![person(5, 9_000.0, &[])])), [0u64; 0], "too far");
    assert_eq!(asked_after_the_last_step(done), [0u64; 0], "he rests first");
    let rested = |town: &mut Town| {
        done(town);
        town.pass(HOUR_MS);
    };
    assert_eq!(asked_after_the_last_step(rested), [1]);
    let asked_before = |town: &mut Town| {
        town.must(Command::GoOffDuty { volunteer: volunteer_id(4) });
        town.must(on_duty(volunteer_id(4)));
    };
    assert_eq!(asked_after_the_last_step(asked_before), [0u64; 0], "he may come forward himself");
}

#[test]
fn a_drill_spends_nobodys_alert_budget() {
    let drilled = |town: &mut Town| {
        let drill = town.raise(NewIncident { drill: true, ..alarm("fall", 50.0) });
        town.must(Command::Cancel { incident: drill, words: None });
        let record = town.state.district.volunteer(volunteer_id(1)).expect("enrolled");
        assert_eq!(record.alerts_at(town.now), 0);
    };
    assert_eq!(asked_with(Urgency::Urgent, drilled), [1]);
    let for_real = |town: &mut Town| {
        let incident = town.raise(alarm("fall", 50.0));
        town.must(Command::Cancel { incident, words: None });
    };
    assert_eq!(asked_with(Urgency::Urgent, for_real), [2], "the same for real is his one alert of the day");
}
