//! Bodies that only HTTP has: sessions, tickets, devices, users, lists.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::server::Role;
use crate::{Id, Time};

/// `POST /v1/ws-tickets`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[ts(export)]
pub struct WsTicket {
    /// One use, within 30 s.
    pub ticket: String,
    pub expires_in_ms: u32,
}

/// `POST /v1/sessions`: an account with its password, or a one-time link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
#[ts(export)]
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
#[ts(export)]
pub struct Session {
    pub token: String,
    pub role: Role,
    pub districts: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volunteer: Option<Id>,
    pub name: String,
    pub expires_at: Time,
}
