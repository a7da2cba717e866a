//! What may be asked of the engine, and the typed no that it may answer.

use serde::{Deserialize, Serialize};

use crate::model::*;

/// Volunteers, grids, teams or plans in one command; more comes in several commands.
pub const ITEMS_PER_COMMAND_MAX: usize = 500;

/// A command with who gives it and under which id. The shell has parsed, limited and authenticated it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub id: CommandId,
    pub body_hash: BodyHash,
    pub actor: Actor,
    pub command: Command,
}

/// Imperatives. Free text, names and numbers are sealed rows that travel beside the command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    // -- the district, as the office defines it
    DefineDistrict {
        name: String,
        centre: Position,
    },
    DefineSkills {
        skills: Vec<Skill>,
    },
    DefineGrids {
        grids: Vec<Grid>,
    },
    RemoveGrids {
        grids: Vec<GridId>,
    },
    DefineTeams {
        teams: Vec<Team>,
    },
    DefinePlans {
        plans: Vec<ResponsePlan>,
    },
    /// Add or change; duty and engagements of those already known stay.
    EnrolVolunteers {
        volunteers: Vec<Volunteer>,
    },
    RetireVolunteers {
        volunteers: Vec<VolunteerId>,
    },

    // -- calls
    RaiseAlarm(NewIncident),
    RequestService(NewIncident),
    /// By whoever raised it: everybody is stood down with thanks, the desk gets a call-back task.
    CancelAlarm {
        alarm: CommandId,
    },

    // -- a volunteer's own
    GoOnDuty {
        volunteer: VolunteerId,
        status: DutyStatus,
        until: Option<Timestamp>,
    },
    GoOffDuty {
        volunteer: VolunteerId,
    },
    /// "All normal": the answer to a roll call.
    CheckIn {
        volunteer: VolunteerId,
    },
    OfferReceived {
        offer: OfferId,
    },
    OfferSeen {
        offer: OfferId,
    },
    Accept {
        offer: OfferId,
        eta_min: Option<u16>,
    },
    Decline {
        offer: OfferId,
        reason: DeclineReason,
        words: Option<SealedRef>,
    },
    /// Coming forward unasked, or after the deadline: taken if a slot is open.
    VolunteerFor {
        incident: IncidentId,
        volunteer: VolunteerId,
        eta_min: Option<u16>,
    },
    ReachMilestone {
        assignment: AssignmentId,
        step: MilestoneStep,
        tapped_ago_ms: u64,
        /// The signed service sheet, with `Done`.
        sheet: Option<SealedRef>,
    },
    AbortAssignment {
        assignment: AssignmentId,
        reason: AbortReason,
        words: Option<SealedRef>,
    },

    // -- the desk
    /// By hand: any volunteer who is free, asked or not.
    Assign {
        incident: IncidentId,
        volunteer: VolunteerId,
    },
    /// The same person to another incident.
    Reassign {
        assignment: AssignmentId,
        to: IncidentId,
    },
    /// Another person to the same slots.
    Substitute {
        assignment: AssignmentId,
        by: VolunteerId,
    },
    /// Withdraw one assignment, or all that is not needed when `assignment` is `None`.
    StandDown {
        incident: IncidentId,
        assignment: Option<AssignmentId>,
    },
    Escalate {
        incident: IncidentId,
    },
    Merge {
        duplicate: IncidentId,
        into: IncidentId,
    },
    /// Takes a merged call, or a merged incident, out again.
    Unmerge {
        incident: IncidentId,
        call: Option<CallId>,
    },
    Cancel {
        incident: IncidentId,
        words: Option<SealedRef>,
    },
    Close {
        incident: IncidentId,
        disposition: Disposition,
        words: Option<SealedRef>,
    },
    Reopen {
        incident: IncidentId,
    },
    AddNote {
        incident: IncidentId,
        note: SealedRef,
    },
    CompleteTask {
        task: TaskId,
        outcome: TaskOutcome,
    },
    /// From now on new incidents of the district are drills, or real again.
    SetDrill {
        on: bool,
    },

    // -- from another district
    /// It lacks people, and asks for ours.
    GiveAid(AidRequest),
    /// What has become of a request of ours: which needs its people fill, and whether that is all. An older telling than
    /// the last says nothing; 0 is the first hub's own word that nobody could be asked.
    TellAid {
        aid: AidId,
        filled: SlotSet,
        over: bool,
        telling: u32,
    },
    /// Our people are needed no longer.
    EndAid {
        aid: AidId,
    },

    // -- the hub
    /// Timers that are due: of one incident, duty, task or grid a call; the writer repeats it while any is due.
    Tick,
    /// The first command after a gap in service: deadlines of open offers move by it.
    ResumeService {
        gap_ms: u64,
    },
}

/// A call that may become an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewIncident {
    /// An unknown kind of an alarm gets the fallback plan; of a request a rejection.
    pub kind: KindCode,
    pub source: CallSource,
    /// As told. `None` or outside the district: `fallback` is taken and flagged unsure.
    pub position: Option<Position>,
    /// The last fix or the home of the caller; the district's centre when there is none.
    pub fallback: Option<Position>,
    pub caller: Option<CallerKey>,
    /// The volunteer who raises it, if one does: he is not asked to come himself.
    pub raised_by: Option<VolunteerId>,
    pub sealed: Option<SealedRef>,
    /// Everything real except the statistics.
    pub drill: bool,
    /// What this one asks for instead of level 1 of its plan (the units really sent; a crew from the menu).
    pub roles: Option<Vec<Role>>,
}

