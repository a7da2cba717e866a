//! Several hubs on one log and one set of shared rooms, all in this process.

use std::time::Duration;

use matcher::Command;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::street::{DISTRICT, alarm, by_system, founding, settings, submit, volunteer_id};
use crate::cluster::MemoryCluster;
use crate::engine::{Engine, EngineHandle, EngineSettings, Hubs, Outbox, Role, Start, StreamView, SubmitError};
use crate::store::{Journal, MemoryJournal};

/// Far above what anything here takes: a limit, not a measure.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct Hub {
    pub engine: Engine,
    pub handle: EngineHandle,
}

async fn hub(journal: &MemoryJournal, cluster: &MemoryCluster, address: &str) -> Hub {
    hub_among(journal, Hubs::of(cluster.clone(), address.to_owned())).await
}

pub async fn hub_among(journal: &impl Journal, hubs: Hubs) -> Hub {
    let settings = EngineSettings { hubs: Some(hubs), ..settings() };
    let engine = Engine::start(journal.clone(), settings).await.expect("it starts");
    let handle = engine.handle();
    Hub { engine, handle }
}

impl Hub {
    pub async fn leads(&self) {
        let lead = async {
            while self.handle.role() != Role::Leading {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, lead).await.expect("it is elected");
    }

    async fn shows(&self, seq: u64) {
        assert!(self.handle.shows(seq, PATIENCE).await, "it follows");
    }
}

/// One that leads a founded street, and one that follows.
async fn two() -> (MemoryJournal, MemoryCluster, Hub, Hub) {
    let (journal, cluster) = (MemoryJournal::new(), MemoryCluster::default());
    let one = hub(&journal, &cluster, "one:1").await;
    one.leads().await;
    for command in founding(3) {
        submit(&one.handle, command).await.expect("the street is founded");
    }
    let two = hub(&journal, &cluster, "two:2").await;
    (journal, cluster, one, two)
}

async fn seq(hub: &Hub, command: Command) -> u64 {
    submit(&hub.handle, command).await.expect("it is taken").seq.expect("it made a commit")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_shows_what_the_leader_commits_and_serves_its_streams() {
    let (_journal, _cluster, one, two) = two().await;
    let (view, outbox) = (StreamView::Volunteer { id: volunteer_id(1), caller: None }, Outbox::new());
    two.shows(one.handle.read(|district| district.seq)).await;
    assert!(matches!(two.handle.follow(view, None, &outbox).await.unwrap(), Start::Snapshot(_)));
    let history = two.handle.version().await.unwrap().history;
    let point = two.handle.read(|district| wire::client::StreamPoint { history, seq: district.seq });
    assert!(matches!(two.handle.follow(view, Some(point), &outbox).await.unwrap(), Start::Live { .. }));
    two.shows(seq(&one, alarm(100.0)).await).await;
    assert_eq!(one.handle.read(matcher::District::digest), two.handle.read(matcher::District::digest));
    let mut frames = Vec::new();
    outbox.drain(&mut frames);
    assert_eq!(frames.len(), 1, "the offer, through a hub that did not make it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_decides_nothing_and_says_who_does() {
    let (_journal, _cluster, _one, two) = two().await;
    assert_eq!(submit(&two.handle, alarm(100.0)).await, Err(SubmitError::Elsewhere));
    let led_by = two.handle.led_by(PATIENCE).await;
    assert!(matches!(&led_by, Some(Role::Following(Some(leader))) if leader.address == "one:1"), "{led_by:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_that_hands_over_follows_the_next_leader_and_nothing_is_missing() {
    let (journal, _cluster, one, two) = two().await;
    let before = seq(&one, alarm(100.0)).await;
    timeout(PATIENCE, one.engine.hand_over()).await.expect("it leaves the lead");
    two.leads().await;
    let after = seq(&two, alarm(700.0)).await;
    assert_eq!(after, before + 1, "no commit is lost, none is made twice");
    assert!(one.handle.shows(after, PATIENCE).await, "the hub that is going follows until it has gone");
    assert_eq!(journal.head(DISTRICT.0).await.unwrap().unwrap().last_seq, after);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_was_fenced_steps_down_and_answers_nothing() {
    let (journal, _cluster, one, two) = two().await;
    two.shows(one.handle.read(|district| district.seq)).await;
    let strange = journal.claim(DISTRICT.0, Uuid::new_v4()).await.unwrap().term;
    let answered = submit(&one.handle, alarm(100.0)).await;
    assert!(matches!(answered, Err(SubmitError::Unknown | SubmitError::Elsewhere)), "{answered:?}");
    // Whoever was fenced may not have noticed yet, so both are asked.
    let again = async {
        loop {
            for hub in [&one, &two] {
                if submit(&hub.handle, alarm(100.0)).await.is_ok_and(|committed| committed.seq.is_some()) {
                    return journal.head(DISTRICT.0).await.unwrap().unwrap().term;
                }
            }
            sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(timeout(PATIENCE, again).await.expect("one of the two takes the term again") > strange);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alarm_that_was_kept_while_nobody_led_is_decided_once() {
    let (journal, cluster, one, two) = two().await;
    timeout(PATIENCE, one.engine.hand_over()).await.expect("it leaves the lead");
    timeout(PATIENCE, two.engine.hand_over()).await.expect("nobody leads");
    let kept = by_system(alarm(100.0));
    for _ in 0..2 {
        two.handle.keep(kept.clone(), None).await.expect("it is durable");
    }
    let three = hub(&journal, &cluster, "three:3").await;
    three.leads().await;
    assert_eq!(three.handle.read(|district| district.incidents().count()), 1);
    let answered = three.handle.submit(kept, None).await.expect("the same id is answered again");
    assert_eq!((answered.seq, journal.intake(DISTRICT.0).await.unwrap().len()), (None, 0));
}

/// It would misread what it passes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_that_does_not_read_the_form_of_the_log_stops() {
    let (journal, _cluster, one, two) = two().await;
    let head = journal.head(DISTRICT.0).await.unwrap().unwrap();
    journal.raise_format(head.fence(), journal.reads() + 1).await.unwrap();
    let stopped = async {
        while !two.handle.is_closed() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, stopped).await.expect("it stops");
    assert!(!one.handle.is_closed(), "whoever has raised it reads it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_position_taken_by_one_hub_is_known_to_the_others() {
    let (_journal, _cluster, one, two) = two().await;
    let _online = two.handle.online(volunteer_id(2));
    two.handle.observe(volunteer_id(2), super::street::at(300.0), 5.0, 0);
    let known = async {
        while one.handle.position(volunteer_id(2)).is_none() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, known).await.expect("it comes through the shared rooms");
}
