//! The embedded journal: one SQLite file, one thread that alone touches it.
//!
//! The file is opened with `locking_mode=EXCLUSIVE` (its shared-memory file would kill the process by SIGBUS on a
//! full volume), so nobody else can read it while a hub runs: reads go through the same thread, behind the
//! appends. A job, once taken, is finished: a caller that gives up loses the answer, never the transaction.

mod append;
mod ballast;
mod desk;
mod intake;
mod lock;
mod read;
mod shorten;
mod snapshot;
#[cfg(test)]
mod tests;
mod thread;
mod wake;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use uuid::Uuid;

use super::journal::{Answer, Journal};
use super::rows::{
    About, Append, CommitRow, Fence, Head, IntakeRow, Pulse, SealedRow, Snapshot, SnapshotMark, WakeOutcome, WakeRow,
    WakeSlot,
};
use super::shorten::Shorten;
pub use ballast::BALLAST_BYTES;
use thread::{JournalThread, Lane};

/// Where the journal lies and how much room it keeps for itself.
#[derive(Clone, Debug)]
pub struct SqliteSettings {
    /// The data folder; made (0700) if it does not exist.
    pub folder: PathBuf,
    /// Bytes kept on the volume so that alarms go on when it is full.
    pub ballast_bytes: u64,
    /// Bytes that the journal may take, the ballast being the last of them; `None`: as many as the volume has.
    pub bytes_max: Option<u64>,
}

impl SqliteSettings {
    /// The journal in `folder` with the usual ballast.
    pub fn new(folder: impl AsRef<Path>) -> Self {
        SqliteSettings { folder: folder.as_ref().to_path_buf(), ballast_bytes: BALLAST_BYTES, bytes_max: None }
    }
}

/// A handle to the journal's thread; the file is closed when the last one is dropped.
#[derive(Clone)]
pub struct SqliteJournal {
    thread: JournalThread,
}

impl SqliteJournal {
    /// Opens (and if need be makes) `journal.db` in the folder.
    ///
    /// # Errors
    /// `InUse` if another process has it, `Failed` with the database's words otherwise.
    pub async fn open(settings: SqliteSettings) -> Answer<Self> {
        Ok(SqliteJournal { thread: JournalThread::start(settings).await? })
    }

    /// Closes the file and waits for it: for an orderly end, after which another process may open it.
    pub async fn close(self) {
        self.thread.close().await;
    }
}

impl Journal for SqliteJournal {
    async fn claim(&self, district: u32, owner: Uuid) -> Answer<Head> {
        self.thread.ask(Lane::Urgent, move |desk| Box::pin(append::claim(desk, district, owner))).await
    }

    async fn raise_format(&self, fence: Fence, format: u32) -> Answer<()> {
        self.thread.ask(Lane::Urgent, move |desk| Box::pin(append::raise_format(desk, fence, format))).await
    }

    async fn head(&self, district: u32) -> Answer<Option<Head>> {
        self.thread.ask(Lane::Urgent, move |desk| Box::pin(append::head(desk.conn(), district))).await
    }

    async fn districts(&self) -> Answer<Vec<u32>> {
        self.thread.ask(Lane::Rest, move |desk| Box::pin(read::districts(desk.conn()))).await
    }

    async fn append(&self, batch: Append) -> Answer<()> {
        self.thread.ask(Lane::Urgent, move |desk| Box::pin(append::append(desk, batch))).await
    }

    async fn read(&self, district: u32, after_seq: u64, limit: usize) -> Answer<Vec<CommitRow>> {
        self.thread.ask(Lane::Rest, move |desk| Box::pin(read::commits(desk.conn(), district, after_seq, limit))).await
    }

    async fn terms_fallen(&self, district: u32) -> Answer<Vec<u64>> {
        self.thread.ask(Lane::Rest, move |desk| Box::pin(read::terms_fallen(desk.conn(), district))).await
    }

    async fn read_about(&self, district: u32, incident: u64, after_seq: u64, limit: usize) -> Answer<Vec<CommitRow>> {
        self.thread
            .ask(Lane::Rest, move |desk| {
                Box::pin(read::commits_about(desk.conn(), district, incident, after_seq, limit))
            })
            .await
    }

