//! Leases, presence and rings in Redis (7 and later, or Valkey): alone, or behind Sentinels.
//!
//! Every key of a district carries the tag `{district}`, so that all of a script's keys lie on one node of a cluster.
//! Nothing here is durable, and nothing is believed that SQL would deny.

mod doorbell;
mod election;
mod link;
mod presence;
mod sentinel;
#[cfg(test)]
#[path = "../../../../tests/harness/redis.rs"]
#[allow(dead_code, reason = "the suites of real processes use the rest")]
pub mod server;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;

use super::doorbell::{RINGS_BEHIND_MAX, Ring};
use link::Link;
pub use sentinel::Servers;

/// How long one operation on a lease may take.
const LEASE_LIMIT: Duration = Duration::from_millis(400);

/// How long one operation on presence, or a ring, may take.
const PRESENCE_LIMIT: Duration = Duration::from_secs(2);

/// A hub's connections to Redis. Cheap to clone. The lease has one of its own, so that no batch of positions is ahead of it.
#[derive(Clone)]
pub struct RedisCluster {
    lease: Arc<Link>,
    presence: Arc<Link>,
    rings: broadcast::Sender<Ring>,
    _ear: Arc<doorbell::Ear>,
}

impl RedisCluster {
    /// Connects as soon as somebody asks, and listens for rings from now on. Needs a runtime.
    #[must_use]
    pub fn new(servers: Servers) -> Self {
        let rings = broadcast::channel(RINGS_BEHIND_MAX).0;
        let ear = doorbell::Ear::open(servers.clone(), rings.clone());
        RedisCluster {
            lease: Arc::new(Link::new(servers.clone(), LEASE_LIMIT)),
            presence: Arc::new(Link::new(servers, PRESENCE_LIMIT)),
            rings,
            _ear: Arc::new(ear),
        }
    }
}

/// A district's key: the braces make all of them lie on one node.
fn key(district: u32, what: &str) -> String {
    format!("baiying:{{{district}}}:{what}")
}
