//! The stored form of every event, for ever: one golden file for each, named by the version of the format.
//!
//! A change here means that logs already written can no longer be read. Do not accept a new snapshot: add a variant, or raise
//! `FORMAT` and teach the store's border to upcast.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::town::{DISTRICT, at, grid, grid_id, person, plan, role, volunteer_id};
use crate::event::{FORMAT, OfferMade, StandDownReason, WaveExplanation};
use crate::*;

const INCIDENT: IncidentId = IncidentId::new(DISTRICT, 3);
const OTHER: IncidentId = IncidentId::new(DISTRICT, 4);
const OFFER: OfferId = OfferId::new(DISTRICT, 5);
const ASSIGNMENT: AssignmentId = AssignmentId::new(DISTRICT, 6);
const TASK: TaskId = TaskId::new(DISTRICT, 8);
const SEALED: SealedRef = SealedRef(0x0190_0000_0000_7000_8000_0000_0000_0001);
const MOMENT: Timestamp = Timestamp(1_700_000_000_123);

fn call() -> Call {
    Call {
        id: CallId::new(DISTRICT, 9),
        command: CommandId(0x0190_0000_0000_7000_8000_0000_0000_0002),
        at: MOMENT,
        source: CallSource::Button,
        place: Place { position: at(100.0), grid: grid_id(1), unsure: true },
        caller: Some(CallerKey(77)),
        sealed: Some(SEALED),
        flood: true,
    }
}

fn standing() -> Standing {
    Standing {
        distance_m: 120,
        travel_ms: 120_000,
        own_grid: true,
        alerts_today: 2,
        unreachable: false,
        chance_permille: None,
    }
}

fn full_plan() -> ResponsePlan {
    let mut full = plan("stroke", vec![vec![role(Some(SkillId(3)), 1)], vec![role(None, 2)]]);
    let step = |action| EscalationStep { after_ms: 60_000, always: true, action };
    let hand_over =
        EscalationAction::HandOver { service: PublicService::Ambulance, clock_ms: 9, words: "别动".into() };
    full.escalation = vec![
        step(EscalationAction::Widen),
        step(EscalationAction::RaiseLevel),
        step(EscalationAction::AddRoles(vec![role(None, 1)])),
        step(EscalationAction::TellSupervisor),
        step(hand_over),
    ];
    full.grid_preference = GridPreference::MetresNearer(300);
    full
}

fn district_events() -> Vec<Event> {
    let skill = Skill { id: SkillId(3), code: "first_aid".into(), name: "急救".into() };
    let team = Team { id: TeamId::new(DISTRICT, 2), name: "一队".into(), above: Some(TeamId::new(DISTRICT, 1)) };
    let expiring = SkillHeld { skill: SkillId(3), until: Some(MOMENT) };
    let volunteer =
        Volunteer { skills: vec![expiring], alerts_per_day_max: Some(5), team: Some(team.id), ..person(1, 50.0, &[]) };
    let (who, grid_1) = (volunteer_id(1), grid_id(1));
    vec![
        Event::DistrictDefined { name: "道里".into(), centre: at(5_000.0) },
        Event::SkillsDefined { skills: vec![skill] },
        Event::GridsDefined { grids: vec![grid(1)] },
        Event::GridsRemoved { grids: vec![grid_1] },
        Event::TeamsDefined { teams: vec![team] },
        Event::PlansDefined { plans: vec![full_plan()] },
        Event::VolunteersEnrolled { volunteers: vec![volunteer] },
        Event::VolunteersRetired { volunteers: vec![who] },
        Event::DrillSet { on: true },
        Event::ServiceResumed { gap_ms: 4_000 },
        Event::DutyStarted { volunteer: who, status: DutyStatus::OnPatrol, until: Some(MOMENT) },
        Event::DutyEnded { volunteer: who, why: DutyEnd::TimeUp },
        Event::RestStarted { volunteer: who, until: MOMENT },
        Event::RestEnded { volunteer: who },
        Event::CheckedIn { volunteer: who },
        Event::GridUnderMinimum { grid: grid_1, on_duty: 2, minimum: 3 },
        Event::GridAtMinimum { grid: grid_1 },
    ]
}

