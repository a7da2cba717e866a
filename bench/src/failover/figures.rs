//! What `bench failover --json` prints.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::stage::Outcome;
use crate::load::figures::Milliseconds;

/// Width of a bar of the histogram, milliseconds.
const BAR_MS: u64 = 250;

/// From the end of a leader to the first offer of the next one on a phone.
#[derive(Debug, Default, Serialize)]
pub struct Disturbances {
    pub runs: usize,
    pub first_dispatch_ms: Option<FirstDispatch>,
    /// Runs by the upper end of their bar, milliseconds.
    pub histogram: BTreeMap<u64, usize>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct FirstDispatch {
    pub p50: u64,
    pub max: u64,
}

impl Disturbances {
    pub fn of(took: &[Duration]) -> Self {
        let mut took: Vec<u64> = took.iter().map(|it| it.as_millis() as u64).collect();
        took.sort_unstable();
        let mut histogram = BTreeMap::new();
        for ms in &took {
            *histogram.entry((ms / BAR_MS + 1) * BAR_MS).or_default() += 1;
        }
        let max = took.last().copied();
        let first_dispatch_ms = max.map(|max| FirstDispatch { p50: took[(took.len() - 1) / 2], max });
        Self { runs: took.len(), first_dispatch_ms, histogram }
    }
}

/// What must be zero, whatever happened.
#[derive(Debug, Default, Serialize)]
pub struct Verdict {
    /// Alarms acknowledged.
    pub alarms: usize,
    /// Acknowledged and not in the log.
    pub alarms_lost: usize,
    pub alarms_refused: usize,
    /// In the log twice.
    pub alarms_doubled: usize,
    pub double_assignments: u64,
    /// What the auditor of the log objects to.
    pub rules_broken: usize,
    /// Deltas that phones found missing in their streams.
    pub gaps: u64,
    /// Tries that had no answer and were repeated under the same id.
    pub said_again: u64,
    /// Why the refused ones were, each once.
    pub refusals: Vec<String>,
}

impl Verdict {
    pub fn of(outcome: &Outcome) -> Self {
        let mut refusals = outcome.told.refused.clone();
        refusals.sort_unstable();
        refusals.dedup();
        Self {
            alarms: outcome.told.acknowledged.len(),
            alarms_lost: outcome.judgement.alarms_lost,
            alarms_refused: outcome.told.refused.len(),
            alarms_doubled: outcome.judgement.alarms_doubled,
            double_assignments: outcome.account.double_assignments,
            rules_broken: outcome.judgement.broken.len(),
            gaps: outcome.account.gaps,
            said_again: outcome.told.said_again,
            refusals,
        }
    }

    pub fn is_clean(&self) -> bool {
        let broken = self.alarms_lost + self.alarms_refused + self.alarms_doubled + self.rules_broken;
        broken == 0 && self.double_assignments + self.gaps == 0
    }

    pub fn add(&mut self, other: &Self) {
        self.alarms += other.alarms;
        self.alarms_lost += other.alarms_lost;
        self.alarms_refused += other.alarms_refused;
        self.alarms_doubled += other.alarms_doubled;
        self.double_assignments += other.double_assignments;
        self.rules_broken += other.rules_broken;
        self.gaps += other.gaps;
        self.said_again += other.said_again;
        self.refusals.extend(other.refusals.iter().cloned());
    }
}

#[derive(Debug, Default, Serialize)]
pub struct Frozen {
    pub runs: usize,
    /// Runs after which nothing of the stale leader stood in the log behind its successor's first commit.
    pub fenced: usize,
    pub stale_commits: u64,
}

#[derive(Debug, Serialize)]
pub struct Flushed {
    pub flushes: usize,
    pub changes_of_lead: u64,
    /// From the moment an alarm was due to its receipt, throughout.
    pub alarm_to_commit_ms: Option<Milliseconds>,
}

#[derive(Debug, Serialize)]
pub struct Sockets {
    pub sockets: usize,
    /// From the kill until the last phone was online again.
    pub resumed_ms: u64,
    /// Without a snapshot, and with one.
    pub resumed: u64,
    pub with_snapshot: u64,
    /// Deltas that phones found missing.
    pub gaps: u64,
}

#[derive(Debug, Serialize)]
pub struct Through {
    pub phones: usize,
    pub alarms: u64,
    /// From the moment an alarm was due to its frame on a phone, first wave; neither speaks to the leader.
    pub alarm_to_offer_ms: Option<Milliseconds>,
    pub alarm_to_commit_ms: Option<Milliseconds>,
}

/// All of it; `None` for scenes that were left out.
#[derive(Debug, Default, Serialize)]
pub struct Figures {
    /// kill -9 of the leader.
    #[serde(flatten)]
    pub killed: Option<Disturbances>,
    /// Over all scenes.
    #[serde(flatten)]
    pub verdict: Verdict,
    pub sigterm: Option<Disturbances>,
    pub sigstop: Option<Frozen>,
    pub redis_flushed: Option<Flushed>,
    pub sockets: Option<Sockets>,
    pub through_another_hub: Option<Through>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_stands_in_its_bar_and_the_middle_one_is_p50() {
        let ms = [100, 2_749, 2_750, 4_000].map(Duration::from_millis);
        let of = Disturbances::of(&ms);
        assert_eq!(of.first_dispatch_ms, Some(FirstDispatch { p50: 2_749, max: 4_000 }));
        assert_eq!(of.histogram, BTreeMap::from([(250, 1), (2_750, 1), (3_000, 1), (4_250, 1)]));
        assert_eq!(Disturbances::of(&[]).first_dispatch_ms, None);
    }
}
