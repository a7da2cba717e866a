//! Who has a socket here and where he is, told to the other hubs every 200 ms, and heard from them.

use std::sync::{Arc, Weak};
use std::time::Duration;

use matcher::Timestamp;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::Hubs;
use crate::cluster::{PRESENCE_KEPT_MS, REPORTS_MAX, Report};
use crate::engine::clock::{Anchor, SystemClock};
use crate::engine::positions::{FIX_KEPT_MS, OBSERVE_EVERY_MS, Positions};

/// What is kept elsewhere is kept no longer than here.
const _: () = assert!(PRESENCE_KEPT_MS == FIX_KEPT_MS);

/// How often every open socket is named again, batches; three times before the others take its hub for gone.
const NAME_ALL_EVERY: u32 = 100;

/// Shares until the district is gone. `anchor`: what its time is tied to.
pub async fn share(hubs: Hubs, district: u32, positions: Weak<Positions>, anchor: watch::Receiver<Option<Anchor>>) {
    let mut tick = interval(Duration::from_millis(OBSERVE_EVERY_MS));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut cursor_ms, mut batches) = (0, 0_u32);
    loop {
        tick.tick().await;
        let Some(positions) = positions.upgrade() else { return };
        batches = batches.wrapping_add(1);
        let reports = positions.outgoing(batches % NAME_ALL_EVERY == 1);
        tell(&hubs, district, &positions, reports).await;
        if let Ok(changed) = hubs.presence.since(district, cursor_ms).await {
            cursor_ms = changed.cursor_ms;
            positions.hear(hubs.owner, &changed.seen, now(&anchor));
        }
        positions.forget_silent_hubs(now(&anchor));
    }
}

fn now(anchor: &watch::Receiver<Option<Anchor>>) -> Timestamp {
    let epoch = Timestamp(0);
    anchor.borrow().map_or(epoch, |anchor| anchor.now(&SystemClock, epoch))
}

/// What could not be told is told with the next batch, unless there is newer by then.
async fn tell(hubs: &Hubs, district: u32, positions: &Arc<Positions>, reports: Vec<Report>) {
    for batch in reports.chunks(REPORTS_MAX) {
        if hubs.presence.report(district, hubs.owner, batch.to_vec()).await.is_err() {
            positions.tell_again(batch);
        }
    }
}
