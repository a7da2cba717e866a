//! A hub that ends and comes back, on SQLite: nothing acknowledged is missing, streams go on. And one whose journal
//! fails: it reads its state anew and is as it was.

use std::time::Duration;

use matcher::{Command, VolunteerId};
use wire::client::StreamPoint;
use wire::close::CloseCode;

use super::faulty::{Fault, FaultyJournal};
use super::street::{DISTRICT, alarm, at, by_system, raise, settings, street_on, submit, volunteer_id};
use crate::engine::{Engine, EngineHandle, Outbox, Start, StreamView, SubmitError};
use crate::store::sqlite::SqliteSettings;
use crate::store::{Journal, SqliteJournal};

fn on(folder: &std::path::Path) -> SqliteSettings {
    SqliteSettings { folder: folder.to_path_buf(), ballast_bytes: 64 * 1024, bytes_max: None }
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
        let request = by_system(alarm(100.0));
        journal.fail_next(fault);
        assert_eq!(handle.submit(request.clone(), None).await, Err(SubmitError::Unknown));
        let answered = handle.submit(request, None).await.expect("the writer has loaded again");
        assert_eq!(answered.seq.is_none(), fault == Fault::StoredUnheard, "{fault:?}: {answered:?}");
        assert_eq!(handle.read(|district| district.incidents().count()), 1);
    }
}

/// Until the writer has taken in where `volunteer` is: the wall's map is told after it.
async fn until_on_the_map(outbox: &Outbox, volunteer: VolunteerId) {
    let key = format!("\"position/{volunteer}\"");
    let mut frames = Vec::new();
    while !frames.iter().any(|frame: &wire::Framed| String::from_utf8_lossy(frame.bytes()).contains(&key)) {
        frames.clear();
        tokio::time::timeout(Duration::from_secs(10), outbox.ready()).await.expect("he is put on the map");
        outbox.drain(&mut frames);
    }
}

fn asked(handle: &EngineHandle, incident: matcher::IncidentId) -> Vec<VolunteerId> {
    handle.read(|district| {
        let offers = &district.incident(incident).expect("it is open").offers;
        offers.iter().filter_map(|&offer| district.offer(offer)).map(|offer| offer.volunteer).collect()
    })
}

#[tokio::test]
async fn a_state_that_was_read_anew_knows_at_once_where_everybody_is() {
    let journal = FaultyJournal::default();
    let (_engine, handle) = street_on(journal.clone(), 8, settings()).await;
    let outbox = Outbox::new();
    let Start::Snapshot(parts) = handle.follow(StreamView::Wall, None, &outbox).await.unwrap() else {
        panic!("whoever is new gets a snapshot")
    };
    let point = Some(StreamPoint { history: parts.history(), seq: parts.seq() });
    handle.follow(StreamView::Wall, point, &outbox).await.unwrap();
    for (number, east_m) in [(7, 149.0), (8, 151.0)] {
        handle.observe(volunteer_id(number), at(east_m), 5.0, 0);
    }
    until_on_the_map(&outbox, volunteer_id(8)).await;
    journal.fail_next(Fault::Lost);
    assert_eq!(submit(&handle, Command::SetDrill { on: true }).await, Err(SubmitError::Unknown));
    let incident = raise(&handle, 150.0).await;
    assert_eq!(asked(&handle, incident), [7, 8].map(volunteer_id), "they live farther away than 1 and 2");
}

/// Until the socket is closed; no delta may come before.
async fn until_closed(outbox: &Outbox) -> CloseCode {
    loop {
        tokio::time::timeout(Duration::from_secs(10), outbox.ready()).await.expect("it is closed");
        let mut frames = Vec::new();
        let code = outbox.drain(&mut frames);
        let texts = frames.iter().flat_map(wire::Framed::texts);
        let deltas: Vec<_> = texts.filter(|text| text.starts_with(b"{\"op\":\"delta\"")).collect();
        assert!(deltas.is_empty(), "with a hole before them: {deltas:?}");
        if let Some(code) = code {
            return code;
        }
    }
}

#[tokio::test]
async fn who_followed_a_leader_that_was_passed_over_is_not_left_with_a_hole() {
    let journal = FaultyJournal::default();
    let (_engine, handle) = street_on(journal.clone(), 3, settings()).await;
    let views = [StreamView::Desk, StreamView::Volunteer { id: volunteer_id(1), caller: None }];
    let mut followed = Vec::new();
    for view in views {
        let outbox = Outbox::new();
        let Start::Snapshot(parts) = handle.follow(view, None, &outbox).await.unwrap() else {
            panic!("whoever is new gets a snapshot")
        };
        let point = StreamPoint { history: parts.history(), seq: parts.seq() };
        handle.follow(view, Some(point), &outbox).await.unwrap();
        followed.push((view, point, outbox));
    }
    // Another leads for a while, and its end stores a snapshot: nobody reads these commits one by one again.
    journal.set_hushed(true);
    let other = Engine::start(journal.clone(), settings()).await.unwrap();
    let incident = raise(&other.handle(), 100.0).await;
    other.stop().await.unwrap();
    journal.set_hushed(false);
    assert_eq!(submit(&handle, Command::SetDrill { on: true }).await, Err(SubmitError::Unknown), "it was fenced");
    submit(&handle, Command::SetDrill { on: true }).await.expect("it leads again");
    assert!(handle.read(|district| district.incident(incident).is_some()));
    for (view, point, outbox) in followed {
        assert_eq!(until_closed(&outbox).await, CloseCode::Resync, "{view:?}");
        let start = handle.follow(view, Some(point), &Outbox::new()).await.unwrap();
        assert!(matches!(start, Start::Snapshot(_)), "{view:?}: {start:?}");
    }
}

#[tokio::test]
async fn while_the_log_is_read_again_the_district_is_not_ready() {
    let journal = FaultyJournal::default();
    let (_engine, handle) = street_on(journal.clone(), 1, settings()).await;
    let patience = Duration::from_secs(10);
    assert!(handle.is_ready(patience).await);
    journal.set_away(true);
    journal.fail_next(Fault::Lost);
    assert_eq!(submit(&handle, alarm(100.0)).await, Err(SubmitError::Unknown));
    // The writer says so before it tries to lead again, and it may be about to.
    while handle.is_ready(patience).await {
        tokio::task::yield_now().await;
    }
    journal.set_away(false);
    raise(&handle, 100.0).await;
    assert!(handle.is_ready(patience).await, "whoever answers an alarm leads");
}

#[tokio::test]
async fn after_a_stop_the_door_says_so() {
    let journal = FaultyJournal::default();
    let (engine, handle) = street_on(journal, 1, settings()).await;
    engine.stop().await.unwrap();
    let told = submit(&handle, Command::SetDrill { on: true }).await;
    assert_eq!(told, Err(SubmitError::Stopped));
}
