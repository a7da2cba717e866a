//! `bench matcher`: the index of `matcher::select` on the city of [`City`], one thread, beside those whom people would take
//! instead, in one interleaved run. `bench peers` is the same without the latencies and the decision.

mod city;
mod decision;
mod rates;
pub mod report;
mod workload;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

use hdrhistogram::Histogram;
use matcher::SkillSet;
use matcher::select::{Entry, Finder, Index, Naive, NearestQuery, Turn};
use serde_json::{Map, Value, json};

use crate::peers::{COUNT, Dialect, Found, KdTrees, OneTree, Ours, RADIUS_M, Scan, Server, Side, Step};
pub use city::{CENTRE, City, DEGREE_M, SIDE_M, SKILLS};
pub use decision::{Alarms, EIGHT};
pub use rates::median;
use rates::{Rates, measure};
use workload::Workload;
pub use workload::rank_query;

/// Queries whose answers are compared with the naive list.
const COMPARED: usize = 300;
/// Queries timed one by one.
const TIMED: usize = 200_000;

#[derive(clap::Args)]
pub struct Options {
    #[arg(long, default_value_t = 100_000)]
    volunteers: usize,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A Redis to be asked by GEOSEARCH: redis://host:port
    #[arg(long)]
    redis: Option<String>,
    /// A server of the same protocol that speaks NEARBY: host:port
    #[arg(long)]
    nearby: Option<String>,
    /// Writes an HTML page with plots
    #[arg(long)]
    report: Option<PathBuf>,
    /// Prints the figures as JSON
    #[arg(long)]
    json: bool,
}

/// # Errors
/// The index and the naive list disagree (then no figure means anything), a server is gone, or the engine refuses an alarm.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let mut bench = Bench::new(options);
    bench.compare_with_naive()?;
    let rates = bench.rates(options)?;
    let mut figures = bench.own_figures(&rates);
    figures.extend(rates.ratios());
    figures.insert("peers".into(), rates.peers());
    figures.insert("query_us".into(), bench.query_us());
    figures.insert("decision_us".into(), decision::decision_us(&bench.people, options.seed, decision::EIGHT)?);
    let fitting_us = decision::decision_us(&bench.people, options.seed, decision::FITTING)?;
    figures.insert("fitting_decision_us".into(), fitting_us);
    finish(figures, options)
}

/// Rates of every side, ours among them.
///
/// # Errors
/// As [`run`].
pub fn run_peers(options: &Options) -> anyhow::Result<()> {
    let mut bench = Bench::new(options);
    bench.compare_with_naive()?;
    let rates = bench.rates(options)?;
    let mut figures = rates.ratios();
    figures.insert("volunteers".into(), json!(options.volunteers));
    figures.insert("peers".into(), rates.peers());
    finish(figures, options)
}

fn finish(figures: Map<String, Value>, options: &Options) -> anyhow::Result<()> {
    options.report.as_deref().map_or(Ok(()), |path| report::write(path, &figures))?;
    let figures = Value::Object(figures);
    match options.json {
        true => println!("{figures}"),
        false => println!("{figures:#}"),
    }
    Ok(())
}

struct Bench {
    city: City,
    people: Vec<Entry>,
    index: Index,
    finder: Finder,
}

impl Bench {
    fn new(options: &Options) -> Self {
        let mut city = City::new(options.seed);
        let people = city.people(options.volunteers.max(1));
        let index = people.iter().copied().collect();
        Self { city, people, index, finder: Finder::default() }
    }

    fn compare_with_naive(&mut self) -> anyhow::Result<()> {
        let mut naive = Naive::default();
        self.people.iter().for_each(|&person| naive.upsert(person));
        for _ in 0..COMPARED {
            let (at, grid) = self.city.address();
            let query = NearestQuery { at, radius_m: RADIUS_M, skills: self.city.skill(), count: COUNT };
            let ranked = rank_query(&query, grid);
            let same = self.index.nearest(&query, &mut self.finder) == naive.nearest(&query)
                && self.index.rank(&ranked, |_| Ok(Turn::default())) == naive.rank(&ranked, |_| Ok(Turn::default()));
            anyhow::ensure!(same, "the index does not agree with the naive list on {query:?}; no figures");
        }
        Ok(())
    }

