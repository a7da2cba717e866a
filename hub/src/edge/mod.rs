//! The edge: HTTP and WebSocket. Parse, submit, render; never store, never decide.
//!
//! - [`parse`] and [`alarm`] read, [`command`] maps to the core, [`auth`] says who may, [`error`] how a no sounds
//! - [`datum`] brings GCJ-02 to WGS-84: inside there is nothing else

pub mod alarm;
pub mod auth;
pub mod datum;
pub mod error;
pub mod parse;
mod rejection;
pub mod sealed;
pub mod tls;
