//! The trait that every store implements.

use std::future::Future;

use bytes::Bytes;
use uuid::Uuid;

use super::error::JournalError;
use super::rows::{
    Append, CommitRow, FORMAT, Fence, Head, IntakeRow, Pulse, SealedRow, Snapshot, SnapshotMark, WakeOutcome, WakeRow,
    WakeSlot,
};

/// A journal's answer.
pub type Answer<T> = Result<T, JournalError>;

/// A durable log per district, with its head, snapshots, sealed rows and wake outbox.
///
/// Handles are cheap to clone. A dropped future never cancels the work behind it: a write that was begun is
/// finished, only its answer is lost.
pub trait Journal: Clone + Send + Sync + 'static {
    /// Takes the leadership of `district`: term + 1 under `owner`. Makes the log if there is none.
    /// Also the first step after any failed append: it fences whatever may still be on its way.
    fn claim(&self, district: u32, owner: Uuid) -> impl Future<Output = Answer<Head>> + Send;

    /// The head as it stands, `None` if the district has no log.
    fn head(&self, district: u32) -> impl Future<Output = Answer<Option<Head>>> + Send;

    /// The districts that have a log, ascending.
    fn districts(&self) -> impl Future<Output = Answer<Vec<u32>>> + Send;

    /// Appends a group commit. `Fenced` if (district, term, owner, last_seq) is not what `head` says.
    fn append(&self, batch: Append) -> impl Future<Output = Answer<()>> + Send;

    /// Commits after `after_seq`, ascending, at most [`super::rows::READ_ROWS_MAX`]; sums and gaps are checked. `Archived` if
    /// the log begins later.
    fn read(&self, district: u32, after_seq: u64, limit: usize) -> impl Future<Output = Answer<Vec<CommitRow>>> + Send;

    /// The first commit that the log has; 1 until some were archived, `None` while it has none.
    fn first_seq(&self, district: u32) -> impl Future<Output = Answer<Option<u64>>> + Send {
        async move {
            match self.read(district, 0, 1).await {
                Ok(rows) => Ok(rows.first().map(|row| row.seq)),
                Err(JournalError::Archived { first_seq, .. }) => Ok(Some(first_seq)),
                Err(err) => Err(err),
            }
        }
    }

    /// Commits with a lower term than the one before them, the first few: a leader that had been fenced wrote those.
    fn terms_fallen(&self, _district: u32) -> impl Future<Output = Answer<Vec<u64>>> + Send {
        std::future::ready(Ok(Vec::new()))
    }

    /// Commits after `after_seq` that are about `incident`, ascending, at most [`super::rows::READ_ROWS_MAX`].
    fn read_about(
        &self,
        district: u32,
        incident: u64,
        after_seq: u64,
        limit: usize,
    ) -> impl Future<Output = Answer<Vec<CommitRow>>> + Send;

    /// The sealed rows that still exist, in no particular order.
    fn unseal(&self, references: Vec<Uuid>) -> impl Future<Output = Answer<Vec<SealedRow>>> + Send;

    /// Sealed rows of commits up to `seq_max` in the order of their references, those after `after`; at most
    /// [`super::rows::READ_ROWS_MAX`]. For backups.
    fn sealed(&self, district: u32, seq_max: u64, after: Uuid) -> impl Future<Output = Answer<Vec<SealedRow>>> + Send;

    /// Erases sealed rows for good; says how many there were. The log replays without them.
    fn erase(&self, references: Vec<Uuid>) -> impl Future<Output = Answer<u64>> + Send;

    /// Stores one part of a snapshot, between appends; parts of one that is never finished count for nothing.
    fn put_snapshot_part(
        &self,
        fence: Fence,
        seq: u64,
        part: u32,
        body: Bytes,
    ) -> impl Future<Output = Answer<()>> + Send;

    /// Declares a snapshot complete, then drops the oldest beyond what is kept. The base of the log, and what is to be one,
    /// stays; a base is refused unless all its parts are there.
    fn finish_snapshot(&self, fence: Fence, mark: SnapshotMark) -> impl Future<Output = Answer<()>> + Send;

    /// Stores a snapshot that is at hand as a whole.
    fn put_snapshot(&self, fence: Fence, snapshot: Snapshot) -> impl Future<Output = Answer<()>> + Send {
        async move {
            let Snapshot { seq, at_ms, body } = snapshot;
            let mut parts = 0;
            for body in parts_of(&body) {
                self.put_snapshot_part(fence, seq, parts, body).await?;
                parts += 1;
            }
            self.finish_snapshot(fence, SnapshotMark { seq, at_ms, parts, is_base: false }).await
        }
    }

    /// The newest complete snapshot at or below `seq_max`.
    fn snapshot(&self, district: u32, seq_max: u64) -> impl Future<Output = Answer<Option<Snapshot>>> + Send;

    /// Puts wakes into the outbox and moves its cursor from `from_seq` to `to_seq`, in one fenced transaction.
    fn enqueue_wakes(
        &self,
        fence: Fence,
        from_seq: u64,
        to_seq: u64,
        slots: Vec<WakeSlot>,
    ) -> impl Future<Output = Answer<()>> + Send;

    /// Wakes that are due, the longest due first.
    fn due_wakes(&self, district: u32, now_ms: i64, limit: usize) -> impl Future<Output = Answer<Vec<WakeRow>>> + Send;

    /// Records what became of tries to send.
    fn settle_wakes(&self, fence: Fence, outcomes: Vec<(i64, WakeOutcome)>) -> impl Future<Output = Answer<()>> + Send;

    /// The leader lives: sets `beat_at_ms`, fenced. Also the moment at which a store looks after its disk.
    fn beat(&self, fence: Fence, now_ms: i64) -> impl Future<Output = Answer<()>> + Send;

    /// Gives the log a new identity, fenced: what clients saw of the old one no longer counts.
    fn renew_history(&self, fence: Fence) -> impl Future<Output = Answer<Uuid>> + Send;

    /// The store's clock, and how long the leader of `district` has been silent by it.
    fn pulse(&self, district: u32) -> impl Future<Output = Answer<Pulse>> + Send;

    /// Keeps a command that no leader could take; durable when answered. The same command again changes nothing.
    fn put_intake(&self, row: IntakeRow) -> impl Future<Output = Answer<()>> + Send;

    /// Kept commands that are not marked, in the order of the store, at most [`super::rows::INTAKE_ROWS_MAX`].
    fn intake(&self, district: u32) -> impl Future<Output = Answer<Vec<IntakeRow>>> + Send;

    /// These commands are committed: their bodies are dropped, their ids stay for
    /// [`super::rows::INTAKE_KEPT_MS`].
    fn mark_intake(&self, district: u32, commands: Vec<Uuid>) -> impl Future<Output = Answer<()>> + Send;

    /// The newest form of rows that this hub reads and writes.
    fn reads(&self) -> u32 {
        FORMAT
    }

    /// Says that hub `owner` lives and what it reads; what all live hubs on the log of `district` read. A store for one hub
    /// has no other.
    fn attend(&self, _district: u32, _owner: Uuid) -> impl Future<Output = Answer<u32>> + Send {
        std::future::ready(Ok(self.reads()))
    }

    /// This hub goes: what it reads no longer matters.
    fn depart(&self, _district: u32, _owner: Uuid) -> impl Future<Output = Answer<()>> + Send {
        std::future::ready(Ok(()))
    }

    /// From the next commit on, rows may have this form, fenced.
    fn raise_format(&self, fence: Fence, format: u32) -> impl Future<Output = Answer<()>> + Send;

    /// True while only alarms and their answers may be written, because the disk is full and the ballast gone.
    fn is_low_on_space(&self) -> bool;
}

/// Cuts an encoded state into parts of at most [`super::rows::SNAPSHOT_PART_BYTES_MAX`]; at least one.
fn parts_of(body: &Bytes) -> Vec<Bytes> {
    let size = super::rows::SNAPSHOT_PART_BYTES_MAX;
    if body.is_empty() {
        return vec![Bytes::new()];
    }
    (0..body.len()).step_by(size).map(|at| body.slice(at..body.len().min(at + size))).collect()
}
