//! Encoded frames, shared between sockets.

use serde::Serialize;
use uuid::Uuid;
use wire::{Framed, Time};

/// A delta as bytes. All that follows `prev` is the same for everybody who sees this view, and so, nearly always, is
/// `prev` itself: then the whole frame is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    /// The commit.
    pub seq: u64,
    /// The `prev` that `whole` carries.
    prev: u64,
    whole: Framed,
    /// Bytes of the text after `prev`; they are its end.
    rest_length: usize,
}

/// The part of a delta after `prev`.
#[derive(Serialize)]
pub struct DeltaRest<'a, D> {
    /// The district's number.
    pub district: String,
    /// The log's identity.
    pub history: Uuid,
    /// The commit.
    pub seq: u64,
    /// The lead event's name.
    #[serde(rename = "type")]
    pub kind: &'a str,
    /// When it was decided.
    pub at: Time,
    /// The command that began it all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<Uuid>,
    /// Rows as they are after the commit.
    pub data: &'a D,
}

impl Delta {
    /// Encodes a delta that follows on `prev`.
    pub fn encode<D: Serialize>(prev: u64, rest: &DeltaRest<'_, D>) -> Self {
        let mut rest_length = 0;
        let whole = Framed::written(|text| {
            text.extend_from_slice(head(prev).as_bytes());
            let rest_at = text.len();
            serde_json::to_writer(&mut *text, rest).expect("rows have string keys and finite numbers");
            // `head` has opened the object already.
            text[rest_at] = b',';
            rest_length = text.len() - rest_at;
        });
        Delta { seq: rest.seq, prev, whole, rest_length }
    }

    /// The frame for a subscription that stands at `last`.
    pub fn after(&self, last: u64) -> Framed {
        if last == self.prev {
            return self.whole.clone();
        }
        let rest = &self.whole.bytes()[self.whole.len() - self.rest_length..];
        Framed::written(|text| {
            text.extend_from_slice(head(last).as_bytes());
            text.extend_from_slice(rest);
        })
    }

    /// Bytes of the frame.
    pub fn len(&self) -> usize {
        self.whole.len()
    }

    /// A frame is never empty.
    pub fn is_empty(&self) -> bool {
        self.whole.is_empty()
    }
}

fn head(prev: u64) -> String {
    format!("{{\"op\":\"delta\",\"prev\":{prev}")
}

#[cfg(test)]
mod tests {
    use wire::rows::ResidentRows;
    use wire::server::ServerFrame;

    use super::*;

    fn delta() -> Delta {
        let history = Uuid::from_u128(7);
        let data = ResidentRows::default();
        let at = Time(1_700_000_000_000);
        let rest = DeltaRest { district: "1".into(), history, seq: 9, kind: "wave_sent", at, trace: None, data: &data };
        Delta::encode(4, &rest)
    }

    fn prev_of(frame: &Framed) -> u64 {
        let text = frame.texts().next().expect("a frame");
        match serde_json::from_slice::<ServerFrame<ResidentRows>>(&text).expect("a frame of the protocol") {
            ServerFrame::Delta(delta) if delta.seq == 9 && delta.kind == "wave_sent" => delta.prev,
            other => panic!("not the delta that went in: {other:?}"),
        }
    }

    #[test]
    fn whoever_stands_at_prev_shares_the_bytes() {
        let delta = delta();
        let (one, two) = (delta.after(4), delta.after(4));
        assert_eq!(prev_of(&one), 4);
        assert_eq!(one.bytes().as_ptr(), two.bytes().as_ptr());
    }

    #[test]
    fn whoever_stands_elsewhere_gets_his_own_prev() {
        assert_eq!(prev_of(&delta().after(123_456)), 123_456);
    }
}