    async fn unseal(&self, references: Vec<Uuid>) -> Answer<Vec<SealedRow>> {
        self.thread.ask(Lane::Rest, move |desk| Box::pin(read::unseal(desk.conn(), references))).await
    }

    async fn sealed(&self, district: u32, seq_max: u64, after: Uuid) -> Answer<Vec<SealedRow>> {
        self.thread.ask(Lane::Rest, move |desk| Box::pin(read::sealed(desk.conn(), district, seq_max, after))).await
    }

    async fn erase(&self, references: Vec<Uuid>) -> Answer<u64> {
        self.thread.ask(Lane::Rest, move |desk| Box::pin(append::erase(desk, references))).await
    }

    async fn put_snapshot_part(&self, fence: Fence, seq: u64, part: u32, body: Bytes) -> Answer<()> {
        self.thread.ask(Lane::Rest, move |desk| Box::pin(snapshot::put_part(desk, fence, seq, part, body))).await
    }

    async fn finish_snapshot(&self, fence: Fence, mark: SnapshotMark) -> Answer<()> {
        self.thread.ask(Lane::Rest, move |desk| Box::pin(snapshot::finish(desk, fence, mark))).await
    }

    async fn snapshot(&self, district: u32, seq_max: u64) -> Answer<Option<Snapshot>> {
        self.thread.ask(Lane::Rest, move |desk| Box::pin(snapshot::latest(desk.conn(), district, seq_max))).await
    }

    async fn enqueue_wakes(&self, fence: Fence, from_seq: u64, to_seq: u64, slots: Vec<WakeSlot>) -> Answer<()> {
        self.thread.ask(Lane::Rest, move |desk| Box::pin(wake::enqueue(desk, fence, from_seq, to_seq, slots))).await
    }

    async fn due_wakes(&self, district: u32, now_ms: i64, limit: usize) -> Answer<Vec<WakeRow>> {
        self.thread.ask(Lane::Rest, move |desk| Box::pin(wake::due(desk.conn(), district, now_ms, limit))).await
    }

    async fn settle_wakes(&self, fence: Fence, outcomes: Vec<(i64, WakeOutcome)>) -> Answer<()> {
        self.thread.ask(Lane::Rest, move |desk| Box::pin(wake::settle(desk, fence, outcomes))).await
    }

    async fn beat(&self, fence: Fence, now_ms: i64) -> Answer<()> {
        self.thread.ask(Lane::Rest, move |desk| Box::pin(append::beat(desk, fence, now_ms))).await
    }

    async fn renew_history(&self, fence: Fence) -> Answer<Uuid> {
        self.thread.ask(Lane::Urgent, move |desk| Box::pin(append::renew_history(desk, fence))).await
    }

    async fn pulse(&self, _district: u32) -> Answer<Pulse> {
        // One process holds the file: its clock is the hub's, and nobody else could lead.
        Ok(Pulse::default())
    }

    async fn put_intake(&self, row: IntakeRow) -> Answer<()> {
        self.thread.ask(Lane::Urgent, move |desk| Box::pin(intake::put(desk, row))).await
    }

    async fn intake(&self, district: u32) -> Answer<Vec<IntakeRow>> {
        self.thread.ask(Lane::Urgent, move |desk| Box::pin(intake::waiting(desk.conn(), district))).await
    }

    async fn mark_intake(&self, district: u32, commands: Vec<Uuid>) -> Answer<()> {
        self.thread.ask(Lane::Rest, move |desk| Box::pin(intake::mark(desk, district, commands))).await
    }

    fn is_low_on_space(&self) -> bool {
        self.thread.is_low_on_space()
    }
}

impl Shorten for SqliteJournal {
    async fn begin_after(&self, fence: Fence, seq: u64) -> Answer<()> {
        self.thread.ask(Lane::Rest, move |desk| Box::pin(shorten::begin_after(desk, fence, seq))).await
    }

    async fn remove_about(&self, fence: Fence, to_seq: u64, after: About) -> Answer<Option<About>> {
        self.thread.ask(Lane::Rest, move |desk| Box::pin(shorten::remove_about(desk, fence, to_seq, after))).await
    }

    async fn remove(&self, fence: Fence, base_seq: u64) -> Answer<u64> {
        self.thread.ask(Lane::Rest, move |desk| Box::pin(shorten::remove(desk, fence, base_seq))).await
    }
}
