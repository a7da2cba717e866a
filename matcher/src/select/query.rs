//! Plain questions to the index: the nearest, and how many.

use crate::model::{Position, SkillSet, VolunteerId};

/// The nearest in plain distance, whatever their mode, grid or turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NearestQuery {
    pub at: Position,
    pub radius_m: u32,
    /// All of these are needed.
    pub skills: SkillSet,
    /// How many at most.
    pub count: usize,
}

/// One volunteer found by [`NearestQuery`]. Their order is that of [`distance_mm`], then id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Near {
    pub volunteer: VolunteerId,
    /// Great-circle distance in rounded metres.
    pub distance_m: u32,
}

/// Great-circle distance in whole millimetres: what the plain order and the radius go by.
pub fn distance_mm(from: Position, to: Position) -> u64 {
    (from.distance_m(to) * 1_000.0).round() as u64
}

/// Every volunteer of the index, counted once, by the first of these that holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    pub lacks_skill: u32,
    pub off_duty: u32,
    pub engaged: u32,
    pub resting_beyond: u32,
    pub resting_within: u32,
    pub ready_beyond: u32,
    /// Ready, with the skills, within the radius (to the rounded metre).
    pub ready_within: u32,
}
