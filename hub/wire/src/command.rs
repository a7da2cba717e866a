//! Commands and their arguments. Over WebSocket `{"op":"command","id":..,"name":..,"args":{..}}`; over HTTP each has its
//! twin. Unknown fields are refused by name, except in `raise_alarm`, where they are dropped and noted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::client::Crs;
use crate::{Id, Place, Time};

/// Characters of a person's words in any command.
pub const WORDS_LENGTH_MAX: usize = 2_000;
/// Bytes of a signature or photo, as base64.
pub const SHEET_BYTES_MAX: usize = 12 * 1024;

/// Every command by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "name", content = "args", rename_all = "snake_case")]
pub enum CommandArgs {
    // a volunteer's own
    GoOnDuty(GoOnDuty),
    GoOffDuty(Nothing),
    CheckIn(Nothing),
    OfferReceived(OfferArgs),
    OfferSeen(OfferArgs),
    Accept(Accept),
    Decline(Decline),
    VolunteerFor(VolunteerFor),
    EnRoute(MilestoneArgs),
    OnScene(MilestoneArgs),
    Done(DoneArgs),
    Abort(Abort),
    // anybody's
    RaiseAlarm(RaiseAlarm),
    RequestService(RequestService),
    CancelAlarm(CancelAlarm),
    // the desk's
    Assign(Assign),
    Reassign(Reassign),
    Substitute(Substitute),
    StandDown(StandDown),
    Escalate(IncidentArgs),
    Merge(Merge),
    Unmerge(Unmerge),
    Cancel(EndArgs),
    Close(Close),
    Reopen(IncidentArgs),
    Note(Note),
    CompleteTask(CompleteTask),
    Drill(Drill),
}

macro_rules! args {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident : $kind:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[$field_meta])* pub $field: $kind),* }
    )*};
}

args! {
    /// No arguments: `{}`.
    Nothing {}
    GoOnDuty {
        /// On patrol rather than at home and available.
        #[serde(default)]
        patrol: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Time>,
    }
    OfferArgs { offer: Id }
    Accept {
        offer: Id,
        /// Minutes, 0 ..= 720.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        eta_min: Option<u16>,
    }
    Decline {
        offer: Id,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<DeclineReason>,
        /// "Yes, in two hours": kept as it was said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<String>,
    }
    VolunteerFor {
        incident: Id,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        eta_min: Option<u16>,
    }
    /// `tapped_ago_ms`: how long ago the button was pressed, when the phone was offline.
    MilestoneArgs {
        assignment: Id,
        #[serde(default)]
        #[ts(type = "number")]
        tapped_ago_ms: u64,
    }
    DoneArgs {
        assignment: Id,
        #[serde(default)]
        #[ts(type = "number")]
        tapped_ago_ms: u64,
        /// The signed service sheet, base64, at most 12 KiB.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sheet: Option<String>,
    }
    Abort {
        assignment: Id,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<AbortReason>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<String>,
    }
    /// Needs nothing at all. What cannot be read is left out and named in the answer.
    RaiseAlarm {
        /// The kind of the plan; `sos` when left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<Place>,
        #[serde(default)]
        crs: Crs,
        /// A caller's number, for whom the desk raises it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caller_phone: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caller_name: Option<String>,
        /// Street and house number as told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<String>,
        #[serde(default)]
        drill: bool,
    }
    RequestService {
        kind: String,
        place: Place,
        #[serde(default)]
        crs: Crs,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caller_phone: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caller_name: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<String>,
        /// What this one asks for instead of level 1 of the plan.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        roles: Option<Vec<RoleArgs>>,
        #[serde(default)]
        drill: bool,
    }
    /// `skill`: its code; anybody when left out.
    RoleArgs {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        skill: Option<String>,
        count: u8,
    }
    /// Takes back an alarm by the command id it was raised under.
    CancelAlarm {
        #[ts(type = "string")]
        alarm: Uuid,
    }
    Assign { incident: Id, volunteer: Id }
    Reassign { assignment: Id, to: Id }
    Substitute { assignment: Id, by: Id }
    StandDown {
        incident: Id,
        /// One assignment; all that are not needed when left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        assignment: Option<Id>,
    }
    IncidentArgs { incident: Id }
    Merge { duplicate: Id, into: Id }
    Unmerge {
        incident: Id,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<Id>,
    }
    EndArgs {
        incident: Id,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<String>,
    }
    Close {
        incident: Id,
        disposition: Disposition,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<String>,
    }
    Note { incident: Id, words: String }
    CompleteTask { task: Id, outcome: TaskOutcome }
    Drill { on: bool }
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$meta:meta])* $variant:ident),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$meta])* $variant),* }
    )*};
}

words! {
    DeclineReason { NotSaid, Busy, TooFar, Unwell, NotQualified, Later }
    AbortReason { NotSaid, CannotGo, NotFound, Unsafe, ByDesk }
    Disposition {
        Resolved,
        NoDispatchNeeded,
        FalseAlarm,
        #[serde(rename = "handed_over_110")]
        HandedOver110,
        #[serde(rename = "handed_over_119")]
        HandedOver119,
        #[serde(rename = "handed_over_120")]
        HandedOver120,
        NobodyFound,
        CouldNotReach,
    }
    TaskOutcome { Done, TakenOver, NotReached, NotNeeded }
}
