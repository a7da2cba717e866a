//! Duty, rest, the minimum of a grid, and volunteers who leave.

use super::town::{Town, alarm, grid, grid_id, person, plan, role, volunteer_id};
use crate::command::{Field, Why};
use crate::*;

fn town() -> Town {
    let mut fall = plan("fall", vec![vec![role(None, 1)]]);
    fall.rest_ms = 10 * MINUTE_MS;
    let mut town = Town::with_plans(vec![fall]);
    town.people((1..=3).map(|n| person(n, n as f64 * 100.0, &[])).collect());
    town
}

fn status(town: &Town, number: u64) -> DutyStatus {
    town.state.district.volunteer(volunteer_id(number)).expect("enrolled").duty.status
}

#[test]
fn a_duty_ends_when_it_was_said_to_and_what_he_is_asked_then_falls_away() {
    let mut town = town();
    let until = Some(town.now.plus_ms(20 * SECOND_MS));
    town.must(Command::GoOnDuty { volunteer: volunteer_id(1), status: DutyStatus::OnPatrol, until });
    let incident = town.raise(alarm("fall", 0.0));
    for number in [1, 2] {
        let offer = town.offer_to(number);
        town.must(Command::OfferReceived { offer });
    }
    town.pass(20 * SECOND_MS);
    assert_eq!((status(&town, 1), town.asked(incident)), (DutyStatus::OffDuty, vec![2]));
}

#[test]
fn whoever_has_promised_to_come_still_comes_after_going_off_duty() {
    let mut town = town();
    let incident = town.raise(alarm("fall", 0.0));
    town.accept(1);
    town.must(Command::GoOffDuty { volunteer: volunteer_id(1) });
    assert_eq!(town.state.district.incident(incident).map(|i| i.state), Some(IncidentState::Assigned));
    assert_eq!(town.must(Command::GoOffDuty { volunteer: volunteer_id(1) }), Answer::NothingToDo);
}

#[test]
fn rest_begins_after_the_work_and_ends_by_itself_where_he_was_before() {
    let mut town = town();
    town.must(Command::GoOnDuty { volunteer: volunteer_id(1), status: DutyStatus::OnPatrol, until: None });
    town.raise(alarm("fall", 0.0));
    let Answer::Assigned { assignment, .. } = town.accept(1) else { panic!("he was free") };
    town.must(Command::ReachMilestone { assignment, step: MilestoneStep::Done, tapped_ago_ms: 0, sheet: None });
    assert_eq!(status(&town, 1), DutyStatus::Resting);
    town.pass(10 * MINUTE_MS - 1);
    assert_eq!(status(&town, 1), DutyStatus::Resting);
    town.pass(1);
    assert_eq!(status(&town, 1), DutyStatus::OnPatrol);
}

#[test]
fn a_grid_below_its_minimum_is_told_once_and_so_is_its_end() {
    let mut town = town();
    let before = town.seq();
    town.must(Command::DefineGrids { grids: vec![Grid { minimum_on_duty: 3, ..grid(1) }] });
    assert_eq!(town.names_since(before), ["grids_defined"]);
    for number in [1, 2] {
        town.must(Command::GoOffDuty { volunteer: volunteer_id(number) });
    }
    for number in [1, 2] {
        let volunteer = volunteer_id(number);
        town.must(Command::GoOnDuty { volunteer, status: DutyStatus::Available, until: None });
    }
    let told: Vec<&str> = town.names_since(before).into_iter().filter(|name| name.starts_with("grid_")).collect();
    assert_eq!(told, ["grid_under_minimum", "grid_at_minimum"]);
    assert_eq!(town.state.district.on_duty(grid_id(1)), 3);
}

#[test]
fn whoever_retires_is_replaced_and_unknown_afterwards() {
    let mut town = town();
    let incident = town.raise(alarm("fall", 0.0));
    town.accept(1);
    town.must(Command::RetireVolunteers { volunteers: vec![volunteer_id(1)] });
    assert_eq!(town.asked(incident), [3], "2 was asked in the first round");
    let no = town.must_be_refused(Command::CheckIn { volunteer: volunteer_id(1) });
    assert_eq!(no, Rejection::Unknown { what: Field::Volunteer, id: volunteer_id(1).0 });
    assert_eq!(town.state.district.on_duty(grid_id(1)), 2);
}

#[test]
fn only_his_own_duty_and_only_a_future_end() {
    let mut town = town();
    let duty = |status, until| Command::GoOnDuty { volunteer: volunteer_id(1), status, until };
    let other = town.give(Actor::Volunteer(volunteer_id(2)), duty(DutyStatus::OnPatrol, None));
    assert_eq!(other, Err(Rejection::NotYours));
    let past = town.must_be_refused(duty(DutyStatus::OnPatrol, Some(town.now)));
    assert_eq!(past, Rejection::Invalid { field: Field::Until, why: Why::InThePast });
    let resting = town.must_be_refused(duty(DutyStatus::Resting, None));
    assert_eq!(resting, Rejection::Invalid { field: Field::Status, why: Why::NotChoosable });
    assert_eq!(town.must(duty(DutyStatus::Available, None)), Answer::NothingToDo, "he is that already");
}

/// One person, two districts: only his home commits him.
#[test]
fn a_guest_is_known_and_has_no_duty() {
    let mut town = Town::with_plans(vec![plan("fall", vec![vec![role(None, 1)]])]);
    town.people(vec![person(1, 100.0, &[])]);
    let incident = town.raise(alarm("fall", 0.0));
    town.accept(1);
    town.must(Command::EnrolVolunteers { volunteers: vec![Volunteer { guest: true, ..person(1, 100.0, &[]) }] });
    assert_eq!(town.asked(incident), Vec::<u64>::new(), "what he had promised here is off");
    let (volunteer, status) = (volunteer_id(1), DutyStatus::Available);
    let guest = Rejection::Guest { volunteer };
    assert_eq!(town.must_be_refused(Command::GoOnDuty { volunteer, status, until: None }), guest);
    assert_eq!(town.must_be_refused(Command::VolunteerFor { incident, volunteer, eta_min: None }), guest);
    assert_eq!(town.must_be_refused(Command::Assign { incident, volunteer }), Rejection::OffDuty { volunteer });
    town.must(Command::EnrolVolunteers { volunteers: vec![person(1, 100.0, &[])] });
    town.must(Command::GoOnDuty { volunteer, status, until: None });
    let next = town.raise(alarm("fall", 500.0));
    assert_eq!(town.asked(next), [1], "his home now");
}
