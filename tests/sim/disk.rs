//! A journal that keeps the promises of one and breaks everything that is not promised: it is slow, it fails, it
//! forgets to answer, it answers before the write has landed. What has landed is what the auditor reads.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;

use bytes::Bytes;
use futures_util::FutureExt;
use hub::engine::clock::Clock;
use hub::store::journal::Answer;
use hub::store::rows::READ_ROWS_MAX;
use hub::store::{
    Append, CommitRow, Fence, Head, IntakeRow, Journal, JournalError, MemoryJournal, Pulse, SealedRow, Snapshot,
    SnapshotMark, WakeOutcome, WakeRow, WakeSlot,
};
use uuid::Uuid;

use super::chance::Chance;
use super::clock::SimClock;
use super::fate::{Fate, Says};

/// A handle on the one disk of a run.
#[derive(Clone)]
pub struct Disk {
    truth: MemoryJournal,
    clock: SimClock,
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    chance: Chance,
    is_shaky: bool,
    is_full: bool,
    tickets: u64,
    writes: BTreeMap<u64, Write>,
    /// Batches that became durable and that the auditor has not fetched yet.
    landed: Vec<Append>,
    /// The highest seq that each term was told to be durable.
    confirmed: BTreeMap<u64, u64>,
    /// When each term was taken.
    claimed_ms: BTreeMap<u64, u64>,
}

struct Write {
    batch: Append,
    lands_at_ms: Option<u64>,
    told_at_ms: u64,
    says: Says,
    outcome: Option<Answer<()>>,
    /// Its writer is gone: nobody asks for the answer any more.
    orphaned: bool,
}

/// Lets the disk know when its writer stops waiting.
struct Ticket<'a> {
    disk: &'a Disk,
    number: u64,
}

impl Disk {
    pub fn new(clock: SimClock, chance: Chance) -> Self {
        let inner = Inner {
            chance,
            is_shaky: false,
            is_full: false,
            tickets: 0,
            writes: BTreeMap::new(),
            landed: Vec::new(),
            confirmed: BTreeMap::new(),
            claimed_ms: BTreeMap::new(),
        };
        Self { truth: MemoryJournal::new(), clock, inner: Arc::new(Mutex::new(inner)) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("a panic elsewhere has ended this run")
    }

    /// From now on writes meet misfortune, or do not.
    pub fn set_shaky(&self, is_shaky: bool) {
        self.lock().is_shaky = is_shaky;
    }

    /// The volume is full except for the ballast, or has space again.
    pub fn set_full(&self, is_full: bool) {
        self.lock().is_full = is_full;
    }

    /// Lands what is due.
    pub fn settle(&self) {
        let now_ms = self.clock.steady_ms();
        let mut inner = self.lock();
        let inner = &mut *inner;
        let mut due: Vec<(u64, u64)> = inner.writes.iter().filter_map(|(&n, w)| w.landing(n, now_ms)).collect();
        due.sort_unstable();
        for (_, number) in due {
            let write = inner.writes.get_mut(&number).expect("just listed");
            write.lands_at_ms = None;
            let outcome = at_once(self.truth.append(write.batch.clone()));
            if outcome.is_ok() {
                inner.landed.push(write.batch.clone());
            }
            write.outcome = Some(outcome);
        }
        inner.writes.retain(|_, write| !(write.orphaned && write.lands_at_ms.is_none()));
    }

    /// When something changes by itself next: a write lands, or its writer may be told.
    pub fn next_ms(&self) -> Option<u64> {
        let inner = self.lock();
        let now_ms = self.clock.steady_ms();
        let moments = inner
            .writes
            .values()
            .flat_map(|write| [write.lands_at_ms, Some(write.told_at_ms).filter(|&at| at > now_ms && !write.orphaned)]);
        moments.flatten().min()
    }

    /// A process has died: each write of its that has not landed is lost, or lands later although its writer is gone.
    pub fn lose_orphans(&self) {
        let mut inner = self.lock();
        let inner = &mut *inner;
        for write in inner.writes.values_mut().filter(|write| write.orphaned && write.lands_at_ms.is_some()) {
            if inner.chance.permille(500) {
                write.lands_at_ms = None;
            }
        }
    }

    /// What became durable since this was last asked.
    pub fn take_landed(&self) -> Vec<Append> {
        std::mem::take(&mut self.lock().landed)
    }

    /// The highest seq that the leader of `term` was told to be durable, by an append or by reading.
    pub fn confirmed(&self, term: u64) -> u64 {
        self.lock().confirmed.get(&term).copied().unwrap_or(0)
    }

    /// How long ago somebody else took over from the leader of `term`, milliseconds; 0 while nobody has.
    pub fn superseded_ms(&self, term: u64) -> u64 {
        let at_ms = self.lock().claimed_ms.get(&(term + 1)).copied();
        at_ms.map_or(0, |at_ms| self.clock.steady_ms() - at_ms)
    }

    /// All commits, without misfortune.
    pub fn all_rows(&self, district: u32) -> Vec<CommitRow> {
        let mut rows: Vec<CommitRow> = Vec::new();
        loop {
            let after_seq = rows.last().map_or(0, |row| row.seq);
            let more = at_once(self.truth.read(district, after_seq, READ_ROWS_MAX)).expect("memory does not fail");
            if more.is_empty() {
                return rows;
            }
            rows.extend(more);
        }
    }

    fn begin(&self, batch: Append) -> Ticket<'_> {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let fate = if inner.is_shaky { Fate::shaky(&mut inner.chance) } else { Fate::good(&mut inner.chance) };
        let now_ms = self.clock.steady_ms();
        inner.tickets += 1;
        let write = Write {
            batch,
            lands_at_ms: fate.lands_after_ms.map(|ms| now_ms + ms),
            told_at_ms: now_ms + fate.told_after_ms,
            says: fate.says,
            outcome: None,
            orphaned: false,
        };
        inner.writes.insert(inner.tickets, write);
        Ticket { disk: self, number: inner.tickets }
    }

