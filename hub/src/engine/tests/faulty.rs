//! A journal that fails when it is told to: before it has stored, after it has stored, or for want of space.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::sync::watch;
use uuid::Uuid;

use crate::store::journal::Answer;
use crate::store::{
    Append, CommitRow, Fence, Head, IntakeRow, Journal, JournalError, MemoryJournal, Pulse, SealedRow, Snapshot,
    SnapshotMark, WakeOutcome, WakeRow, WakeSlot,
};

/// What the next append does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Fails and has stored nothing.
    Lost,
    /// Says that it failed, and has stored it all the same.
    StoredUnheard,
}

/// While it is shut, whoever comes to it waits.
#[derive(Clone)]
pub struct Gate(Arc<(watch::Sender<bool>, AtomicUsize)>);

impl Default for Gate {
    fn default() -> Self {
        Gate(Arc::new((watch::channel(false).0, AtomicUsize::new(0))))
    }
}

impl Gate {
    pub fn shut(&self, is_shut: bool) {
        self.0.0.send_replace(is_shut);
    }

    /// How often somebody has come to it.
    pub fn came(&self) -> usize {
        self.0.1.load(Ordering::Acquire)
    }

    async fn pass(&self) {
        self.0.1.fetch_add(1, Ordering::AcqRel);
        // The sender lives as long as the gate.
        self.0.0.subscribe().wait_for(|is_shut| !is_shut).await.ok();
    }
}

#[derive(Clone, Default)]
pub struct FaultyJournal {
    pub inner: MemoryJournal,
    faults: Arc<Mutex<VecDeque<Fault>>>,
    is_low: Arc<AtomicBool>,
    is_away: Arc<AtomicBool>,
    is_hushed: Arc<AtomicBool>,
    /// Of its own clock, if it has one, milliseconds since 1970.
    pub now_ms: Arc<Mutex<Option<i64>>>,
    /// Before appends.
    pub appends: Gate,
    /// Before intake is read.
    pub intakes: Gate,
}

impl FaultyJournal {
    pub fn fail_next(&self, fault: Fault) {
        self.faults.lock().unwrap().push_back(fault);
    }

    /// Nobody can take the lead while it is away.
    pub fn set_away(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::Release);
    }

    /// While it is hushed nobody finds out by his beat that he was fenced.
    pub fn set_hushed(&self, is_hushed: bool) {
        self.is_hushed.store(is_hushed, Ordering::Release);
    }

    pub fn set_low(&self, is_low: bool) {
        self.is_low.store(is_low, Ordering::Release);
    }
}

impl Journal for FaultyJournal {
    async fn append(&self, batch: Append) -> Answer<()> {
        self.appends.pass().await;
        let fault = self.faults.lock().unwrap().pop_front();
        let unknown = || JournalError::Unknown { detail: "the test said so".into() };
        match fault {
            None => self.inner.append(batch).await,
            Some(Fault::Lost) => Err(unknown()),
            Some(Fault::StoredUnheard) => self.inner.append(batch).await.and(Err(unknown())),
        }
    }

    fn is_low_on_space(&self) -> bool {
        self.is_low.load(Ordering::Acquire)
    }

    async fn claim(&self, district: u32, owner: Uuid) -> Answer<Head> {
        if self.is_away.load(Ordering::Acquire) {
            return Err(JournalError::Failed("the test took it away".into()));
        }
        self.inner.claim(district, owner).await
    }

    async fn raise_format(&self, fence: Fence, format: u32) -> Answer<()> {
        self.inner.raise_format(fence, format).await
    }

    async fn head(&self, district: u32) -> Answer<Option<Head>> {
        self.inner.head(district).await
    }

    async fn districts(&self) -> Answer<Vec<u32>> {
        self.inner.districts().await
    }

    async fn read(&self, district: u32, after_seq: u64, limit: usize) -> Answer<Vec<CommitRow>> {
        self.inner.read(district, after_seq, limit).await
    }

    async fn read_about(&self, district: u32, incident: u64, after_seq: u64, limit: usize) -> Answer<Vec<CommitRow>> {
        self.inner.read_about(district, incident, after_seq, limit).await
    }

    async fn unseal(&self, references: Vec<Uuid>) -> Answer<Vec<SealedRow>> {
        self.inner.unseal(references).await
    }

    async fn sealed(&self, district: u32, seq_max: u64, after: Uuid) -> Answer<Vec<SealedRow>> {
        self.inner.sealed(district, seq_max, after).await
    }

    async fn erase(&self, references: Vec<Uuid>) -> Answer<u64> {
        self.inner.erase(references).await
    }

    async fn put_snapshot_part(&self, fence: Fence, seq: u64, part: u32, body: Bytes) -> Answer<()> {
        self.inner.put_snapshot_part(fence, seq, part, body).await
    }

    async fn finish_snapshot(&self, fence: Fence, mark: SnapshotMark) -> Answer<()> {
        self.inner.finish_snapshot(fence, mark).await
    }

    async fn snapshot(&self, district: u32, seq_max: u64) -> Answer<Option<Snapshot>> {
        self.inner.snapshot(district, seq_max).await
    }

    async fn enqueue_wakes(&self, fence: Fence, from_seq: u64, to_seq: u64, slots: Vec<WakeSlot>) -> Answer<()> {
        self.inner.enqueue_wakes(fence, from_seq, to_seq, slots).await
    }

    async fn due_wakes(&self, district: u32, now_ms: i64, limit: usize) -> Answer<Vec<WakeRow>> {
        self.inner.due_wakes(district, now_ms, limit).await
    }

    async fn settle_wakes(&self, fence: Fence, outcomes: Vec<(i64, WakeOutcome)>) -> Answer<()> {
        self.inner.settle_wakes(fence, outcomes).await
    }

    async fn beat(&self, fence: Fence, now_ms: i64) -> Answer<()> {
        if self.is_hushed.load(Ordering::Acquire) {
            return Ok(());
        }
        self.inner.beat(fence, now_ms).await
    }

    async fn pulse(&self, district: u32) -> Answer<Pulse> {
        let now_ms = *self.now_ms.lock().unwrap();
        Ok(Pulse { now_ms, ..self.inner.pulse(district).await? })
    }

    async fn put_intake(&self, row: IntakeRow) -> Answer<()> {
        self.inner.put_intake(row).await
    }

    async fn intake(&self, district: u32) -> Answer<Vec<IntakeRow>> {
        self.intakes.pass().await;
        self.inner.intake(district).await
    }

    async fn mark_intake(&self, district: u32, commands: Vec<Uuid>) -> Answer<()> {
        self.inner.mark_intake(district, commands).await
    }

    async fn renew_history(&self, fence: Fence) -> Answer<Uuid> {
        self.inner.renew_history(fence).await
    }
}
