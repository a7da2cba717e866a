//! After the yes: milestones, capacity, and what the desk can change.

use super::town::{DOCTOR, DRIVER, Town, alarm, person, plan, role, volunteer_id};
use crate::command::{Field, Why};
use crate::*;

fn town() -> Town {
    let two = plan("fire", vec![vec![role(None, 2)]]);
    let crew = ResponsePlan {
        one_person_several_roles: true,
        ..plan("crew", vec![vec![role(Some(DRIVER), 1), role(Some(DOCTOR), 1)]])
    };
    let mut town = Town::with_plans(vec![plan("fall", vec![vec![role(None, 1)]]), two, crew]);
    town.people((1..=5).map(|n| person(n, n as f64 * 100.0, &[])).collect());
    town
}

fn assigned(answer: Answer) -> AssignmentId {
    match answer {
        Answer::Assigned { assignment, .. } => assignment,
        other => panic!("not assigned: {other:?}"),
    }
}

fn reach(town: &mut Town, assignment: AssignmentId, step: MilestoneStep, tapped_ago_ms: u64) -> Answer {
    town.must(Command::ReachMilestone { assignment, step, tapped_ago_ms, sheet: None })
}

fn state(town: &Town, incident: IncidentId) -> IncidentState {
    town.state.district.incident(incident).expect("it is kept").state
}

fn assignment_state(town: &Town, id: AssignmentId) -> AssignmentState {
    town.state.district.assignment(id).expect("it is kept").state
}

#[test]
fn each_milestone_is_written_once_with_its_source_and_the_last_done_closes_the_incident() {
    let mut town = town();
    let incident = town.raise(alarm("fall", 0.0));
    let assignment = assigned(town.accept(1));
    let his = Command::ReachMilestone { assignment, step: MilestoneStep::EnRoute, tapped_ago_ms: 4_000, sheet: None };
    town.give(Actor::Volunteer(volunteer_id(1)), his.clone()).expect("it is his");
    assert_eq!(town.give(Actor::Volunteer(volunteer_id(2)), his.clone()), Err(Rejection::NotYours));
    assert_eq!(town.must(his), Answer::NothingToDo);
    assert_eq!(state(&town, incident), IncidentState::EnRoute);
    reach(&mut town, assignment, MilestoneStep::OnScene, 0);
    assert_eq!(reach(&mut town, assignment, MilestoneStep::EnRoute, 0), Answer::NothingToDo, "overtaken");
    let milestones = town.state.district.assignment(assignment).expect("kept").milestones.clone();
    assert_eq!((milestones[0].tapped_ago_ms, milestones[0].source), (4_000, MilestoneSource::Volunteer));
    assert_eq!(milestones[1].source, MilestoneSource::System);
    reach(&mut town, assignment, MilestoneStep::Done, 0);
    assert_eq!(state(&town, incident), IncidentState::Closed(Disposition::Resolved));
    assert_eq!(
        town.must_be_refused(Command::AbortAssignment { assignment, reason: AbortReason::CannotGo, words: None }),
        Rejection::AssignmentOver { assignment }
    );
}

#[test]
fn while_a_place_is_still_open_one_done_does_not_close_it() {
    let mut town = town();
    let incident = town.raise(alarm("fire", 0.0));
    let first = assigned(town.accept(1));
    reach(&mut town, first, MilestoneStep::Done, 0);
    assert_eq!(state(&town, incident), IncidentState::OnScene);
    assert_eq!(town.asked(incident), [2]);
    let second = assigned(town.accept(2));
    reach(&mut town, second, MilestoneStep::Done, 0);
    assert_eq!(state(&town, incident), IncidentState::Closed(Disposition::Resolved));
}

#[test]
fn whoever_is_full_is_asked_no_more_and_whoever_has_room_still_is() {
    let mut town = town();
    let workshop = Volunteer { capacity: 2, ..person(9, 50.0, &[]) };
    town.people(vec![workshop]);
    let incidents: Vec<IncidentId> = (0..2).map(|n| town.raise(alarm("fall", n as f64))).collect();
    assert_eq!(town.asked(incidents[0]), [9, 1]);
    assert_eq!(town.asked(incidents[1]), [9, 2]);
    let second = town.offer_to(9);
    let offers = town.state.district.volunteer(volunteer_id(9)).expect("enrolled").offers.clone();
    town.must(Command::Accept { offer: offers[0], eta_min: None });
    assert_eq!(town.offer_to(9), second, "he has room for one more");
    town.must(Command::Accept { offer: second, eta_min: None });
    let third = town.raise(alarm("fall", 3.0));
    assert!(!town.asked(third).contains(&9));
}

#[test]
fn the_other_offers_of_whoever_accepts_are_withdrawn_and_replaced_at_once() {
    let mut life = plan("choking", vec![vec![role(None, 1)]]);
    (life.urgency, life.wave.size) = (Urgency::LifeThreat, WaveSize::Fixed(1));
    let mut town = Town::with_plans(vec![life]);
    town.people((1..=3).map(|n| person(n, n as f64 * 100.0, &[])).collect());
    let first = town.raise(alarm("choking", 0.0));
    let second = town.raise(alarm("choking", 1.0));
    assert_eq!((town.asked(first), town.asked(second)), (vec![1], vec![1]));
    town.accept(1);
    assert_eq!(state(&town, second), IncidentState::Assigned);
    assert_eq!(town.asked(first), [2]);
}

