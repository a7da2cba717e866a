//! What an office defines over HTTP: those who help, teams, response plans, the district itself. Everything that a plan
//! is made of travels both ways, skills by their codes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::client::Crs;
use crate::command::RoleArgs;
use crate::rows::{ProviderClass, TravelMode, Urgency, VolunteerRow};
use crate::{Id, Place, Time};

bodies! {
    /// One who helps: `POST /v1/volunteers`, and as a merge patch (RFC 7396) `PATCH /v1/volunteers/{id}`.
    VolunteerBody {
        name: String,
        /// The registry's own, of a certificate or a card.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<String>,
        /// 5 to 15 digits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        phone: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<String>,
        class: ProviderClass,
        #[serde(default)]
        skills: Vec<HeldSkill>,
        home: Place,
        #[serde(default)]
        crs: Crs,
        /// That of his home when left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grid: Option<Id>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        team: Option<Id>,
        travel: TravelMode,
        /// Assignments at once: 1 for a person, the crew of an organisation, at most 99.
        capacity: u8,
        /// Alerts in 24 h; no limit when left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alerts_per_day_max: Option<u16>,
    }
    /// A skill by its code, and until when its certificate is good.
    HeldSkill {
        code: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Time>,
    }
    /// `GET /v1/volunteers/{id}`: all but how to reach him.
    VolunteerDetail {
        volunteer: VolunteerRow,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<String>,
        skills: Vec<HeldSkill>,
        travel: TravelMode,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alerts_per_day_max: Option<u16>,
    }
    /// `GET /v1/volunteers/{id}/contact`; each look is audited.
    VolunteerContact {
        volunteer: Id,
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        phone: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<String>,
    }
    /// The volunteer that was enrolled.
    Enrolled { volunteer: Id }

    /// `POST /v1/teams`, `PUT /v1/teams/{id}`.
    TeamBody {
        name: String,
        /// The team above it; four levels at most.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        above: Option<Id>,
    }
    /// The team that was made.
    TeamMade { team: Id }

    /// `PUT /v1/districts/{district}`.
    DistrictBody {
        name: String,
        /// Taken for an alarm of which nothing else is known.
        centre: Place,
        #[serde(default)]
        crs: Crs,
    }
    /// One of `GET /v1/districts`.
    DistrictDetail { district: String, name: String, centre: Place, drill: bool }

    /// One of `GET /v1/plans`.
    PlanDetail {
        kind: String,
        /// What `PUT /v1/plans/{kind}` takes.
        plan: PlanBody,
    }
    /// What is done for one kind of incident.
    PlanBody {
        /// For people: 厨房冒烟.
        name: String,
        urgency: Urgency,
        /// Alarm levels: the first is asked at once, each next is added by `raise_level`. Empty: inform only.
        levels: Vec<Vec<RoleArgs>>,
        #[serde(default)]
        one_person_several_roles: bool,
        wave: WaveBody,
        grid_preference: GridPreference,
        merge: MergeRule,
        #[serde(default)]
        escalation: Vec<EscalationStep>,
        clocks: ClocksBody,
        /// Rest after an assignment of this kind.
        rest_ms: u64,
        /// Whether alerts of this kind count against, and are stopped by, alerts per day.
        alert_budget: bool,
        /// Walls show grid, time and count only.
        #[serde(default)]
        sensitive: bool,
        /// What the volunteer is to do.
        #[serde(default)]
        words: String,
        /// Collect requests of this kind for so long and match them together; 0: one at a time.
        #[serde(default)]
        batch_ms: u64,
    }
    /// The rounds of offers; wave n reaches `radius_m * (1 + growth_percent / 100)^(n - 1)`, at most `radius_m_max`.
    WaveBody { size: WaveSize, radius_m: u32, radius_m_max: u32, growth_percent: u16, waves_max: u16, deadline_ms: u64 }
    /// A wave that fits: the fewest, at most `max`, of whom enough will accept and be there in time with at least this chance
    /// (1 to 999 of a thousand), as far as their habits tell.
    Fit { target_permille: u16, max: u16 }
    /// Two calls of one kind this near in space and time are one incident; 0 turns merging off.
    MergeRule { radius_m: u32, window_ms: u64 }
    /// A state that lasts longer is told to the supervisor; 0: no clock.
    ClocksBody { answer_ms: u64, arrive_ms: u64, close_ms: u64 }
    /// Taken `after_ms` from opening if too few have accepted, or always.
    EscalationStep {
        after_ms: u64,
        #[serde(default)]
        always: bool,
        action: EscalationAction,
    }
}

/// How many people a wave asks: so many, or as few as it takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged, expecting = "a number of people, or {\"fit\": {\"target_permille\": 900, \"max\": 24}}")]
pub enum WaveSize {
    Fixed(u16),
    Fitting { fit: Fit },
}

/// How much nearer a volunteer of the incident's own grid counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GridPreference {
    None,
    MetresNearer(u32),
    StrictlyFirst,
}

/// What a step of escalation does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum EscalationAction {
    Widen,
    RaiseLevel,
    AddRoles(Vec<RoleArgs>),
    TellSupervisor,
    /// Everybody who has not come yet is asked of a neighbouring district, by its number; it must have sent somebody within
    /// `clock_ms`.
    AskNeighbour {
        district: String,
        clock_ms: u64,
    },
    HandOver {
        service: PublicService,
        clock_ms: u64,
        /// For the caller meanwhile.
        words: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum PublicService {
    #[serde(rename = "110")]
    Police,
    #[serde(rename = "119")]
    Fire,
    #[serde(rename = "120")]
    Ambulance,
}
