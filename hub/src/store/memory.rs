//! The journal in memory: for tests, the simulator and `bench replay`. It keeps every promise except
//! surviving the process.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use uuid::Uuid;

use super::error::JournalError;
use super::journal::{Answer, Journal};
use super::rows::{
    About, Append, CommitRow, FORMAT, Fence, Head, INTAKE_ROWS_MAX, IntakeRow, Pulse, READ_ROWS_MAX, REMOVED_ROWS_MAX,
    SNAPSHOTS_KEPT, SealedRow, Snapshot, SnapshotMark, WakeOutcome, WakeRow, WakeSlot,
};
use super::shorten::Shorten;

/// A journal that lives as long as its last handle.
#[derive(Clone, Default)]
pub struct MemoryJournal {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    logs: BTreeMap<u32, Log>,
    sealed: BTreeMap<Uuid, Sealed>,
    intake: Vec<(IntakeRow, IsMarked)>,
}

type IsMarked = bool;

struct Sealed {
    district: u32,
    seq: u64,
    row: SealedRow,
}

struct Log {
    head: Head,
    commits: Vec<CommitRow>,
    about: BTreeSet<About>,
    snapshots: BTreeMap<u64, SnapshotMark>,
    parts: BTreeMap<(u64, u32), Bytes>,
    outbox: Outbox,
}

#[derive(Default)]
struct Outbox {
    last_id: i64,
    waiting: BTreeMap<i64, Waiting>,
}

struct Waiting {
    due_at_ms: i64,
    ordinal: u32,
    failed: bool,
    row: WakeRow,
}

impl MemoryJournal {
    /// An empty journal.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Each method leaves the rows whole, so a panic elsewhere does not spoil them.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn fenced(&mut self, fence: Fence) -> Answer<&mut Log> {
        match self.logs.get_mut(&fence.district) {
            Some(log) if log.head.fence() == fence => Ok(log),
            Some(_) | None => Err(JournalError::Fenced { district: fence.district, term: fence.term }),
        }
    }
}

impl Log {
    fn new(district: u32, owner: Uuid) -> Self {
        let head = Head {
            district,
            last_seq: 0,
            term: 0,
            owner,
            history: Uuid::new_v4(),
            beat_at_ms: 0,
            format: FORMAT,
            wake_seq: 0,
        };
        Log {
            head,
            commits: Vec::new(),
            about: BTreeSet::new(),
            snapshots: BTreeMap::new(),
            parts: BTreeMap::new(),
            outbox: Outbox::default(),
        }
    }
}

impl Log {
    /// The seq that the first of the commits follows on.
    fn begins_after(&self) -> u64 {
        self.commits.first().map_or(0, |row| row.seq - 1)
    }

    /// Commits after `after_seq`, as far as they are there.
    fn after(&self, after_seq: u64) -> &[CommitRow] {
        let from = usize::try_from(after_seq.saturating_sub(self.begins_after())).unwrap_or(usize::MAX);
        &self.commits[from.min(self.commits.len())..]
    }

    fn drop_old(&mut self) {
        let kept = self.snapshots.keys().rev().take(SNAPSHOTS_KEPT as usize).next_back().copied().unwrap_or(0);
        let first_base = self.begins_after();
        self.snapshots.retain(|&seq, mark| seq >= kept || (mark.is_base && seq >= first_base));
        let snapshots = &self.snapshots;
        self.parts.retain(|&(seq, _), _| seq >= kept || snapshots.contains_key(&seq));
    }

    fn whole(&self, mark: SnapshotMark) -> Snapshot {
        let parts = self.parts.range((mark.seq, 0)..(mark.seq, mark.parts));
        let body: Vec<u8> = parts.flat_map(|(_, part)| part.iter().copied()).collect();
        Snapshot { seq: mark.seq, at_ms: mark.at_ms, body: body.into() }
    }
}

impl Outbox {
    fn push(&mut self, slot: WakeSlot) {
        let known = self.waiting.values().any(|w| w.row.seq == slot.seq && w.ordinal == slot.ordinal);
        if known {
            return;
        }
        self.last_id += 1;
        let row = WakeRow { id: self.last_id, seq: slot.seq, tries: 0, body: slot.body };
        let waiting = Waiting { due_at_ms: slot.due_at_ms, ordinal: slot.ordinal, failed: false, row };
        self.waiting.insert(self.last_id, waiting);
    }

    fn settle(&mut self, id: i64, outcome: WakeOutcome) {
        let Some(waiting) = self.waiting.get_mut(&id) else { return };
        waiting.row.tries += 1;
        match outcome {
            WakeOutcome::Delivered => {
                self.waiting.remove(&id);
            }
            WakeOutcome::Retry { due_at_ms } => waiting.due_at_ms = due_at_ms,
            WakeOutcome::GivenUp { why: _ } => waiting.failed = true,
        }
    }
}

