//! How incidents end, are taken back, opened again and forgotten.

use super::town::{Town, alarm, person, plan, role, volunteer_id};
use crate::*;

fn town() -> Town {
    let mut fall = plan("fall", vec![vec![role(None, 1)]]);
    fall.merge = MergeRule { radius_m: 100, window_ms: HOUR_MS };
    fall.clocks.close_ms = HOUR_MS;
    fall.escalation =
        vec![EscalationStep { after_ms: MINUTE_MS, always: true, action: EscalationAction::TellSupervisor }];
    let mut town = Town::with_plans(vec![fall]);
    town.people((1..=4).map(|n| person(n, n as f64 * 100.0, &[])).collect());
    town
}

fn state(town: &Town, incident: IncidentId) -> IncidentState {
    town.state.district.incident(incident).expect("it is kept").state
}

#[test]
fn closing_thanks_everybody_and_counts_who_was_there_as_done() {
    let mut town = town();
    let incident = town.raise(alarm("fall", 0.0));
    let Answer::Assigned { assignment, .. } = town.accept(1) else { panic!("he was free") };
    town.must(Command::ReachMilestone { assignment, step: MilestoneStep::OnScene, tapped_ago_ms: 0, sheet: None });
    let close = Command::Close { incident, disposition: Disposition::Resolved, words: None };
    town.must(close.clone());
    assert_eq!(town.state.district.assignment(assignment).map(|a| a.state), Some(AssignmentState::Done));
    assert_eq!(town.must_be_refused(close), Rejection::IncidentEnded { incident });
    assert_eq!(town.must_be_refused(Command::Escalate { incident }), Rejection::IncidentEnded { incident });
}

#[test]
fn whoever_raised_it_may_take_it_back_and_is_called() {
    let mut town = town();
    let caller = |key| Actor::Resident(CallerKey(key));
    let new = NewIncident { caller: Some(CallerKey(5)), ..alarm("fall", 0.0) };
    let id = town.next_id();
    let raised = Request { id, body_hash: BodyHash(0), actor: caller(5), command: Command::RaiseAlarm(new) };
    let Ok(Answer::Opened { incident, .. }) = town.send(raised) else { panic!("an alarm is never refused") };
    town.accept(1);
    assert_eq!(town.give(caller(6), Command::CancelAlarm { alarm: id }), Err(Rejection::NotYours));
    town.give(caller(5), Command::CancelAlarm { alarm: id }).expect("it is his");
    assert_eq!(state(&town, incident), IncidentState::Cancelled);
    let free = town.state.district.volunteer(volunteer_id(1)).expect("enrolled");
    assert!(free.assignments.is_empty());
    assert_eq!(town.state.district.tasks().map(|task| &task.kind).collect::<Vec<_>>(), [&TaskKind::CallBack]);
}

#[test]
fn what_others_have_called_about_too_is_not_one_callers_to_end() {
    let mut town = town();
    let id = town.next_id();
    let new = |key| NewIncident { caller: Some(CallerKey(key)), ..alarm("fall", 0.0) };
    let command = Command::RaiseAlarm(new(5));
    let Ok(Answer::Opened { incident, .. }) =
        town.send(Request { id, body_hash: BodyHash(0), actor: Actor::System, command })
    else {
        panic!("an alarm is never refused")
    };
    assert_eq!(town.raise(new(6)), incident);
    town.must(Command::CancelAlarm { alarm: id });
    assert_eq!(state(&town, incident), IncidentState::Offering);
    assert_eq!(town.state.district.tasks().count(), 1, "the desk decides");
}

#[test]
fn reopening_starts_every_clock_afresh() {
    let mut town = town();
    let incident = town.raise(alarm("fall", 0.0));
    town.decline(1);
    town.minutes(70);
    town.must(Command::Cancel { incident, words: None });
    town.minutes(1);
    assert_eq!(
        town.must_be_refused(Command::Unmerge { incident, call: None }),
        Rejection::IncidentNotEnded { incident }
    );
    let reopened_at = town.now;
    town.must(Command::Reopen { incident });
    let known = town.state.district.incident(incident).expect("kept");
    assert_eq!((known.escalation_step, known.supervised.len()), (0, 0));
    assert_eq!(known.next_step_at, Some(reopened_at.plus_ms(MINUTE_MS)));
    assert_eq!(town.asked(incident), [2, 3], "all but the one who said no");
    assert_eq!(town.must_be_refused(Command::Reopen { incident }), Rejection::IncidentNotEnded { incident });
}

#[test]
fn a_day_after_its_end_an_incident_leaves_the_state_and_nothing_of_it_stays() {
    let mut town = town();
    let incident = town.raise(alarm("fall", 0.0));
    let offer = town.offer_to(1);
    town.must(Command::Close { incident, disposition: Disposition::FalseAlarm, words: None });
    town.pass(DAY_MS - 1);
    assert!(town.state.district.offer(offer).is_some());
    town.pass(1);
    let district = &town.state.district;
    assert!(district.incident(incident).is_none() && district.offer(offer).is_none());
    assert_eq!(district.next_deadline(), None);
    assert_eq!(
        town.must_be_refused(Command::Accept { offer, eta_min: None }),
        Rejection::Unknown { what: command::Field::Offer, id: offer.0 }
    );
}
