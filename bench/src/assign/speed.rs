//! How long many incidents at once take on the city, finding the candidates included; beside an anchor that is given the
//! whole matrix ready made.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use matcher::assign::{Assignment, Row, assign, gap};
use matcher::select::{Availability, Entry, Index, NearPairs, RankQuery, Turn};
use matcher::{GridPreference, SkillSet};

use super::anchor::{Anchor, Matrix};
use crate::matcher::{City, median};

const REPEATS: usize = 9;
/// Incidents and volunteers.
const SIZES: [(usize, usize); 3] = [(100, 1_000), (1_000, 10_000), (5_000, 50_000)];
/// The size that the anchor solves too.
const BESIDE: (usize, usize) = (1_000, 10_000);
/// Longer than anybody travels in the city.
const UNASSIGNED_MS: i64 = 1 << 28;

/// Medians by size; ratios to the anchor at [`BESIDE`], each the median of the ratios within the repeats.
#[derive(Default)]
pub struct Speed {
    pub ms: BTreeMap<String, f64>,
    pub proven_ms: BTreeMap<String, f64>,
    pub pairs_fetched: BTreeMap<String, usize>,
    pub gap: i64,
    pub anchor: &'static str,
    pub anchor_ms: f64,
    pub ratio: Option<f64>,
    pub proven_ratio: Option<f64>,
}

/// # Errors
/// An answer breaks a rule of its problem, or the anchor finds another total.
pub fn measure(python: &Path, seed: u64) -> anyhow::Result<Speed> {
    let mut speed = Speed::default();
    for (incidents, volunteers) in SIZES {
        let mut town = Town::new(incidents, volunteers, seed);
        let mut anchor = match (incidents, volunteers) == BESIDE {
            true => Some(Anchor::start(python, &town.matrix())?),
            false => None,
        };
        let mut runs = Vec::new();
        for _ in 0..REPEATS {
            let run = town.solve()?;
            let beside = anchor.as_mut().map(Anchor::solve).transpose()?;
            if let Some((total, _)) = beside {
                anyhow::ensure!(total == run.total, "the anchor finds {total}, we find {}", run.total);
            }
            runs.push((run, beside.map_or(f64::NAN, |(_, ms)| ms)));
        }
        speed.add(format!("{incidents}x{volunteers}"), &runs);
        if let Some(anchor) = anchor {
            speed.set_beside(anchor.name(), &runs);
        }
    }
    Ok(speed)
}

struct Run {
    total: i64,
    gap: i64,
    pairs_fetched: usize,
    ms: f64,
    proven_ms: f64,
}

impl Speed {
    fn add(&mut self, size: String, runs: &[(Run, f64)]) {
        let of = |figure: fn(&Run) -> f64| median(&mut runs.iter().map(|(run, _)| figure(run)).collect::<Vec<_>>());
        self.ms.insert(size.clone(), of(|run| run.ms));
        self.proven_ms.insert(size.clone(), of(|run| run.proven_ms));
        self.pairs_fetched.insert(size, runs.first().map_or(0, |(run, _)| run.pairs_fetched));
        self.gap = runs.iter().map(|(run, _)| run.gap).chain([self.gap]).max().unwrap_or_default();
    }

    /// The ratios are called after scipy, so they are there only for scipy.
    fn set_beside(&mut self, anchor: &'static str, runs: &[(Run, f64)]) {
        let of = |figure: fn(&(Run, f64)) -> f64| median(&mut runs.iter().map(figure).collect::<Vec<_>>());
        self.anchor = anchor;
        self.anchor_ms = of(|(_, anchor_ms)| *anchor_ms);
        if anchor == Anchor::SCIPY {
            self.ratio = Some(of(|(run, anchor_ms)| anchor_ms / run.ms));
            self.proven_ratio = Some(of(|(run, anchor_ms)| anchor_ms / run.proven_ms));
        }
    }
}

/// Incidents that need anybody, and volunteers who are all free.
struct Town {
    index: Index,
    queries: Vec<RankQuery>,
    volunteers: usize,
}

impl Town {
    fn new(incidents: usize, volunteers: usize, seed: u64) -> Self {
        let mut city = City::new(seed);
        let free = |person: Entry| Entry { availability: Availability::Ready, ..person };
        let index = city.people(volunteers).into_iter().map(free).collect();
        let queries = (0..incidents).map(|_| anybody_near(&mut city)).collect();
        Self { index, queries, volunteers }
    }

    fn solve(&mut self) -> anyhow::Result<Run> {
        let started = Instant::now();
        let mut pairs = NearPairs::new(&self.index, &self.queries);
        let problem = pairs.problem(vec![Row { demand: 1, unassigned_price: UNASSIGNED_MS }; self.queries.len()]);
        let answer: Assignment = assign(&problem, &mut pairs);
        let ms = started.elapsed().as_secs_f64() * 1e3;
        let gap = gap(&problem, &mut pairs, &answer)?;
        let proven_ms = started.elapsed().as_secs_f64() * 1e3;
        Ok(Run { total: answer.total, gap, pairs_fetched: answer.pairs_fetched, ms, proven_ms })
    }

    /// What everybody would cost for each incident.
    fn matrix(&self) -> Matrix {
        let row = |query: &RankQuery| {
            let mut costs = vec![UNASSIGNED_MS; self.volunteers];
            let everybody = RankQuery { count: self.volunteers, ..*query };
            for ranked in self.index.rank(&everybody, |_| Ok(Turn::default())).found {
                costs[ranked.key.volunteer.number() as usize - 1] = ranked.key.way.cost_ms();
            }
            costs
        };
        Matrix { columns: self.volunteers, costs: self.queries.iter().flat_map(row).collect() }
    }
}

fn anybody_near(city: &mut City) -> RankQuery {
    let (at, grid) = city.address();
    RankQuery {
        at,
        grid,
        radius_m: 50_000,
        skills: SkillSet::EMPTY,
        preference: GridPreference::None,
        resting_too: false,
        count: 0,
    }
}