    /// What the writer of `number` is told, once it is.
    fn told(&self, number: u64) -> Option<Answer<()>> {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let now_ms = self.clock.steady_ms();
        let write = inner.writes.get_mut(&number).filter(|write| write.told_at_ms <= now_ms)?;
        let answer = match write.says {
            Says::Truth => write.outcome.take()?,
            Says::Unknown => Err(JournalError::Unknown { detail: "the connection was cut".into() }),
            Says::Failed => Err(JournalError::Failed("the write was refused".into())),
        };
        if answer.is_ok() {
            let last = write.batch.last_seq + write.batch.commits.len() as u64;
            inner.confirmed.insert(write.batch.fence.term, last);
        }
        Some(answer)
    }

    /// One of the other requests: fails now and then while the disk is shaky.
    fn stumble(&self, permille: u64) -> Answer<()> {
        let mut inner = self.lock();
        let stumbles = inner.is_shaky && inner.chance.permille(permille);
        if stumbles { Err(JournalError::Failed("the read was refused".into())) } else { Ok(()) }
    }
}

impl Write {
    fn landing(&self, number: u64, now_ms: u64) -> Option<(u64, u64)> {
        self.lands_at_ms.filter(|&at| at <= now_ms).map(|at| (at, number))
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if let Some(write) = self.disk.lock().writes.get_mut(&self.number) {
            write.orphaned = true;
        }
    }
}

/// The journal in memory never waits.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("the journal in memory answers at once")
}

impl Journal for Disk {
    async fn claim(&self, district: u32, owner: Uuid) -> Answer<Head> {
        self.stumble(50)?;
        let head = self.truth.claim(district, owner).await?;
        let mut inner = self.lock();
        inner.confirmed.insert(head.term, head.last_seq);
        inner.claimed_ms.insert(head.term, self.clock.steady_ms());
        Ok(head)
    }