impl Command {
    /// Whether the answer is kept for 72 h under the command's id. The others are idempotent by what they name.
    pub fn remembered(&self) -> bool {
        !matches!(
            self,
            Self::Tick
                | Self::ResumeService { .. }
                | Self::GoOnDuty { .. }
                | Self::GoOffDuty { .. }
                | Self::CheckIn { .. }
                | Self::OfferReceived { .. }
                | Self::OfferSeen { .. }
                | Self::ReachMilestone { .. }
                | Self::TellAid { .. }
                | Self::EndAid { .. }
        )
    }

    /// Whether it comes from another district, over its outbox.
    pub fn is_aid(&self) -> bool {
        matches!(self, Self::GiveAid(_) | Self::TellAid { .. } | Self::EndAid { .. })
    }

    /// Whether it goes in the lane ahead of the rest, and is never refused.
    pub fn is_alarm(&self) -> bool {
        matches!(self, Self::RaiseAlarm(_))
    }
}

/// What the caller is told of a command that was taken. Part of the commit, so that a repeated command gets the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    #[default]
    Done,
    Opened {
        incident: IncidentId,
        call: CallId,
        /// The call was merged into an incident already open.
        merged: bool,
        place_unsure: bool,
        /// Volunteers asked at once.
        asked: u16,
        drill: bool,
    },
    Assigned {
        assignment: AssignmentId,
        incident: IncidentId,
    },
    /// It had been so already; nothing changed.
    NothingToDo,
}

impl Answer {
    /// Whether it says nothing but that it was done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        *self == Answer::Done
    }
}

/// A typed no: expected, addressed to whoever gave the command, never stored (deciding again is right).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    /// `what` is the field's name in the command, `id` what was given.
    #[error("{what} {id} is not known in this district")]
    Unknown { what: Field, id: u64 },
    #[error("skill number {0} is not defined in this district")]
    UnknownSkill(u8),
    #[error("there is no response plan for the kind {0:?}")]
    UnknownKind(KindCode),
    #[error("{field} is {got}, at most {max} is allowed")]
    OverLimit { field: Field, got: u64, max: u64 },
    #[error("{field} is not valid: {why}")]
    Invalid { field: Field, why: Why },
    #[error("the offer is over ({state:?}); you can still come forward for the incident")]
    OfferOver { state: OfferState, incident: IncidentId },
    #[error("every slot is filled already, thank you")]
    AlreadyFilled { incident: IncidentId },
    #[error("the incident has ended")]
    IncidentEnded { incident: IncidentId },
    #[error("the incident has not ended")]
    IncidentNotEnded { incident: IncidentId },
    #[error("the assignment has ended")]
    AssignmentOver { assignment: AssignmentId },
    #[error("the volunteer is engaged elsewhere")]
    Engaged { volunteer: VolunteerId },
    #[error("the volunteer is off duty")]
    OffDuty { volunteer: VolunteerId },
    #[error("another district is the volunteer's home; only that one can send him")]
    Guest { volunteer: VolunteerId },
    #[error("the volunteer holds none of the skills that are still needed")]
    NotQualified { volunteer: VolunteerId },
    #[error("this belongs to another volunteer")]
    NotYours,
    #[error("the task was completed before")]
    TaskOver { task: TaskId },
    #[error("this command id was used before with another body")]
    IdempotencyConflict { id: CommandId },
    #[error("that request for aid is over")]
    AidOver { aid: AidId },
    #[error("nobody in this district can give that aid")]
    NoAidHere { aid: AidId },
    #[error("no further step: the plan of this incident has been used up")]
    NothingToEscalate { incident: IncidentId },
}

/// Names of command fields, for a rejection that points at one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    Aid,
    Alarm,
    Assignment,
    By,
    Call,
    Capacity,
    Centre,
    Duplicate,
    Code,
    EtaMin,
    Grid,
    Grids,
    Incident,
    Into,
    Kind,
    Name,
    Offer,
    Plans,
    Position,
    Roles,
    Shape,
    Skills,
    Status,
    TappedAgoMs,
    Task,
    Team,
    Teams,
    To,
    Until,
    Volunteer,
    Volunteers,
    Wave,
    Escalation,
    Words,
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = format!("{self:?}");
        let mut first = true;
        for c in name.chars() {
            if c.is_uppercase() && !first {
                f.write_str("_")?;
            }
            first = false;
            write!(f, "{}", c.to_ascii_lowercase())?;
        }
        Ok(())
    }
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    #[error("it is empty")]
    Empty,
    #[error("it lies in the past")]
    InThePast,
    #[error("it lies outside the district")]
    OutsideDistrict,
    #[error("it names the same thing twice")]
    Twice,
    #[error("it has a character that is not allowed")]
    Character,
    #[error("a polygon needs three different points")]
    TooFewPoints,
    #[error("it must be at least 1")]
    Zero,
    #[error("it belongs to another district")]
    OtherDistrict,
    #[error("it would go round in a circle")]
    Circle,
    #[error("it names itself")]
    Itself,
    #[error("only available and on_patrol can be chosen")]
    NotChoosable,
    #[error("it is still in use")]
    InUse,
    #[error("the two incidents are not of one class")]
    OtherClass,
}
