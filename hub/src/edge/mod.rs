//! The edge: HTTP and WebSocket. Parse, submit, render; never store, never decide.
//!
//! - [`http`] and [`ws`] are the two doors; [`submit`] is the one way from both to the engine
//! - [`parse`] and [`alarm`] read, [`command`] maps to the core, [`resource`] says what a command is about, [`auth`] who
//!   may, [`error`] how a no sounds
//! - [`datum`] brings GCJ-02 to WGS-84: inside there is nothing else
//! - [`openapi`] and [`asyncapi`] say what travels; `docs/` holds what they say

pub mod alarm;
pub mod asyncapi;
pub mod auth;
mod cap;
mod command;
mod connection;
mod contact;
pub mod datum;
mod enrol;
pub mod error;
mod explain;
#[cfg(test)]
mod fuzz;
mod geojson;
pub mod http;
mod hub;
mod limits;
pub mod openapi;
pub mod parse;
pub mod peer;
mod plan;
mod rejection;
mod resource;
pub mod sealed;
pub mod serve;
mod submit;
mod timeline;
pub mod tls;
pub mod ws;

pub use hub::{About, Edge};
