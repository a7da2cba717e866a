//! The rows of the journal, as the engine sees them. Plain data.

use bytes::Bytes;
use uuid::Uuid;

/// The most commits that one [`super::Journal::read`] answers with.
pub const READ_ROWS_MAX: usize = 1_000;

/// The most bytes of a part of a snapshot: small enough that writing one never holds up an append for long.
pub const SNAPSHOT_PART_BYTES_MAX: usize = 256 * 1024;

/// The most commits (or index entries looked at) in one step of [`super::Shorten`]: small enough that an append hardly waits.
pub const REMOVED_ROWS_MAX: usize = 256;

/// The complete snapshots kept per district, besides a base; the second is what recovery falls back to.
pub const SNAPSHOTS_KEPT: u32 = 2;

/// The newest form of rows that this hub reads and writes (see [`super::form`]); a log with a newer one is not opened.
pub const FORMAT: u32 = 2;

/// The oldest that it still writes, for hubs of the version before on the same log.
pub const FORMAT_MIN: u32 = 1;

/// A hub that has not said for so long what it reads is gone, milliseconds; one that ends in order is gone at once.
pub const READER_KEPT_MS: i64 = 60_000;

/// The head of one district's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The district whose log this is.
    pub district: u32,
    /// The seq of the last commit; 0 for an empty log.
    pub last_seq: u64,
    /// Leadership: rises by one with every claim, never falls.
    pub term: u64,
    /// The process that holds the term.
    pub owner: Uuid,
    /// The log's own identity; changes only after a restore.
    pub history: Uuid,
    /// When the leader last said that it lives, milliseconds since 1970.
    pub beat_at_ms: i64,
    /// The newest form of rows in the log. It rises only when every live hub reads it.
    pub format: u32,
    /// Wakes of commits up to here are in the outbox.
    pub wake_seq: u64,
}

impl Head {
    /// The fence that a leader's writes carry.
    pub fn fence(&self) -> Fence {
        Fence { district: self.district, term: self.term, owner: self.owner }
    }
}

/// Who writes: refused as soon as another owner or a later term stands in `head`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The district led.
    pub district: u32,
    /// The term under which it is led.
    pub term: u64,
    /// The process that leads.
    pub owner: Uuid,
}

/// One commit: the atom of one command or one tick. `body` is the JSON of the core's `Commit`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitRow {
    /// Its place in the log, from 1, without a gap.
    pub seq: u64,
    /// When it was decided, milliseconds since 1970.
    pub at_ms: i64,
    /// The encoded commit.
    pub body: Bytes,
}

/// Words, numbers or names that belong to a commit and can be erased without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRow {
    /// What the event holds instead.
    pub reference: Uuid,
    /// JSON, opaque here.
    pub body: Bytes,
}

/// One group commit: written whole or not at all.
#[derive(Clone, Debug)]
pub struct Append {
    /// The writer's fence.
    pub fence: Fence,
    /// The seq that the log must stand at; the first commit is this plus one.
    pub last_seq: u64,
    /// In order of seq; not empty.
    pub commits: Vec<CommitRow>,
    /// Sealed rows of these commits.
    pub sealed: Vec<SealedRow>,
    /// Which of these commits are about which incidents; no pair twice.
    pub about: Vec<About>,
}

/// A commit is about an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct About {
    /// The incident's id.
    pub incident: u64,
    /// The commit.
    pub seq: u64,
}

/// The most commands that one [`super::Journal::intake`] answers with: one batch of the writer.
pub const INTAKE_ROWS_MAX: usize = 256;

/// How long the id of a command that left intake is kept, so that its repetition is not kept again: as long as the
/// state remembers the ids of alarms.
pub const INTAKE_KEPT_MS: i64 = 72 * 3_600_000;

/// A command that no leader could take at once, kept until one has committed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntakeRow {
    /// The district that it is for.
    pub district: u32,
    /// The command's id: kept twice is kept once.
    pub command: Uuid,
    /// The encoded request with its sealed rows; dropped when the row is marked.
    pub body: Bytes,
}

/// What a store's own clock says; hubs that share the store agree on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulse {
    /// Milliseconds since 1970; `None` where the store has no clock besides the hub's.
    pub now_ms: Option<i64>,
    /// How long no leader of the district has beaten; `None` where nobody else could lead.
    pub silent_ms: Option<u64>,
}

/// A state as it was after `seq`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The last commit in it.
    pub seq: u64,
    /// When it was taken, milliseconds since 1970.
    pub at_ms: i64,
    /// The encoded state, whole.
    pub body: Bytes,
}

/// What makes the parts of a snapshot one that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotMark {
    /// The last commit in it.
    pub seq: u64,
    /// When it was taken, milliseconds since 1970.
    pub at_ms: i64,
    /// How many parts it has, numbered from 0.
    pub parts: u32,
    /// The log begins, or is about to begin, with this state: it stays as long as it does.
    pub is_base: bool,
}

/// One person to wake, as derived from a commit. (seq, ordinal) makes enqueueing twice harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WakeSlot {
    /// The commit that it follows from.
    pub seq: u64,
    /// Its place among the wakes of that commit.
    pub ordinal: u32,
    /// When to send it first, milliseconds since 1970.
    pub due_at_ms: i64,
    /// The request body, JSON.
    pub body: Bytes,
}

/// A wake that waits in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WakeRow {
    /// The outbox's own number.
    pub id: i64,
    /// The commit that it follows from.
    pub seq: u64,
    /// How often it was tried without success.
    pub tries: u32,
    /// The request body, JSON.
    pub body: Bytes,
}

/// What became of one try to send a wake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WakeOutcome {
    /// The gateway has it: the row leaves the outbox.
    Delivered,
    /// To be tried again at this time, milliseconds since 1970.
    Retry {
        /// The time of the next try.
        due_at_ms: i64,
    },
    /// Out of tries: stays for the operator with the reason.
    GivenUp {
        /// What the last try said.
        why: String,
    },
}
