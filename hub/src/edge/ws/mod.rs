//! The WebSocket: `GET /v1/ws`, subprotocol `baiying.v1`. One task a connection.
//!
//! [`upgrade`] checks the origin and the subprotocol, [`socket`] reads and writes over a [`stream`], [`hello`] asks who it is (within what
//! [`patience`] allows), [`session`] is the loop, [`inbound`] reads frames strictly, [`registry`] knows every open socket of
//! this hub.

mod following;
mod hello;
mod inbound;
mod patience;
mod registry;
mod session;
mod socket;
mod stream;
mod upgrade;
mod walls;

#[cfg(test)]
pub use inbound::{Inbound, read as read_frame};
pub use registry::Registry;
pub use upgrade::upgrade;
