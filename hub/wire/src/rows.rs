//! Rows: what each role may see, as it is after a commit. A client upserts them by id and never re-computes them.
//!
//! Four views, four sets of types, so that an unmasked field cannot slip into a masked one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::command::{AbortReason, DeclineReason, Disposition, TaskOutcome};
use crate::{Id, Place, Time};

macro_rules! rows {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident : $kind:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS, ToSchema)]
        pub struct $name { $($(#[$field_meta])* pub $field: $kind),* }
    )*};
}

macro_rules! view {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident : $kind:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema, TS, ToSchema)]
        pub struct $name {
            /// The district itself, when it changed or in part 0 of a snapshot.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub district: Option<DistrictRow>,
            /// Rows to forget: `what` is the name of a list here.
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            pub gone: Vec<Gone>,
            $($(#[$field_meta])* #[serde(default, skip_serializing_if = "Vec::is_empty")] pub $field: Vec<$kind>),*
        }
    )*};
}

view! {
    /// Operator and team leader (own team and grids): everything but sealed text and numbers.
    DeskRows {
        skills: SkillRow,
        teams: TeamRow,
        grids: GridRow,
        plans: PlanRow,
        volunteers: VolunteerRow,
        incidents: IncidentRow,
        calls: CallRow,
        offers: OfferRow,
        assignments: AssignmentRow,
        tasks: TaskRow,
    }
    /// Wall screens: masked names, rounded places, no personal data.
    WallRows {
        grids: GridRow,
        volunteers: WallVolunteerRow,
        incidents: WallIncidentRow,
        assignments: WallAssignmentRow,
    }
    /// A volunteer: himself, and what he was asked.
    VolunteerRows {
        me: OwnRow,
        offers: OwnOfferRow,
        assignments: OwnAssignmentRow,
        alarms: OwnCallRow,
    }
    /// A resident: own calls, the helper's first name and time of arrival.
    ResidentRows {
        alarms: OwnCallRow,
    }
}

