//! One suite for every journal. Each case is a function over `impl Journal`; [`journal_suite!`] makes tests of them.

use bytes::Bytes;
use uuid::Uuid;

use super::error::JournalError;
use super::journal::Journal;
use super::rows::*;
use super::shorten::Shorten;

/// Makes a test of every case; `$open` is an async expression that gives a fresh journal and what keeps it alive.
macro_rules! journal_suite {
    ($open:expr) => {
        crate::store::conformance::journal_suite!(@cases $open,
            a_new_log_is_empty,
            commits_come_back_in_order,
            a_second_claim_fences_the_first,
            a_wrong_last_seq_is_fenced,
            a_batch_happens_whole_or_not_at_all,
            sealed_rows_come_with_their_commit_and_can_be_erased,
            sealed_rows_are_listed_by_their_references,
            commits_are_found_by_what_they_are_about,
            reads_are_bounded,
            districts_do_not_touch,
            the_newest_snapshot_within_reach_is_found,
            old_snapshots_leave,
            a_stale_leader_cannot_store_a_snapshot,
            wakes_are_enqueued_once,
            a_stale_leader_enqueues_and_settles_no_wakes,
            wakes_are_retried_then_given_up,
            a_beat_is_fenced_and_kept,
            an_archived_log_begins_later_and_goes_on,
            without_a_base_or_the_term_nothing_is_removed,
            the_base_stays_as_long_as_the_log_begins_there,
            a_base_whose_parts_were_dropped_meanwhile_is_refused,
            what_archived_commits_are_about_is_forgotten_step_by_step,
            a_restored_log_begins_after_its_base,
            history_changes_only_when_asked,
            intake_keeps_a_command_once_and_in_order,
            a_marked_command_leaves_intake_and_does_not_come_back,
        );
    };
    (@cases $open:expr, $($case:ident),* $(,)?) => {$(
        #[tokio::test]
        async fn $case() {
            let (journal, _keep) = $open.await;
            crate::store::conformance::$case(journal).await;
        }
    )*};
}
pub(crate) use journal_suite;

const DISTRICT: u32 = 230_102;

fn rows(after_seq: u64, count: u64) -> Vec<CommitRow> {
    let row = |seq: u64| CommitRow { seq, at_ms: 1_000 + seq as i64, body: Bytes::from(format!("{{\"seq\":{seq}}}")) };
    (after_seq + 1..=after_seq + count).map(row).collect()
}

fn batch(head: Head, count: u64) -> Append {
    Append {
        fence: head.fence(),
        last_seq: head.last_seq,
        commits: rows(head.last_seq, count),
        sealed: Vec::new(),
        about: Vec::new(),
    }
}

async fn claimed(journal: &impl Journal) -> Head {
    journal.claim(DISTRICT, Uuid::new_v4()).await.expect("a claim is granted")
}

fn assert_fenced<T: std::fmt::Debug>(answer: Result<T, JournalError>) {
    assert!(matches!(answer, Err(JournalError::Fenced { district: DISTRICT, .. })), "expected Fenced, got {answer:?}");
}

pub async fn a_new_log_is_empty(journal: impl Journal) {
    assert_eq!(journal.head(DISTRICT).await.unwrap(), None);
    let head = claimed(&journal).await;
    assert_eq!((head.last_seq, head.term, head.wake_seq), (0, 1, 0));
    assert_eq!(journal.head(DISTRICT).await.unwrap(), Some(head));
    assert_eq!(journal.read(DISTRICT, 0, 10).await.unwrap(), vec![]);
    assert_eq!(journal.districts().await.unwrap(), vec![DISTRICT]);
}

pub async fn commits_come_back_in_order(journal: impl Journal) {
    let mut head = claimed(&journal).await;
    for count in [1, 3, 300] {
        journal.append(batch(head, count)).await.unwrap();
        head.last_seq += count;
    }
    assert_eq!(journal.read(DISTRICT, 0, 1_000).await.unwrap(), rows(0, 304));
    assert_eq!(journal.read(DISTRICT, 302, 1_000).await.unwrap(), rows(302, 2));
    assert_eq!(journal.head(DISTRICT).await.unwrap().unwrap().last_seq, 304);
}

