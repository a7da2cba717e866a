//! A closed phone is woken through the gateway: signed, at least once, and never before the commit.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;

use super::street::{raise, settings, street_on, volunteer_id};
use crate::engine::wake::signature::{SIGNATURE_HEADER, is_signed};
use crate::engine::wake::{WakeBody, WebhookSettings};
use crate::engine::{Engine, EngineSettings};
use crate::store::{Journal, MemoryJournal};

const SECRET: &[u8] = b"a shared secret";

/// What the gateway was sent, and how often it says no first.
#[derive(Clone, Default)]
struct Gateway {
    taken: Arc<Mutex<Vec<(String, WakeBody)>>>,
    refusals: Arc<Mutex<u32>>,
}

async fn take(State(gateway): State<Gateway>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let now_s = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    if !is_signed(SECRET, &header(SIGNATURE_HEADER), &body, now_s, 300) {
        return StatusCode::UNAUTHORIZED;
    }
    let mut refusals = gateway.refusals.lock().unwrap();
    if *refusals > 0 {
        *refusals -= 1;
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let wake = serde_json::from_slice(&body).expect("a wake");
    gateway.taken.lock().unwrap().push((header("baiying-delivery"), wake));
    StatusCode::NO_CONTENT
}

impl Gateway {
    async fn open(&self) -> EngineSettings {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/wake", listener.local_addr().unwrap());
        let router = Router::new().route("/wake", post(take)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        EngineSettings {
            webhook: Some(WebhookSettings { url, secret: SECRET.to_vec(), authority: None }),
            ..settings()
        }
    }

    async fn has_taken(&self, count: usize) -> Vec<(String, WakeBody)> {
        let enough = async {
            while self.taken.lock().unwrap().len() < count {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), enough).await.expect("the wakes arrive");
        self.taken.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn whoever_is_asked_without_a_socket_is_woken_once() {
    let gateway = Gateway::default();
    let journal = MemoryJournal::new();
    let (_engine, handle) = street_on(journal.clone(), 2, gateway.open().await).await;
    let _online = handle.online(volunteer_id(1));
    let incident = raise(&handle, 100.0).await;
    let taken = gateway.has_taken(1).await;
    assert_eq!(taken[0].1.volunteer.0, volunteer_id(2).0, "the other has a socket");
    assert_eq!(taken[0].1.incident.0, incident.0);
    assert_eq!(taken.len(), 1);
    let head = journal.head(7).await.unwrap().unwrap();
    assert!(head.wake_seq > 0 && head.wake_seq <= head.last_seq);
}

#[tokio::test]
async fn a_gateway_that_says_no_is_asked_again_with_the_same_delivery() {
    let gateway = Gateway::default();
    *gateway.refusals.lock().unwrap() = 2;
    let (_engine, handle) = street_on(MemoryJournal::new(), 1, gateway.open().await).await;
    raise(&handle, 100.0).await;
    let taken = gateway.has_taken(1).await;
    assert_eq!(taken[0].1.volunteer.0, volunteer_id(1).0);
}

#[tokio::test]
async fn a_wake_that_never_reached_the_outbox_is_derived_again_after_a_start() {
    let journal = MemoryJournal::new();
    // Without a channel nothing enters the outbox; it is as if the hub had died right after the commit.
    let (engine, handle) = street_on(journal.clone(), 1, settings()).await;
    raise(&handle, 100.0).await;
    drop(handle);
    engine.stop().await.unwrap();
    let gateway = Gateway::default();
    let engine = Engine::start(journal, gateway.open().await).await.unwrap();
    // One because no phone has received it would come in any case: what is owed comes beside it.
    let taken = gateway.has_taken(2).await;
    assert!(taken.iter().all(|(_, wake)| wake.volunteer.0 == volunteer_id(1).0), "{taken:?}");
    drop(engine);
}
