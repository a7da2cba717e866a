//! What a caller of the engine is told.

use matcher::{Answer, BodyHash, Rejection};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// SHA-256 of a body's JSON, its first 8 bytes: the same body again has the same, whichever way it comes.
pub fn body_hash(body: &impl Serialize) -> BodyHash {
    let body = serde_json::to_vec(body).expect("a body is JSON");
    let digest = Sha256::digest(&body);
    BodyHash(u64::from_be_bytes(digest[..8].try_into().expect("a digest has 32 bytes")))
}

/// A command that was taken: durable when this is in hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// What the core answered.
    pub answer: Answer,
    /// The commit that holds it; `None` when nothing changed, or when it was answered before.
    pub seq: Option<u64>,
}

/// A command that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The core said no; sending it again may change that, nothing was stored.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// Too much is waiting (never said of an alarm): the same id again after `after_ms`.
    #[error("the district is busy; send the same command again in {after_ms} ms / 当前繁忙,请 {after_ms} 毫秒后重发")]
    Busy {
        /// How long to wait, milliseconds.
        after_ms: u32,
    },
    /// The disk is full and this is neither an alarm nor an answer to one.
    #[error(
        "the hub's disk is full: only alarms and their answers are taken until the operator has freed space \
         / 服务器磁盘已满,目前只受理报警及其应答"
    )]
    LowOnSpace,
    /// Whether it took effect is not known: send the same id again.
    #[error("the journal failed before this was known to be durable; send the same id again / 未确认,请用同一编号重发")]
    Unknown,
    /// Another hub leads the district, or none for the moment: nothing was decided here.
    #[error("another hub leads this district; send the same id again / 由另一台服务器负责,请用同一编号重发")]
    Elsewhere,
    /// The hub is going: send the same id to it, or to another, in a moment.
    #[error("this hub is stopping; send the same id again / 服务正在停止,请用同一编号重发")]
    Stopped,
}
