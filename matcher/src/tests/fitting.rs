//! Waves that fit, in a town: what is learnt from answers, by whom, and what comes of it.

use std::sync::Arc;

use super::town::{Town, alarm, person, plan, role, volunteer_id};
use crate::event::Fitted;
use crate::*;

/// One helper of any kind; waves as sure as `target_permille`, at most ten.
fn sure(target_permille: u16) -> ResponsePlan {
    let mut plan = plan("fall", vec![vec![role(None, 1)]]);
    (plan.wave.size, plan.alert_budget) = (WaveSize::fitting(target_permille, 10), false);
    plan
}

fn street(plans: Vec<ResponsePlan>, people: u64) -> Town {
    let mut town = Town::with_plans(plans);
    town.people((1..=people).map(|number| person(number, number as f64 * 20.0, &[])).collect());
    town
}

/// What the last wave of an incident counted on.
fn counted(town: &Town, incident: IncidentId) -> Option<Fitted> {
    town.state.district.waves(incident).last().and_then(|wave| wave.explanation.fit)
}

fn chance_of(town: &Town, number: u64) -> Option<u16> {
    let offer = town.state.district.offer(town.offer_to(number)).expect("it stands");
    offer.standing.chance_permille
}

/// It may be refused, as life goes.
fn may(town: &mut Town, command: Command) {
    let _ = town.give(Actor::System, command);
}

/// He is asked alone and answers: yes, or no by silence.
fn teach(town: &mut Town, kind: &str, number: u64, yes: bool) {
    for other in (1..=12).filter(|&other| other != number) {
        may(town, Command::GoOffDuty { volunteer: volunteer_id(other) });
    }
    let incident = town.raise(alarm(kind, 0.0));
    if yes {
        town.accept(number);
    } else {
        town.pass(31 * SECOND_MS);
    }
    may(town, Command::Cancel { incident, words: None });
    for other in (1..=12).filter(|&other| other != number) {
        let (volunteer, status) = (volunteer_id(other), DutyStatus::Available);
        may(town, Command::GoOnDuty { volunteer, status, until: None });
    }
}

#[test]
fn before_anything_is_known_three_of_ten_come() {
    for (target_permille, asked) in [(300, 1), (500, 2), (700, 4), (900, 7), (970, 10), (990, 10)] {
        let mut town = street(vec![sure(target_permille)], 12);
        let incident = town.raise(alarm("fall", 0.0));
        assert_eq!(town.asked(incident), (1..=asked).collect::<Vec<_>>(), "for {target_permille}");
        let fit = counted(&town, incident).expect("the plan's waves fit");
        assert_eq!(fit.target_permille, target_permille);
        assert_eq!(fit.counted_permille >= target_permille, target_permille <= 970, "{fit:?}");
        assert_eq!(chance_of(&town, 1), Some(300));
    }
}

#[test]
fn who_always_comes_needs_no_company_and_who_never_does_is_no_help() {
    let mut town = street(vec![sure(600)], 12);
    (0..20).for_each(|_| teach(&mut town, "fall", 1, true));
    let incident = town.raise(alarm("fall", 0.0));
    assert_eq!(town.asked(incident), [1], "{:?}", counted(&town, incident));
    let mut town = street(vec![sure(600)], 12);
    (0..20).for_each(|_| teach(&mut town, "fall", 1, false));
    let incident = town.raise(alarm("fall", 0.0));
    assert!(town.asked(incident).len() > 3, "he is asked in his turn, and others with him: {:?}", town.asked(incident));
    assert!(chance_of(&town, 1) < chance_of(&town, 2), "his neighbours are taken for more willing");
}

/// After a fortnight of yes by day and silence by night, and of yes for one kind only.
#[test]
fn the_hour_and_the_kind_make_a_difference() {
    let other = ResponsePlan { kind: "fire".into(), ..sure(600) };
    let mut town = street(vec![sure(600), other], 12);
    for _ in 0..14 {
        teach(&mut town, "fall", 1, true);
        teach(&mut town, "fire", 1, false);
        town.pass(12 * HOUR_MS);
        teach(&mut town, "fall", 1, false);
        town.pass(12 * HOUR_MS);
    }
    let chance = |town: &mut Town, kind: &str| {
        let incident = town.raise(alarm(kind, 0.0));
        let chance = chance_of(town, 1).expect("the plan's waves fit");
        town.must(Command::Cancel { incident, words: None });
        chance
    };
    let (fall, fire) = (chance(&mut town, "fall"), chance(&mut town, "fire"));
    town.pass(12 * HOUR_MS);
    let night = chance(&mut town, "fall");
    assert!(fall > fire + 150 && fall > night + 150, "{fall} by day, {fire} for fires, {night} by night");
}

