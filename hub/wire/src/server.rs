//! Frames that a hub sends.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::problem::CommandError;
use crate::{Id, Time};

/// One frame from a hub, by its `op`.
///
/// `D` is what a role sees: [`crate::rows::DeskRows`], [`crate::rows::WallRows`], [`crate::rows::VolunteerRows`] or
/// [`crate::rows::ResidentRows`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum ServerFrame<D> {
    Welcome(Welcome),
    Snapshot(Snapshot<D>),
    Delta(Delta<D>),
    Latest(Latest),
    Result(CommandResult),
    Pong(Pong),
    Go(Go),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Welcome {
    #[ts(type = "string")]
    pub session: Uuid,
    pub role: Role,
    /// Who this is, when a volunteer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volunteer: Option<Id>,
    pub heartbeat_ms: u32,
    pub server_time: Time,
    /// Whether this hub runs the demo: every page says so.
    pub demo: bool,
    pub limits: Limits,
    pub districts: BTreeMap<String, StreamStart>,
}

/// What one may do and see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Resident,
    Volunteer,
    TeamLeader,
    Operator,
    Reviewer,
    Wall,
    Admin,
    Integration,
}

impl Role {
    pub const ALL: [Role; 8] = [
        Self::Resident,
        Self::Volunteer,
        Self::TeamLeader,
        Self::Operator,
        Self::Reviewer,
        Self::Wall,
        Self::Admin,
        Self::Integration,
    ];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Limits {
    pub frame_bytes_max: u32,
    pub commands_in_flight_max: u32,
    pub commands_per_minute_max: u32,
}

/// How one district's stream begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct StreamStart {
    #[ts(type = "string")]
    pub history: Uuid,
    /// Where the stream stands before what follows.
    #[ts(type = "number")]
    pub seq: u64,
    pub mode: StreamMode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum StreamMode {
    /// The missing deltas follow.
    Replay,
    /// A snapshot follows: forget all rows of this district first.
    Snapshot,
    /// Nothing was missed.
    Live,
}

/// One part of a snapshot; the stream stands at `seq` when the part with `last` has been applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Snapshot<D> {
    pub district: String,
    #[ts(type = "string")]
    pub history: Uuid,
    #[ts(type = "number")]
    pub seq: u64,
    /// From 0.
    pub part: u32,
    pub last: bool,
    pub data: D,
}

/// One commit as far as this subscription may see it. Apply when `prev` is the seq you stand at; drop when `seq` is not
/// beyond it; otherwise there is a gap: send `resync`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Delta<D> {
    /// The seq of the last delta (or snapshot) that this subscription was sent.
    #[ts(type = "number")]
    pub prev: u64,
    pub district: String,
    #[ts(type = "string")]
    pub history: Uuid,
    #[ts(type = "number")]
    pub seq: u64,
    /// The name of the first event that this role may see.
    #[serde(rename = "type")]
    pub kind: String,
    pub at: Time,
    /// The command that began it all: the same in logs, commits and frames.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(type = "string")]
    pub trace: Option<Uuid>,
    /// Rows as they are after the commit: upsert by id.
    pub data: D,
}

/// Latest wins, unsequenced: positions (`position/<volunteer>`), presence (`presence/<volunteer>`), counters
/// (`counter/<name>`). Overwrite when `version` is newer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Latest {
    pub district: String,
    pub key: String,
    #[ts(type = "number")]
    pub version: u64,
    pub data: LatestData,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum LatestData {
    Position {
        lat: f64,
        lng: f64,
        accuracy_m: f32,
        at: Time,
    },
    Presence {
        online: bool,
    },
    Counter(i64),
    /// The volunteer's last fix is over 15 minutes old, or he went off duty: off the map.
    Gone,
}

/// Only after commit. A time-out means unknown: send the same id again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct CommandResult {
    #[ts(type = "string")]
    pub id: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ok: Option<Outcome>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<CommandError>,
    /// The commit that holds it, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(type = "number")]
    pub seq: Option<u64>,
}

/// What came of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS, utoipa::ToSchema)]
pub struct Outcome {
    /// Durable, but not decided yet: it lies in intake.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pending: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<Id>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<Id>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignment: Option<Id>,
    /// Merged into an incident already open.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub merged: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub place_unsure: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
    /// Volunteers asked at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<u16>,
    /// Fields of an alarm that could not be read and were left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<String>,
    /// It had been so already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nothing_to_do: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Pong {
    /// The client's own, from its ping.
    pub at: Time,
    pub server_time: Time,
    pub districts: BTreeMap<String, PongPoint>,
}

/// `last`: the seq of the last delta sent to you; `top`: filtered up to here. A client whose seq is `last` resumes later
/// from `top`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct PongPoint {
    #[ts(type = "number")]
    pub last: u64,
    #[ts(type = "number")]
    pub top: u64,
}

/// The hub is going: reconnect after a random delay of up to `after_ms`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Go {
    pub after_ms: u32,
    pub why: String,
}