fn incident_events() -> Vec<Event> {
    let (incident, words) = (INCIDENT, Some(SEALED));
    let roles = vec![role(Some(SkillId(3)), 1), role(None, 2)];
    let opened = Event::IncidentOpened {
        incident,
        class: IncidentClass::Alarm,
        kind: "stroke".into(),
        urgency: Urgency::LifeThreat,
        drill: false,
        call: call(),
        raised_by: Some(volunteer_id(1)),
        roles: roles.clone(),
    };
    let disposition = Disposition::HandedOver(PublicService::Fire);
    vec![
        opened,
        Event::CallMerged { into: incident, call: call() },
        Event::IncidentMerged { duplicate: OTHER, into: incident },
        Event::Unmerged { from: incident, incident: OTHER, call: Some(call().id) },
        Event::LevelRaised { incident, level: 2, roles },
        Event::SlotsReleased { incident, slots: SlotSet(0b101) },
        Event::Escalated { incident, step: 1, action: EscalationAction::Widen, by_desk: true },
        Event::Supervised { incident, clock: Clock::Arrive },
        Event::ShortfallTold { incident, missing: 2 },
        Event::ShortfallEnded { incident },
        Event::IncidentClosed { incident, disposition, words },
        Event::IncidentCancelled { incident, by_caller: true, words },
        Event::IncidentReopened { incident },
        Event::NoteAdded { incident, note: SEALED },
        Event::IncidentArchived { incident },
    ]
}

fn aid_events() -> Vec<Event> {
    let (incident, filled) = (INCIDENT, SlotSet(0b10));
    let aid = AidId { incident: OTHER, number: 2 };
    let request = AidRequest {
        aid,
        kind: "stroke".into(),
        urgency: Urgency::LifeThreat,
        drill: true,
        position: at(100.0),
        needs: vec![Some("first_aid".into()), None],
    };
    vec![
        Event::AidAsked { of: DistrictId(8), request, slots: SlotSet(0b110), answer_by: MOMENT },
        Event::AidTold { aid, filled, over: false, telling: 3 },
        Event::AidExpired { of: DistrictId(8), aid },
        Event::AidWithdrawn { of: DistrictId(8), aid },
        Event::AidBegun { incident, aid, needs: SlotSet(0b11) },
        Event::AidGiven { incident, aid, filled, over: true, telling: 4 },
    ]
}

fn wave_sent() -> Event {
    let made = OfferMade { id: OFFER, volunteer: volunteer_id(1), slots: SlotSet(1), standing: standing() };
    let explanation = Arc::new(WaveExplanation {
        radius_m: 1_000,
        next: vec![(volunteer_id(2), standing())],
        excluded: vec![(event::Excluded::OffDuty, 7), (event::Excluded::RaisedItHimself, 1)],
        short: SlotSet(0b10),
        fit: None,
    });
    let (offers, next_wave_at) = (vec![made], Some(MOMENT));
    Event::WaveSent {
        incident: INCIDENT,
        wave: 1,
        deadline: MOMENT,
        next_wave_at,
        offers,
        explanation,
        supplement: true,
    }
}

