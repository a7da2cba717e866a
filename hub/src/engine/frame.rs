//! Encoded frames, shared between sockets.

use bytes::Bytes;
use serde::Serialize;
use uuid::Uuid;
use wire::Time;

/// A delta as bytes. All that follows `prev` is the same for everybody who sees this view, and so, nearly always, is
/// `prev` itself: then the whole frame is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    /// The commit.
    pub seq: u64,
    /// The `prev` that `whole` carries.
    prev: u64,
    whole: Bytes,
    /// Where the part after `prev` begins.
    rest_at: usize,
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
        let mut whole = head(prev);
        let rest_at = whole.len();
        let mut body = Vec::with_capacity(1024);
        serde_json::to_writer(&mut body, rest).expect("rows have string keys and finite numbers");
        // Without its opening brace, which `head` has written.
        whole.extend_from_slice(&body[1..]);
        Delta { seq: rest.seq, prev, whole: Bytes::from(whole), rest_at }
    }

    /// The frame for a subscription that stands at `last`.
    pub fn after(&self, last: u64) -> Bytes {
        if last == self.prev {
            return self.whole.clone();
        }
        let mut frame = head(last);
        frame.extend_from_slice(&self.whole[self.rest_at..]);
        Bytes::from(frame)
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

fn head(prev: u64) -> Vec<u8> {
    format!("{{\"op\":\"delta\",\"prev\":{prev},").into_bytes()
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

    fn prev_of(frame: &Bytes) -> u64 {
        match serde_json::from_slice::<ServerFrame<ResidentRows>>(frame).expect("a frame of the protocol") {
            ServerFrame::Delta(delta) if delta.seq == 9 && delta.kind == "wave_sent" => delta.prev,
            other => panic!("not the delta that went in: {other:?}"),
        }
    }

    #[test]
    fn whoever_stands_at_prev_shares_the_bytes() {
        let delta = delta();
        let (one, two) = (delta.after(4), delta.after(4));
        assert_eq!(prev_of(&one), 4);
        assert_eq!(one.as_ptr(), two.as_ptr());
    }

    #[test]
    fn whoever_stands_elsewhere_gets_his_own_prev() {
        assert_eq!(prev_of(&delta().after(123_456)), 123_456);
    }
}