#[test]
fn who_cannot_be_there_in_time_or_cannot_be_told_is_not_counted_on() {
    let mut late = sure(500);
    late.clocks.arrive_ms = 100 * SECOND_MS;
    let mut town = street(vec![late], 12);
    let unreachable = Observation::Reach { volunteer: volunteer_id(2), reachable: false };
    town.state.observe(&[unreachable]);
    let incident = town.raise(alarm("fall", 0.0));
    let chances: Vec<_> = town.asked(incident).iter().map(|&number| (number, chance_of(&town, number))).collect();
    assert_eq!(chances, [(1, Some(300)), (3, Some(300))], "he who cannot be told comes last");
    let mut town =
        street(vec![ResponsePlan { clocks: Clocks { arrive_ms: 50_000, ..late_clocks() }, ..sure(600) }], 12);
    let incident = town.raise(alarm("fall", 0.0));
    assert_eq!(town.asked(incident).len(), 10, "two of them in time, the rest in hope: {:?}", counted(&town, incident));
    assert_eq!([1, 2, 3].map(|number| chance_of(&town, number)), [Some(300), Some(300), Some(0)]);
}

fn late_clocks() -> Clocks {
    Clocks { answer_ms: 0, arrive_ms: 0, close_ms: 0 }
}

/// Where too few live near, the wave reaches farther at once, as it does for a slot that nobody can fill.
#[test]
fn an_unsure_wave_reaches_farther_at_once() {
    let mut town = Town::with_plans(vec![sure(900)]);
    town.people((1..=9).map(|number| person(number, number as f64 * 300.0, &[])).collect());
    let incident = town.raise(alarm("fall", 0.0));
    assert_eq!(town.asked(incident), (1..=7).collect::<Vec<_>>());
    assert_eq!(town.state.district.waves(incident)[0].explanation.radius_m, 4_000);
}

/// Nothing is learnt before a plan's waves are to fit: what is stored of older districts stays as it was.
#[test]
fn learning_begins_with_the_first_plan_that_fits_and_outlives_it() {
    let fixed = ResponsePlan { wave: WavePolicy { size: WaveSize::Fixed(2), ..sure(1).wave }, ..sure(1) };
    let mut town = street(vec![fixed.clone()], 12);
    teach(&mut town, "fall", 1, true);
    let stored = |town: &Town| serde_json::to_string(&town.state.district).expect("a snapshot can be written");
    let learnt = |text: &str| ["habit", "customs", "learning"].map(|word| text.contains(word));
    assert_eq!(learnt(&stored(&town)), [false; 3]);
    town.must(Command::DefinePlans { plans: vec![sure(600)] });
    teach(&mut town, "fall", 1, true);
    assert_eq!(learnt(&stored(&town)), [true; 3]);
    town.must(Command::DefinePlans { plans: vec![fixed] });
    teach(&mut town, "fall", 1, true);
    let record = town.state.district.volunteer(volunteer_id(1)).expect("enrolled");
    assert_eq!(record.habit.cells().iter().map(|cell| (cell.asked, cell.accepted)).collect::<Vec<_>>(), [(16, 16)]);
}

#[test]
fn a_drill_teaches_nothing() {
    let mut town = street(vec![sure(600)], 1);
    town.raise(NewIncident { drill: true, ..alarm("fall", 0.0) });
    town.accept(1);
    assert!(town.state.district.volunteer(volunteer_id(1)).expect("enrolled").habit.is_empty());
}

#[test]
fn a_number_of_people_is_stored_as_it_always_was() {
    let stored = |size: WaveSize| serde_json::to_string(&size).expect("it can be written");
    assert_eq!(stored(WaveSize::Fixed(8)), "8");
    let fit = r#"{"fit":{"target_permille":900,"max":24}}"#;
    assert_eq!(stored(WaveSize::fitting(900, 24)), fit);
    assert_eq!(serde_json::from_str::<WaveSize>(fit).expect("it can be read"), WaveSize::fitting(900, 24));
    let no = serde_json::from_str::<WaveSize>("\"many\"").expect_err("no size");
    assert!(no.to_string().contains("a number of people, or"), "{no}");
    assert_eq!([WaveSize::Fixed(8), WaveSize::fitting(925, 24)].map(|size| size.to_string()), ["8", "92.5%/24"]);
}

#[test]
fn the_auditor_sees_a_wave_that_is_less_sure_than_it_says_or_larger_than_it_need_be() {
    let mut town = street(vec![sure(600)], 12);
    town.raise(alarm("fall", 0.0));
    let lie = |change: fn(&mut event::WaveExplanation, &mut Vec<event::OfferMade>)| {
        let mut auditor = invariants::Auditor::new();
        let mut found = Vec::new();
        for mut commit in town.log.clone() {
            for event in &mut commit.events {
                if let Event::WaveSent { explanation, offers, .. } = event {
                    change(Arc::make_mut(explanation), offers);
                }
            }
            found.extend(auditor.audit(&commit));
        }
        found.len()
    };
    assert_eq!(lie(|_, _| ()), 0);
    assert_eq!(lie(|explanation, _| explanation.fit.as_mut().expect("it fits").counted_permille += 100), 1);
    assert_eq!(lie(|explanation, _| explanation.fit = None), 1);
    assert_eq!(lie(|_, offers| offers[0].standing.chance_permille = None), 1);
    assert_eq!(lie(|_, offers| offers[0].standing.chance_permille = Some(900)), 1, "two would have been enough");
}
