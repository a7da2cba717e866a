//! An alarm needs only an id and a known device: whatever else cannot be read is left out and named, never refused.

use matcher::KIND_LENGTH_MAX;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use wire::Place;
use wire::client::Crs;
use wire::command::{RaiseAlarm, WORDS_LENGTH_MAX};

use super::datum;
use super::sealed::{ADDRESS_LENGTH_MAX, NAME_LENGTH_MAX, PHONE_LENGTH_MAX};

/// Names of left-out fields in one answer; what is beyond is not named.
const DROPPED_MAX: usize = 16;
/// Characters of one such name: it came from outside.
const DROPPED_NAME_LENGTH_MAX: usize = 40;

/// Reads what can be read of an alarm's arguments. The second is the names of what could not.
pub fn leniently(args: Value) -> (RaiseAlarm, Vec<String>) {
    let mut reader = match args {
        Value::Object(fields) => Reader { fields, dropped: Vec::new() },
        Value::Null => Reader { fields: Map::new(), dropped: Vec::new() },
        _ => Reader { fields: Map::new(), dropped: vec!["args".to_owned()] },
    };
    let crs = reader.take("crs").unwrap_or_default();
    let alarm = RaiseAlarm {
        kind: reader.take("kind").and_then(|kind| reader.kind(kind)),
        place: reader.take("place").and_then(|place| reader.place(place, crs)),
        crs,
        caller_phone: reader.text("caller_phone", PHONE_LENGTH_MAX),
        caller_name: reader.text("caller_name", NAME_LENGTH_MAX),
        address: reader.text("address", ADDRESS_LENGTH_MAX),
        words: reader.text("words", WORDS_LENGTH_MAX),
        drill: reader.take("drill").unwrap_or_default(),
    };
    (alarm, reader.finish())
}

struct Reader {
    fields: Map<String, Value>,
    dropped: Vec<String>,
}

impl Reader {
    fn take<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let value = self.fields.remove(name).filter(|value| !value.is_null())?;
        let read = serde_json::from_value(value).ok();
        if read.is_none() {
            self.drop(name);
        }
        read
    }

    fn kind(&mut self, kind: String) -> Option<String> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let fits = (1..=KIND_LENGTH_MAX).contains(&kind.len()) && kind.bytes().all(plain);
        if !fits {
            self.drop("kind");
        }
        fits.then_some(kind)
    }

    fn place(&mut self, place: Place, crs: Crs) -> Option<Place> {
        let somewhere = datum::position(place.lat, place.lng, crs).is_some();
        if !somewhere {
            self.drop("place");
        }
        somewhere.then_some(place)
    }

    /// Too long a text is cut, not left out: its beginning may say where.
    fn text(&mut self, name: &str, length_max: usize) -> Option<String> {
        let text: String = self.take(name)?;
        if text.chars().count() <= length_max {
            return Some(text);
        }
        self.drop(name);
        Some(text.chars().take(length_max).collect())
    }

    fn drop(&mut self, name: &str) {
        if self.dropped.len() < DROPPED_MAX {
            self.dropped.push(name.chars().take(DROPPED_NAME_LENGTH_MAX).collect());
        }
    }

    /// What is left is unknown.
    fn finish(mut self) -> Vec<String> {
        for name in std::mem::take(&mut self.fields).keys() {
            self.drop(name);
        }
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_is_refused_and_what_is_left_out_is_named() {
        let cases = [
            (json!({}), vec![]),
            (json!(null), vec![]),
            (json!("fire!"), vec!["args"]),
            (json!({ "kind": "fall", "place": { "lat": 45.7, "lng": 126.6 } }), vec![]),
            (json!({ "place": { "lat": 445.7, "lng": 126.6 } }), vec!["place"]),
            (json!({ "place": { "lat": 0.0, "lng": 0.0 } }), vec!["place"]),
            (json!({ "place": "here", "colour": "red" }), vec!["place", "colour"]),
            (json!({ "kind": "DROP TABLE", "drill": "maybe" }), vec!["kind", "drill"]),
        ];
        for (args, expected) in cases {
            assert_eq!(leniently(args.clone()).1, expected, "{args}");
        }
    }

    #[test]
    fn long_words_are_cut() {
        let (alarm, dropped) = leniently(json!({ "words": "救".repeat(9_000) }));
        assert_eq!(alarm.words.map(|words| words.chars().count()), Some(WORDS_LENGTH_MAX));
        assert_eq!(dropped, ["words"]);
    }
}
