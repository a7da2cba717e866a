//! What travels between a hub and everybody else: frames, commands, rows, close codes, problem details.
//!
//! This crate is the truth for `docs/asyncapi.json`, `docs/openapi.json` and the TypeScript of the pages, which are all
//! generated from it. It knows nothing of the engine: `hub/src/edge` and `hub/src/engine` map core types to these.
//!
//! - [`client`] and [`server`]: WebSocket frames, `{"op": ...}`
//! - [`command`]: the commands and their arguments, the same over WebSocket and HTTP
//! - [`Framed`]: a text frame as it goes over a socket, its bytes shared by all who are sent it
//! - [`rows`]: what each role may see, as rows to be upserted by id; masked views are types of their own
//! - [`close`]: close codes, whose range says whether to reconnect
//! - [`problem`] errors (RFC 9457)
//! - [`http`]: bodies that only HTTP has; [`twin`]: the HTTP bodies of commands; [`office`]: what an office defines

#[macro_use]
mod shapes;

pub mod client;
pub mod close;
pub mod command;
mod framed;
pub mod http;
mod ids;
pub mod office;
pub mod problem;
pub mod rows;
pub mod server;
pub mod twin;
pub mod typescript;

pub use framed::Framed;
pub use ids::{Id, Place, Time};

/// The WebSocket subprotocol, and the version of everything here.
pub const SUBPROTOCOL: &str = "baiying.v1";

/// An inbound frame, in bytes.
pub const FRAME_BYTES_MAX: usize = 16 * 1024;
/// Nesting of inbound JSON.
pub const JSON_DEPTH_MAX: usize = 16;
/// A chunk of a snapshot, in bytes of JSON.
pub const SNAPSHOT_PART_BYTES_MAX: usize = 32 * 1024;
/// Commands of one client that are not answered yet.
pub const COMMANDS_IN_FLIGHT_MAX: usize = 16;
/// Time for the first frame.
pub const HELLO_TIMEOUT_MS: u64 = 5_000;
/// Heartbeat of an idle client, and of one on an assignment or a wall.
pub const HEARTBEAT_IDLE_MS: u32 = 25_000;
pub const HEARTBEAT_ACTIVE_MS: u32 = 10_000;
/// A peer silent for its heartbeat and this much more is dead.
pub const HEARTBEAT_GRACE_MS: u32 = 8_000;
/// Frames and bytes that wait for one client before `latest` is dropped, then the connection.
pub const OUTBOUND_MESSAGES_MAX: usize = 256;
pub const OUTBOUND_BYTES_MAX: usize = 256 * 1024;
/// Commands a minute, and at once, of one client; alarms are exempt.
pub const COMMANDS_PER_MINUTE_MAX: u32 = 120;
pub const COMMANDS_BURST_MAX: u32 = 30;
