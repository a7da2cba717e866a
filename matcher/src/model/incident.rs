//! The thing to resolve.

use serde::{Deserialize, Serialize};

use super::{
    Aid, AidFor, AssignmentId, CallId, CallerKey, CommandId, IncidentId, KindCode, OfferId, Place, PublicService,
    SealedRef, SkillId, TaskId, Timestamp, Urgency,
};

/// By which way a call came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallSource {
    Button,
    Phone,
    Web,
    Desk,
    Patrol,
    System,
    /// Another district that lacks people.
    Neighbour,
}

/// One report. Several calls may be one incident; a merged call keeps its own place, so that it can be taken out again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    pub id: CallId,
    pub command: CommandId,
    pub at: Timestamp,
    pub source: CallSource,
    pub place: Place,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<CallerKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<SealedRef>,
    /// The fourth new incident of one device in ten minutes: merged and shown to the operator as a flood.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flood: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentClass {
    /// Must be answered now.
    Alarm,
    /// From the menu; may be booked, reviewed, rated.
    ServiceRequest,
}

/// How an incident ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    Resolved,
    /// Warned or advised, nobody needed to go.
    NoDispatchNeeded,
    FalseAlarm,
    HandedOver(PublicService),
    NobodyFound,
    CouldNotReach,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentState {
    Open,
    /// Offers of the current wave are out and fewer have accepted than are needed.
    Offering,
    /// Enough have accepted.
    Assigned,
    EnRoute,
    OnScene,
    Closed(Disposition),
    Cancelled,
    DuplicateOf(IncidentId),
}

impl IncidentState {
    /// Closed, cancelled or duplicate: an end that only `reopen` or `unmerge` leaves.
    pub fn ended(self) -> bool {
        matches!(self, Self::Closed(_) | Self::Cancelled | Self::DuplicateOf(_))
    }
}

/// One place to be filled by one person, from a role of the plan; its index in the incident is its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skill: Option<SkillId>,
    /// The alarm level that asked for it, from 1.
    pub level: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filled_by: Option<AssignmentId>,
    /// The desk has let it go: it is neither asked for nor counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub released: bool,
}

/// Slots of one incident by index: bit i is slot i.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SlotSet(pub u32);

impl SlotSet {
    pub const fn only(index: usize) -> Self {
        Self(1 << index)
    }

    pub const fn contains(self, index: usize) -> bool {
        self.0 >> index & 1 == 1
    }

    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..32).filter(move |&i| self.contains(i))
    }
}

/// Fewer people than needed can be found: said at once, and said again only when it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortfall {
    pub missing: u8,
    pub since: Timestamp,
}

/// Which clock ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    Answer,
    Arrive,
    Close,
}

/// An incident as the log has made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    pub id: IncidentId,
    pub class: IncidentClass,
    pub kind: KindCode,
    pub urgency: Urgency,
    /// Everything real except the statistics.
    pub drill: bool,
    pub place: Place,
    pub opened_at: Timestamp,
    pub calls: Vec<Call>,
    pub state: IncidentState,
    pub ended_at: Option<Timestamp>,
    pub slots: Vec<Slot>,
    /// The highest alarm level asked for so far, from 1.
    pub level: u8,
    /// Rounds of offers made so far.
    pub wave: u16,
    /// When the next wave goes out by itself, if it does: the wall counts down to it.
    pub next_wave_at: Option<Timestamp>,
    /// Steps of escalation taken, and when the next is due.
    pub escalation_step: u8,
    pub next_step_at: Option<Timestamp>,
    pub shortfall: Option<Shortfall>,
    /// Clocks that have run out.
    pub supervised: Vec<(Clock, Timestamp)>,
    pub offers: Vec<OfferId>,
    pub assignments: Vec<AssignmentId>,
    pub tasks: Vec<TaskId>,
    pub notes: Vec<(Timestamp, SealedRef)>,
    /// What other districts were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aids: Vec<Aid>,
    /// Which other district it was opened for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aid_for: Option<AidFor>,
}

impl Incident {
    /// The command that opened it: the trace id of all that follows.
    pub fn opened_by(&self) -> Option<CommandId> {
        self.calls.first().map(|call| call.command)
    }

    /// People needed over all levels asked for, and slots filled.
    pub fn needed_and_filled(&self) -> (usize, usize) {
        let needed = self.slots.iter().filter(|slot| !slot.released || slot.filled_by.is_some());
        let own = self.slots.iter().filter(|slot| slot.filled_by.is_some()).count();
        (needed.count(), own + self.aided().len() as usize)
    }

    /// Slots that people of other districts fill.
    pub fn aided(&self) -> SlotSet {
        self.aids.iter().fold(SlotSet::default(), |set, aid| set.union(aid.filled))
    }

    pub fn open_slots(&self) -> SlotSet {
        let open = self.slots.iter().enumerate().filter(|(_, slot)| slot.filled_by.is_none() && !slot.released);
        let open = open.fold(SlotSet::default(), |set, (index, _)| set.union(SlotSet::only(index)));
        SlotSet(open.0 & !self.aided().0)
    }
}