    async fn raise_format(&self, fence: Fence, format: u32) -> Answer<()> {
        self.truth.raise_format(fence, format).await
    }

    async fn head(&self, district: u32) -> Answer<Option<Head>> {
        self.stumble(50)?;
        self.truth.head(district).await
    }

    async fn districts(&self) -> Answer<Vec<u32>> {
        self.truth.districts().await
    }

    async fn append(&self, batch: Append) -> Answer<()> {
        let ticket = self.begin(batch);
        poll_fn(|_| self.told(ticket.number).map_or(Poll::Pending, Poll::Ready)).await
    }

    async fn read(&self, district: u32, after_seq: u64, limit: usize) -> Answer<Vec<CommitRow>> {
        self.stumble(50)?;
        self.truth.read(district, after_seq, limit).await
    }

    async fn read_about(&self, district: u32, incident: u64, after_seq: u64, limit: usize) -> Answer<Vec<CommitRow>> {
        self.stumble(50)?;
        self.truth.read_about(district, incident, after_seq, limit).await
    }

    async fn unseal(&self, references: Vec<Uuid>) -> Answer<Vec<SealedRow>> {
        self.truth.unseal(references).await
    }

    async fn sealed(&self, district: u32, seq_max: u64, after: Uuid) -> Answer<Vec<SealedRow>> {
        self.truth.sealed(district, seq_max, after).await
    }

    async fn erase(&self, references: Vec<Uuid>) -> Answer<u64> {
        self.truth.erase(references).await
    }

    async fn put_snapshot_part(&self, fence: Fence, seq: u64, part: u32, body: Bytes) -> Answer<()> {
        self.truth.put_snapshot_part(fence, seq, part, body).await
    }

    async fn finish_snapshot(&self, fence: Fence, mark: SnapshotMark) -> Answer<()> {
        self.stumble(100)?;
        self.truth.finish_snapshot(fence, mark).await
    }

    async fn snapshot(&self, district: u32, seq_max: u64) -> Answer<Option<Snapshot>> {
        let found = self.truth.snapshot(district, seq_max).await?;
        match (found, self.stumble(200)) {
            // Torn: what follows is recovery from an older one, or from the log alone.
            (Some(snapshot), Err(_)) => Err(JournalError::corrupt(district, snapshot.seq, "a torn snapshot")),
            (found, _) => Ok(found),
        }
    }

    async fn enqueue_wakes(&self, fence: Fence, from_seq: u64, to_seq: u64, slots: Vec<WakeSlot>) -> Answer<()> {
        self.stumble(50)?;
        self.truth.enqueue_wakes(fence, from_seq, to_seq, slots).await
    }

    async fn due_wakes(&self, district: u32, now_ms: i64, limit: usize) -> Answer<Vec<WakeRow>> {
        self.truth.due_wakes(district, now_ms, limit).await
    }

    async fn settle_wakes(&self, fence: Fence, outcomes: Vec<(i64, WakeOutcome)>) -> Answer<()> {
        self.stumble(50)?;
        self.truth.settle_wakes(fence, outcomes).await
    }

    async fn beat(&self, fence: Fence, now_ms: i64) -> Answer<()> {
        self.stumble(20)?;
        self.truth.beat(fence, now_ms).await
    }

    async fn pulse(&self, district: u32) -> Answer<Pulse> {
        self.truth.pulse(district).await
    }

    async fn put_intake(&self, row: IntakeRow) -> Answer<()> {
        self.truth.put_intake(row).await
    }

    async fn intake(&self, district: u32) -> Answer<Vec<IntakeRow>> {
        self.truth.intake(district).await
    }

    async fn mark_intake(&self, district: u32, commands: Vec<Uuid>) -> Answer<()> {
        self.truth.mark_intake(district, commands).await
    }

    async fn renew_history(&self, fence: Fence) -> Answer<Uuid> {
        self.truth.renew_history(fence).await
    }

    fn is_low_on_space(&self) -> bool {
        self.lock().is_full
    }
}
