//! Steps of the plan, levels, supervision, hand-over.

use super::town::{DOCTOR, NIGHT, Town, alarm, person, plan, role};
use crate::*;

fn step(after_s: u64, always: bool, action: EscalationAction) -> EscalationStep {
    EscalationStep { after_ms: after_s * SECOND_MS, always, action }
}

fn with_steps(escalation: Vec<EscalationStep>) -> Town {
    let mut fall = plan("fall", vec![vec![role(None, 1)], vec![role(Some(DOCTOR), 1)], vec![role(None, 1)]]);
    fall.escalation = escalation;
    let mut town = Town::with_plans(vec![fall]);
    town.people((1..=8).map(|n| person(n, n as f64 * 100.0, if n > 4 { &[DOCTOR] } else { &[] })).collect());
    town
}

fn known(town: &Town, incident: IncidentId) -> Incident {
    town.state.district.incident(incident).expect("it is kept").clone()
}

/// So that no offer is replaced or expires while a test looks at the clock of escalation.
fn receive_all(town: &mut Town, incident: IncidentId) {
    for number in town.asked(incident) {
        let offer = town.offer_to(number);
        town.must(Command::OfferReceived { offer });
    }
}

#[test]
fn a_step_is_taken_when_its_time_comes_unless_enough_have_accepted() {
    let mut town = with_steps(vec![step(10, false, EscalationAction::RaiseLevel)]);
    let unanswered = town.raise(alarm("fall", 0.0));
    let answered = town.raise(alarm("fall", 600.0));
    receive_all(&mut town, unanswered);
    receive_all(&mut town, answered);
    let who = town.asked(answered)[0];
    town.accept(who);
    assert_eq!(known(&town, unanswered).next_step_at, Some(NIGHT.plus_ms(10 * SECOND_MS)));
    town.pass(10 * SECOND_MS);
    assert_eq!((known(&town, unanswered).level, known(&town, unanswered).slots.len()), (2, 2));
    assert_eq!((known(&town, answered).level, known(&town, answered).escalation_step), (1, 0));
}

#[test]
fn levels_add_to_each_other_and_the_desk_may_take_steps_early_until_none_is_left() {
    let steps = vec![step(600, false, EscalationAction::RaiseLevel), step(900, false, EscalationAction::RaiseLevel)];
    let mut town = with_steps(steps);
    let incident = town.raise(alarm("fall", 0.0));
    town.must(Command::Escalate { incident });
    town.must(Command::Escalate { incident });
    let skills: Vec<Option<SkillId>> = known(&town, incident).slots.iter().map(|slot| slot.skill).collect();
    assert_eq!(skills, [None, Some(DOCTOR), None]);
    assert_eq!(known(&town, incident).slots.iter().map(|slot| slot.level).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(town.asked(incident).len() >= 3, "somebody is asked for each");
    let no = town.must_be_refused(Command::Escalate { incident });
    assert_eq!(no, Rejection::NothingToEscalate { incident });
}

#[test]
fn a_hand_over_is_a_task_with_words_and_a_clock_taken_even_when_help_is_on_its_way() {
    let words = "请保持平躺".to_owned();
    let service = PublicService::Ambulance;
    let hand_over = EscalationAction::HandOver { service, clock_ms: MINUTE_MS, words: words.clone() };
    let mut town = with_steps(vec![step(0, true, hand_over)]);
    let incident = town.raise(alarm("fall", 0.0));
    town.accept(1);
    town.pass(0);
    let task = town.state.district.tasks().next().expect("the desk has a task").clone();
    assert_eq!(task.kind, TaskKind::HandOver { service, words });
    town.pass(MINUTE_MS);
    assert!(town.state.district.task(task.id).expect("still there").overdue);
    town.must(Command::CompleteTask { task: task.id, outcome: TaskOutcome::TakenOver });
    let again = Command::CompleteTask { task: task.id, outcome: TaskOutcome::Done };
    assert_eq!(town.must_be_refused(again), Rejection::TaskOver { task: task.id });
    assert_eq!(known(&town, incident).escalation_step, 1);
}

#[test]
fn widening_asks_more_people_at_once_though_others_have_not_answered() {
    let mut town = with_steps(vec![step(10, false, EscalationAction::Widen)]);
    let incident = town.raise(alarm("fall", 0.0));
    receive_all(&mut town, incident);
    town.pass(10 * SECOND_MS);
    assert_eq!(town.asked(incident), [1, 2, 3, 4]);
}

#[test]
fn roles_are_added_and_the_supervisor_is_told() {
    let add = EscalationAction::AddRoles(vec![role(Some(DOCTOR), 1)]);
    let mut town = with_steps(vec![step(1, true, add), step(2, true, EscalationAction::TellSupervisor)]);
    let incident = town.raise(alarm("fall", 0.0));
    town.pass(2 * SECOND_MS);
    assert_eq!(known(&town, incident).slots.len(), 2);
    let kinds: Vec<&TaskKind> = town.state.district.tasks().map(|task| &task.kind).collect();
    assert_eq!(kinds, [&TaskKind::Supervise]);
}

#[test]
fn each_clock_runs_out_once_and_is_stopped_by_what_it_waits_for() {
    let mut fall = plan("fall", vec![vec![role(None, 1)]]);
    fall.clocks = Clocks { answer_ms: MINUTE_MS, arrive_ms: 5 * MINUTE_MS, close_ms: HOUR_MS };
    fall.wave.deadline_ms = DAY_MS;
    let mut town = Town::with_plans(vec![fall]);
    town.people(vec![person(1, 100.0, &[])]);
    let slow = town.raise(alarm("fall", 0.0));
    town.minutes(2);
    let Answer::Assigned { assignment, .. } = town.accept(1) else { panic!("he was free") };
    town.minutes(3 * 60);
    let out: Vec<Clock> = known(&town, slow).supervised.iter().map(|&(clock, _)| clock).collect();
    assert_eq!(out, [Clock::Answer, Clock::Arrive, Clock::Close]);
    town.must(Command::ReachMilestone { assignment, step: MilestoneStep::Done, tapped_ago_ms: 0, sheet: None });
    let quick = town.raise(alarm("fall", 0.0));
    let Answer::Assigned { assignment, .. } = town.accept(1) else { panic!("he was free") };
    town.must(Command::ReachMilestone { assignment, step: MilestoneStep::OnScene, tapped_ago_ms: 0, sheet: None });
    town.minutes(59);
    assert_eq!(known(&town, quick).supervised, []);
}
