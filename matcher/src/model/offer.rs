//! One volunteer asked about one incident, and what comes of a yes.

use serde::{Deserialize, Serialize};

use super::{AssignmentId, IncidentId, OfferId, SlotSet, Timestamp, VolunteerId};

/// Why a volunteer said no. His own words, if any, are a sealed row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeclineReason {
    NotSaid,
    Busy,
    TooFar,
    Unwell,
    NotQualified,
    /// "Yes, in two hours": kept as it was said, and told to the desk.
    Later,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithdrawReason {
    /// Enough others have accepted.
    Filled,
    IncidentEnded,
    /// He was given to another incident, or went off duty.
    NoLongerFree,
    ByDesk,
}

/// An end state (the last four) is never left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferState {
    Made,
    Received,
    Seen,
    Accepted,
    Declined(DeclineReason),
    Expired,
    Withdrawn(WithdrawReason),
}

impl OfferState {
    /// Whether it can still be answered.
    pub fn standing(self) -> bool {
        matches!(self, Self::Made | Self::Received | Self::Seen)
    }
}

/// Why this volunteer, in the numbers that the order was made by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Straight line, metres.
    pub distance_m: u32,
    /// Estimated way by his travel mode, milliseconds.
    pub travel_ms: u64,
    pub own_grid: bool,
    /// Alerts in the last 24 h: fewer comes first among equals.
    pub alerts_today: u16,
    /// No socket for 60 s and no wake-up channel: ranked last.
    pub unreachable: bool,
    /// His chance to accept and be there in time, as a wave that fits counted on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chance_permille: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    pub id: OfferId,
    pub incident: IncidentId,
    pub volunteer: VolunteerId,
    pub wave: u16,
    /// The slots he was asked for.
    pub slots: SlotSet,
    pub standing: Standing,
    pub made_at: Timestamp,
    pub deadline: Timestamp,
    pub state: OfferState,
    pub received_at: Option<Timestamp>,
    pub seen_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AbortReason {
    NotSaid,
    CannotGo,
    NotFound,
    Unsafe,
    ByDesk,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssignmentState {
    Assigned,
    EnRoute,
    OnScene,
    Done,
    Aborted(AbortReason),
    SubstitutedBy(VolunteerId),
    /// Not needed any more; thanked.
    StoodDown,
}

impl AssignmentState {
    pub fn active(self) -> bool {
        matches!(self, Self::Assigned | Self::EnRoute | Self::OnScene)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MilestoneStep {
    EnRoute,
    OnScene,
    Done,
}

/// Who said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MilestoneSource {
    Volunteer,
    Desk,
    System,
}

/// Written once; a second report of the same step changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Milestone {
    pub step: MilestoneStep,
    pub at: Timestamp,
    /// How long before `at` the button was pressed, when the phone was offline meanwhile.
    pub tapped_ago_ms: u64,
    pub source: MilestoneSource,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    pub id: AssignmentId,
    pub incident: IncidentId,
    pub volunteer: VolunteerId,
    pub slots: SlotSet,
    /// `None` when the desk assigned him by hand or he came forward himself.
    pub offer: Option<OfferId>,
    pub made_at: Timestamp,
    /// Minutes, as he said.
    pub eta_min: Option<u16>,
    pub state: AssignmentState,
    pub milestones: Vec<Milestone>,
    pub ended_at: Option<Timestamp>,
}
