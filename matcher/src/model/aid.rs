//! Aid between districts: one asks its neighbour for people whom it lacks; the neighbour alone decides, and sends its own.

use serde::{Deserialize, Serialize};

use super::{DistrictId, IncidentId, KindCode, Position, SlotSet, Timestamp, Urgency};

/// Requests for aid of one incident over its life; later steps of the plan ask nobody more.
pub const AIDS_MAX: usize = 16;

/// One request for aid: the incident that lacks people, and the number of the request there, from 1. The incident's id
/// names the district that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AidId {
    pub incident: IncidentId,
    pub number: u8,
}

/// What the neighbour is told: what has happened, where, and who is missing. No caller, no words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AidRequest {
    pub aid: AidId,
    pub kind: KindCode,
    pub urgency: Urgency,
    pub drill: bool,
    pub position: Position,
    /// One for each person: the code of the skill, or anybody. Codes, because each district numbers skills by itself.
    pub needs: Vec<Option<String>>,
}

/// How a request stands, as the district that asked knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AidState {
    /// No answer yet.
    Asked,
    /// The neighbour sends people.
    Given,
    /// The neighbour is done: its people have done it, or it has nobody.
    Ended,
    /// The neighbour has sent nobody within the time limit.
    Expired,
    /// It is not needed any more.
    Withdrawn,
}

impl AidState {
    /// Whether the neighbour may still answer.
    pub fn live(self) -> bool {
        matches!(self, Self::Asked | Self::Given)
    }
}

/// A request for aid, with the neighbour's consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aid {
    pub number: u8,
    /// Who is asked.
    pub of: DistrictId,
    /// For which places of the incident, in the order of the request's needs.
    pub slots: SlotSet,
    pub asked_at: Timestamp,
    /// The time limit: without people by then the plan goes on.
    pub answer_by: Timestamp,
    pub state: AidState,
    /// When the neighbour first agreed, or said that it has nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Timestamp>,
    /// Places that people of the neighbour fill.
    #[serde(default, skip_serializing_if = "is_nobody")]
    pub filled: SlotSet,
    /// The neighbour's last telling: an older one that comes late says nothing.
    #[serde(default)]
    pub heard: u32,
}

fn is_nobody(slots: &SlotSet) -> bool {
    slots.is_empty()
}

/// What an incident was opened for: another district lacks people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AidFor {
    pub aid: AidId,
    /// The needs (by index in the request) that this district could serve, one for each of its first places.
    pub needs: SlotSet,
    /// Needs that were filled when the other district was last told.
    pub told: SlotSet,
    /// How often it was told.
    pub telling: u32,
    /// It was told that there is no more to come.
    pub over: bool,
}

impl SlotSet {
    /// The members whose rank (0 is the lowest member) is in `ranks`.
    pub fn at_ranks(self, ranks: SlotSet) -> SlotSet {
        let at = self.iter().enumerate().filter(|&(rank, _)| ranks.contains(rank));
        at.fold(SlotSet::default(), |set, (_, slot)| set.union(SlotSet::only(slot)))
    }

    /// The ranks (0 is the lowest member) of those of its members that are in `members`.
    pub fn ranks_of(self, members: SlotSet) -> SlotSet {
        let of = self.iter().enumerate().filter(|&(_, slot)| members.contains(slot));
        of.fold(SlotSet::default(), |set, (rank, _)| set.union(SlotSet::only(rank)))
    }
}
