//! How many steps a second, side by side: in each repeat every side does the same steps, one side after the other, so that a
//! machine that slows down slows down for all. A ratio is the median of the ratios within the repeats.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::city::City;
use super::workload::Workload;
use super::{Named, agreement};
use crate::peers::{Found, Side, Step};
use matcher::select::Entry;

pub const REPEATS: usize = 5;
/// Steps a side is given at most, and about how long it may take.
const STEPS: usize = 300_000;
const LONG_ENOUGH: Duration = Duration::from_millis(60);
const OURS: usize = 0;

/// Steps a second by workload, side and repeat.
pub struct Rates {
    names: Vec<&'static str>,
    by_workload: Vec<(Workload, Vec<Vec<f64>>)>,
    /// By side: how many of its answers to mixed queries are ours.
    agreement: Vec<f64>,
}

/// # Errors
/// A server is gone.
pub fn measure(sides: &mut [Box<dyn Side>], city: &mut City, people: &mut [Entry]) -> anyhow::Result<Rates> {
    let names = sides.iter().map(|side| side.name()).collect();
    let mut rates = Rates { names, by_workload: Vec::new(), agreement: vec![1.0; sides.len()] };
    for workload in Workload::ALL {
        let steps = workload.steps(city, people, STEPS);
        let counts = sides.iter_mut().map(|side| enough(side.as_mut(), &steps)).collect::<anyhow::Result<Vec<_>>>()?;
        if workload == Workload::Mixed {
            rates.agreement = agreements(sides, &steps, &counts)?;
        }
        let mut by_side = vec![Vec::new(); sides.len()];
        for _ in 0..REPEATS {
            let steps = workload.steps(city, people, STEPS);
            for ((side, &count), rates) in sides.iter_mut().zip(&counts).zip(&mut by_side) {
                rates.push(count as f64 / timed(side.as_mut(), &steps[..count])?.as_secs_f64());
            }
        }
        rates.by_workload.push((workload, by_side));
    }
    Ok(rates)
}

/// How many steps take a side long enough to be timed; warms it up, too.
fn enough(side: &mut dyn Side, steps: &[Step]) -> anyhow::Result<usize> {
    let mut count = 20;
    while count < steps.len() && timed(side, &steps[..count])? < LONG_ENOUGH {
        count = (2 * count).min(steps.len());
    }
    Ok(count)
}

fn timed(side: &mut dyn Side, steps: &[Step]) -> anyhow::Result<Duration> {
    let mut answers = Vec::with_capacity(steps.len());
    let started = Instant::now();
    side.run(steps, &mut answers)?;
    let took = started.elapsed();
    std::hint::black_box(answers);
    Ok(took)
}

/// Everybody answers what the slowest has time for.
fn agreements(sides: &mut [Box<dyn Side>], steps: &[Step], counts: &[usize]) -> anyhow::Result<Vec<f64>> {
    let count = counts.iter().copied().min().unwrap_or_default();
    let mut answer = |side: &mut Box<dyn Side>| -> anyhow::Result<Vec<Found>> {
        let mut answers = Vec::new();
        side.run(&steps[..count], &mut answers)?;
        Ok(answers)
    };
    let answers = sides.iter_mut().map(&mut answer).collect::<anyhow::Result<Vec<_>>>()?;
    Ok(answers.iter().map(|theirs| agreement(&answers[OURS], theirs)).collect())
}

impl Rates {
    pub fn median(&self, side: usize, workload: Workload) -> f64 {
        median(&mut self.of(side, workload).to_vec())
    }

    /// Ours over theirs, where there is such a side.
    fn ratio(&self, name: &str, workload: Workload) -> Option<f64> {
        let side = self.names.iter().position(|own| *own == name)?;
        let both = self.of(OURS, workload).iter().zip(self.of(side, workload));
        Some(median(&mut both.map(|(ours, theirs)| ours / theirs).collect::<Vec<_>>()))
    }

    pub fn ratios(&self) -> Map<String, Value> {
        const ASKED_FOR: [(&str, &str, Workload); 6] = [
            ("ratio_to_rstar", "rstar", Workload::Mixed),
            ("ratio_to_kiddo", "kiddo", Workload::Mixed),
            ("ratio_to_redis", "redis", Workload::Mixed),
            ("ratio_to_nearby", "nearby", Workload::Mixed),
            ("mix_ratio_to_kiddo", "kiddo", Workload::Mix),
            ("mix_ratio_to_redis", "redis", Workload::Mix),
        ];
        let named = |(key, name, workload)| Some((String::from(key), json!(self.ratio(name, workload)?)));
        ASKED_FOR.into_iter().filter_map(named).collect()
    }

    /// The median rate of each side at each workload, and how many of its answers are ours (who knows no sphere, or rounds
    /// places, changes the order of some who are as good as equally far).
    pub fn peers(&self) -> Value {
        let side = |(side, name): (usize, &&'static str)| {
            let rate = |(workload, _): &(Workload, _)| (workload.name(), json!(self.median(side, *workload).round()));
            let mut figures: Named = self.by_workload.iter().map(rate).collect();
            figures.insert("same_answers", json!(self.agreement[side]));
            ((*name).to_owned(), json!(figures))
        };
        Value::Object(self.names.iter().enumerate().map(side).collect())
    }

    fn of(&self, side: usize, workload: Workload) -> &[f64] {
        let found = self.by_workload.iter().find(|(own, _)| *own == workload);
        found.map_or(&[], |(_, by_side)| &by_side[side])
    }
}

pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