impl Journal for MemoryJournal {
    async fn claim(&self, district: u32, owner: Uuid) -> Answer<Head> {
        let mut inner = self.lock();
        let log = inner.logs.entry(district).or_insert_with(|| Log::new(district, owner));
        log.head.term += 1;
        log.head.owner = owner;
        Ok(log.head)
    }

    async fn raise_format(&self, fence: Fence, format: u32) -> Answer<()> {
        let mut inner = self.lock();
        let head = &mut inner.fenced(fence)?.head;
        head.format = head.format.max(format);
        Ok(())
    }

    async fn head(&self, district: u32) -> Answer<Option<Head>> {
        Ok(self.lock().logs.get(&district).map(|log| log.head))
    }

    async fn districts(&self) -> Answer<Vec<u32>> {
        Ok(self.lock().logs.keys().copied().collect())
    }

    async fn append(&self, batch: Append) -> Answer<()> {
        let mut inner = self.lock();
        let log = inner.fenced(batch.fence)?;
        if log.head.last_seq != batch.last_seq {
            return Err(JournalError::Fenced { district: batch.fence.district, term: batch.fence.term });
        }
        log.head.last_seq += batch.commits.len() as u64;
        log.commits.extend(batch.commits);
        log.about.extend(batch.about);
        let (district, seq) = (batch.fence.district, log.head.last_seq);
        inner.sealed.extend(batch.sealed.into_iter().map(|row| (row.reference, Sealed { district, seq, row })));
        Ok(())
    }

    async fn read(&self, district: u32, after_seq: u64, limit: usize) -> Answer<Vec<CommitRow>> {
        let inner = self.lock();
        let Some(log) = inner.logs.get(&district) else { return Ok(Vec::new()) };
        if after_seq < log.begins_after() {
            return Err(JournalError::Archived { district, first_seq: log.begins_after() + 1 });
        }
        Ok(log.after(after_seq).iter().take(limit.min(READ_ROWS_MAX)).cloned().collect())
    }

    async fn read_about(&self, district: u32, incident: u64, after_seq: u64, limit: usize) -> Answer<Vec<CommitRow>> {
        let inner = self.lock();
        let Some(log) = inner.logs.get(&district) else { return Ok(Vec::new()) };
        let after = About { incident, seq: after_seq.saturating_add(1) };
        let about = log.about.range(after..=About { incident, seq: u64::MAX });
        let rows = about.filter_map(|about| log.after(about.seq.checked_sub(1)?).first());
        Ok(rows.take(limit.min(READ_ROWS_MAX)).cloned().collect())
    }

    async fn unseal(&self, references: Vec<Uuid>) -> Answer<Vec<SealedRow>> {
        let inner = self.lock();
        Ok(references.iter().filter_map(|reference| Some(inner.sealed.get(reference)?.row.clone())).collect())
    }

    async fn sealed(&self, district: u32, seq_max: u64, after: Uuid) -> Answer<Vec<SealedRow>> {
        let inner = self.lock();
        let beyond = inner.sealed.range((Bound::Excluded(after), Bound::Unbounded));
        let rows = beyond.filter(|(_, sealed)| sealed.district == district && sealed.seq <= seq_max);
        Ok(rows.take(READ_ROWS_MAX).map(|(_, sealed)| sealed.row.clone()).collect())
    }

    async fn erase(&self, references: Vec<Uuid>) -> Answer<u64> {
        let mut inner = self.lock();
        Ok(references.iter().filter(|reference| inner.sealed.remove(reference).is_some()).count() as u64)
    }

    async fn put_snapshot_part(&self, fence: Fence, seq: u64, part: u32, body: Bytes) -> Answer<()> {
        self.lock().fenced(fence)?.parts.insert((seq, part), body);
        Ok(())
    }

    async fn finish_snapshot(&self, fence: Fence, mark: SnapshotMark) -> Answer<()> {
        let mut inner = self.lock();
        let log = inner.fenced(fence)?;
        let parts = log.parts.range((mark.seq, 0)..(mark.seq, mark.parts)).count();
        if mark.is_base && parts != mark.parts as usize {
            return Err(JournalError::base_in_parts(mark.seq));
        }
        let is_base = mark.is_base || log.snapshots.get(&mark.seq).is_some_and(|before| before.is_base);
        log.snapshots.insert(mark.seq, SnapshotMark { is_base, ..mark });
        log.drop_old();
        Ok(())
    }

    async fn snapshot(&self, district: u32, seq_max: u64) -> Answer<Option<Snapshot>> {
        let inner = self.lock();
        let Some(log) = inner.logs.get(&district) else { return Ok(None) };
        Ok(log.snapshots.range(..=seq_max).next_back().map(|(_, mark)| log.whole(*mark)))
    }

