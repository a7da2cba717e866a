//! Bodies that only HTTP has: sessions, tickets, devices, users, lists, explanations. The bodies of commands are in
//! [`crate::twin`].

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::client::Crs;
use crate::rows::{AssignmentRow, CallRow, IncidentRow, OfferRow, TaskRow};
use crate::server::{Role, StreamMode};
use crate::{Id, Place, Time};

/// Rows of one page when the caller does not say, and at most.
pub const PAGE_ROWS: usize = 100;
pub const PAGE_ROWS_MAX: usize = 500;

/// `POST /v1/ws-tickets`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WsTicket {
    /// One use, within 30 s.
    pub ticket: String,
    pub expires_in_ms: u32,
}

/// `POST /v1/sessions`: an account with its password, or a one-time link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum SignIn {
    Password {
        account: String,
        password: String,
    },
    /// The code of a one-time link (demo sign-in, set-up link, a volunteer's invitation).
    Link {
        code: String,
    },
}

/// What signing in gives: a bearer token, rotating for devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Session {
    pub token: String,
    pub role: Role,
    pub districts: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volunteer: Option<Id>,
    pub name: String,
    pub expires_at: Time,
}

/// `POST /v1/devices`: makes this phone or tab known, so that it can raise an alarm without an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDevice {
    /// Its home district, by number.
    pub district: String,
    /// Where it usually is: taken for an alarm that comes without a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<Place>,
    #[serde(default)]
    pub crs: Crs,
}

/// `POST /v1/users`: an account at the desk. The answer is a one-time link by which its owner sets the password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// The name to sign in with: a-z, 0-9, `.`, `_`, `-`, at most 40.
    pub account: String,
    pub name: String,
    pub role: Role,
    /// By number. Empty: those of whoever makes the account.
    #[serde(default)]
    pub districts: Vec<String>,
    /// With the role of team leader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<Id>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct UserRow {
    pub account: String,
    pub name: String,
    pub role: Role,
    pub districts: Vec<String>,
    pub disabled: bool,
}

/// A one-time link: `/sign-in?link=` and the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct OneTimeLink {
    pub code: String,
    pub path: String,
    pub expires_at: Time,
}

/// One page of a list. `next` is the cursor of the page after it; absent on the last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `GET /v1/incidents/{id}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IncidentDetail {
    pub incident: IncidentRow,
    pub calls: Vec<CallRow>,
    pub offers: Vec<OfferRow>,
    pub assignments: Vec<AssignmentRow>,
    pub tasks: Vec<TaskRow>,
}

/// One fact of `GET /v1/incidents/{id}/timeline`, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimelineEntry {
    #[schema(value_type = u64)]
    pub seq: u64,
    pub at: Time,
    /// The name of the event: `wave_sent`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `volunteer`, `desk`, `resident`, `integration`, `system` or `clock`.
    pub by: String,
    /// Of the volunteer or the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_id: Option<Id>,
    /// The offer, assignment, call or task that it is about, when not the incident itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<Id>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Uuid>,
}

/// `GET /v1/incidents/{id}/explain`: why these, and why not that one; from the log and nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    pub incident: Id,
    pub waves: Vec<WaveExplained>,
    /// With `?volunteer=`: what the waves say of him.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volunteer: Option<VolunteerExplained>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WaveExplained {
    pub wave: u16,
    pub radius_m: u32,
    pub asked: Vec<Candidate>,
    /// The next in order, who were not asked.
    pub next: Vec<Candidate>,
    pub excluded: Vec<ExcludedCount>,
    /// Slots for which nobody was found.
    pub short: u16,
    /// How sure a wave that fits is that enough will come; none for one of a fixed size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fit: Option<Fitted>,
}

/// That enough accept and are there in time, of a thousand: as the plan wants it, and as the wave counted on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Fitted {
    pub target_permille: u16,
    /// A lower bound where there are several roles.
    pub counted_permille: u16,
}

/// The numbers that the order was made by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Candidate {
    pub volunteer: Id,
    pub name: String,
    pub distance_m: u32,
    #[schema(value_type = u64)]
    pub travel_ms: u64,
    pub own_grid: bool,
    pub alerts_today: u16,
    pub unreachable: bool,
    /// His chance to accept and be there in time, of a thousand, as a wave that fits counted on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chance_permille: Option<u16>,
}

/// How many were left out for one reason: `off_duty`, `engaged`, `resting`, `alert_budget`, `lacks_skill`,
/// `beyond_radius`, `already_asked`, `declined`, `raised_it_himself`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExcludedCount {
    pub reason: String,
    pub count: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VolunteerExplained {
    pub volunteer: Id,
    /// The waves in which he was asked.
    pub asked_in: Vec<u16>,
    /// The waves in which he was among the next in order, with his place in it from 1.
    pub next_in: Vec<PlaceInOrder>,
    /// What the log says, in words.
    pub words: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlaceInOrder {
    pub wave: u16,
    pub place: u16,
}

/// `GET /v1/incidents/{id}/contact`: what the caller said; each look is audited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Contact {
    pub calls: Vec<CallContact>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct CallContact {
    pub call: Id,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

/// What came of a file. Bad rows without `skip_bad` are a problem, and nothing is changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Imported {
    /// Rows taken, and rows left out.
    pub good: usize,
    pub bad: usize,
    /// Headers that mean nothing here, and rows that were understood with a doubt.
    pub notes: Vec<String>,
    /// Commands that the district refused, with why.
    pub refused: Vec<String>,
}

/// `GET /v1/streams/{district}`: the stream for who has no socket. Ask again with `after` = `seq` and the same `history`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Polled {
    pub district: String,
    pub history: Uuid,
    /// Where the stream stands after all that is here.
    #[schema(value_type = u64)]
    pub seq: u64,
    /// `live`: nothing was missed; `replay`: the missing deltas; `snapshot`: forget what you have first.
    #[schema(value_type = String, example = "replay")]
    pub mode: StreamMode,
    /// The frames `delta`, `snapshot` and `latest` of `/asyncapi.json`, in order.
    #[schema(value_type = Vec<Object>)]
    pub frames: Vec<serde_json::Value>,
}

/// `/healthz`, `/readyz`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    pub ok: bool,
    pub version: String,
    /// By number: the last committed seq.
    pub districts: std::collections::BTreeMap<String, u64>,
    /// Those that this hub leads; the others it follows.
    pub leads: Vec<String>,
    /// Those whose log cannot be trusted: they are served by nobody until an operator has looked. They make a hub that
    /// serves others no less ready.
    pub closed: Vec<String>,
}
