//! What a phone tells whoever drives it: for counting and timing, never for deciding.

use std::sync::Arc;

use uuid::Uuid;
use wire::Id;

/// One thing that happened on one phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The socket is open and its stream stands; `resumed`: without a snapshot.
    Online { resumed: bool },
    /// Its owner is on duty, as the hub has it.
    OnDuty,
    /// The socket is gone; the close code when there was one.
    Offline { code: Option<u16> },
    /// An offer reached this phone; `trace` is the alarm's command id.
    Offered { offer: Id, incident: Id, trace: Option<Uuid> },
    /// `seq`: the commit that says so.
    Assigned { assignment: Id, incident: Id, seq: u64 },
    /// Done, aborted, stood down, given to another.
    AssignmentOver { assignment: Id, seq: u64 },
    /// A command was answered: its name, and the code when refused.
    Answered { name: &'static str, refused: Option<String> },
    /// A delta that this stream had already: a push sent twice.
    Doubled { seq: u64 },
    /// A delta is missing before this one, or before what the hub says it sent.
    Lost { expected: u64, got: u64 },
    /// More than [`super::Outbox::WAITING_MAX`] commands waited; the oldest was dropped.
    Dropped { name: &'static str },
}

/// Called on the phone's own task, with the phone's index: must not wait.
pub type Witness = Arc<dyn Fn(u64, Notice) + Send + Sync>;