    async fn enqueue_wakes(&self, fence: Fence, from_seq: u64, to_seq: u64, slots: Vec<WakeSlot>) -> Answer<()> {
        let mut inner = self.lock();
        let log = inner.fenced(fence)?;
        if log.head.wake_seq != from_seq {
            return Err(JournalError::Fenced { district: fence.district, term: fence.term });
        }
        log.head.wake_seq = to_seq;
        slots.into_iter().for_each(|slot| log.outbox.push(slot));
        Ok(())
    }

    async fn due_wakes(&self, district: u32, now_ms: i64, limit: usize) -> Answer<Vec<WakeRow>> {
        let inner = self.lock();
        let Some(log) = inner.logs.get(&district) else { return Ok(Vec::new()) };
        let due = log.outbox.waiting.values().filter(|w| !w.failed && w.due_at_ms <= now_ms);
        let mut due: Vec<&Waiting> = due.collect();
        due.sort_by_key(|w| (w.due_at_ms, w.row.id));
        Ok(due.into_iter().take(limit).map(|w| w.row.clone()).collect())
    }

    async fn settle_wakes(&self, fence: Fence, outcomes: Vec<(i64, WakeOutcome)>) -> Answer<()> {
        let mut inner = self.lock();
        let log = inner.fenced(fence)?;
        outcomes.into_iter().for_each(|(id, outcome)| log.outbox.settle(id, outcome));
        Ok(())
    }

    async fn beat(&self, fence: Fence, now_ms: i64) -> Answer<()> {
        self.lock().fenced(fence)?.head.beat_at_ms = now_ms;
        Ok(())
    }

    async fn renew_history(&self, fence: Fence) -> Answer<Uuid> {
        let mut inner = self.lock();
        let log = inner.fenced(fence)?;
        log.head.history = Uuid::new_v4();
        Ok(log.head.history)
    }

    async fn pulse(&self, _district: u32) -> Answer<Pulse> {
        Ok(Pulse::default())
    }

    async fn put_intake(&self, row: IntakeRow) -> Answer<()> {
        let mut inner = self.lock();
        if !inner.intake.iter().any(|(kept, _)| kept.command == row.command) {
            inner.intake.push((row, false));
        }
        Ok(())
    }

    async fn intake(&self, district: u32) -> Answer<Vec<IntakeRow>> {
        let inner = self.lock();
        let waiting = inner.intake.iter().filter(|(row, is_marked)| !is_marked && row.district == district);
        Ok(waiting.take(INTAKE_ROWS_MAX).map(|(row, _)| row.clone()).collect())
    }

    async fn mark_intake(&self, district: u32, commands: Vec<Uuid>) -> Answer<()> {
        let mut inner = self.lock();
        for (row, is_marked) in &mut inner.intake {
            if row.district == district && commands.contains(&row.command) {
                (row.body, *is_marked) = (bytes::Bytes::new(), true);
            }
        }
        Ok(())
    }

    fn is_low_on_space(&self) -> bool {
        false
    }
}

impl Shorten for MemoryJournal {
    async fn begin_after(&self, fence: Fence, seq: u64) -> Answer<()> {
        let mut inner = self.lock();
        let log = inner.fenced(fence)?;
        if log.head.last_seq != 0 {
            return Err(JournalError::Fenced { district: fence.district, term: fence.term });
        }
        log.head.last_seq = seq;
        Ok(())
    }

    async fn remove_about(&self, fence: Fence, to_seq: u64, after: About) -> Answer<Option<About>> {
        let mut inner = self.lock();
        let log = inner.fenced(fence)?;
        let next = log.about.range((Bound::Excluded(after), Bound::Unbounded)).take(REMOVED_ROWS_MAX);
        let next: Vec<About> = next.copied().collect();
        next.iter().filter(|about| about.seq <= to_seq).for_each(|about| {
            log.about.remove(about);
        });
        Ok(next.last().copied())
    }

    async fn remove(&self, fence: Fence, base_seq: u64) -> Answer<u64> {
        let mut inner = self.lock();
        let log = inner.fenced(fence)?;
        if !log.snapshots.get(&base_seq).is_some_and(|mark| mark.is_base) {
            return Err(JournalError::no_base_at(fence.district, base_seq));
        }
        let last_seq = log.head.last_seq;
        let old = log.commits.iter().take(REMOVED_ROWS_MAX);
        let count = old.take_while(|row| row.seq <= base_seq && row.seq < last_seq).count();
        log.commits.drain(..count);
        Ok(count as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::MemoryJournal;

    async fn open() -> (MemoryJournal, ()) {
        (MemoryJournal::new(), ())
    }

    crate::store::conformance::journal_suite!(open());
}
