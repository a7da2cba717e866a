//! Frames that a client sends. Unknown ops and unknown fields are refused by name.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::Time;

/// One frame from a client, by its `op`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum ClientFrame {
    /// The first frame, within 5 s.
    Hello(Hello),
    Command(CommandFrame),
    Position(PositionFrame),
    Ping(Ping),
    Resync(Resync),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// From `POST /v1/ws-tickets`: one use, 30 s.
    pub ticket: String,
    /// The client's own name of this device or browser tab, at most 64 characters; the newest session of a device wins.
    pub device: String,
    /// Name and version of the software, at most 64 characters.
    pub app: String,
    /// Districts to follow, by number; each with where the client stands, or null for a snapshot. Empty: those of the
    /// ticket, each with a snapshot.
    #[serde(default)]
    pub resume: BTreeMap<String, Option<StreamPoint>>,
}

/// A point in a district's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(deny_unknown_fields)]
pub struct StreamPoint {
    /// The log's own identity; changes only after a restore.
    #[ts(type = "string")]
    pub history: Uuid,
    #[ts(type = "number")]
    pub seq: u64,
}

/// A command: `name` and `args` as in [`crate::command::CommandArgs`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(deny_unknown_fields)]
pub struct CommandFrame {
    /// The client's own UUIDv7: the same id again gives the same answer.
    #[ts(type = "string")]
    pub id: Uuid,
    /// By number. An alarm may leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub district: Option<String>,
    pub name: String,
    #[serde(default)]
    #[ts(type = "unknown")]
    pub args: serde_json::Value,
}

/// A fix: one per 3 s moving, 30 s idle; the hub keeps the last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(deny_unknown_fields)]
pub struct PositionFrame {
    pub lat: f64,
    pub lng: f64,
    pub accuracy_m: f32,
    /// How old the fix is by the phone's own stopwatch; its clock is not trusted.
    #[ts(type = "number")]
    pub age_ms: u64,
    #[serde(default)]
    pub crs: Crs,
}

/// The datum of a position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Crs {
    #[default]
    Wgs84,
    Gcj02,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(deny_unknown_fields)]
pub struct Ping {
    /// The client's clock; comes back in the pong.
    pub at: Time,
}

/// "I have a gap": answered by replay or by a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(deny_unknown_fields)]
pub struct Resync {
    pub district: String,
    #[ts(type = "string")]
    pub history: Uuid,
    #[ts(type = "number")]
    pub seq: u64,
}
