//! Those who help.

use serde::{Deserialize, Serialize};

use super::{GridId, Position, SkillHeld, TeamId, Timestamp, VolunteerId};

/// Volunteers of one district.
pub const VOLUNTEERS_MAX: usize = 2_000_000;

/// The three classes of provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderClass {
    SkilledVolunteer,
    MemberOrganisation,
    GeneralVolunteer,
}

/// How a volunteer gets there; decides the speed and the detour over the straight line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TravelMode {
    Walk,
    Bicycle,
    Car,
}

/// What the district knows of a volunteer: no name, no number, no exact address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volunteer {
    pub id: VolunteerId,
    pub class: ProviderClass,
    pub skills: Vec<SkillHeld>,
    pub home_grid: GridId,
    /// Rounded to about 100 m by the shell; where he is taken to be until his phone says better.
    pub home: Position,
    pub travel: TravelMode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<TeamId>,
    /// How many assignments at once: 1 for a person, the crew size for an organisation (1 ..= 99).
    pub capacity: u8,
    /// Alerts in 24 h before he is left in peace; `None`: no limit. Overridden only for a threat to life.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alerts_per_day_max: Option<u16>,
    /// Another district is his home and alone commits him: here he is known, and has no duty.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guest: bool,
}

/// Duty status. Resting is set by the hub after an assignment and ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DutyStatus {
    OffDuty,
    Available,
    OnPatrol,
    Resting,
}

/// Duty of one volunteer: until when, if he said so, and on which grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duty {
    pub status: DutyStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    pub since: Timestamp,
}

/// Why a duty ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DutyEnd {
    Asked,
    TimeUp,
    Retired,
}