pub async fn a_second_claim_fences_the_first(journal: impl Journal) {
    let first = claimed(&journal).await;
    let second = claimed(&journal).await;
    assert_eq!((second.term, second.history), (first.term + 1, first.history));
    assert_fenced(journal.append(batch(first, 1)).await);
    journal.append(batch(second, 1)).await.unwrap();
    assert_eq!(journal.read(DISTRICT, 0, 10).await.unwrap(), rows(0, 1));
}

pub async fn a_wrong_last_seq_is_fenced(journal: impl Journal) {
    let head = claimed(&journal).await;
    journal.append(batch(head, 2)).await.unwrap();
    assert_fenced(journal.append(batch(head, 1)).await);
    assert_fenced(journal.append(batch(Head { last_seq: 3, ..head }, 1)).await);
    assert_eq!(journal.head(DISTRICT).await.unwrap().unwrap().last_seq, 2);
}

pub async fn a_batch_happens_whole_or_not_at_all(journal: impl Journal) {
    let head = claimed(&journal).await;
    let stranger = Fence { owner: Uuid::new_v4(), ..head.fence() };
    let sealed = SealedRow { reference: Uuid::new_v4(), body: Bytes::from_static(b"{}") };
    let refused = Append { fence: stranger, sealed: vec![sealed.clone()], ..batch(head, 2) };
    assert_fenced(journal.append(refused).await);
    assert_eq!(journal.read(DISTRICT, 0, 10).await.unwrap(), vec![]);
    assert_eq!(journal.unseal(vec![sealed.reference]).await.unwrap(), vec![]);
    journal.append(batch(head, 1)).await.unwrap();
}

pub async fn sealed_rows_come_with_their_commit_and_can_be_erased(journal: impl Journal) {
    let head = claimed(&journal).await;
    let row = |text: &'static str| SealedRow { reference: Uuid::new_v4(), body: Bytes::from_static(text.as_bytes()) };
    let (kept, erased) = (row("{\"words\":\"灶台冒烟\"}"), row("{\"phone\":\"139\"}"));
    let sealed = vec![kept.clone(), erased.clone()];
    journal.append(Append { sealed, ..batch(head, 1) }).await.unwrap();
    assert_eq!(journal.erase(vec![erased.reference, Uuid::new_v4()]).await.unwrap(), 1);
    let left = journal.unseal(vec![erased.reference, kept.reference]).await.unwrap();
    assert_eq!(left, vec![kept]);
    assert_eq!(journal.read(DISTRICT, 0, 10).await.unwrap(), rows(0, 1));
}

pub async fn sealed_rows_are_listed_by_their_references(journal: impl Journal) {
    let mut head = claimed(&journal).await;
    let other = journal.claim(7, Uuid::new_v4()).await.unwrap();
    let row = |number: u128| SealedRow { reference: Uuid::from_u128(number), body: Bytes::from_static(b"{}") };
    let sealed = vec![row(3), row(1)];
    journal.append(Append { sealed, ..batch(head, 1) }).await.unwrap();
    journal.append(Append { sealed: vec![row(4)], ..batch(other, 1) }).await.unwrap();
    head.last_seq += 1;
    journal.append(Append { sealed: vec![row(2)], ..batch(head, 2) }).await.unwrap();
    assert_eq!(journal.sealed(DISTRICT, 3, Uuid::nil()).await.unwrap(), [row(1), row(2), row(3)]);
    assert_eq!(journal.sealed(DISTRICT, 1, Uuid::nil()).await.unwrap(), [row(1), row(3)]);
    assert_eq!(journal.sealed(DISTRICT, u64::MAX, Uuid::from_u128(1)).await.unwrap(), [row(2), row(3)]);
}

pub async fn commits_are_found_by_what_they_are_about(journal: impl Journal) {
    let head = claimed(&journal).await;
    let about = [(7, 1), (9, 1), (7, 2), (7, 5)].map(|(incident, seq)| About { incident, seq }).to_vec();
    journal.append(Append { about, ..batch(head, 5) }).await.unwrap();
    let seqs = |rows: Vec<CommitRow>| rows.iter().map(|row| row.seq).collect::<Vec<_>>();
    assert_eq!(seqs(journal.read_about(DISTRICT, 7, 0, 10).await.unwrap()), vec![1, 2, 5]);
    assert_eq!(seqs(journal.read_about(DISTRICT, 7, 1, 1).await.unwrap()), vec![2]);
    assert_eq!(journal.read_about(DISTRICT, 8, 0, 10).await.unwrap(), vec![]);
}

