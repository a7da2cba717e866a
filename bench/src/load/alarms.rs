//! Open loop: every alarm has its moment, whether or not the ones before it were answered, and its latency is counted from
//! that moment. A slow hub cannot slow the questions down and so hide (no coordinated omission).

use std::sync::Arc;
use std::time::{Duration, Instant};

use crowd::drive::Endpoint;
use tokio::task::JoinSet;
use uuid::Uuid;
use wire::Place;
use wire::client::Crs;
use wire::command::RaiseAlarm;
use wire::server::Outcome;

use super::ledger::Ledger;
use crate::calls::Call;

/// How the alarms come.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    pub per_second: f64,
    pub seconds: f64,
}

impl Stream {
    pub fn count(&self) -> usize {
        (self.per_second * self.seconds).round() as usize
    }

    fn moment(&self, start: Instant, number: usize) -> Instant {
        start + Duration::from_secs_f64(number as f64 / self.per_second)
    }
}

/// Who raises alarms: an operator, for callers.
#[derive(Clone)]
pub struct Desk {
    pub hub: Endpoint,
    pub token: String,
    pub ledger: Arc<Ledger>,
}

impl Desk {
    /// Raises `stream` with the places and kinds of `calls` from number `first` on, from the beginning again when they
    /// end. Returns when all are answered, or have failed; the ledger has which.
    pub async fn raise(&self, calls: &[Call], first: usize, stream: Stream, mut progress: impl FnMut()) {
        let start = Instant::now();
        let mut raised = JoinSet::new();
        for number in 0..stream.count() {
            let due = stream.moment(start, number);
            tokio::time::sleep_until(due.into()).await;
            let number = first + number;
            let (desk, alarm) = (self.clone(), alarm(&calls[number % calls.len()], number));
            raised.spawn(async move { desk.one(alarm, due, number).await });
            while raised.try_join_next().is_some() {}
            progress();
        }
        raised.join_all().await;
    }

    async fn one(&self, alarm: RaiseAlarm, due: Instant, number: usize) {
        let id = Uuid::now_v7();
        self.ledger.due(id, due);
        match self.raise_as(id, &alarm).await {
            Ok(outcome) => self.ledger.committed(id, number, &outcome),
            Err(error) => self.ledger.failed(&format!("{error:#}")),
        }
    }

    /// Raises an alarm under `id`; the same id again gives the same answer.
    ///
    /// # Errors
    /// No answer, or a problem.
    pub async fn raise_as(&self, id: Uuid, alarm: &RaiseAlarm) -> anyhow::Result<Outcome> {
        self.hub.post_as(id, "/v1/alarms", Some(&self.token), alarm).await
    }
}

/// Raises alarm `number` of a kind for which nobody is sent: one commit, which every wall is shown.
///
/// # Errors
/// No answer, or a problem.
pub async fn raise_for_all(hub: &Endpoint, token: &str, number: usize) -> anyhow::Result<()> {
    // Far enough from each other that none is taken for the same.
    let (lat, lng) = (45.70 + (number % 100) as f64 * 2e-3, 126.50 + (number / 100 % 100) as f64 * 3e-3);
    let call = Call {
        at: matcher::Timestamp(0),
        kind: "stall_in_the_way".to_owned(),
        place: matcher::Position::from_degrees(lat, lng),
        units: Vec::new(),
    };
    let outcome: Outcome = hub.post("/v1/alarms", Some(token), &alarm(&call, number)).await?;
    anyhow::ensure!(outcome.incident.is_some() && !outcome.merged, "not an incident of its own: {outcome:?}");
    Ok(())
}

/// Every alarm has a caller of its own.
pub fn alarm(call: &Call, number: usize) -> RaiseAlarm {
    RaiseAlarm {
        kind: Some(call.kind.clone()),
        place: call.place.map(|place| Place { lat: place.lat(), lng: place.lng() }),
        crs: Crs::Wgs84,
        caller_phone: Some(format!("139{:08}", number % 100_000_000)),
        caller_name: None,
        address: None,
        words: None,
        drill: false,
    }
}
