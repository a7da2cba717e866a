//! Facts, in the past tense. What is stored is these, for ever: a change of shape is a new variant or an `upcast` at
//! the store's border, with a golden file for every version.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::command::Answer;
use crate::model::*;
use crate::shared;

/// Version of the stored form that this crate writes and that `evolve` knows; older ones are upcast by the store.
pub const FORMAT: u16 = 1;

/// The atom: everything that one command, or one tick, made happen. `seq` numbers commits of a district without a gap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    pub format: u16,
    pub seq: u64,
    pub at: Timestamp,
    pub cause: Cause,
    pub events: Vec<Event>,
    /// Left out where there is nothing to say: most commits have no caller.
    #[serde(default, skip_serializing_if = "Answer::is_done")]
    pub answer: Answer,
}

/// Why it happened: a command, or time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    Command {
        id: CommandId,
        body_hash: BodyHash,
        actor: Actor,
        /// Whether the answer is kept for 72 h under this id.
        remembered: bool,
    },
    Clock,
}

/// One person asked, inside [`Event::WaveSent`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferMade {
    pub id: OfferId,
    pub volunteer: VolunteerId,
    pub slots: SlotSet,
    pub standing: Standing,
}

/// Why somebody was not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Excluded {
    OffDuty,
    Engaged,
    Resting,
    AlertBudget,
    LacksSkill,
    BeyondRadius,
    AlreadyAsked,
    Declined,
    RaisedItHimself,
}

/// What a wave was chosen from: enough to answer "why these, why not that one" for ever, from the log alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaveExplanation {
    pub radius_m: u32,
    /// The next in order who were not asked, at most [`NEXT_IN_ORDER_MAX`].
    pub next: Vec<(VolunteerId, Standing)>,
    /// How many were left out, by reason.
    pub excluded: Vec<(Excluded, u32)>,
    /// Slots for which nobody was found.
    pub short: SlotSet,
    /// What a wave that fits counted on; none for a wave of a fixed size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fit: Option<Fitted>,
}

/// How sure a wave is that enough accept and are there in time: the chance of each is with his standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fitted {
    pub target_permille: u16,
    /// A lower bound where there are several roles: nobody is counted for two of them.
    pub counted_permille: u16,
}

