//! Errors: RFC 9457 problem details, and the same in a `result` frame.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::Id;

/// `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS, ToSchema)]
pub struct Problem {
    /// `about:blank#` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    /// Stable, for programs: `unknown_skill`.
    pub code: String,
    /// What was wrong and what to do, in the caller's language (`Accept-Language`; Chinese when not said).
    pub detail: String,
    /// JSON pointer to the field, when one is to blame: `/place/lat`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    pub retry: Retry,
    /// The incident that the answer is about, when there is one (`already_filled`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<Id>,
}

/// Whether and how to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// The same will be refused again.
    No,
    /// Unknown whether it took effect: send the same id again.
    SameId,
    /// After so many milliseconds.
    AfterMs(u32),
}

/// The error of a `result` frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS, ToSchema)]
pub struct CommandError {
    pub code: String,
    pub detail: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    pub retry: Retry,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<Id>,
}