    /// Every workload by every side in turn, again and again.
    fn rates(&mut self, options: &Options) -> anyhow::Result<Rates> {
        let people = &self.people;
        let mut sides: Vec<Box<dyn Side>> =
            vec![Box::new(Ours::new(people)), Box::new(KdTrees::new(people)?), Box::new(OneTree::new(people))];
        sides.push(Box::new(Scan::new(people)));
        if let Some(address) = &options.redis {
            sides.push(Box::new(Server::new(address, Dialect::Geosearch, people)?));
        }
        if let Some(address) = &options.nearby {
            sides.push(Box::new(Server::new(address, Dialect::Nearby, people)?));
        }
        measure(&mut sides, &mut self.city, &mut self.people)
    }

    fn own_figures(&mut self, rates: &Rates) -> Map<String, Value> {
        let ours = |workload| rates.median(0, workload).round();
        let rate = |workload: Workload| (workload.name().to_owned(), json!(ours(workload)));
        let mut queries_per_s: Map<String, Value> = Workload::QUERIES.into_iter().map(rate).collect();
        queries_per_s.insert("product".into(), json!(self.product_per_s().round()));
        let figures = json!({
            "volunteers": self.people.len(),
            "agrees_with_naive": true,
            "queries_per_s": queries_per_s,
            "moves_per_s": ours(Workload::Moves),
            "mix_90_10_per_s": ours(Workload::Mix),
            "bytes_per_volunteer": self.index.bytes() as f64 / self.people.len() as f64,
        });
        figures.as_object().cloned().unwrap_or_default()
    }

    /// The median rate of mixed queries in the product order.
    fn product_per_s(&mut self) -> f64 {
        const QUERIES: usize = 20_000;
        let queries = workload::ranked(&mut self.city, QUERIES);
        let mut rates: Vec<f64> = (0..rates::REPEATS)
            .map(|_| {
                let started = Instant::now();
                for query in &queries {
                    black_box(self.index.rank(query, |_| Ok(Turn::default())));
                }
                queries.len() as f64 / started.elapsed().as_secs_f64()
            })
            .collect();
        median(&mut rates)
    }

    /// Each query timed by itself.
    fn query_us(&mut self) -> Value {
        let mut histogram = stopwatch();
        for step in Workload::Mixed.steps(&mut self.city, &mut self.people, TIMED) {
            let Step::Ask { at, skill } = step else { continue };
            let query = NearestQuery { at, radius_m: RADIUS_M, skills: SkillSet::only(skill), count: COUNT };
            let started = Instant::now();
            black_box(self.index.nearest(&query, &mut self.finder));
            histogram.saturating_record(started.elapsed().as_nanos() as u64);
        }
        percentiles_us(&histogram)
    }
}

/// For nanoseconds, up to a minute.
fn stopwatch() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("the bounds are a range and three digits are allowed")
}

/// p50, p99 and p99.9 of nanoseconds, as microseconds.
fn percentiles_us(histogram: &Histogram<u64>) -> Value {
    let us = |quantile| histogram.value_at_quantile(quantile) as f64 / 1e3;
    json!({ "p50": us(0.5), "p99": us(0.99), "p999": us(0.999) })
}

/// How many of the answers of two sides are the same, in parts of one.
fn agreement(ours: &[Found], theirs: &[Found]) -> f64 {
    let both = ours.len().min(theirs.len());
    let same = ours.iter().zip(theirs).filter(|(ours, theirs)| ours == theirs).count();
    if both == 0 { 1.0 } else { same as f64 / both as f64 }
}

/// Figures by name.
type Named = BTreeMap<&'static str, Value>;
