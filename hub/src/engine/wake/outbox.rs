//! The outbox's task: moves the cursor with what it puts in, sends what is due, and records what became of it.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::aid::{AidOrder, AidRoad};
use super::feed::{WakeBody, WakeMove};
use super::webhook::Webhook;
use crate::engine::clock::{Clock, SystemClock};
use crate::store::{Fence, Journal, JournalError, WakeOutcome, WakeRow};

/// Tries for one wake; after the last it stays in the outbox as failed, is counted and told to the operator.
pub const WAKE_TRIES_MAX: u32 = 8;

/// Wakes under way to the gateway at the same time.
const SENDING_MAX: usize = 16;

/// The wait after the first failure; it doubles with each, milliseconds.
const BACKOFF_MS: i64 = 1_000;

/// The longest wait between two tries, milliseconds.
const BACKOFF_MS_MAX: i64 = 60_000;

/// How often the outbox is looked through, milliseconds.
const LOOK_EVERY_MS: u64 = 250;

/// Tries to tell another district, most of them five seconds apart: over an hour. Then the desks must speak to each other.
pub const AID_TRIES_MAX: u32 = 1_000;

/// The longest wait between two of these, milliseconds.
const AID_BACKOFF_MS_MAX: i64 = 5_000;

/// The ways out, as far as there are any.
#[derive(Clone)]
pub struct Ways {
    /// To the gateway that wakes phones.
    pub webhook: Option<Webhook>,
    /// To other districts.
    pub aid: Option<AidRoad>,
}

/// The outbox of one district.
pub struct WakeOutbox<J> {
    journal: J,
    ways: Ways,
    fence: watch::Receiver<Option<Fence>>,
    clock: SystemClock,
    cursor: Cursor,
}

/// Where the cursor stands under which fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cursor {
    fence: Option<Fence>,
    seq: u64,
}

impl<J: Journal> WakeOutbox<J> {
    /// The outbox of the district that `fence` leads.
    pub fn new(journal: J, ways: Ways, fence: watch::Receiver<Option<Fence>>) -> Self {
        let cursor = Cursor { fence: None, seq: 0 };
        WakeOutbox { journal, ways, fence, clock: SystemClock, cursor }
    }

    /// Serves until the feed is gone.
    pub async fn run(mut self, mut moves: mpsc::Receiver<WakeMove>) {
        let mut look = tokio::time::interval(Duration::from_millis(LOOK_EVERY_MS));
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let done = tokio::select! {
                next = moves.recv() => match next {
                    Some(next) => self.put_in(next).await,
                    None => return,
                },
                _ = look.tick() => self.send_due().await,
            };
            if let Err(err) = done {
                // Fenced: another leads and sends. Else the journal is away and is asked again.
                tracing::warn!(error = %err, "the wake outbox waits");
                self.cursor.fence = None;
            }
        }
    }

    /// The fence as it stands, with the cursor read anew when it has changed.
    async fn fence(&mut self) -> Result<Option<Fence>, JournalError> {
        let fence = *self.fence.borrow();
        if let Some(led) = fence.filter(|_| self.cursor.fence != fence) {
            let head = self.journal.head(led.district).await?;
            self.cursor = Cursor { fence, seq: head.map_or(0, |head| head.wake_seq) };
        }
        Ok(fence)
    }

    async fn put_in(&mut self, next: WakeMove) -> Result<(), JournalError> {
        let Some(fence) = self.fence().await? else { return Ok(()) };
        if next.to_seq <= self.cursor.seq {
            return Ok(());
        }
        self.journal.enqueue_wakes(fence, self.cursor.seq, next.to_seq, next.slots).await?;
        self.cursor.seq = next.to_seq;
        self.send_due().await
    }

    async fn send_due(&mut self) -> Result<(), JournalError> {
        let Some(fence) = self.fence().await? else { return Ok(()) };
        let due = self.journal.due_wakes(fence.district, self.clock.wall_ms(), SENDING_MAX).await?;
        if due.is_empty() {
            return Ok(());
        }
        let mut sending = JoinSet::new();
        for row in due {
            let (ways, now_ms) = (self.ways.clone(), self.clock.wall_ms());
            sending.spawn(async move { (row.id, ways.send(fence.district, row, now_ms).await) });
        }
        let outcomes = sending.join_all().await;
        self.journal.settle_wakes(fence, outcomes).await
    }
}

