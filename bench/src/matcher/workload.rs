//! What every side is given to do.

use matcher::select::{Entry, NearestQuery, RankQuery};
use matcher::{GridId, GridPreference, SkillId};

use super::city::{City, SKILLS};
use crate::peers::{COUNT, RADIUS_M, Step};

/// About two seconds of a quick walk.
const STEP_M: f64 = 5.0;
const METRES_NEARER: u32 = 300;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Workload {
    /// The skill of 30 %.
    Common,
    /// The skill in the middle, 1.7 %.
    Mid,
    /// The skill of 0.1 %.
    Rare,
    /// Any of the 64, each as often.
    Mixed,
    Moves,
    /// Nine moves, then a mixed query.
    Mix,
}

impl Workload {
    pub const ALL: [Self; 6] = [Self::Common, Self::Mid, Self::Rare, Self::Mixed, Self::Moves, Self::Mix];
    pub const QUERIES: [Self; 4] = [Self::Common, Self::Mid, Self::Rare, Self::Mixed];

    pub fn name(self) -> &'static str {
        match self {
            Self::Common => "common",
            Self::Mid => "mid",
            Self::Rare => "rare",
            Self::Mixed => "mixed",
            Self::Moves => "moves",
            Self::Mix => "mix_90_10",
        }
    }

    /// The next `count` steps; who moves is moved in `people` too.
    pub fn steps(self, city: &mut City, people: &mut [Entry], count: usize) -> Vec<Step> {
        let moves = |number: usize| self == Self::Moves || self == Self::Mix && number % 10 != 9;
        (0..count).map(|number| if moves(number) { step(city, people) } else { self.question(city) }).collect()
    }

    fn question(self, city: &mut City) -> Step {
        let skill = match self {
            Self::Common => SkillId(0),
            Self::Mid => SkillId(SKILLS / 2),
            Self::Rare => SkillId(SKILLS - 1),
            Self::Mixed | Self::Moves | Self::Mix => SkillId(city.skill().0.trailing_zeros() as u8),
        };
        Step::Ask { at: city.address().0, skill }
    }
}

fn step(city: &mut City, people: &mut [Entry]) -> Step {
    let (volunteer, position) = city.step(people, STEP_M);
    Step::Move { volunteer, position }
}

/// Mixed queries in the product order.
pub fn ranked(city: &mut City, count: usize) -> Vec<RankQuery> {
    let query = |_| {
        let (at, grid) = city.address();
        rank_query(&NearestQuery { at, radius_m: RADIUS_M, skills: city.skill(), count: COUNT }, grid)
    };
    (0..count).map(query).collect()
}

/// The same in the order of travel time, the own grid counted 300 m nearer.
pub fn rank_query(query: &NearestQuery, grid: GridId) -> RankQuery {
    RankQuery {
        at: query.at,
        grid,
        radius_m: query.radius_m,
        skills: query.skills,
        preference: GridPreference::MetresNearer(METRES_NEARER),
        resting_too: false,
        count: query.count,
    }
}
