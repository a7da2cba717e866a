//! The figures of one policy, by the keys that PERFORMANCE names.

use std::fmt;

use matcher::{WAVE_SIZE_MAX, WaveSize};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Options;
use crate::replay::{Burden, Counted, quantile};

/// Seconds; none where so many never got there at all.
#[derive(Debug, PartialEq, Serialize)]
pub struct Seconds {
    pub p50: Option<f64>,
    pub p90: Option<f64>,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Figures {
    #[serde(skip)]
    pub name: String,
    pub wave_size: WaveSize,
    pub calls: u64,
    pub alerts: u64,
    pub accepted: u64,
    /// Of all calls; those that nobody, or not enough, ever came to stand behind all others.
    pub first_accept_s: Seconds,
    pub enough_accepted_s: Seconds,
    /// Of all calls, those that got as many as they needed.
    pub enough_share: f64,
    pub alerts_per_accept: f64,
    pub redundant_arrivals: u64,
    pub gini_of_alerts: f64,
    /// What waves that fit counted on, beside what came true: of each person asked, and of each wave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted_on: Option<Trust>,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Trust {
    pub person_counted: f64,
    pub person_came: f64,
    pub wave_counted: f64,
    pub wave_enough: f64,
}

impl Figures {
    pub fn of(wave_size: WaveSize, burden: &Burden) -> Self {
        let tally = &burden.tally;
        let calls = tally.calls as usize;
        Self {
            name: name(wave_size),
            wave_size,
            calls: tally.calls,
            alerts: tally.offers,
            accepted: tally.accepted,
            first_accept_s: seconds(&tally.first_accept_ms, calls),
            enough_accepted_s: seconds(&tally.enough_accepted_ms, calls),
            enough_share: tally.enough_accepted_ms.len() as f64 / calls.max(1) as f64,
            alerts_per_accept: tally.offers as f64 / tally.accepted.max(1) as f64,
            redundant_arrivals: burden.redundant_arrivals,
            gini_of_alerts: burden.gini_of_alerts(),
            counted_on: trust(&burden.people, &burden.waves),
        }
    }
}

fn name(wave_size: WaveSize) -> String {
    match wave_size {
        WaveSize::Fixed(WAVE_SIZE_MAX) => "everyone".to_owned(),
        WaveSize::Fixed(size) => format!("fixed_{size}"),
        WaveSize::Fitting { fit } => format!("fit_{}", fit.target_permille),
    }
}

fn trust(people: &Counted, waves: &Counted) -> Option<Trust> {
    let ((person_counted, person_came), (wave_counted, wave_enough)) = people.shares().zip(waves.shares())?;
    Some(Trust { person_counted, person_came, wave_counted, wave_enough })
}

/// Over all `calls`: who never got there is later than everybody who did.
fn seconds(reached_ms: &[u64], calls: usize) -> Seconds {
    let mut all = reached_ms.to_vec();
    all.resize(calls.max(all.len()), u64::MAX);
    let of = |percent| quantile(&all, percent).filter(|&ms| ms < u64::MAX).map(|ms| ms as f64 / 1e3);
    Seconds { p50: of(50), p90: of(90) }
}

/// All policies under their names.
pub fn json(options: &Options, calls: usize, all: &[Figures]) -> Value {
    let policies: Map<String, Value> = all.iter().map(|one| (one.name.clone(), json!(one))).collect();
    json!({ "calls": calls, "volunteers": options.volunteers, "seed": options.seed, "policies": policies })
}

pub const HEAD: &str = "policy      first p50/p90 s   enough p50/p90 s  enough of all  alerts/accept  redundant   gini";

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |seconds: Option<f64>| seconds.map_or("never".to_owned(), |seconds| format!("{seconds:.1}"));
        let both = |seconds: &Seconds| format!("{:>7} {:>8}", shown(seconds.p50), shown(seconds.p90));
        let (first, enough) = (both(&self.first_accept_s), both(&self.enough_accepted_s));
        write!(f, "{:10}{first}  {enough}", self.name)?;
        write!(f, "{:14.1} %{:15.2}", self.enough_share * 100.0, self.alerts_per_accept)?;
        write!(f, "{:11}{:7.3}", self.redundant_arrivals, self.gini_of_alerts)?;
        let Some(Trust { person_counted, person_came, wave_counted, wave_enough }) = &self.counted_on else {
            return Ok(());
        };
        write!(f, "   counted on {person_counted:.3}, came {person_came:.3}; waves {wave_counted:.3}, {wave_enough:.3}")
    }
}
