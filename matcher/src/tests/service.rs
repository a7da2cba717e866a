//! Once and only once, after a gap in service, and what an alarm may leave out.

use super::town::{NIGHT, Town, alarm, at, grid_id, person, plan, role};
use crate::command::{Field, Why};
use crate::*;

fn town() -> Town {
    let mut town = Town::with_plans(vec![plan("fall", vec![vec![role(None, 1)]])]);
    town.people((1..=2).map(|n| person(n, n as f64 * 100.0, &[])).collect());
    town
}

#[test]
fn a_command_takes_effect_once_within_72_hours() {
    let mut town = town();
    let command = Command::RaiseAlarm(alarm("fall", 0.0));
    let request = Request { id: CommandId(99), body_hash: BodyHash(1), actor: Actor::System, command };
    let answer = town.send(request.clone());
    let before = town.seq();
    assert_eq!(town.send(request.clone()), answer);
    assert_eq!(town.seq(), before);
    let other = town.send(Request { body_hash: BodyHash(2), ..request.clone() });
    assert_eq!(other, Err(Rejection::IdempotencyConflict { id: CommandId(99) }));
    let Ok(Answer::Opened { incident, .. }) = answer else { panic!("an alarm is never refused") };
    assert_eq!(town.state.district.incident_of_command(CommandId(99)), Some(incident));
    town.must(Command::Close { incident, disposition: Disposition::Resolved, words: None });
    town.pass(72 * HOUR_MS - 1);
    town.must(Command::SetDrill { on: true });
    assert_eq!(town.send(request), answer, "the same until then");
    town.pass(1);
    town.must(Command::SetDrill { on: false });
    assert_eq!(town.state.district.remembered(CommandId(99)), None, "forgotten with the next commit after that");
}

#[test]
fn after_a_gap_offers_get_their_time_back_and_escalation_does_not() {
    let table = [(4_000, 4_000), (90_000, 30_000)];
    for (gap_ms, moved_ms) in table {
        let mut fall = plan("fall", vec![vec![role(None, 1)]]);
        fall.escalation =
            vec![EscalationStep { after_ms: MINUTE_MS, always: true, action: EscalationAction::TellSupervisor }];
        let mut town = Town::with_plans(vec![fall]);
        town.people(vec![person(1, 0.0, &[])]);
        let incident = town.raise(alarm("fall", 0.0));
        town.now = town.now.plus_ms(gap_ms);
        town.must(Command::ResumeService { gap_ms });
        let offer = town.state.district.offer(town.offer_to(1)).expect("it stands");
        assert_eq!(offer.deadline, NIGHT.plus_ms(30 * SECOND_MS + moved_ms));
        let known = town.state.district.incident(incident).expect("open");
        assert_eq!(known.next_wave_at, Some(NIGHT.plus_ms(30 * SECOND_MS + moved_ms)));
        assert_eq!(known.next_step_at, Some(NIGHT.plus_ms(MINUTE_MS)));
    }
}

#[test]
fn an_alarm_needs_nothing_but_an_id() {
    let absurd = Position { lat_e7: i32::MAX, lng_e7: i32::MIN };
    let elsewhere = at(-90_000.0);
    let bare = NewIncident { position: None, kind: String::new(), ..alarm("fall", 0.0) };
    let unknown_role = Some(vec![role(Some(SkillId(99)), 200)]);
    let table = [
        ("nothing at all", bare.clone(), at(5_000.0)),
        ("a home", NewIncident { fallback: Some(at(100.0)), ..bare.clone() }, at(100.0)),
        ("an absurd home", NewIncident { fallback: Some(absurd), ..bare.clone() }, at(5_000.0)),
        ("an absurd place", NewIncident { position: Some(absurd), ..bare.clone() }, at(5_000.0)),
        (
            "a place outside",
            NewIncident { position: Some(elsewhere), fallback: Some(at(7.0)), ..bare.clone() },
            at(7.0),
        ),
        ("a stranger", NewIncident { raised_by: Some(VolunteerId(5)), ..bare.clone() }, at(5_000.0)),
        ("impossible roles", NewIncident { roles: unknown_role, ..bare.clone() }, at(5_000.0)),
        ("a kind of 10 KB", NewIncident { kind: "火".repeat(3_000), ..bare }, at(5_000.0)),
    ];
    for (what, new, position) in table {
        let mut town = town();
        let Answer::Opened { incident, place_unsure, .. } = town.must(Command::RaiseAlarm(new)) else {
            panic!("{what}: not opened")
        };
        let known = town.state.district.incident(incident).expect("open");
        assert_eq!((place_unsure, known.place.unsure, known.place.position), (true, true, position), "{what}");
        assert_eq!(known.slots.len(), 2, "{what}: the fallback plan asks two");
    }
}

#[test]
fn an_alarm_is_taken_before_the_district_is_defined() {
    let mut state = State::new(DistrictId(7));
    let command = Command::RaiseAlarm(alarm("fall", 0.0));
    let request = Request { id: CommandId(1), body_hash: BodyHash(0), actor: Actor::System, command };
    let decision = decide(&state, NIGHT, &request).expect("an alarm is never refused");
    let cause = Cause::Command { id: request.id, body_hash: request.body_hash, actor: request.actor, remembered: true };
    let Decision { events, answer } = decision;
    state.evolve(&Commit { format: event::FORMAT, seq: 1, at: NIGHT, cause, events, answer });
    let known = state.district.incidents().next().expect("it is open");
    assert_eq!((known.place.position, known.place.grid), (at(0.0), grid_id(0)));
    assert_eq!(known.shortfall.map(|shortfall| shortfall.missing), Some(2));
}

#[test]
fn a_service_request_must_be_right_in_everything() {
    let mut town = town();
    let invalid = |field, why| Rejection::Invalid { field, why };
    let right = alarm("fall", 0.0);
    let table = [
        (NewIncident { kind: "no_such".into(), ..right.clone() }, Rejection::UnknownKind("no_such".into())),
        (NewIncident { kind: "Fall!".into(), ..right.clone() }, invalid(Field::Kind, Why::Character)),
        (NewIncident { position: Some(at(-50.0)), ..right.clone() }, invalid(Field::Position, Why::OutsideDistrict)),
        (NewIncident { position: None, ..right.clone() }, invalid(Field::Position, Why::Empty)),
        (NewIncident { roles: Some(vec![role(Some(SkillId(9)), 1)]), ..right.clone() }, Rejection::UnknownSkill(9)),
        (
            NewIncident { roles: Some(vec![role(None, 33)]), ..right },
            Rejection::OverLimit { field: Field::Roles, got: 33, max: 32 },
        ),
    ];
    for (new, expected) in table {
        assert_eq!(town.must_be_refused(Command::RequestService(new)), expected);
    }
}
