//! Response plans: what happens, by kind of incident, without anybody having to remember it ("run cards").

use serde::{Deserialize, Serialize};

use super::{DAY_MS, DistrictId, HOUR_MS, MINUTE_MS, SECOND_MS, SkillId};

/// The code of a kind of incident: a-z, 0-9, `_`, at most 40 (`kitchen_smoke`).
pub type KindCode = String;

pub const KIND_LENGTH_MAX: usize = 40;
/// Slots of one incident over all its alarm levels.
pub const SLOTS_MAX: usize = 32;
/// Offers of one wave.
pub const WAVE_SIZE_MAX: u16 = 200;
pub const ESCALATION_STEPS_MAX: usize = 16;
pub const PLANS_MAX: usize = 500;
/// Characters of the words a plan gives to a caller or a volunteer.
pub const WORDS_LENGTH_MAX: usize = 500;

/// How grave: decides the lane, and what may be overridden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    Ordinary,
    Urgent,
    /// Rest time and alert budgets are overridden for this one only.
    LifeThreat,
}

/// `count` people who hold `skill` (anybody when `None`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skill: Option<SkillId>,
    pub count: u8,
}

/// How much nearer a volunteer of the incident's own grid counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GridPreference {
    None,
    MetresNearer(u32),
    StrictlyFirst,
}

/// How many people a wave asks: so many, or as few as it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a number of people, or {\"fit\": {\"target_permille\": 900, \"max\": 24}}")]
pub enum WaveSize {
    Fixed(u16),
    /// A wave that fits.
    Fitting {
        fit: Fit,
    },
}

/// The fewest, in their order, of whom enough will accept and be there in time with at least `target_permille`, as far as
/// their habits tell; at most `max` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fit {
    /// 1 ..= [`TARGET_PERMILLE_MAX`].
    pub target_permille: u16,
    pub max: u16,
}

/// Nobody's word is certain, so no wave can be.
pub const TARGET_PERMILLE_MAX: u16 = 999;

impl WaveSize {
    /// A wave that fits.
    pub const fn fitting(target_permille: u16, max: u16) -> Self {
        Self::Fitting { fit: Fit { target_permille, max } }
    }

    pub fn fit(self) -> Option<Fit> {
        match self {
            Self::Fixed(_) => None,
            Self::Fitting { fit } => Some(fit),
        }
    }

    /// The most that one wave asks, unless more slots are open.
    pub fn max(self) -> u16 {
        match self {
            Self::Fixed(size) => size,
            Self::Fitting { fit } => fit.max,
        }
    }
}

/// As tables have it: `6`, or `90%/24` (with a decimal where the target has one).
impl std::fmt::Display for WaveSize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fixed(size) => write!(f, "{size}"),
            Self::Fitting { fit } => write!(f, "{}%/{}", f64::from(fit.target_permille) / 10.0, fit.max),
        }
    }
}

/// The rounds of offers. Wave n asks as many as `size` says (at least one for each open slot) within
/// `radius_m * (1 + growth_percent / 100)^(n-1)`, at most `radius_m_max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WavePolicy {
    pub size: WaveSize,
    pub radius_m: u32,
    pub radius_m_max: u32,
    pub growth_percent: u16,
    pub waves_max: u16,
    /// How long one offer stands.
    pub deadline_ms: u64,
}

/// Two calls of one kind are one incident when they are this near in space and time; 0 turns merging off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeRule {
    pub radius_m: u32,
    pub window_ms: u64,
}

/// The clocks of supervision: a state that lasts longer is told to the supervisor. 0: no clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clocks {
    /// From opening to the first accepted offer.
    pub answer_ms: u64,
    /// From assignment to on scene.
    pub arrive_ms: u64,
    /// From opening to closed.
    pub close_ms: u64,
}

/// The services of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PublicService {
    #[serde(rename = "110")]
    Police,
    #[serde(rename = "119")]
    Fire,
    #[serde(rename = "120")]
    Ambulance,
}