pub const NEXT_IN_ORDER_MAX: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StandDownReason {
    Filled,
    IncidentEnded,
    ByDesk,
    TakenBack,
    /// The desk gave him to another incident; his place here is asked for again.
    Reassigned,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    // -- the district
    DistrictDefined {
        name: String,
        centre: Position,
    },
    SkillsDefined {
        skills: Vec<Skill>,
    },
    GridsDefined {
        grids: Vec<Grid>,
    },
    GridsRemoved {
        grids: Vec<GridId>,
    },
    TeamsDefined {
        teams: Vec<Team>,
    },
    PlansDefined {
        plans: Vec<ResponsePlan>,
    },
    VolunteersEnrolled {
        volunteers: Vec<Volunteer>,
    },
    VolunteersRetired {
        volunteers: Vec<VolunteerId>,
    },
    DrillSet {
        on: bool,
    },
    ServiceResumed {
        gap_ms: u64,
    },

    // -- duty
    DutyStarted {
        volunteer: VolunteerId,
        status: DutyStatus,
        until: Option<Timestamp>,
    },
    DutyEnded {
        volunteer: VolunteerId,
        why: DutyEnd,
    },
    RestStarted {
        volunteer: VolunteerId,
        until: Timestamp,
    },
    RestEnded {
        volunteer: VolunteerId,
    },
    CheckedIn {
        volunteer: VolunteerId,
    },
    /// Fewer than the minimum are on duty on this grid; said again only when it was met in between.
    GridUnderMinimum {
        grid: GridId,
        on_duty: u16,
        minimum: u16,
    },
    GridAtMinimum {
        grid: GridId,
    },

    // -- calls and incidents
    IncidentOpened {
        incident: IncidentId,
        class: IncidentClass,
        kind: KindCode,
        urgency: Urgency,
        drill: bool,
        call: Call,
        raised_by: Option<VolunteerId>,
        roles: Vec<Role>,
    },
    CallMerged {
        into: IncidentId,
        call: Call,
    },
    IncidentMerged {
        duplicate: IncidentId,
        into: IncidentId,
    },
    /// A call was taken out again; it has an incident of its own (opened in the same commit) or its old one back.
    Unmerged {
        from: IncidentId,
        incident: IncidentId,
        call: Option<CallId>,
    },
    /// Slots added: the plan's next level or the desk's wish.
    LevelRaised {
        incident: IncidentId,
        level: u8,
        roles: Vec<Role>,
    },
    /// A neighbour is asked for the people who fill `slots`, one for each need of the request.
    AidAsked {
        of: DistrictId,
        request: AidRequest,
        slots: SlotSet,
        answer_by: Timestamp,
    },
    /// The neighbour has told which of these slots its people fill: its consent, and what became of it.
    AidTold {
        aid: AidId,
        filled: SlotSet,
        over: bool,
        telling: u32,
    },
    /// The neighbour has sent nobody within the time limit.
    AidExpired {
        of: DistrictId,
        aid: AidId,
    },
    /// The neighbour is not needed any more.
    AidWithdrawn {
        of: DistrictId,
        aid: AidId,
    },
    /// The incident was opened because another district asked; it serves these of its needs.
    AidBegun {
        incident: IncidentId,
        aid: AidId,
        needs: SlotSet,
    },
    /// The district that asked is told which of its needs are filled from here.
    AidGiven {
        incident: IncidentId,
        aid: AidId,
        filled: SlotSet,
        over: bool,
        telling: u32,
    },
    /// The desk needs these no longer: they are not asked for any more.
    SlotsReleased {
        incident: IncidentId,
        slots: SlotSet,
    },
    Escalated {
        incident: IncidentId,
        step: u8,
        action: EscalationAction,
        by_desk: bool,
    },
    /// A clock of supervision has run out.
    Supervised {
        incident: IncidentId,
        clock: Clock,
    },
    ShortfallTold {
        incident: IncidentId,
        missing: u8,
    },
    ShortfallEnded {
        incident: IncidentId,
    },
    IncidentClosed {
        incident: IncidentId,
        disposition: Disposition,
        words: Option<SealedRef>,
    },
    IncidentCancelled {
        incident: IncidentId,
        by_caller: bool,
        words: Option<SealedRef>,
    },
    IncidentReopened {
        incident: IncidentId,
    },
    NoteAdded {
        incident: IncidentId,
        note: SealedRef,
    },
    /// Ended long ago: leaves the state, stays in the log. Rights that came with the case end here.
    IncidentArchived {
        incident: IncidentId,
    },

    // -- offers
    WaveSent {
        incident: IncidentId,
        wave: u16,
        deadline: Timestamp,
        next_wave_at: Option<Timestamp>,
        offers: Vec<OfferMade>,
        /// The state keeps the same one.
        #[serde(with = "shared")]
        explanation: Arc<WaveExplanation>,
        /// In place of offers that no phone has received: not a round of its own, neither wider nor counted.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        supplement: bool,
    },
    OfferReceived {
        offer: OfferId,
    },
    OfferSeen {
        offer: OfferId,
    },
    /// Five seconds without `received`: stays open, the next in order is asked at once (a wave of its own).
    OfferUnreceived {
        offer: OfferId,
    },
    OfferAccepted {
        offer: OfferId,
        eta_min: Option<u16>,
    },
    OfferDeclined {
        offer: OfferId,
        reason: DeclineReason,
        words: Option<SealedRef>,
    },
    OfferExpired {
        offer: OfferId,
    },
    OfferWithdrawn {
        offer: OfferId,
        why: WithdrawReason,
    },

    // -- assignments
    VolunteerAssigned {
        assignment: AssignmentId,
        incident: IncidentId,
        volunteer: VolunteerId,
        slots: SlotSet,
        offer: Option<OfferId>,
        eta_min: Option<u16>,
    },
    /// To let a scarce skill fill the slot that needs it, somebody moved to another slot of the same incident.
    SlotsChanged {
        assignment: AssignmentId,
        slots: SlotSet,
    },
    MilestoneReached {
        assignment: AssignmentId,
        milestone: Milestone,
        sheet: Option<SealedRef>,
    },
    AssignmentAborted {
        assignment: AssignmentId,
        reason: AbortReason,
        words: Option<SealedRef>,
    },
    AssignmentSubstituted {
        assignment: AssignmentId,
        by: VolunteerId,
    },
    StoodDown {
        assignment: AssignmentId,
        why: StandDownReason,
    },

    // -- the desk
    TaskOpened {
        task: TaskId,
        incident: IncidentId,
        kind: TaskKind,
        due_at: Timestamp,
    },
    TaskOverdue {
        task: TaskId,
    },
    TaskCompleted {
        task: TaskId,
        outcome: TaskOutcome,
    },
}

