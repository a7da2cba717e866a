//! The engine: the single writer of each district, and everything that follows from what it commits.
//!
//! A command goes [`lanes`] -> [`writer`] (which decides by [`step`] and appends) -> [`publisher`] (which shows it on the
//! [`board`], answers, and queues frames) -> [`outbox`] of each socket. Nothing leaves before its commit.
//!
//! - [`handle`] the only door for `edge`, [`Doors`] those of all districts; [`service`] starts and stops all of it
//! - [`seat`] a district's task: leads or follows; [`hubs`] several hubs on one log
//! - [`effects`] event -> who is told; [`touched`] which rows, for whom; [`render`] the rows
//! - [`ring`] recent frames for those who come back; [`snapshot`] for those who were away too long, [`raised`] what of it
//!   is a caller's
//! - [`broadcast`] the walks over walls and desks, on threads in the [`background`], with [`slices`] of their own; [`latest`], [`maps`], [`positions`] what is overwritten, not queued
//! - [`wake`] phones that are closed

mod audience;
pub mod background;
pub mod board;
mod broadcast;
pub mod clock;
mod doors;
pub mod effects;
pub mod frame;
pub mod handle;
pub mod hubs;
pub mod lanes;
pub mod latest;
mod maps;
pub mod outbox;
pub mod positions;
pub mod publisher;
pub mod raised;
pub mod render;
pub mod ring;
mod round;
mod seat;
pub mod service;
pub mod slices;
pub mod snapshot;
pub mod step;
pub mod submit;
#[cfg(test)]
mod tests;
pub mod touched;
mod trace;
pub mod view;
pub mod wake;
pub mod writer;

pub use doors::{DISTRICTS_MAX, Doors};
pub use handle::{EngineHandle, Online};
pub use hubs::{Hubs, Leader, Role};
pub use outbox::{Lane, Outbox, Outlet};
pub use publisher::Start;
pub use service::{Engine, EngineSettings};
pub use snapshot::{BoardVersion, SnapshotParts};
pub use submit::{Committed, SubmitError, body_hash};
pub use view::StreamView;

/// What travels beside a command through the only door.
pub use crate::store::SealedRow;
