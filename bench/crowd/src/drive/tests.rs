//! What needs no hub: the proof of a stream, the outbox, the screen. The whole phone is tested against a real hub in
//! `tests/`.

use std::time::{Duration, Instant};

use uuid::Uuid;
use wire::Id;
use wire::client::StreamPoint;
use wire::command::{CommandArgs, OfferArgs};
use wire::problem::{CommandError, Retry};
use wire::server::{CommandResult, Outcome};

use super::*;

fn point(seq: u64) -> StreamPoint {
    StreamPoint { history: Uuid::nil(), seq }
}

#[test]
fn a_hole_and_a_repetition_in_a_stream_cannot_hide() {
    let mut proof = Proof::default();
    assert_eq!(proof.take(0, point(1)), Verdict::Lost { expected: 0 }, "nothing is known before the snapshot");
    proof.stand(point(10));
    for (prev, seq, verdict) in [
        (10, 12, Verdict::Apply),
        (12, 13, Verdict::Apply),
        (12, 13, Verdict::Doubled),
        (10, 12, Verdict::Doubled),
        (14, 15, Verdict::Lost { expected: 13 }),
        (13, 15, Verdict::Apply),
    ] {
        assert_eq!(proof.take(prev, point(seq)), verdict, "{prev} -> {seq}");
    }
    let another_log = StreamPoint { history: Uuid::from_u128(1), seq: 16 };
    assert_eq!(proof.take(15, another_log), Verdict::Lost { expected: 0 });
}

fn seen(offer: u64) -> CommandArgs {
    CommandArgs::OfferSeen(OfferArgs { offer: Id(offer) })
}

fn result(id: Uuid, retry: Option<Retry>) -> CommandResult {
    let (code, detail) = (String::from("busy"), String::new());
    let error = retry.map(|retry| CommandError { code, detail, pointer: None, retry, incident: None });
    CommandResult { id, ok: error.is_none().then(Outcome::default), error, seq: None }
}

#[test]
fn a_command_keeps_its_id_until_it_is_answered() {
    let mut now = Instant::now();
    let mut outbox = Outbox::default();
    assert!(outbox.add(seen(1), now).is_none());
    let id = outbox.next_due(now).expect("due at once").id;
    assert!(outbox.next_due(now).is_none(), "in flight");

    now = outbox.next_at().expect("its time-out");
    outbox.time_out(now);
    assert_eq!(outbox.next_due(now).map(|waiting| waiting.id), Some(id), "unknown: the same id again");

    outbox.socket_lost(now);
    assert_eq!(outbox.next_due(now).map(|waiting| waiting.id), Some(id), "on the next socket too");

    assert!(outbox.answered(&result(id, Some(Retry::AfterMs(700))), now).is_none());
    assert!(outbox.next_due(now).is_none());
    now += Duration::from_millis(700);
    assert_eq!(outbox.next_due(now).map(|waiting| waiting.id), Some(id));

    assert_eq!(outbox.answered(&result(id, None), now).map(|ended| ended.id), Some(id));
    assert!(outbox.is_empty() && outbox.answered(&result(id, None), now).is_none(), "answered twice");
}

#[test]
fn what_waits_is_bounded_and_so_is_what_flies() {
    let now = Instant::now();
    let mut outbox = Outbox::default();
    for offer in 0..Outbox::WAITING_MAX as u64 {
        assert!(outbox.add(seen(offer), now).is_none());
    }
    let dropped = outbox.add(seen(99), now).expect("one too many");
    assert_eq!(dropped.args, seen(0), "the oldest goes");
    let flying = std::iter::from_fn(|| outbox.next_due(now).map(|waiting| waiting.id)).count();
    assert_eq!(flying, wire::COMMANDS_IN_FLIGHT_MAX);
}

#[test]
fn names_are_those_of_the_wire() {
    let id = Uuid::now_v7();
    for act in [
        crate::model::Act::Receive(matcher::OfferId(1)),
        crate::model::Act::Accept { offer: matcher::OfferId(1), eta_min: 3 },
        crate::model::Act::Finish(matcher::AssignmentId(1)),
    ] {
        let args = words::args_of(act);
        let frame = serde_json::to_value(command_frame(id, Some("1".into()), &args).unwrap()).unwrap();
        let tagged = serde_json::json!({ "name": frame["name"], "args": frame["args"] });
        assert_eq!(serde_json::from_value::<CommandArgs>(tagged).unwrap(), args);
    }
}
