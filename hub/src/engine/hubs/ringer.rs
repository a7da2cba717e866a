//! Rings at the other hubs: after each batch, and once a second all the same, for a last ring that was lost.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::cluster::{Doorbell, Ring};

/// How often the last ring is repeated.
const BEACON_EVERY: Duration = Duration::from_secs(1);

/// Rings what `top` says while it says something, until its sender is gone. Rings that come faster than Redis takes
/// them are one ring.
pub async fn ring(doorbell: Arc<dyn Doorbell>, mut top: watch::Receiver<Option<Ring>>) {
    loop {
        if let Ok(Err(_)) = timeout(BEACON_EVERY, top.changed()).await {
            return;
        }
        let ring = *top.borrow_and_update();
        if let Some(ring) = ring {
            // Lost: followers look into the log by themselves.
            doorbell.ring(ring).await.ok();
        }
    }
}
