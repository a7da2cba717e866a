//! The writer alone, on a clock that the test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use matcher::{Answer, Command, Event, SECOND_MS, Timestamp};
use uuid::Uuid;

use super::faulty::{Fault, FaultyJournal};
use super::street::{DISTRICT, alarm, by_system, founding};
use crate::engine::clock::Clock;
use crate::engine::step::{TICKS_PER_BATCH_MAX, Verdict};
use crate::engine::writer::{Entry, RECENT_COMMITS, Turn, Writer};
use crate::store::{Journal, JournalError, MemoryJournal, SealedRow, Shorten, snapshots};

const NIGHT_MS: i64 = 1_700_000_000_000;

/// A clock that stands still until it is moved.
#[derive(Clone, Default)]
struct TestClock(Arc<AtomicU64>);

impl TestClock {
    fn pass_ms(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn wall_ms(&self) -> i64 {
        NIGHT_MS.saturating_add_unsigned(self.steady_ms())
    }

    fn steady_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

struct Bench {
    journal: FaultyJournal,
    clock: TestClock,
    writer: Writer<FaultyJournal, TestClock>,
}

fn entry(command: Command) -> Entry {
    Entry { request: by_system(command), sealed: Vec::new() }
}

async fn bench(people: u64) -> Bench {
    let (journal, clock) = (FaultyJournal::default(), TestClock::default());
    let mut writer = Writer::new(journal.clone(), clock.clone(), DISTRICT.0, Uuid::from_u128(1));
    writer.load().await.unwrap();
    writer.turn(founding(people).into_iter().map(entry).collect()).await.unwrap();
    Bench { journal, clock, writer }
}

impl Bench {
    async fn raise(&mut self) -> Result<Turn, JournalError> {
        self.writer.turn(vec![entry(alarm(300.0))]).await
    }

    fn open_incidents(&self) -> usize {
        self.writer.state().expect("it leads").district.incidents().count()
    }
}

fn event_names(turn: &Turn) -> Vec<&'static str> {
    turn.commits.iter().flat_map(|commit| commit.events.iter().map(Event::name)).collect()
}

#[tokio::test]
async fn a_batch_is_one_append_and_its_verdicts_keep_their_order() {
    let mut bench = bench(3).await;
    let before = bench.writer.state().unwrap().district.seq;
    let unknown = Command::OfferSeen { offer: matcher::OfferId::new(DISTRICT, 99) };
    let turn = bench.writer.turn(vec![entry(alarm(100.0)), entry(unknown), entry(alarm(500.0))]).await.unwrap();
    let seqs: Vec<u64> = turn.commits.iter().map(|commit| commit.seq).collect();
    assert_eq!(seqs, vec![before + 1, before + 2]);
    assert!(matches!(turn.verdicts[0], Some(Verdict::Committed { seq, .. }) if seq == before + 1));
    assert!(matches!(turn.verdicts[1], Some(Verdict::Rejected(_))), "{:?}", turn.verdicts[1]);
    assert!(matches!(turn.verdicts[2], Some(Verdict::Committed { seq, .. }) if seq == before + 2));
    assert_eq!(bench.journal.read(DISTRICT.0, before, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn the_same_command_again_is_answered_the_same_and_stored_once() {
    let mut bench = bench(3).await;
    let request = by_system(alarm(100.0));
    let twice = || Entry { request: request.clone(), sealed: Vec::new() };
    let turn = bench.writer.turn(vec![twice(), twice()]).await.unwrap();
    let (Some(Verdict::Committed { answer: first, .. }), Some(Verdict::Unchanged { answer: second })) =
        (&turn.verdicts[0], &turn.verdicts[1])
    else {
        panic!("{:?}", turn.verdicts)
    };
    assert_eq!(first, second);
    assert_eq!(turn.commits.len(), 1);
}

#[tokio::test]
async fn an_append_that_was_lost_leaves_no_trace_and_one_that_was_stored_unheard_is_found_again() {
    for (fault, open) in [(Fault::Lost, 0), (Fault::StoredUnheard, 1)] {
        let mut bench = bench(3).await;
        bench.journal.fail_next(fault);
        let failed = bench.raise().await.expect_err("the journal said so");
        assert!(matches!(failed, JournalError::Unknown { .. }), "{failed:?}");
        assert!(!bench.writer.is_leading(), "a state that may be ahead of the log is dropped");
        bench.writer.load().await.unwrap();
        assert_eq!(bench.open_incidents(), open, "{fault:?}");
        let replayed = bench.writer.state().unwrap().district.digest();
        bench.writer.load().await.unwrap();
        assert_eq!(bench.writer.state().unwrap().district.digest(), replayed);
    }
}

#[tokio::test]
async fn a_stale_writer_may_not_even_say_no() {
    let mut bench = bench(3).await;
    let unknown = || Command::OfferSeen { offer: matcher::OfferId::new(DISTRICT, 99) };
    // Frozen, while another takes the term.
    bench.journal.claim(DISTRICT.0, Uuid::from_u128(2)).await.unwrap();
    bench.clock.pass_ms(900);
    bench.writer.turn(vec![entry(unknown())]).await.expect("confirmed less than a second ago");
    bench.clock.pass_ms(200);
    bench.writer.observe(&[]);
    let told = bench.writer.turn(vec![entry(Command::SetDrill { on: false })]).await;
    assert!(matches!(told, Err(JournalError::Fenced { .. })), "{told:?}");
}

#[tokio::test]
async fn a_pause_in_service_moves_the_deadlines_of_open_offers() {
    let mut bench = bench(3).await;
    bench.raise().await.unwrap();
    let deadline = |bench: &Bench| {
        let district = &bench.writer.state().unwrap().district;
        let incident = district.incidents().next().unwrap();
        district.offer(incident.offers[0]).unwrap().deadline
    };
    let before = deadline(&bench);
    bench.clock.pass_ms(8 * SECOND_MS);
    let turn = bench.writer.turn(Vec::new()).await.unwrap();
    assert_eq!(event_names(&turn).first(), Some(&"service_resumed"));
    assert_eq!(deadline(&bench), before.plus_ms(8 * SECOND_MS));
}

#[tokio::test]
async fn while_it_beats_there_is_no_gap_and_timers_fire_on_time() {
    let mut bench = bench(3).await;
    bench.raise().await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..130 {
        bench.clock.pass_ms(250);
        bench.writer.beat().await.unwrap();
        if bench.writer.due_in_ms() == Some(0) {
            seen.extend(event_names(&bench.writer.turn(Vec::new()).await.unwrap()));
        }
    }
    assert!(!seen.contains(&"service_resumed"), "{seen:?}");
    assert!(seen.contains(&"offer_expired"), "{seen:?}");
}

#[tokio::test]
async fn a_restart_after_an_outage_tells_the_gap_once() {
    let mut bench = bench(3).await;
    bench.raise().await.unwrap();
    bench.clock.pass_ms(5 * SECOND_MS);
    bench.writer.load().await.unwrap();
    let first = bench.writer.turn(Vec::new()).await.unwrap();
    let Event::ServiceResumed { gap_ms } = first.commits[0].events[0] else { panic!("{:?}", first.commits) };
    assert_eq!(gap_ms, 5 * SECOND_MS);
    assert!(!event_names(&bench.writer.turn(Vec::new()).await.unwrap()).contains(&"service_resumed"));
}

#[tokio::test]
async fn time_never_goes_back_behind_the_last_commit() {
    let mut bench = bench(1).await;
    bench.clock.pass_ms(60 * SECOND_MS);
    bench.raise().await.unwrap();
    let last = bench.writer.state().unwrap().district.at;
    // A machine whose wall clock stands an hour behind takes over.
    let behind = TestClock::default();
    let mut other = Writer::new(bench.journal.clone(), behind, DISTRICT.0, Uuid::from_u128(3));
    other.load().await.unwrap();
    assert_eq!(other.now(), Some(last));
    assert!(last > Timestamp(NIGHT_MS));
}

#[tokio::test]
async fn the_calendar_is_that_of_the_store_and_not_of_the_machine() {
    let bench = bench(1).await;
    let ahead = NIGHT_MS + 3_600_000;
    *bench.journal.now_ms.lock().unwrap() = Some(ahead);
    let mut other = Writer::new(bench.journal.clone(), TestClock::default(), DISTRICT.0, Uuid::from_u128(3));
    other.load().await.unwrap();
    assert_eq!(other.now(), Some(Timestamp(ahead)));
}

#[tokio::test]
async fn timers_that_come_due_together_do_not_hold_up_one_batch() {
    let mut bench = bench(0).await;
    let alarms = (0..2 * TICKS_PER_BATCH_MAX).map(|n| entry(alarm(2_000.0 * n as f64)));
    let alarms: Vec<Entry> = alarms.collect();
    bench.writer.turn(alarms).await.unwrap();
    assert_eq!(bench.open_incidents(), 2 * TICKS_PER_BATCH_MAX);
    bench.clock.pass_ms(matcher::HOUR_MS);
    let turn = bench.writer.turn(vec![entry(Command::SetDrill { on: true })]).await.unwrap();
    assert!(turn.is_more_due, "the rest follows at once");
    let ticks = turn.commits.iter().filter(|commit| commit.cause == matcher::event::Cause::Clock).count();
    assert!(ticks <= TICKS_PER_BATCH_MAX + 1, "{ticks} beside the gap");
    assert!(matches!(turn.verdicts[0], Some(Verdict::Committed { .. })), "a command does not wait for all of them");
}

/// Of the commits that are kept at hand the publisher derives what is owed; these are older.
#[tokio::test]
async fn what_is_owed_to_the_outbox_is_found_however_far_back_it_stands() {
    let mut bench = bench(1).await;
    for _ in 0..=RECENT_COMMITS / 256 {
        let toggles = (0..256).map(|n| entry(Command::SetDrill { on: n % 2 == 0 }));
        bench.writer.turn(toggles.collect()).await.unwrap();
    }
    let mut waking = Writer::new(bench.journal.clone(), bench.clock.clone(), DISTRICT.0, Uuid::from_u128(4)).waking();
    let loaded = waking.load().await.unwrap();
    let owed: Vec<u64> = loaded.owed.iter().map(|commit| commit.seq).collect();
    assert_eq!(owed, (1..=loaded.recovered.earlier.seq).collect::<Vec<u64>>());
    assert!(!owed.is_empty(), "the outbox stands at the beginning");
}

#[tokio::test]
async fn a_full_disk_refuses_the_rest_and_takes_alarms_with_their_answers() {
    let mut bench = bench(3).await;
    bench.journal.set_low(true);
    let turn = bench.writer.turn(vec![entry(Command::SetDrill { on: true }), entry(alarm(100.0))]).await.unwrap();
    assert_eq!(turn.verdicts[0], None);
    let Some(Verdict::Committed { answer: Answer::Opened { asked, .. }, .. }) = turn.verdicts[1] else {
        panic!("{:?}", turn.verdicts)
    };
    assert_eq!(asked, 2);
    bench.journal.set_low(false);
    let turn = bench.writer.turn(vec![entry(Command::SetDrill { on: true })]).await.unwrap();
    assert!(matches!(turn.verdicts[0], Some(Verdict::Committed { .. })));
}

#[tokio::test]
async fn what_is_sealed_is_kept_with_a_commit_and_dropped_with_a_rejection() {
    let mut bench = bench(3).await;
    let row = |n: u128| SealedRow { reference: Uuid::from_u128(n), body: "{\"words\":\"喘不上气\"}".into() };
    let unknown = Command::OfferSeen { offer: matcher::OfferId::new(DISTRICT, 99) };
    let kept = Entry { request: by_system(alarm(100.0)), sealed: vec![row(1)] };
    let dropped = Entry { request: by_system(unknown), sealed: vec![row(2)] };
    bench.writer.turn(vec![dropped, kept]).await.unwrap();
    let found = bench.journal.unseal(vec![Uuid::from_u128(1), Uuid::from_u128(2)]).await.unwrap();
    assert_eq!(found, vec![row(1)]);
}

#[tokio::test]
async fn a_log_that_begins_late_is_led_from_its_base_and_owes_no_wakes_of_before() {
    let (journal, clock) = (MemoryJournal::new(), TestClock::default());
    let hub = |owner| Writer::new(journal.clone(), clock.clone(), DISTRICT.0, Uuid::from_u128(owner)).waking();
    let mut writer = hub(1);
    writer.load().await.unwrap();
    writer.turn(founding(3).into_iter().map(entry).collect()).await.unwrap();
    let (fence, base) = (writer.fence().unwrap(), writer.state().unwrap().district.clone());
    snapshots::store_base(&journal, fence, (base.seq, base.at.0), base.clone()).await.unwrap();
    writer.turn(vec![entry(alarm(300.0))]).await.unwrap();
    while journal.remove(fence, base.seq).await.unwrap() > 0 {}
    let live = writer.state().unwrap().district.digest();
    let loaded = hub(2).load().await.unwrap();
    assert_eq!(loaded.recovered.district.digest(), live);
    assert_eq!((loaded.recovered.earlier.seq, loaded.recovered.recent[0].seq), (base.seq, base.seq + 1));
    assert_eq!(loaded.owed, [], "the outbox has nothing of them, and they are over");
    let lost = hub(3).load_onto(Some(matcher::District::new(DISTRICT))).await.unwrap();
    assert_eq!(lost.recovered.district.digest(), live, "a state older than the log is no beginning");
}
