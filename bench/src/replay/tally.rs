//! The figures of a replay, by the keys that PERFORMANCE names.

use std::time::Duration;

use matcher::{Commit, Event};
use serde::Serialize;

use super::mirror::{Case, Mirror};

#[derive(Debug, Default)]
pub struct Tally {
    pub calls: u64,
    pub offers: u64,
    pub accepted: u64,
    /// Slots that nobody filled before their incident ended.
    pub unfilled: u64,
    /// Answers that the engine refused: too late, already filled.
    pub refused: u64,
    /// Straight lines of those who said yes, and of those really sent, metres.
    pub chosen_m: Vec<u64>,
    pub sent_m: Vec<u64>,
    pub first_accept_ms: Vec<u64>,
    /// From the call until every place was taken for the first time.
    pub enough_accepted_ms: Vec<u64>,
    /// From the call until somebody was there.
    pub arrived_ms: Vec<u64>,
    pub regret_m: Option<i64>,
}

impl Tally {
    pub fn follow(&mut self, commit: &Commit) {
        for event in &commit.events {
            if let Event::WaveSent { offers, .. } = event {
                self.offers += offers.len() as u64;
            }
            self.accepted += u64::from(matches!(event, Event::OfferAccepted { .. }));
        }
    }

    /// An incident that has ended.
    pub fn close(&mut self, case: &Case) {
        self.unfilled += case.open_slots() as u64;
        self.first_accept_ms.extend(case.first_accept_at.map(|at| at.since_ms(case.opened_at)));
        self.enough_accepted_ms.extend(case.enough_at.map(|at| at.since_ms(case.opened_at)));
    }
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Distance {
    pub chosen_median: Option<f64>,
    pub sent_median: Option<f64>,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Seconds {
    pub p50: Option<f64>,
    pub p90: Option<f64>,
}

/// What `bench replay --json` prints.
#[derive(Debug, PartialEq, Serialize)]
pub struct Figures {
    pub calls: u64,
    pub offers: u64,
    pub accepted: u64,
    pub unfilled: u64,
    pub unfilled_while_free: u64,
    pub double_assignments: u64,
    /// Followed: metres longer than the naive choice, over all calls; none where nothing was followed.
    pub regret_m: Option<i64>,
    pub distance_km: Distance,
    pub first_accept_s: Seconds,
    pub commits: u64,
    pub digest: String,
    pub wall_s: f64,
}

impl Figures {
    pub fn of(tally: Tally, mirror: &Mirror, commits: u64, digest: String, wall: Duration) -> Self {
        let km = |values: &[u64]| quantile(values, 50).map(|metres| metres as f64 / 1_000.0);
        let s = |percent| quantile(&tally.first_accept_ms, percent).map(|ms| ms as f64 / 1_000.0);
        Self {
            calls: tally.calls,
            offers: tally.offers,
            accepted: tally.accepted,
            unfilled: tally.unfilled,
            unfilled_while_free: mirror.faults.unfilled_while_free,
            double_assignments: mirror.faults.double_assignments,
            regret_m: tally.regret_m,
            distance_km: Distance { chosen_median: km(&tally.chosen_m), sent_median: km(&tally.sent_m) },
            first_accept_s: Seconds { p50: s(50), p90: s(90) },
            commits,
            digest,
            wall_s: wall.as_secs_f64(),
        }
    }
}

/// The nearest-rank quantile.
pub fn quantile(values: &[u64], percent: usize) -> Option<u64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn quantiles_are_by_nearest_rank() {
        let values: Vec<u64> = (1..=10).rev().collect();
        assert_eq!(
            (quantile(&values, 50), quantile(&values, 90), quantile(&values, 100)),
            (Some(5), Some(9), Some(10))
        );
        assert_eq!((quantile(&[7], 50), quantile(&[], 50)), (Some(7), None));
    }
}