pub async fn reads_are_bounded(journal: impl Journal) {
    let head = claimed(&journal).await;
    journal.append(batch(head, READ_ROWS_MAX as u64 + 7)).await.unwrap();
    assert_eq!(journal.read(DISTRICT, 0, usize::MAX).await.unwrap().len(), READ_ROWS_MAX);
    assert_eq!(journal.read(DISTRICT, READ_ROWS_MAX as u64, usize::MAX).await.unwrap().len(), 7);
    for absurd in [u64::MAX >> 1, u64::MAX - 1, u64::MAX] {
        assert_eq!(journal.read(DISTRICT, absurd, 1).await.unwrap(), vec![]);
        assert_eq!(journal.read_about(DISTRICT, 7, absurd, 1).await.unwrap(), vec![]);
    }
}

pub async fn districts_do_not_touch(journal: impl Journal) {
    let head = claimed(&journal).await;
    let other = journal.claim(7, Uuid::new_v4()).await.unwrap();
    journal.append(batch(head, 2)).await.unwrap();
    journal.append(batch(other, 1)).await.unwrap();
    assert_eq!(journal.read(7, 0, 10).await.unwrap(), rows(0, 1));
    assert_eq!(journal.districts().await.unwrap(), vec![7, DISTRICT]);
}

fn snapshot(seq: u64, bytes: usize) -> Snapshot {
    let body = (0..bytes).map(|i| (i as u64 + seq) as u8).collect::<Vec<u8>>().into();
    Snapshot { seq, at_ms: 5, body }
}

pub async fn the_newest_snapshot_within_reach_is_found(journal: impl Journal) {
    let head = claimed(&journal).await;
    assert_eq!(journal.snapshot(DISTRICT, u64::MAX).await.unwrap(), None);
    let (small, large) = (snapshot(10, 0), snapshot(20, 2 * SNAPSHOT_PART_BYTES_MAX + 1));
    journal.put_snapshot(head.fence(), small.clone()).await.unwrap();
    journal.put_snapshot(head.fence(), large.clone()).await.unwrap();
    assert_eq!(journal.snapshot(DISTRICT, u64::MAX).await.unwrap(), Some(large));
    assert_eq!(journal.snapshot(DISTRICT, 19).await.unwrap(), Some(small));
    assert_eq!(journal.snapshot(DISTRICT, 9).await.unwrap(), None);
}

pub async fn old_snapshots_leave(journal: impl Journal) {
    let head = claimed(&journal).await;
    for seq in 1..=5 {
        journal.put_snapshot(head.fence(), snapshot(seq, 100)).await.unwrap();
    }
    assert_eq!(journal.snapshot(DISTRICT, 4).await.unwrap(), Some(snapshot(4, 100)));
    assert_eq!(journal.snapshot(DISTRICT, 3).await.unwrap(), None);
}

pub async fn a_stale_leader_cannot_store_a_snapshot(journal: impl Journal) {
    let stale = claimed(&journal).await;
    claimed(&journal).await;
    assert_fenced(journal.put_snapshot(stale.fence(), snapshot(1, 10)).await);
    assert_eq!(journal.snapshot(DISTRICT, 9).await.unwrap(), None);
}

async fn put_base(journal: &impl Journal, fence: Fence, seq: u64) {
    let Snapshot { seq, at_ms, body } = snapshot(seq, 100);
    journal.put_snapshot_part(fence, seq, 0, body).await.unwrap();
    journal.finish_snapshot(fence, SnapshotMark { seq, at_ms, parts: 1, is_base: true }).await.unwrap();
}

/// How many rows each step took.
async fn removed(journal: &impl Shorten, fence: Fence, base_seq: u64) -> Vec<u64> {
    let mut steps = Vec::new();
    loop {
        match journal.remove(fence, base_seq).await.unwrap() {
            0 => return steps,
            rows => steps.push(rows),
        }
    }
}

fn assert_begins<T: std::fmt::Debug>(answer: Result<T, JournalError>, at: u64) {
    let begins = matches!(answer, Err(JournalError::Archived { district: DISTRICT, first_seq }) if first_seq == at);
    assert!(begins, "expected the log to begin at {at}, got {answer:?}");
}

