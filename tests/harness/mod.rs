//! A real hub, started on a free port and stopped by its own process id.
//!
//! The hub is the binary that this build made (`cargo build -p hub`); nothing here reaches into it: it is told by its
//! command line and its configuration, and spoken to over HTTP and WebSocket like any other.

mod hub;
pub mod neighbours;
pub mod postgres;
pub mod proxy;
pub mod redis;

pub use hub::{Hub, HubOptions, binary, http, hub_binary, verb};
