//! Commands and their arguments. Over WebSocket `{"op":"command","id":..,"name":..,"args":{..}}`; over HTTP each has its
//! twin. Unknown fields are refused by name, except in `raise_alarm`, where they are dropped and noted.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
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

/// Reads the arguments of a command once its name has said of which shape they are.
pub trait ReadArgs {
    type Error;

    /// # Errors
    /// When they are of another shape.
    fn read<T: DeserializeOwned>(self) -> Result<T, Self::Error>;
}

/// The one table of commands: the name on the wire, the variant, its arguments.
macro_rules! commands {
    ($($name:literal $variant:ident($args:ident),)*) => {
        /// Every command by name.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
        #[serde(tag = "name", content = "args")]
        pub enum CommandArgs {
            $(#[serde(rename = $name)] $variant($args),)*
        }

        impl CommandArgs {
            /// The names, in the order of the table.
            pub const NAMES: &[&str] = &[$($name),*];

            /// The name on the wire.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)*
                }
            }

            /// The command of this name, with what `args` reads; `None` when there is none of this name.
            pub fn read<R: ReadArgs>(name: &str, args: R) -> Option<Result<Self, R::Error>> {
                match name {
                    $($name => Some(args.read().map(Self::$variant)),)*
                    _ => None,
                }
            }
        }
    };
}

commands! {
    // a volunteer's own
    "go_on_duty" GoOnDuty(GoOnDuty),
    "go_off_duty" GoOffDuty(Nothing),
    "check_in" CheckIn(Nothing),
    "offer_received" OfferReceived(OfferArgs),
    "offer_seen" OfferSeen(OfferArgs),
    "accept" Accept(Accept),
    "decline" Decline(Decline),
    "volunteer_for" VolunteerFor(VolunteerFor),
    "en_route" EnRoute(MilestoneArgs),
    "on_scene" OnScene(MilestoneArgs),
    "done" Done(DoneArgs),
    "abort" Abort(Abort),
    // anybody's
    "raise_alarm" RaiseAlarm(RaiseAlarm),
    "request_service" RequestService(RequestService),
    "cancel_alarm" CancelAlarm(CancelAlarm),
    // the desk's
    "assign" Assign(Assign),
    "reassign" Reassign(Reassign),
    "substitute" Substitute(Substitute),
    "stand_down" StandDown(StandDown),
    "escalate" Escalate(IncidentArgs),
    "merge" Merge(Merge),
    "unmerge" Unmerge(Unmerge),
    "cancel" Cancel(EndArgs),
    "close" Close(Close),
    "reopen" Reopen(IncidentArgs),
    "note" Note(Note),
    "complete_task" CompleteTask(CompleteTask),
    "drill" Drill(Drill),
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
