//! What the index knows of one volunteer.

use crate::model::{GridId, Position, SkillSet, TravelMode, VolunteerId};

/// Whether somebody can be asked. Whoever keeps the index sets it; the index never changes it by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Availability {
    /// On duty and free.
    Ready,
    /// On duty, but at rest: asked only where the query says so (a threat to life).
    Resting,
    /// As many assignments as the volunteer takes.
    Engaged,
    OffDuty,
}

impl Availability {
    pub const ALL: [Self; 4] = [Self::Ready, Self::Resting, Self::Engaged, Self::OffDuty];
}

/// One volunteer as the index holds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub volunteer: VolunteerId,
    pub position: Position,
    pub skills: SkillSet,
    pub travel: TravelMode,
    /// The grid they belong to (an incident there is in their own grid).
    pub grid: GridId,
    pub availability: Availability,
    /// Whether they can be told at all; the unreachable rank behind all others.
    pub reachable: bool,
}
