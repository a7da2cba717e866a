//! Every decoder of the border against what nobody would send: it answers, in words, and never falls over.

use matcher::{District, DistrictId};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use wire::command::{CommandArgs, WORDS_LENGTH_MAX};

use super::error::Refusal;
use super::ws::{Inbound, read_frame};
use super::{alarm, cap, parse};

const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// JSON of any shape, with the words of the protocol among its own.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        "[a-z_]{0,12}",
        Just("raise_alarm".to_owned()),
        Just("command".to_owned()),
        Just(ID.to_owned()),
        "\\PC{0,20}"
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    let name = prop_oneof![
        prop::sample::select(vec![
            "op", "id", "name", "args", "district", "kind", "place", "lat", "lng", "words", "crs"
        ])
        .prop_map(str::to_owned),
        word
    ];
    leaf.prop_recursive(6, 48, 6, move |inner| {
        let fields = prop::collection::vec((name.clone(), inner.clone()), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(Value::from),
            fields.prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Frames as clients send them, then cut, doubled, or with bytes changed.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let whole = prop::sample::select(vec![
        json!({ "op": "hello", "ticket": "t", "device": "d", "app": "a", "resume": { "1": null } }),
        json!({ "op": "command", "id": ID, "name": "accept", "args": { "offer": "1000000001", "eta_min": 4 } }),
        json!({ "op": "command", "id": ID, "name": "close", "args": { "incident": "1", "disposition": "resolved" } }),
        json!({ "op": "position", "lat": 45.7, "lng": 126.6, "accuracy_m": 5, "age_ms": 0, "crs": "gcj02" }),
        json!({ "op": "ping", "at": "2026-01-01T00:00:00Z" }),
        json!({ "op": "resync", "district": "1", "history": ID, "seq": 7 }),
    ]);
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6);
    (whole, changes, any::<prop::sample::Index>(), any::<bool>()).prop_map(|(whole, changes, cut, cuts)| {
        let mut bytes = whole.to_string().into_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let kept = if cuts { cut.index(bytes.len()) } else { bytes.len() };
        bytes[..kept].to_vec()
    })
}

/// A refusal says what is wrong in both languages, under a code, with a pointer if any that begins at the root.
fn says_why(refusal: &Refusal) -> bool {
    let pointed = refusal.pointer.as_deref().is_none_or(|pointer| pointer.is_empty() || pointer.starts_with('/'));
    pointed && !refusal.code.is_empty() && !refusal.words.zh.is_empty() && !refusal.words.en.is_empty()
}

fn frame_is_answered(bytes: &[u8]) -> bool {
    read_frame(bytes).map_or_else(|unreadable| says_why(&unreadable.refusal), |_| true)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn any_bytes_are_a_frame_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        prop_assert!(frame_is_answered(&bytes));
    }

    #[test]
    fn any_json_is_a_frame_or_is_refused(value in any_json()) {
        prop_assert!(frame_is_answered(value.to_string().as_bytes()));
    }

    #[test]
    fn a_damaged_frame_is_read_or_refused(bytes in damaged()) {
        prop_assert!(frame_is_answered(&bytes));
    }

    /// Whatever stands around it: its id, its words and nothing else decide that it is an alarm.
    #[test]
    fn an_alarm_is_taken_out_of_anything(args in any_json(), more in any_json(), tail in "\\PC{0,40}", whole in any::<bool>()) {
        let mut text = json!({ "op": "command", "id": ID, "name": "raise_alarm", "args": args, "more": more }).to_string();
        if !whole {
            text.pop();
            text.push_str(&tail.replace("\"id\"", ""));
        }
        match read_frame(text.as_bytes()) {
            Ok(Inbound::Command(order)) => {
                prop_assert!(order.is_alarm());
                // Cut off behind its id or not, it is the same alarm each time it is sent.
                prop_assert_eq!(order.id.to_string(), ID);
            }
            _ => prop_assert!(false, "not taken: {}", text),
        }
    }

    #[test]
    fn an_alarms_arguments_are_read_within_their_limits(args in any_json()) {
        let (read, dropped) = alarm::leniently(args);
        prop_assert!(dropped.len() <= 16 && dropped.iter().all(|name| name.chars().count() <= 40));
        prop_assert!(read.words.is_none_or(|words| words.chars().count() <= WORDS_LENGTH_MAX));
        prop_assert!(read.place.is_none_or(|place| place.lat.abs() <= 90.0 && place.lng.abs() <= 180.0));
    }

    #[test]
    fn any_text_is_an_alert_or_is_refused(text in "\\PC{0,400}") {
        let read = cap::read(&text, &District::new(DistrictId(1)));
        prop_assert!(read.map_or_else(|refusal| says_why(&refusal), |_| true));
    }

    /// An alert with anything where its values stand; escaped or not.
    #[test]
    fn an_alert_with_anything_in_it_is_read_or_refused(words in prop::collection::vec("\\PC{0,30}", 8)) {
        let text = format!(
            "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>{}</identifier><sender>{}</sender>\
             <sent>{}</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope><info><category>{}</category>\
             <event>{}</event><area><areaDesc>{}</areaDesc><circle>{}</circle><polygon>{}</polygon></area></info></alert>",
            words[0], words[1], words[2], words[3], words[4], words[5], words[6], words[7]
        );
        let read = cap::read(&text, &District::new(DistrictId(1)));
        prop_assert!(read.map_or_else(|refusal| says_why(&refusal), |alert| matches!(alert.command, Some(CommandArgs::RaiseAlarm(_)))));
    }

    #[test]
    fn depth_is_counted_as_it_is_parsed(opened in 0usize..400) {
        let text = format!("{}{}", "[".repeat(opened), "]".repeat(opened));
        let read = parse::json(text.as_bytes());
        prop_assert_eq!(read.is_ok(), (1..=wire::JSON_DEPTH_MAX).contains(&opened));
    }
}
