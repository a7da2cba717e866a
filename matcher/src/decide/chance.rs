//! How likely a volunteer is to accept and be there in time: Beta-Bernoulli, from the counts that the log has taught
//! ([`crate::state::learnt`]). Whole numbers throughout.
//!
//! From the wide to the narrow, each the prior of the next with the weight of so many asks: everybody (30 of a hundred before
//! anything is known), the district at this band of the day, the district for this kind, his grid for this kind, he himself.
//! What he did at other times and for other kinds speaks too, the less the less alike (a power prior; Ibrahim and Chen 2000),
//! each ask weighed by how many the district accepts there: who is asked at night mostly is not taken for unwilling.

use super::draft::Draft;
use crate::model::*;
use crate::state::learnt::{ASK, BANDS, Cell, Count, Custom, KindNumber, Learning, REST, band_of};
use crate::state::world::World;

/// One, in the fixed point of rates.
const WHOLE: u64 = 1 << 16;
/// Of those asked, so many accept before anything is known: the middle of what was measured elsewhere (17 to 47 of a hundred).
const ACCEPT_UNKNOWN: u64 = WHOLE * 30 / 100;
/// Asks of his neighbours that a prior weighs as much as.
const PRIOR_ASKS: u64 = 20;
/// His own asks that what his neighbours do weighs as much as.
const OWN_PRIOR_ASKS: u64 = 3;
/// What one own ask says of another kind and another band: parts of [`ALIKE`].
const UNLIKE: u64 = 2;
/// Of another kind, or in another band.
const HALF_ALIKE: u64 = 3;
const ALIKE: u64 = 4;
/// Nobody is counted as certain, neither to come nor not to.
const CHANCE_PERMILLE: std::ops::RangeInclusive<u64> = 5..=950;

/// The chances of everybody for one incident, now.
pub struct Chances<'d, 'a> {
    draft: &'d Draft<'a>,
    kind: KindNumber,
    band: u8,
    /// Whose way is longer is too late; 0: nobody is.
    arrive_ms: u64,
    /// Rates of the district for the kinds looked at so far, by number.
    rates: Vec<Option<[u64; BANDS]>>,
}

impl<'d, 'a> Chances<'d, 'a> {
    pub fn of(draft: &'d Draft<'a>, plan: &ResponsePlan) -> Self {
        let kind = draft.settings().learning.as_ref().map_or(0, |learning: &Learning| learning.number(&plan.kind));
        let band = band_of(draft.now);
        Self { draft, kind, band, arrive_ms: plan.clocks.arrive_ms, rates: Vec::new() }
    }

    /// Of a thousand. 0: he cannot be told, or his way is longer than the plan's clock of arrival.
    pub fn permille(&mut self, volunteer: VolunteerId, standing: &Standing) -> u16 {
        let late = self.arrive_ms > 0 && standing.travel_ms > self.arrive_ms;
        if standing.unreachable || late {
            return 0;
        }
        let record = self.draft.volunteer(volunteer);
        let prior = self.grid_rate(record.profile.home_grid).max(1);
        let (mut asked, mut accepted) = (0, 0);
        for cell in record.habit.cells() {
            let weight = self.weight(cell);
            // As many asks here as would have been accepted as often as those were there.
            asked += weight * u64::from(cell.asked) * self.rate(cell.kind, cell.band) / prior;
            accepted += weight * u64::from(cell.accepted);
        }
        let own = OWN_PRIOR_ASKS * u64::from(ASK) * ALIKE;
        let chance = (accepted * WHOLE + own * prior) / (asked + own);
        ((chance * 1_000 + WHOLE / 2) / WHOLE).clamp(*CHANCE_PERMILLE.start(), *CHANCE_PERMILLE.end()) as u16
    }

    fn weight(&self, cell: &Cell) -> u64 {
        match (cell.kind == self.kind, cell.band == self.band) {
            (true, true) => ALIKE,
            (true, false) | (false, true) => HALF_ALIKE,
            (false, false) => UNLIKE,
        }
    }

    /// What those who live on `grid` do for this kind in this band.
    fn grid_rate(&mut self, grid: GridId) -> u64 {
        let prior = self.rate(self.kind, self.band);
        self.count(Custom::of_grid(grid, self.kind), self.band).map_or(prior, |count| rate(count, prior))
    }

    /// What the district does for a kind in a band.
    fn rate(&mut self, kind: KindNumber, band: u8) -> u64 {
        let place = if kind == REST { PLANS_MAX + 1 } else { usize::from(kind) };
        if self.rates.len() <= place {
            self.rates.resize(place + 1, None);
        }
        let rates = self.rates[place].unwrap_or_else(|| self.rates_of(kind));
        self.rates[place] = Some(rates);
        rates[usize::from(band)]
    }

    fn rates_of(&self, kind: KindNumber) -> [u64; BANDS] {
        std::array::from_fn(|band| {
            let all = self.count(Custom::of_all(), band as u8);
            let prior = all.map_or(ACCEPT_UNKNOWN, |count| rate(count, ACCEPT_UNKNOWN));
            let own = if kind == REST { None } else { self.count(Custom::of_district(kind), band as u8) };
            own.map_or(prior, |count| rate(count, prior))
        })
    }

    fn count(&self, key: u64, band: u8) -> Option<Count> {
        self.draft.get::<Custom>(key).map(|custom| custom.bands[usize::from(band)])
    }
}

/// The mean of the posterior.
fn rate(count: Count, prior: u64) -> u64 {
    let asks = PRIOR_ASKS * u64::from(ASK);
    (u64::from(count.accepted) * WHOLE + asks * prior) / (u64::from(count.asked) + asks)
}
