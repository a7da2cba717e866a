//! Alarm, wave, answers.

use super::town::{DOCTOR, DRIVER, Town, alarm, person, plan, role, volunteer_id};
use crate::{Answer, Command, IncidentState, OfferState, Rejection, SlotSet, WithdrawReason};

fn street() -> Town {
    let mut town = Town::with_plans(vec![plan("fall", vec![vec![role(None, 1)]])]);
    town.people((1..=6).map(|n| person(n, n as f64 * 150.0, &[])).collect());
    town
}

#[test]
fn the_nearest_are_asked_and_the_first_yes_sends_the_other_home_with_thanks() {
    let mut town = street();
    let incident = town.raise(alarm("fall", 0.0));
    assert_eq!(town.asked(incident), [1, 2]);
    let late = town.offer_to(2);
    let answer = town.accept(1);
    assert!(matches!(answer, Answer::Assigned { incident: of, .. } if of == incident));
    let district = &town.state.district;
    assert_eq!(district.offer(late).map(|o| o.state), Some(OfferState::Withdrawn(WithdrawReason::Filled)));
    assert_eq!(district.incident(incident).map(|i| i.state), Some(IncidentState::Assigned));
    let over = town.must_be_refused(Command::Accept { offer: late, eta_min: None });
    assert_eq!(over, Rejection::OfferOver { state: OfferState::Withdrawn(WithdrawReason::Filled), incident });
}

#[test]
fn when_all_have_said_no_the_next_are_asked_at_once_and_when_nobody_answers_at_the_deadline() {
    let mut town = street();
    let incident = town.raise(alarm("fall", 0.0));
    town.decline(1);
    assert_eq!(town.asked(incident), [2]);
    town.decline(2);
    assert_eq!(town.asked(incident), [3, 4]);
    for asked in [3, 4] {
        let offer = town.offer_to(asked);
        town.must(Command::OfferReceived { offer });
    }
    town.pass(29_999);
    assert_eq!(town.asked(incident), [3, 4]);
    town.pass(1);
    assert_eq!(town.asked(incident), [5, 6]);
}

#[test]
fn a_scarce_skill_is_moved_to_where_it_is_needed() {
    let roles = vec![vec![role(Some(DRIVER), 1), role(Some(DOCTOR), 1)]];
    let mut town = Town::with_plans(vec![plan("stroke", roles)]);
    town.people(vec![person(1, 100.0, &[DOCTOR, DRIVER]), person(2, 200.0, &[DRIVER])]);
    let incident = town.raise(alarm("stroke", 0.0));
    town.accept(1);
    town.accept(2);
    let district = &town.state.district;
    let of = |n: u64| district.assignment(district.volunteer(volunteer_id(n)).expect("enrolled").assignments[0]);
    assert_eq!(of(1).map(|a| a.slots), Some(SlotSet::only(1)));
    assert_eq!(of(2).map(|a| a.slots), Some(SlotSet::only(0)));
    assert!(district.incident(incident).expect("open").open_slots().is_empty());
}
