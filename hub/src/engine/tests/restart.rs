//! A hub that ends and comes back, on SQLite: nothing acknowledged is missing, streams go on.

use matcher::Command;
use wire::client::StreamPoint;

use super::faulty::{Fault, FaultyJournal};
use super::street::{DISTRICT, raise, settings, street_on, submit, volunteer_id};
use crate::engine::{Engine, Outbox, Start, StreamView, SubmitError};
use crate::store::sqlite::SqliteSettings;
use crate::store::{Journal, SqliteJournal};

fn on(folder: &std::path::Path) -> SqliteSettings {
    SqliteSettings { folder: folder.to_path_buf(), ballast_bytes: 64 * 1024 }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_and_a_start_change_nothing_and_streams_resume() {
    let folder = tempfile::tempdir().unwrap();
    let journal = SqliteJournal::open(on(folder.path())).await.unwrap();
    let (engine, handle) = street_on(journal.clone(), 3, settings()).await;
    raise(&handle, 100.0).await;
    let (digest, seq) = handle.read(|district| (district.digest(), district.seq));
    let history = journal.head(DISTRICT.0).await.unwrap().unwrap().history;
    drop(handle);
    engine.stop().await.unwrap();
    journal.close().await;

    let journal = SqliteJournal::open(on(folder.path())).await.unwrap();
    let engine = Engine::start(journal.clone(), settings()).await.unwrap();
    let handle = engine.handle();
    assert_eq!(handle.read(|district| (district.digest(), district.seq)), (digest, seq));
    let point = Some(StreamPoint { history, seq: seq - 1 });
    let view = StreamView::Volunteer { id: volunteer_id(1), caller: None };
    let start = handle.follow(view, point, &Outbox::new()).await.unwrap();
    assert!(matches!(start, Start::Snapshot(_)), "the stop stored a snapshot, so the ring starts there: {start:?}");
    let point = Some(StreamPoint { history, seq });
    let start = handle.follow(view, point, &Outbox::new()).await.unwrap();
    assert!(matches!(start, Start::Live { .. }), "a restart is not a failover of the client's stream: {start:?}");
    drop(handle);
    engine.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_stop_the_ring_is_filled_from_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let journal = SqliteJournal::open(on(folder.path())).await.unwrap();
    let (engine, handle) = street_on(journal.clone(), 3, settings()).await;
    let before = handle.read(|district| district.seq);
    raise(&handle, 100.0).await;
    // No stop: the process is as good as dead, another takes the term.
    let engine_two = Engine::start(journal.clone(), settings()).await.unwrap();
    let history = journal.head(DISTRICT.0).await.unwrap().unwrap().history;
    let view = StreamView::Volunteer { id: volunteer_id(1), caller: None };
    let outbox = Outbox::new();
    let point = Some(StreamPoint { history, seq: before });
    let start = engine_two.handle().follow(view, point, &outbox).await.unwrap();
    assert!(matches!(start, Start::Replay { more: false, .. }), "{start:?}");
    let mut frames = Vec::new();
    outbox.drain(&mut frames);
    assert_eq!(frames.len(), 1, "the offer of before the crash");
    drop((engine, handle));
}

#[tokio::test]
async fn a_failed_append_is_told_as_unknown_and_the_same_id_finds_out() {
    for fault in [Fault::Lost, Fault::StoredUnheard] {
        let journal = FaultyJournal::default();
        let (_engine, handle) = street_on(journal.clone(), 3, settings()).await;
        let request = super::street::by_system(super::street::alarm(100.0));
        journal.fail_next(fault);
        assert_eq!(handle.submit(request.clone(), None).await, Err(SubmitError::Unknown));
        let answered = handle.submit(request, None).await.expect("the writer has loaded again");
        assert_eq!(answered.seq.is_none(), fault == Fault::StoredUnheard, "{fault:?}: {answered:?}");
        assert_eq!(handle.read(|district| district.incidents().count()), 1);
    }
}

#[tokio::test]
async fn after_a_stop_the_door_says_so() {
    let journal = FaultyJournal::default();
    let (engine, handle) = street_on(journal, 1, settings()).await;
    engine.stop().await.unwrap();
    let told = submit(&handle, Command::SetDrill { on: true }).await;
    assert_eq!(told, Err(SubmitError::Stopped));
}
