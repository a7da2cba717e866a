//! What several hubs know of each other: who leads, who is here, that something was committed. All of it is soft state.
//!
//! Losing it costs seconds of freshness, never an alarm: **this room elects, SQL fences**. A hub that believes wrongly that
//! it leads is refused by the journal; a lost ring is found by the next beacon or the next look into the log.
//!
//! - [`Election`] a lease per district, with the leader's address and term; which hubs are here
//! - [`Presence`] who has a socket open at which hub, and the last fix of each, with expiry
//! - [`Doorbell`] (district, term, seq) and nothing else: records are read from SQL
//!
//! - [`peers`] bytes from hub to hub, with mutual TLS
//!
//! Two implementations pass one conformance suite: [`memory`] (one hub alone) and [`redis`].
//! Absent here: commits, commands, decisions, SQL.

#[cfg(test)]
mod conformance;
mod doorbell;
mod election;
mod error;
mod memory;
pub mod peers;
mod presence;
pub mod redis;

pub use doorbell::{Doorbell, RINGS_BEHIND_MAX, Ring};
pub use election::{Bid, Election, LEASE_MS, Leader, Present, Standing};
pub use error::{Answer, ClusterError};
pub use memory::MemoryCluster;
pub use presence::{Changed, PRESENCE_KEPT_MS, Presence, REPORTS_MAX, Report, Seen, SeenFix};
pub use redis::RedisCluster;
