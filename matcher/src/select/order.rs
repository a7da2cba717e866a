//! The product order: who is asked before whom. Integers only, total, the same everywhere.

use crate::event::Excluded;
use crate::model::{GridId, GridPreference, Position, SkillSet, Standing, Timestamp, TravelMode, VolunteerId};

/// Milliseconds per straight metre: the detour over the straight line divided by the speed of the travel mode
/// (on foot 1.3 at 1.3 m/s, by bicycle 1.3 at 4 m/s, by car 1.4 at 7 m/s in a town).
pub const fn pace_ms_per_m(travel: TravelMode) -> u64 {
    match travel {
        TravelMode::Walk => 1_000,
        TravelMode::Bicycle => 325,
        TravelMode::Car => 200,
    }
}

/// Great-circle distance in whole metres, as it enters the order.
pub fn distance_m(from: Position, to: Position) -> u32 {
    from.distance_m(to).round() as u32
}

/// Who is to be found, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RankQuery {
    pub at: Position,
    pub grid: GridId,
    /// Straight line, to the rounded metre.
    pub radius_m: u32,
    /// All of these are needed.
    pub skills: SkillSet,
    pub preference: GridPreference,
    /// Ask those at rest too.
    pub resting_too: bool,
    /// How many at most.
    pub count: usize,
}

/// Whose turn it is among equals: fewest alerts in the last 24 h, then longest since the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn {
    pub alerts_today: u16,
    pub last_alert_at: Option<Timestamp>,
}

/// The part of the order that the index knows by itself; smaller is asked first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    pub unreachable: bool,
    /// Not of the incident's grid, where the plan puts its own grid strictly first.
    pub other_grid: bool,
    /// Travel time with the grid's metres taken off.
    pub counted_ms: u64,
    pub travel_ms: u64,
}

/// Added to the cost of those outside the incident's grid where that grid is strictly first: eighteen hours.
const OTHER_GRID_MS: i64 = 1 << 26;
/// Added to the cost of those who cannot be told: three days.
const UNREACHABLE_MS: i64 = 1 << 28;

impl Way {
    /// One number in the same order, for sums: ms, with a fixed price for what comes strictly behind. Counted travel
    /// times above nine hours are alike.
    pub fn cost_ms(self) -> i64 {
        let behind = i64::from(self.other_grid) * OTHER_GRID_MS + i64::from(self.unreachable) * UNREACHABLE_MS;
        self.counted_ms.min(OTHER_GRID_MS as u64 / 2) as i64 + behind
    }
}

/// The whole order: the way, whose turn it is, the id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RankKey {
    pub way: Way,
    pub turn: Turn,
    pub volunteer: VolunteerId,
}

/// One volunteer found, with all that decided their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ranked {
    pub key: RankKey,
    pub distance_m: u32,
    pub own_grid: bool,
}

impl Ranked {
    /// The numbers as they are journalled.
    pub fn standing(&self) -> Standing {
        Standing {
            distance_m: self.distance_m,
            travel_ms: self.key.way.travel_ms,
            own_grid: self.own_grid,
            alerts_today: self.key.turn.alerts_today,
            unreachable: self.key.way.unreachable,
            chance_permille: None,
        }
    }
}

/// What a ranking found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranking {
    /// In order, at most `count`.
    pub found: Vec<Ranked>,
    /// Whom the judge refused although their way is no longer than that of the last one found (or, where fewer
    /// than `count` were found, who are within the radius), in order of id.
    pub refused: Vec<(VolunteerId, Excluded)>,
}

/// Says of a volunteer on duty, with the skills and in reach, whose turn it is, or why they are not to be asked now.
///
/// Asked at most once a query for each volunteer, only where it can matter, in no promised order; it must give the
/// same answer for the same volunteer throughout.
pub trait Judge: FnMut(VolunteerId) -> Result<Turn, Excluded> {}

impl<F: FnMut(VolunteerId) -> Result<Turn, Excluded>> Judge for F {}

impl RankQuery {
    /// The way of somebody `distance_m` away.
    pub fn way(&self, distance_m: u32, travel: TravelMode, own_grid: bool, reachable: bool) -> Way {
        let nearer_m = match self.preference {
            GridPreference::MetresNearer(metres) if own_grid => metres,
            GridPreference::MetresNearer(_) | GridPreference::None | GridPreference::StrictlyFirst => 0,
        };
        let pace = pace_ms_per_m(travel);
        Way {
            unreachable: !reachable,
            other_grid: self.preference == GridPreference::StrictlyFirst && !own_grid,
            counted_ms: u64::from(distance_m.saturating_sub(nearer_m)) * pace,
            travel_ms: u64::from(distance_m) * pace,
        }
    }
}
