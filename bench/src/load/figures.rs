//! The figures of a load run, by the keys that PERFORMANCE names.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::ledger::Account;
use super::writer::Work;

/// The longest latency that is told apart, microseconds.
const LONGEST_US: u64 = 120_000_000;
/// Figures that a latency is exact to.
const DIGITS: u8 = 3;

#[derive(Debug, PartialEq, Serialize)]
pub struct Milliseconds {
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
}

impl Milliseconds {
    /// `None` without a single value.
    pub fn of(values: &[Duration]) -> Option<Self> {
        let mut histogram = Histogram::<u64>::new_with_max(LONGEST_US, DIGITS).ok()?;
        values.iter().for_each(|value| histogram.saturating_record((value.as_micros() as u64).max(1)));
        let ms = |us: u64| us as f64 / 1_000.0;
        let quantile = |q: f64| ms(histogram.value_at_quantile(q));
        let (p50, p99, p999, max) = (quantile(0.5), quantile(0.99), quantile(0.999), ms(histogram.max()));
        (!values.is_empty()).then_some(Self { p50, p99, p999, max })
    }
}

/// What `bench load --json` prints.
#[derive(Debug, Serialize)]
pub struct Figures {
    pub phones: usize,
    pub alarms: u64,
    pub merged: u64,
    pub offers: u64,
    pub accepted: u64,
    pub double_assignments: u64,
    pub pushes_lost: u64,
    pub pushes_duplicated: u64,
    /// From the moment an alarm was due to its frame on a phone, first wave, merged calls left out.
    pub alarm_to_offer_ms: Option<Milliseconds>,
    /// From the moment an alarm was due to its receipt.
    pub alarm_to_commit_ms: Option<Milliseconds>,
    /// The most that the hub had resident, MiB.
    pub hub_rss_mb: Option<f64>,
    /// Of the time that the hub's writer was busy, so much went into deciding and appending.
    pub writer_useful_share: f64,
    /// Committed while alarms came.
    pub events_per_s: f64,
    /// Alarms without a receipt, by what was said.
    pub failed: BTreeMap<String, u64>,
    /// Other commands that were refused, by code: too late, already filled.
    pub refused: BTreeMap<String, u64>,
}

impl Figures {
    pub fn of(phones: usize, account: Account, hub_rss_kib: Option<u64>, work: Work) -> Self {
        Self {
            phones,
            alarms: account.alarms,
            merged: account.merged,
            offers: account.offers,
            accepted: account.accepted,
            double_assignments: account.double_assignments,
            pushes_lost: account.pushes_lost,
            pushes_duplicated: account.pushes_duplicated,
            alarm_to_offer_ms: Milliseconds::of(&account.to_offer),
            alarm_to_commit_ms: Milliseconds::of(&account.to_commit),
            hub_rss_mb: hub_rss_kib.map(|kib| kib as f64 / 1_024.0),
            writer_useful_share: work.useful_share,
            events_per_s: work.events_per_s,
            failed: account.failed,
            refused: account.refused,
        }
    }

    pub fn print(&self) {
        let latency = |latency: &Option<Milliseconds>| match latency {
            None => "-".to_owned(),
            Some(ms) => format!("{:.1} / {:.1} / {:.1} ms  (at most {:.1})", ms.p50, ms.p99, ms.p999, ms.max),
        };
        println!("phones               {}", self.phones);
        println!("alarms               {}, {} merged into an incident already open", self.alarms, self.merged);
        println!("offers               {}, {} accepted", self.offers, self.accepted);
        println!("pushes               {} lost, {} duplicated", self.pushes_lost, self.pushes_duplicated);
        println!("double assignments   {}", self.double_assignments);
        println!("alarm to commit      {}  p50 / p99 / p99.9", latency(&self.alarm_to_commit_ms));
        println!("alarm to offer       {}  p50 / p99 / p99.9", latency(&self.alarm_to_offer_ms));
        println!(
            "hub resident         {}",
            self.hub_rss_mb.map_or("-".to_owned(), |mb| format!("{mb:.0} MiB at most"))
        );
        println!(
            "hub writer           {:.0} % of its busy time decides and appends, {:.0} events/s",
            self.writer_useful_share * 100.0,
            self.events_per_s
        );
        self.failed.iter().for_each(|(why, count)| println!("NO RECEIPT           {count} x {why}"));
        self.refused.iter().for_each(|(code, count)| println!("refused              {count} x {code}"));
    }
}
