//! The functions that are counted, on a city that is always the same.

use std::hint::black_box;

use matcher::SkillSet;
use matcher::assign::{Row, assign};
use matcher::select::{Entry, Finder, Index, NearPairs, NearestQuery, RankQuery, Turn};

use crate::matcher::{Alarms, City, EIGHT, rank_query};
use crate::peers::{COUNT, RADIUS_M};

const VOLUNTEERS: usize = 10_000;
const STEP_M: f64 = 5.0;
/// Incidents of one assignment.
const TOGETHER: usize = 10;
const UNASSIGNED_MS: i64 = 1 << 28;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Nearest,
    Rank,
    MoveTo,
    Assign,
    Decide,
}

impl Operation {
    pub const ALL: [Self; 5] = [Self::Nearest, Self::Rank, Self::MoveTo, Self::Assign, Self::Decide];

    pub fn name(self) -> &'static str {
        match self {
            Self::Nearest => "Index::nearest",
            Self::Rank => "Index::rank",
            Self::MoveTo => "Index::move_to",
            Self::Assign => "assign",
            Self::Decide => "decide",
        }
    }

    /// # Errors
    /// The engine refuses an alarm.
    pub fn repeat(self, times: u64) -> anyhow::Result<()> {
        let mut city = City::new(1);
        let mut people = city.people(VOLUNTEERS);
        let mut index: Index = people.iter().copied().collect();
        match self {
            Self::Nearest => nearest(&index, &mut city, times),
            Self::Rank => rank(&index, &mut city, times),
            Self::MoveTo => move_to(&mut index, &mut city, &mut people, times),
            Self::Assign => assign_some(&index, &mut city, times),
            Self::Decide => return decide(&people, times),
        }
        Ok(())
    }
}

fn question(city: &mut City) -> RankQuery {
    let (at, grid) = city.address();
    rank_query(&NearestQuery { at, radius_m: RADIUS_M, skills: city.skill(), count: COUNT }, grid)
}

fn nearest(index: &Index, city: &mut City, times: u64) {
    let mut finder = Finder::default();
    for _ in 0..times {
        let (at, _) = city.address();
        let query = NearestQuery { at, radius_m: RADIUS_M, skills: city.skill(), count: COUNT };
        black_box(index.nearest(&query, &mut finder));
    }
}

fn rank(index: &Index, city: &mut City, times: u64) {
    for _ in 0..times {
        black_box(index.rank(&question(city), |_| Ok(Turn::default())));
    }
}

fn move_to(index: &mut Index, city: &mut City, people: &mut [Entry], times: u64) {
    for _ in 0..times {
        let (volunteer, position) = city.step(people, STEP_M);
        index.move_to(volunteer, position);
    }
}

fn assign_some(index: &Index, city: &mut City, times: u64) {
    for _ in 0..times {
        let queries: Vec<RankQuery> =
            (0..TOGETHER).map(|_| RankQuery { skills: SkillSet::EMPTY, ..question(city) }).collect();
        let mut pairs = NearPairs::new(index, &queries);
        let problem = pairs.problem(vec![Row { demand: 1, unassigned_price: UNASSIGNED_MS }; TOGETHER]);
        black_box(assign(&problem, &mut pairs));
    }
}

fn decide(people: &[Entry], times: u64) -> anyhow::Result<()> {
    let mut alarms = Alarms::new(people, 1, EIGHT)?;
    for _ in 0..times {
        alarms.decide_next()?;
    }
    Ok(())
}
