//! Callers who say the same under the same id until they are heard: open loop, whatever happens to the hubs.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crowd::drive::Endpoint;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use uuid::Uuid;
use wire::command::RaiseAlarm;
use wire::server::Outcome;

use crate::calls::Call;
use crate::load::alarms::alarm;
use crate::load::ledger::Ledger;

/// The pause before the same is said again.
const AGAIN_AFTER: Duration = Duration::from_millis(100);
/// What means that the alarm was not refused: the hub died meanwhile, or says itself that the same is to be sent again.
const SAY_AGAIN: [&str; 4] = ["no answer", "cut off", "unknown_outcome", "office_unreachable"];
/// A caller who was not heard for so long is counted as refused.
const GIVES_UP_AFTER: Duration = Duration::from_secs(60);

/// What callers were told.
#[derive(Debug, Default)]
pub struct Told {
    /// Acknowledged alarms with their incident; `None` while it was only kept.
    pub acknowledged: BTreeMap<Uuid, Option<u64>>,
    pub refused: Vec<String>,
    pub said_again: u64,
}

/// Who calls, for whom, and how often.
#[derive(Clone)]
pub struct Desk {
    /// Alarms go to these in turn.
    pub hubs: Vec<Endpoint>,
    pub token: String,
    pub ledger: Arc<Ledger>,
    pub calls: Arc<Vec<Call>>,
    pub told: Arc<Mutex<Told>>,
    pub number: Arc<AtomicUsize>,
}

/// Calls until it is stopped.
pub struct Callers {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Desk {
    /// Alarms at this rate from now on.
    pub fn begin(&self, per_second: f64) -> Callers {
        let (stop, stopped) = watch::channel(false);
        Callers { stop, task: tokio::spawn(self.clone().call(per_second, stopped)) }
    }

    async fn call(self, per_second: f64, stopped: watch::Receiver<bool>) {
        let (start, mut calls) = (Instant::now(), JoinSet::new());
        for turn in 0.. {
            let due = start + Duration::from_secs_f64(f64::from(turn) / per_second);
            tokio::time::sleep_until(due.into()).await;
            if *stopped.borrow() {
                break;
            }
            let desk = self.clone();
            calls.spawn(async move { desk.one(due).await });
            while calls.try_join_next().is_some() {}
        }
        calls.join_all().await;
    }

    async fn one(&self, due: Instant) {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        self.insist(&self.hubs[number % self.hubs.len()], number, due).await;
    }

    /// Raises the next alarm at this hub until it is acknowledged.
    pub async fn one_at(&self, hub: &Endpoint) {
        self.insist(hub, self.number.fetch_add(1, Ordering::Relaxed), Instant::now()).await;
    }

    async fn insist(&self, hub: &Endpoint, number: usize, due: Instant) {
        let (id, alarm) = (Uuid::now_v7(), alarm(&self.calls[number % self.calls.len()], number));
        self.ledger.due(id, due);
        loop {
            match self.raise(hub, id, &alarm).await {
                Ok(outcome) => {
                    self.ledger.committed(id, number, &outcome);
                    self.tell(|told| _ = told.acknowledged.insert(id, outcome.incident.map(|incident| incident.0)));
                    return;
                }
                Err(why) if due.elapsed() > GIVES_UP_AFTER || !SAY_AGAIN.iter().any(|words| why.contains(words)) => {
                    return self.tell(|told| told.refused.push(why));
                }
                Err(_) => self.tell(|told| told.said_again += 1),
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }

    async fn raise(&self, hub: &Endpoint, id: Uuid, alarm: &RaiseAlarm) -> Result<Outcome, String> {
        hub.post_as(id, "/v1/alarms", Some(&self.token), alarm).await.map_err(|error| format!("{error:#}"))
    }

    fn tell(&self, what: impl FnOnce(&mut Told)) {
        what(&mut self.told.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Callers {
    /// No more alarms; returns when every caller has been heard.
    ///
    /// # Errors
    /// A caller panicked.
    pub async fn hush(self) -> anyhow::Result<()> {
        self.stop.send_replace(true);
        Ok(self.task.await?)
    }
}