impl Ways {
    async fn send(&self, district: u32, row: WakeRow, now_ms: i64) -> WakeOutcome {
        match (AidOrder::decode(&row.body), &self.aid, &self.webhook) {
            (Some(order), Some(road), _) => tell(road, order, &row, now_ms).await,
            (None, _, Some(webhook)) => send(webhook, district, row, now_ms).await,
            (Some(_), None, _) | (None, _, None) => {
                given_up("the way that it was meant for is there no more".to_owned())
            }
        }
    }
}

async fn tell(road: &AidRoad, order: AidOrder, row: &WakeRow, now_ms: i64) -> WakeOutcome {
    let to = order.to;
    let Err(why) = order.tell(road).await else {
        metrics::counter!("baiying_aid_orders_total", "outcome" => "delivered").increment(1);
        return WakeOutcome::Delivered;
    };
    if row.tries + 1 >= AID_TRIES_MAX {
        metrics::counter!("baiying_aid_orders_total", "outcome" => "given_up").increment(1);
        tracing::error!(%why, %to, "another district could not be told: call its desk");
        return WakeOutcome::GivenUp { why };
    }
    metrics::counter!("baiying_aid_orders_total", "outcome" => "retried").increment(1);
    tracing::warn!(%why, %to, tries = row.tries + 1, "another district is told again later");
    WakeOutcome::Retry { due_at_ms: now_ms + backoff_ms(row.tries, row.id).min(AID_BACKOFF_MS_MAX) }
}

async fn send(webhook: &Webhook, district: u32, row: WakeRow, now_ms: i64) -> WakeOutcome {
    let deadline_ms = serde_json::from_slice::<WakeBody>(&row.body).map_or(i64::MAX, |body| body.deadline.0);
    if deadline_ms <= now_ms {
        return given_up("the offer's deadline passed before the gateway took it".to_owned());
    }
    match webhook.send(district, &row, now_ms).await {
        Ok(()) => {
            metrics::counter!("baiying_wakes_total", "outcome" => "delivered").increment(1);
            WakeOutcome::Delivered
        }
        Err(why) if row.tries + 1 >= WAKE_TRIES_MAX => given_up(why),
        Err(why) => {
            metrics::counter!("baiying_wakes_total", "outcome" => "retried").increment(1);
            tracing::warn!(%why, wake = row.id, tries = row.tries + 1, "the gateway did not take a wake");
            WakeOutcome::Retry { due_at_ms: now_ms + backoff_ms(row.tries, row.id) }
        }
    }
}

fn given_up(why: String) -> WakeOutcome {
    metrics::counter!("baiying_wakes_total", "outcome" => "given_up").increment(1);
    tracing::error!(%why, "a wake was given up; the volunteer was not reached by this channel");
    WakeOutcome::GivenUp { why }
}

/// 1 s, 2 s, 4 s ... at most a minute, spread by a quarter so that a gateway that comes back is not stormed.
fn backoff_ms(tries: u32, id: i64) -> i64 {
    let wait_ms = BACKOFF_MS.saturating_mul(1 << tries.min(10)).min(BACKOFF_MS_MAX);
    wait_ms + (id.unsigned_abs() % 16).cast_signed() * wait_ms / 64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute() {
        let waits: Vec<i64> = (0..8).map(|tries| backoff_ms(tries, 0)).collect();
        assert_eq!(waits, vec![1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
        assert!((0..100).all(|id| (1_000..1_250).contains(&backoff_ms(0, id))));
    }
}