/// What a step of escalation does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EscalationAction {
    /// The next wave now, wider, whatever its clock says.
    Widen,
    /// The next alarm level: its roles are added to those before.
    RaiseLevel,
    /// More people than the plan's levels ask for.
    AddRoles(Vec<Role>),
    /// Tell the supervisor of the district.
    TellSupervisor,
    /// A neighbouring district is asked for everybody who has not come; it must have sent somebody within `clock_ms`.
    AskNeighbour { district: DistrictId, clock_ms: u64 },
    /// A desk task to call 110, 119 or 120, done within `clock_ms`; `words` are for the caller meanwhile.
    HandOver { service: PublicService, clock_ms: u64, words: String },
}

/// One step: taken `after_ms` from opening if fewer than the needed people have accepted (or always).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EscalationStep {
    pub after_ms: u64,
    /// Taken even when enough have accepted (a hand-over to 120 for a cardiac arrest).
    #[serde(default)]
    pub always: bool,
    pub action: EscalationAction,
}

/// What is done for one kind of incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponsePlan {
    pub kind: KindCode,
    /// For people: 厨房冒烟.
    pub name: String,
    pub urgency: Urgency,
    /// Alarm levels: level 1 is asked at once; each next is added by `RaiseLevel`. Empty: inform only, nobody is sent.
    pub levels: Vec<Vec<Role>>,
    /// Whether one person who holds several of the needed skills may fill several roles.
    #[serde(default)]
    pub one_person_several_roles: bool,
    pub wave: WavePolicy,
    pub grid_preference: GridPreference,
    pub merge: MergeRule,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub escalation: Vec<EscalationStep>,
    pub clocks: Clocks,
    /// Rest after an assignment of this kind.
    pub rest_ms: u64,
    /// Whether alerts of this kind count against, and are stopped by, alerts per day.
    pub alert_budget: bool,
    /// Medical and domestic kinds: walls show grid, time and count only.
    #[serde(default)]
    pub sensitive: bool,
    /// What the volunteer is to do: 带上急救包.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub words: String,
    /// Collect service requests of this kind for so long and match them together (0: one at a time).
    #[serde(default)]
    pub batch_ms: u64,
}

impl ResponsePlan {
    /// The neighbours that it asks for aid, each with the step (from 0) that does.
    pub fn neighbours(&self) -> impl Iterator<Item = (usize, DistrictId)> {
        self.escalation.iter().enumerate().filter_map(|(index, step)| match step.action {
            EscalationAction::AskNeighbour { district, .. } => Some((index, district)),
            EscalationAction::Widen
            | EscalationAction::RaiseLevel
            | EscalationAction::AddRoles(_)
            | EscalationAction::TellSupervisor
            | EscalationAction::HandOver { .. } => None,
        })
    }

    /// Whether the plan dispatches nobody: a record and a message only.
    pub fn inform_only(&self) -> bool {
        self.levels.iter().all(|level| level.is_empty())
    }

    /// What is done for an alarm whose kind has no plan: an alarm is never refused, so there is always one.
    pub fn fallback(kind: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            name: "紧急求助".to_owned(),
            urgency: Urgency::LifeThreat,
            levels: vec![vec![Role { skill: None, count: 2 }]],
            one_person_several_roles: false,
            wave: WavePolicy {
                size: WaveSize::Fixed(8),
                radius_m: 1_000,
                radius_m_max: 10_000,
                growth_percent: 100,
                waves_max: 5,
                deadline_ms: 30 * SECOND_MS,
            },
            grid_preference: GridPreference::MetresNearer(300),
            merge: MergeRule { radius_m: 100, window_ms: 10 * MINUTE_MS },
            escalation: vec![EscalationStep {
                after_ms: MINUTE_MS,
                always: false,
                action: EscalationAction::TellSupervisor,
            }],
            clocks: Clocks { answer_ms: MINUTE_MS, arrive_ms: 15 * MINUTE_MS, close_ms: 2 * HOUR_MS },
            rest_ms: 10 * MINUTE_MS,
            alert_budget: true,
            sensitive: false,
            words: String::new(),
            batch_ms: 0,
        }
    }
}

/// The longest duration that any setting of a plan may name.
pub const PLAN_DURATION_MS_MAX: u64 = 31 * DAY_MS;