#[test]
fn an_abort_asks_the_next_at_once_and_the_one_who_gave_up_is_left_alone() {
    let mut town = town();
    let incident = town.raise(alarm("fall", 0.0));
    let assignment = assigned(town.accept(1));
    town.must(Command::AbortAssignment { assignment, reason: AbortReason::CannotGo, words: None });
    assert_eq!(town.asked(incident), [3, 4], "1 gave up, 2 was asked before");
    assert_eq!(state(&town, incident), IncidentState::Offering);
}

#[test]
fn one_person_fills_several_roles_where_the_plan_lets_him() {
    let mut town = town();
    town.people(vec![person(8, 300.0, &[DOCTOR, DRIVER])]);
    let incident = town.raise(alarm("crew", 0.0));
    let assignment = assigned(town.accept(8));
    assert_eq!(town.state.district.assignment(assignment).map(|a| a.slots), Some(SlotSet(0b11)));
    assert_eq!(state(&town, incident), IncidentState::Assigned);
}

#[test]
fn coming_forward_is_taken_while_a_place_is_open() {
    let mut town = town();
    let incident = town.raise(alarm("fall", 0.0));
    let forward = |number| Command::VolunteerFor { incident, volunteer: volunteer_id(number), eta_min: Some(9) };
    let assignment = assigned(town.must(forward(5)));
    assert_eq!(town.asked(incident), [0u64; 0]);
    assert_eq!(assigned(town.must(forward(5))), assignment, "saying it twice changes nothing");
    assert_eq!(town.must_be_refused(forward(4)), Rejection::AlreadyFilled { incident });
}

#[test]
fn the_desk_assigns_whom_it_likes_and_adds_a_place_if_it_must() {
    let mut town = town();
    let incident = town.raise(alarm("fall", 0.0));
    let assign = |number| Command::Assign { incident, volunteer: volunteer_id(number) };
    assigned(town.must(assign(4)));
    assigned(town.must(assign(5)));
    assert_eq!(town.state.district.incident(incident).expect("open").slots.len(), 2);
    let other = town.raise(alarm("fall", 0.0));
    let twice = town.must_be_refused(Command::Assign { incident: other, volunteer: volunteer_id(4) });
    assert_eq!(twice, Rejection::Engaged { volunteer: volunteer_id(4) });
    town.must(Command::GoOffDuty { volunteer: volunteer_id(3) });
    assert_eq!(town.must_be_refused(assign(3)), Rejection::OffDuty { volunteer: volunteer_id(3) });
}

#[test]
fn reassigning_opens_the_place_he_leaves_and_fills_the_one_he_comes_to() {
    let mut town = town();
    let from = town.raise(alarm("fall", 0.0));
    let assignment = assigned(town.accept(1));
    let to = town.raise(alarm("fall", 400.0));
    town.must(Command::Reassign { assignment, to });
    assert_eq!(assignment_state(&town, assignment), AssignmentState::StoodDown);
    assert_eq!(state(&town, to), IncidentState::Assigned);
    assert!(!town.asked(from).is_empty());
    let gone = town.must_be_refused(Command::Reassign { assignment, to: from });
    assert_eq!(gone, Rejection::AssignmentOver { assignment });
}

#[test]
fn a_substitute_takes_the_same_place_if_he_can() {
    let mut town = town();
    town.people(vec![person(8, 300.0, &[DOCTOR, DRIVER]), person(7, 600.0, &[DOCTOR, DRIVER])]);
    let incident = town.raise(alarm("crew", 0.0));
    let assignment = assigned(town.accept(8));
    let by = |number| Command::Substitute { assignment, by: volunteer_id(number) };
    assert_eq!(town.must_be_refused(by(1)), Rejection::NotQualified { volunteer: volunteer_id(1) });
    assert_eq!(town.must_be_refused(by(8)), Rejection::Invalid { field: Field::By, why: Why::Itself });
    let second = assigned(town.must(by(7)));
    assert_eq!(assignment_state(&town, assignment), AssignmentState::SubstitutedBy(volunteer_id(7)));
    assert_eq!(town.state.district.assignment(second).map(|a| a.slots), Some(SlotSet(0b11)));
    assert_eq!(state(&town, incident), IncidentState::Assigned);
}

#[test]
fn standing_down_one_lets_his_place_go() {
    let mut town = town();
    let incident = town.raise(alarm("fire", 0.0));
    let (first, second) = (assigned(town.accept(1)), assigned(town.accept(2)));
    town.must(Command::StandDown { incident, assignment: Some(second) });
    assert_eq!(assignment_state(&town, second), AssignmentState::StoodDown);
    assert_eq!(town.asked(incident), [0u64; 0], "nobody is asked in his stead");
    assert_eq!(town.state.district.incident(incident).map(|i| i.needed_and_filled()), Some((1, 1)));
    reach(&mut town, first, MilestoneStep::Done, 0);
    assert_eq!(state(&town, incident), IncidentState::Closed(Disposition::Resolved));
}

#[test]
fn standing_down_the_surplus_keeps_those_on_the_scene() {
    let mut town = town();
    let incident = town.raise(alarm("fire", 0.0));
    let (there, coming) = (assigned(town.accept(1)), assigned(town.accept(2)));
    assert_eq!(town.must(Command::StandDown { incident, assignment: None }), Answer::NothingToDo);
    reach(&mut town, there, MilestoneStep::OnScene, 0);
    town.must(Command::StandDown { incident, assignment: None });
    assert_eq!(assignment_state(&town, there), AssignmentState::OnScene);
    assert_eq!(assignment_state(&town, coming), AssignmentState::StoodDown);
}