fn dispatch_events() -> Vec<Event> {
    let (offer, assignment, task, words) = (OFFER, ASSIGNMENT, TASK, Some(SEALED));
    let milestone =
        Milestone { step: MilestoneStep::OnScene, at: MOMENT, tapped_ago_ms: 900, source: MilestoneSource::Volunteer };
    let assigned = Event::VolunteerAssigned {
        assignment,
        incident: INCIDENT,
        volunteer: volunteer_id(1),
        slots: SlotSet(0b11),
        offer: Some(offer),
        eta_min: Some(6),
    };
    let hand_over = TaskKind::HandOver { service: PublicService::Police, words: "请不要离开".into() };
    vec![
        wave_sent(),
        Event::OfferReceived { offer },
        Event::OfferSeen { offer },
        Event::OfferUnreceived { offer },
        Event::OfferAccepted { offer, eta_min: Some(6) },
        Event::OfferDeclined { offer, reason: DeclineReason::Later, words },
        Event::OfferExpired { offer },
        Event::OfferWithdrawn { offer, why: WithdrawReason::NoLongerFree },
        assigned,
        Event::SlotsChanged { assignment, slots: SlotSet(0b10) },
        Event::MilestoneReached { assignment, milestone, sheet: words },
        Event::AssignmentAborted { assignment, reason: AbortReason::Unsafe, words },
        Event::AssignmentSubstituted { assignment, by: volunteer_id(2) },
        Event::StoodDown { assignment, why: StandDownReason::Filled },
        Event::TaskOpened { task, incident: INCIDENT, kind: hand_over, due_at: MOMENT },
        Event::TaskOverdue { task },
        Event::TaskCompleted { task, outcome: TaskOutcome::TakenOver },
    ]
}

#[test]
fn every_event_is_stored_as_it_always_was() {
    let events = [district_events(), incident_events(), aid_events(), dispatch_events()].concat();
    for event in &events {
        insta::assert_json_snapshot!(format!("v{FORMAT}_{}", event.name()), event);
        let stored = serde_json::to_string(event).expect("an event can be written");
        assert_eq!(&serde_json::from_str::<Event>(&stored).expect("an event can be read"), event);
    }
    let golden: BTreeSet<&str> = events.iter().map(Event::name).collect();
    let known = include_str!("../event.rs")
        .lines()
        .filter(|line| line.trim_start().starts_with("Self::") && line.contains("=> \""));
    assert_eq!(golden.len(), known.count(), "an event has no golden file: add a sample of it to this test");
}

/// A plan whose waves fit, and such a wave: the same events, with what only these have.
#[test]
fn waves_that_fit_are_stored_as_they_always_were() {
    let mut plan = full_plan();
    plan.wave.size = WaveSize::fitting(900, 24);
    let mut sent = wave_sent();
    let Event::WaveSent { offers, explanation, .. } = &mut sent else { panic!("it is a wave") };
    offers[0].standing.chance_permille = Some(312);
    let explanation = Arc::make_mut(explanation);
    explanation.next[0].1.chance_permille = Some(0);
    explanation.fit = Some(event::Fitted { target_permille: 900, counted_permille: 874 });
    for event in [Event::PlansDefined { plans: vec![plan] }, sent] {
        insta::assert_json_snapshot!(format!("v{FORMAT}_{}_fitting", event.name()), event);
        let stored = serde_json::to_string(&event).expect("an event can be written");
        assert_eq!(serde_json::from_str::<Event>(&stored).expect("an event can be read"), event);
    }
}

#[test]
fn a_commit_is_stored_as_it_always_was() {
    let actor = Actor::Volunteer(volunteer_id(1));
    let id = call().command;
    let answer = Answer::Opened {
        incident: INCIDENT,
        call: call().id,
        merged: false,
        place_unsure: true,
        asked: 8,
        drill: false,
    };
    let cause = Cause::Command { id, body_hash: BodyHash(12), actor, remembered: true };
    let events = vec![Event::CallMerged { into: INCIDENT, call: call() }];
    let commit = Commit { format: FORMAT, seq: 41, at: MOMENT, cause, events, answer };
    insta::assert_json_snapshot!(format!("v{FORMAT}_commit"), commit);
}

/// What came later into a form that was there before.
#[test]
fn what_was_added_to_a_plan_and_to_a_volunteer_is_stored_as_it_was_at_first() {
    let action = EscalationAction::AskNeighbour { district: DistrictId(8), clock_ms: 60_000 };
    let step = EscalationStep { after_ms: 90_000, always: false, action };
    insta::assert_json_snapshot!(format!("v{FORMAT}_step_ask_neighbour"), step);
    insta::assert_json_snapshot!(format!("v{FORMAT}_guest"), Volunteer { guest: true, ..person(1, 50.0, &[]) });
}
