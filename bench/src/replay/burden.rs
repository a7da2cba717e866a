//! What the waves ask of people: how many alerts, how many of them for nothing, and whether what was counted on came true.

use std::collections::BTreeMap;

use matcher::event::{Fitted, OfferMade};

use super::tally::Tally;

#[derive(Debug, Default)]
pub struct Burden {
    pub tally: Tally,
    /// By volunteer, those who were never asked included.
    pub alerts: Vec<u64>,
    /// People who were ready to come when every place was taken: stood down before they had said yes, or told that they were
    /// too late. Where nobody can be stood down in time they would arrive for nothing.
    pub redundant_arrivals: u64,
    /// Of each one asked by a wave that fits, and of each such wave.
    pub people: Counted,
    pub waves: Counted,
}

/// What was counted on beside what came true.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counted {
    pub times: u64,
    pub counted_permille: u64,
    pub true_times: u64,
}

impl Counted {
    fn add(&mut self, counted_permille: u16, came_true: bool) {
        self.times += 1;
        self.counted_permille += u64::from(counted_permille);
        self.true_times += u64::from(came_true);
    }

    /// Mean of what was counted on, and share of what came true; none where nothing was.
    pub fn shares(&self) -> Option<(f64, f64)> {
        let times = (self.times > 0).then_some(self.times as f64)?;
        Some((self.counted_permille as f64 / 1e3 / times, self.true_times as f64 / times))
    }
}

impl Burden {
    pub fn of(people: usize) -> Self {
        Self { alerts: vec![0; people], ..Self::default() }
    }

    /// A wave was sent; `comes`: whether he will say yes in time if he is left to.
    pub fn asked(&mut self, offers: &[OfferMade], fit: Option<Fitted>, comes: impl Fn(&OfferMade) -> bool) {
        for made in offers {
            self.alerts[made.volunteer.number() as usize - 1] += 1;
            if let Some(chance_permille) = made.standing.chance_permille {
                self.people.add(chance_permille, comes(made));
            }
        }
        if let Some(fit) = fit {
            self.waves.add(fit.counted_permille, enough(offers, comes));
        }
    }

    /// 0: everybody is asked as often as everybody else; 1: one person is asked always.
    pub fn gini_of_alerts(&self) -> f64 {
        let mut sorted = self.alerts.clone();
        sorted.sort_unstable();
        let (count, all) = (sorted.len() as f64, sorted.iter().sum::<u64>() as f64);
        let ranked: f64 = (1..).zip(&sorted).map(|(rank, &alerts)| f64::from(rank) * alerts as f64).sum();
        if all == 0.0 { 0.0 } else { 2.0 * ranked / (count * all) - (count + 1.0) / count }
    }
}

/// Whether in each role as many come as are needed; slots of one role are alike, so who is asked for one is asked for all.
fn enough(offers: &[OfferMade], comes: impl Fn(&OfferMade) -> bool) -> bool {
    let mut roles: BTreeMap<u32, u32> = BTreeMap::new();
    offers.iter().for_each(|made| *roles.entry(made.slots.0).or_default() += u32::from(comes(made)));
    !roles.is_empty() && roles.into_iter().all(|(slots, come)| come >= slots.count_ones())
}

#[cfg(test)]
mod tests {
    use super::Burden;

    #[test]
    fn gini_is_0_among_equals_and_near_1_for_one_of_many() {
        let gini = |alerts: &[u64]| Burden { alerts: alerts.to_vec(), ..Burden::default() }.gini_of_alerts();
        assert_eq!((gini(&[3, 3, 3, 3]), gini(&[0, 0]), gini(&[0, 0, 0, 8])), (0.0, 0.0, 0.75));
        assert!((gini(&[1, 2, 3, 4]) - 0.25).abs() < 1e-9);
    }
}