pub async fn an_archived_log_begins_later_and_goes_on(journal: impl Shorten) {
    let mut head = claimed(&journal).await;
    assert_eq!(journal.first_seq(DISTRICT).await.unwrap(), None);
    journal.append(batch(head, 700)).await.unwrap();
    head.last_seq = 700;
    assert_eq!(journal.first_seq(DISTRICT).await.unwrap(), Some(1));
    let other = journal.claim(7, Uuid::new_v4()).await.unwrap();
    journal.append(batch(other, 3)).await.unwrap();
    put_base(&journal, head.fence(), 600).await;
    assert_eq!(removed(&journal, head.fence(), 600).await, [256, 256, 88]);
    assert_begins(journal.read(DISTRICT, 0, 10).await, 601);
    assert_begins(journal.read(DISTRICT, 599, 10).await, 601);
    assert_eq!(journal.read(DISTRICT, 600, 1_000).await.unwrap(), rows(600, 100));
    assert_eq!(journal.first_seq(DISTRICT).await.unwrap(), Some(601));
    journal.append(batch(head, 1)).await.unwrap();
    assert_eq!(journal.read(DISTRICT, 699, 1_000).await.unwrap(), rows(699, 2));
    assert_eq!(journal.terms_fallen(DISTRICT).await.unwrap(), [] as [u64; 0]);
    assert_eq!(journal.read(7, 0, 10).await.unwrap(), rows(0, 3));
    // A base at the very end takes all but the last row, which says where the log stands.
    put_base(&journal, head.fence(), 701).await;
    assert_eq!(removed(&journal, head.fence(), 701).await.iter().sum::<u64>(), 100);
    assert_eq!(journal.first_seq(DISTRICT).await.unwrap(), Some(701));
}

pub async fn without_a_base_or_the_term_nothing_is_removed(journal: impl Shorten) {
    let stale = claimed(&journal).await;
    journal.append(batch(stale, 9)).await.unwrap();
    let about = About { incident: 0, seq: 0 };
    journal.put_snapshot(stale.fence(), snapshot(5, 100)).await.unwrap();
    let refused = journal.remove(stale.fence(), 5).await;
    assert!(matches!(refused, Err(JournalError::Failed(_))), "an ordinary snapshot is none: {refused:?}");
    put_base(&journal, stale.fence(), 5).await;
    let refused = journal.remove(stale.fence(), 4).await;
    assert!(matches!(refused, Err(JournalError::Failed(_))), "it stands at 5: {refused:?}");
    claimed(&journal).await;
    assert_fenced(journal.remove(stale.fence(), 5).await);
    assert_fenced(journal.remove_about(stale.fence(), 5, about).await);
    assert_eq!(journal.read(DISTRICT, 0, 10).await.unwrap(), rows(0, 9));
}

pub async fn the_base_stays_as_long_as_the_log_begins_there(journal: impl Shorten) {
    let head = claimed(&journal).await;
    journal.append(batch(head, 100)).await.unwrap();
    let fence = head.fence();
    put_base(&journal, fence, 5).await;
    removed(&journal, fence, 5).await;
    for seq in 90..=94 {
        journal.put_snapshot(fence, snapshot(seq, 100)).await.unwrap();
    }
    assert_eq!(journal.snapshot(DISTRICT, 92).await.unwrap(), Some(snapshot(5, 100)));
    // The next one is there before the first of its rows goes, and both stay until then.
    put_base(&journal, fence, 50).await;
    journal.put_snapshot(fence, snapshot(95, 100)).await.unwrap();
    assert_eq!(journal.snapshot(DISTRICT, 49).await.unwrap(), Some(snapshot(5, 100)));
    removed(&journal, fence, 50).await;
    journal.put_snapshot(fence, snapshot(96, 100)).await.unwrap();
    assert_eq!(journal.snapshot(DISTRICT, 94).await.unwrap(), Some(snapshot(50, 100)));
    assert_eq!(journal.snapshot(DISTRICT, 49).await.unwrap(), None);
    // An ordinary snapshot at the same commit takes nothing from it.
    journal.put_snapshot(fence, snapshot(50, 100)).await.unwrap();
    journal.put_snapshot(fence, snapshot(97, 100)).await.unwrap();
    assert_eq!(journal.snapshot(DISTRICT, 50).await.unwrap(), Some(snapshot(50, 100)));
}