rows! {
    Gone { what: String, id: Id }

    DistrictRow { id: Id, name: String, centre: Place, drill: bool }
    SkillRow { number: u8, code: String, name: String }
    TeamRow { id: Id, name: String, above: Option<Id> }
    GridRow {
        id: Id,
        name: String,
        /// GeoJSON order: polygons of rings of [lng, lat].
        polygons: Vec<Vec<Vec<[f64; 2]>>>,
        on_duty: u16,
        minimum: u16,
        team: Option<Id>,
    }
    PlanRow { kind: String, name: String, urgency: Urgency, needed: u16, inform_only: bool, sensitive: bool, words: String }
    VolunteerRow {
        id: Id,
        /// As the registry has it; — when unknown.
        name: String,
        class: ProviderClass,
        skills: Vec<String>,
        team: Option<Id>,
        home_grid: Id,
        duty: DutyStatus,
        until: Option<Time>,
        /// Active assignments, and how many he can have.
        engaged: u8,
        capacity: u8,
        alerts_today: u16,
        checked_in_at: Option<Time>,
    }
    IncidentRow {
        id: Id,
        class: IncidentClass,
        kind: String,
        kind_name: String,
        urgency: Urgency,
        sensitive: bool,
        drill: bool,
        grid: Id,
        place: Place,
        place_unsure: bool,
        opened_at: Time,
        ended_at: Option<Time>,
        state: IncidentState,
        disposition: Option<Disposition>,
        duplicate_of: Option<Id>,
        calls: u16,
        flood: bool,
        progress: Progress,
        #[ts(type = "string | null")]
        trace: Option<Uuid>,
    }
    /// How it goes: what a card shows.
    Progress {
        needed: u16,
        filled: u16,
        /// Alarm level, from 1.
        level: u8,
        wave: u16,
        asked: u16,
        received: u16,
        seen: u16,
        accepted: u16,
        declined: u16,
        /// When the first of those under way is expected, by what they said or the estimate.
        first_arrival_at: Option<Time>,
        /// When the next wave goes out by itself.
        next_wave_at: Option<Time>,
        /// When the next step of escalation is due, and what it does.
        next_step_at: Option<Time>,
        next_step: Option<StepName>,
        escalation_step: u8,
        /// People missing, when fewer than needed can be found.
        shortfall: Option<u16>,
        supervised: Vec<SupervisedRow>,
        /// Neighbouring districts that were asked for people, and what came of it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[ts(optional, as = "Option<Vec<AidRow>>")]
        aids: Vec<AidRow>,
        /// The district, by number, that asked for this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        aid_for: Option<String>,
    }
    /// A neighbour that was asked: by when it had to answer, when it did, and how many of its people come.
    AidRow { district: String, state: AidState, wanted: u16, people: u16, asked_at: Time, answer_by: Time, answered_at: Option<Time> }
    SupervisedRow { clock: Clock, since: Time }
    CallRow { id: Id, incident: Id, at: Time, source: CallSource, place: Place, place_unsure: bool, flood: bool, has_words: bool }
    OfferRow {
        id: Id,
        incident: Id,
        volunteer: Id,
        wave: u16,
        state: OfferState,
        reason: Option<DeclineReason>,
        distance_m: u32,
        #[ts(type = "number")]
        travel_ms: u64,
        own_grid: bool,
        made_at: Time,
        deadline: Time,
        received_at: Option<Time>,
        seen_at: Option<Time>,
        ended_at: Option<Time>,
    }
    AssignmentRow {
        id: Id,
        incident: Id,
        volunteer: Id,
        state: AssignmentState,
        reason: Option<AbortReason>,
        substituted_by: Option<Id>,
        eta_min: Option<u16>,
        made_at: Time,
        milestones: Vec<MilestoneRow>,
        ended_at: Option<Time>,
    }
    MilestoneRow {
        step: MilestoneStep,
        at: Time,
        #[ts(type = "number")]
        tapped_ago_ms: u64,
        source: MilestoneSource,
    }
    TaskRow {
        id: Id,
        incident: Id,
        kind: TaskKind,
        /// For the caller meanwhile.
        words: String,
        made_at: Time,
        due_at: Time,
        overdue: bool,
        outcome: Option<TaskOutcome>,
    }

    /// `name` is masked: 王师傅.
    WallVolunteerRow { id: Id, name: String, class: ProviderClass, home_grid: Id, duty: DutyStatus, engaged: bool }
    /// For a sensitive kind `kind_name` is 求助 and `place` the middle of its grid.
    WallIncidentRow {
        id: Id,
        class: IncidentClass,
        kind_name: String,
        urgency: Urgency,
        sensitive: bool,
        drill: bool,
        grid: Id,
        /// Rounded to about 100 m.
        place: Place,
        opened_at: Time,
        ended_at: Option<Time>,
        state: IncidentState,
        progress: Progress,
        /// Who is responsible, by role or masked name.
        responsible: String,
    }
    WallAssignmentRow { id: Id, incident: Id, volunteer: Id, state: AssignmentState }

    OwnRow { id: Id, name: String, duty: DutyStatus, until: Option<Time>, home_grid: Id, grid_name: String, rest_until: Option<Time> }
    /// What the offer card shows. No house number and no caller before a yes.
    OwnOfferRow {
        id: Id,
        incident: Id,
        kind_name: String,
        urgency: Urgency,
        drill: bool,
        /// Rounded to about 100 m.
        near: Place,
        grid_name: String,
        distance_m: u32,
        travel_min: u16,
        travel: TravelMode,
        /// What to do.
        words: String,
        needed: u16,
        filled: u16,
        asked: u16,
        state: OfferState,
        made_at: Time,
        deadline: Time,
        /// From the delta's `at`: a phone's clock is not trusted.
        #[ts(type = "number")]
        expires_in_ms: u64,
        ended_at: Option<Time>,
    }
    /// After a yes: the exact place. Caller's words and number: `GET /v1/incidents/{id}/contact`, until 24 h after close.
    OwnAssignmentRow {
        id: Id,
        incident: Id,
        kind_name: String,
        urgency: Urgency,
        drill: bool,
        place: Place,
        place_unsure: bool,
        grid_name: String,
        words: String,
        state: AssignmentState,
        eta_min: Option<u16>,
        made_at: Time,
        milestones: Vec<MilestoneRow>,
        ended_at: Option<Time>,
    }
    /// A call of one's own: 已发出 · 3 人收到.
    OwnCallRow {
        id: Id,
        incident: Id,
        #[ts(type = "string")]
        alarm: Uuid,
        kind_name: String,
        drill: bool,
        at: Time,
        state: IncidentState,
        asked: u16,
        received: u16,
        accepted: u16,
        /// First name of who comes first, and when.
        helper: Option<String>,
        arrival_at: Option<Time>,
    }
}

words! {
    Urgency { Ordinary, Urgent, LifeThreat }
    ProviderClass { SkilledVolunteer, MemberOrganisation, GeneralVolunteer }
    TravelMode { Walk, Bicycle, Car }
    DutyStatus { OffDuty, Available, OnPatrol, Resting }
    IncidentClass { Alarm, ServiceRequest }
    IncidentState { Open, Offering, Assigned, EnRoute, OnScene, Closed, Cancelled, DuplicateOf }
    OfferState { Made, Received, Seen, Accepted, Declined, Expired, Withdrawn }
    AssignmentState { Assigned, EnRoute, OnScene, Done, Aborted, SubstitutedBy, StoodDown }
    MilestoneStep { EnRoute, OnScene, Done }
    MilestoneSource { Volunteer, Desk, System }
    CallSource { Button, Phone, Web, Desk, Patrol, System, Neighbour }
    /// `given`: people of the neighbour come; `ended`: it sends nobody, or they have done it.
    AidState { Asked, Given, Ended, Expired, Withdrawn }
    Clock { Answer, Arrive, Close }
    /// What the next step of escalation does.
    StepName {
        Widen,
        RaiseLevel,
        AddRoles,
        TellSupervisor,
        AskNeighbour,
        #[serde(rename = "hand_over_110")]
        HandOver110,
        #[serde(rename = "hand_over_119")]
        HandOver119,
        #[serde(rename = "hand_over_120")]
        HandOver120,
    }
    TaskKind {
        #[serde(rename = "hand_over_110")]
        HandOver110,
        #[serde(rename = "hand_over_119")]
        HandOver119,
        #[serde(rename = "hand_over_120")]
        HandOver120,
        CallBack,
        Supervise,
    }
}