impl Event {
    /// The name in streams, logs and metrics: `wave_sent`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::DistrictDefined { .. } => "district_defined",
            Self::SkillsDefined { .. } => "skills_defined",
            Self::GridsDefined { .. } => "grids_defined",
            Self::GridsRemoved { .. } => "grids_removed",
            Self::TeamsDefined { .. } => "teams_defined",
            Self::PlansDefined { .. } => "plans_defined",
            Self::VolunteersEnrolled { .. } => "volunteers_enrolled",
            Self::VolunteersRetired { .. } => "volunteers_retired",
            Self::DrillSet { .. } => "drill_set",
            Self::ServiceResumed { .. } => "service_resumed",
            Self::DutyStarted { .. } => "duty_started",
            Self::DutyEnded { .. } => "duty_ended",
            Self::RestStarted { .. } => "rest_started",
            Self::RestEnded { .. } => "rest_ended",
            Self::CheckedIn { .. } => "checked_in",
            Self::GridUnderMinimum { .. } => "grid_under_minimum",
            Self::GridAtMinimum { .. } => "grid_at_minimum",
            Self::IncidentOpened { .. } => "incident_opened",
            Self::CallMerged { .. } => "call_merged",
            Self::IncidentMerged { .. } => "incident_merged",
            Self::Unmerged { .. } => "unmerged",
            Self::LevelRaised { .. } => "level_raised",
            Self::AidAsked { .. } => "aid_asked",
            Self::AidTold { .. } => "aid_told",
            Self::AidExpired { .. } => "aid_expired",
            Self::AidWithdrawn { .. } => "aid_withdrawn",
            Self::AidBegun { .. } => "aid_begun",
            Self::AidGiven { .. } => "aid_given",
            Self::SlotsReleased { .. } => "slots_released",
            Self::Escalated { .. } => "escalated",
            Self::Supervised { .. } => "supervised",
            Self::ShortfallTold { .. } => "shortfall_told",
            Self::ShortfallEnded { .. } => "shortfall_ended",
            Self::IncidentClosed { .. } => "incident_closed",
            Self::IncidentCancelled { .. } => "incident_cancelled",
            Self::IncidentReopened { .. } => "incident_reopened",
            Self::NoteAdded { .. } => "note_added",
            Self::IncidentArchived { .. } => "incident_archived",
            Self::WaveSent { .. } => "wave_sent",
            Self::OfferReceived { .. } => "offer_received",
            Self::OfferSeen { .. } => "offer_seen",
            Self::OfferUnreceived { .. } => "offer_unreceived",
            Self::OfferAccepted { .. } => "offer_accepted",
            Self::OfferDeclined { .. } => "offer_declined",
            Self::OfferExpired { .. } => "offer_expired",
            Self::OfferWithdrawn { .. } => "offer_withdrawn",
            Self::VolunteerAssigned { .. } => "volunteer_assigned",
            Self::SlotsChanged { .. } => "slots_changed",
            Self::MilestoneReached { .. } => "milestone_reached",
            Self::AssignmentAborted { .. } => "assignment_aborted",
            Self::AssignmentSubstituted { .. } => "assignment_substituted",
            Self::StoodDown { .. } => "stood_down",
            Self::TaskOpened { .. } => "task_opened",
            Self::TaskOverdue { .. } => "task_overdue",
            Self::TaskCompleted { .. } => "task_completed",
        }
    }
}