pub async fn a_base_whose_parts_were_dropped_meanwhile_is_refused(journal: impl Shorten) {
    let head = claimed(&journal).await;
    journal.append(batch(head, 100)).await.unwrap();
    let fence = head.fence();
    journal.put_snapshot_part(fence, 5, 0, Bytes::from_static(b"{}")).await.unwrap();
    for seq in 90..=92 {
        journal.put_snapshot(fence, snapshot(seq, 100)).await.unwrap();
    }
    journal.put_snapshot_part(fence, 5, 1, Bytes::from_static(b"{}")).await.unwrap();
    let refused = journal.finish_snapshot(fence, SnapshotMark { seq: 5, at_ms: 1, parts: 2, is_base: true }).await;
    assert!(matches!(refused, Err(JournalError::Failed(_))), "{refused:?}");
    assert_eq!(journal.snapshot(DISTRICT, 89).await.unwrap(), None);
}

pub async fn what_archived_commits_are_about_is_forgotten_step_by_step(journal: impl Shorten) {
    let head = claimed(&journal).await;
    let about: Vec<About> = (1..=600).map(|seq| About { incident: 1 + seq % 3, seq }).collect();
    journal.append(Append { about, ..batch(head, 600) }).await.unwrap();
    let (mut after, mut steps) = (About { incident: 0, seq: 0 }, 0);
    while let Some(last) = journal.remove_about(head.fence(), 450, after).await.unwrap() {
        assert!(last > after, "it goes on");
        (after, steps) = (last, steps + 1);
    }
    assert_eq!(steps, 3, "each step is bounded");
    for incident in 1..=3 {
        let left = journal.read_about(DISTRICT, incident, 0, 1_000).await.unwrap();
        assert_eq!((left.len(), left.first().map(|row| row.seq > 450)), (50, Some(true)));
    }
}

pub async fn a_restored_log_begins_after_its_base(journal: impl Shorten) {
    let mut head = claimed(&journal).await;
    journal.begin_after(head.fence(), 100).await.unwrap();
    head.last_seq = 100;
    assert_eq!(journal.head(DISTRICT).await.unwrap(), Some(head));
    put_base(&journal, head.fence(), 100).await;
    for seq in 200..=202 {
        journal.put_snapshot(head.fence(), snapshot(seq, 100)).await.unwrap();
    }
    journal.append(batch(head, 2)).await.unwrap();
    assert_begins(journal.read(DISTRICT, 0, 10).await, 101);
    assert_eq!(journal.read(DISTRICT, 100, 10).await.unwrap(), rows(100, 2));
    assert_eq!(journal.snapshot(DISTRICT, 150).await.unwrap(), Some(snapshot(100, 100)));
    assert_fenced(journal.begin_after(head.fence(), 7).await);
}

fn slot(seq: u64, ordinal: u32, due_at_ms: i64) -> WakeSlot {
    WakeSlot { seq, ordinal, due_at_ms, body: Bytes::from(format!("{{\"wake\":\"{seq}.{ordinal}\"}}")) }
}

pub async fn wakes_are_enqueued_once(journal: impl Journal) {
    let head = claimed(&journal).await;
    let slots = || vec![slot(1, 0, 30), slot(1, 1, 10), slot(2, 0, 99)];
    journal.enqueue_wakes(head.fence(), 0, 2, slots()).await.unwrap();
    assert_fenced(journal.enqueue_wakes(head.fence(), 0, 2, slots()).await);
    journal.enqueue_wakes(head.fence(), 2, 3, slots()).await.unwrap();
    let due = journal.due_wakes(DISTRICT, 30, 10).await.unwrap();
    assert_eq!(due.iter().map(|w| w.body.clone()).collect::<Vec<_>>(), vec![slot(1, 1, 0).body, slot(1, 0, 0).body]);
    assert_eq!(journal.due_wakes(DISTRICT, 30, 1).await.unwrap().len(), 1);
    assert_eq!(journal.head(DISTRICT).await.unwrap().unwrap().wake_seq, 3);
}

pub async fn a_stale_leader_enqueues_and_settles_no_wakes(journal: impl Journal) {
    let stale = claimed(&journal).await;
    let head = claimed(&journal).await;
    assert_fenced(journal.enqueue_wakes(stale.fence(), 0, 1, vec![slot(1, 0, 0)]).await);
    assert_eq!(journal.due_wakes(DISTRICT, 0, 10).await.unwrap(), vec![]);
    journal.enqueue_wakes(head.fence(), 0, 1, vec![slot(1, 0, 0)]).await.unwrap();
    let due = journal.due_wakes(DISTRICT, 0, 10).await.unwrap();
    assert_fenced(journal.settle_wakes(stale.fence(), vec![(due[0].id, WakeOutcome::Delivered)]).await);
    assert_eq!(journal.due_wakes(DISTRICT, 0, 10).await.unwrap(), due);
}

pub async fn wakes_are_retried_then_given_up(journal: impl Journal) {
    let head = claimed(&journal).await;
    journal.enqueue_wakes(head.fence(), 0, 1, (0..3).map(|n| slot(1, n, 0)).collect()).await.unwrap();
    let ids: Vec<i64> = journal.due_wakes(DISTRICT, 0, 10).await.unwrap().iter().map(|w| w.id).collect();
    let outcomes = vec![
        (ids[0], WakeOutcome::Delivered),
        (ids[1], WakeOutcome::Retry { due_at_ms: 50 }),
        (ids[2], WakeOutcome::GivenUp { why: "410 Gone".into() }),
    ];
    journal.settle_wakes(head.fence(), outcomes).await.unwrap();
    assert_eq!(journal.due_wakes(DISTRICT, 49, 10).await.unwrap(), vec![]);
    let again = journal.due_wakes(DISTRICT, 50, 10).await.unwrap();
    assert_eq!(again.iter().map(|w| (w.id, w.tries)).collect::<Vec<_>>(), vec![(ids[1], 1)]);
}

pub async fn a_beat_is_fenced_and_kept(journal: impl Journal) {
    let stale = claimed(&journal).await;
    let head = claimed(&journal).await;
    assert_fenced(journal.beat(stale.fence(), 7).await);
    journal.beat(head.fence(), 8).await.unwrap();
    assert_eq!(journal.head(DISTRICT).await.unwrap().unwrap().beat_at_ms, 8);
    assert!(!journal.is_low_on_space());
}

pub async fn history_changes_only_when_asked(journal: impl Journal) {
    let first = claimed(&journal).await;
    let second = claimed(&journal).await;
    assert_eq!(first.history, second.history);
    let renewed = journal.renew_history(second.fence()).await.unwrap();
    assert_ne!(renewed, second.history);
    assert_eq!(claimed(&journal).await.history, renewed);
    assert_fenced(journal.renew_history(second.fence()).await);
}

fn waiting(district: u32, body: &'static str) -> IntakeRow {
    IntakeRow { district, command: Uuid::new_v4(), body: Bytes::from_static(body.as_bytes()) }
}

pub async fn intake_keeps_a_command_once_and_in_order(journal: impl Journal) {
    let rows = [waiting(DISTRICT, "first"), waiting(7, "elsewhere"), waiting(DISTRICT, "second")];
    for row in rows.iter().chain(&rows) {
        journal.put_intake(row.clone()).await.unwrap();
    }
    assert_eq!(journal.intake(DISTRICT).await.unwrap(), [rows[0].clone(), rows[2].clone()]);
    assert_eq!(journal.intake(7).await.unwrap(), [rows[1].clone()]);
}

pub async fn a_marked_command_leaves_intake_and_does_not_come_back(journal: impl Journal) {
    let (taken, left) = (waiting(DISTRICT, "taken"), waiting(DISTRICT, "left"));
    journal.put_intake(taken.clone()).await.unwrap();
    journal.put_intake(left.clone()).await.unwrap();
    journal.mark_intake(7, vec![taken.command]).await.unwrap();
    assert_eq!(journal.intake(DISTRICT).await.unwrap().len(), 2, "another district marks nothing here");
    journal.mark_intake(DISTRICT, vec![taken.command, Uuid::new_v4()]).await.unwrap();
    journal.put_intake(taken).await.unwrap();
    assert_eq!(journal.intake(DISTRICT).await.unwrap(), [left]);
}
