//! Waves that fit: what is learnt, and what is counted on it.

use std::collections::BTreeMap;

use super::ledger::{Verdict, that};
use super::{Found, ensure};
use crate::event::{OfferMade, WaveExplanation};
use crate::model::*;
use crate::state::District;
use crate::state::learnt::{CUSTOMS_MAX, Cell, HABIT_CELLS_MAX};

/// Nobody accepts more than he was asked, nobody's habit outgrows its place, and before learning began nothing is learnt.
pub fn what_is_learnt_is_sound(district: &District, found: &mut Found) {
    let learning = district.settings().learning.as_ref();
    for record in district.volunteers().filter(|record| !record.habit.is_empty()) {
        let cells = record.habit.cells();
        let sorted = cells.is_sorted_by(|a, b| (a.kind, a.band) < (b.kind, b.band));
        let possible = |cell: &Cell| cell.accepted <= cell.asked;
        let sound = sorted && cells.len() <= HABIT_CELLS_MAX && cells.iter().all(possible) && learning.is_some();
        ensure(found, sound, "habit", || format!("{}: {:?}", record.profile.id, record.habit));
    }
    let possible = district.customs().flat_map(|custom| custom.bands).all(|count| count.accepted <= count.asked);
    let (kept, counted) = (district.customs().count(), learning.map_or(0, |learning| learning.customs));
    let sound = possible && kept == counted as usize && counted <= CUSTOMS_MAX;
    ensure(found, sound, "customs", || format!("{kept} kept, {counted} counted, or more accepted than asked"));
}

/// People of one role: how many are needed, and the chances of those asked, in order.
struct Asked {
    needed: usize,
    chances: Vec<f64>,
}

/// A plan's waves fit if it says so, and only then. A wave that fits is as sure as it says, and for no role is the last one
/// asked without need. `rules`: of the plan, if the kind has one; see [`super::ledger::Ledger::plans`].
pub fn as_sure_as_it_says(
    offers: &[OfferMade],
    explanation: &WaveExplanation,
    rules: Option<(WaveSize, bool)>,
    supplement: bool,
) -> Verdict {
    let wanted = rules.and_then(|(size, _)| size.fit()).filter(|_| !supplement);
    let chances = offers.iter().filter(|offer| offer.standing.chance_permille.is_some()).count();
    let Some((fit, said)) = wanted.zip(explanation.fit) else {
        let plain = wanted.is_none() && explanation.fit.is_none() && chances == 0;
        return that(plain, || format!("{wanted:?} is wanted, {:?} was counted", explanation.fit));
    };
    that(said.target_permille == fit.target_permille, || format!("{fit:?} is wanted, {said:?} was counted"))?;
    that(chances == offers.len(), || "somebody was asked whose chance nobody counted".to_owned())?;
    let may_combine = rules.is_some_and(|(_, may_combine)| may_combine);
    // What is said is a lower bound where somebody counts for two roles, and nothing where nobody was found for a slot.
    if may_combine || !explanation.short.is_empty() {
        return Ok(());
    }
    let roles = roles(offers);
    let places: usize = roles.iter().map(|role| role.needed).sum();
    let most = usize::from(fit.max).max(places);
    that(offers.len() <= most, || format!("{} are asked, at most {most}", offers.len()))?;
    let (sure, said) = (roles.iter().map(Asked::enough).product::<f64>(), f64::from(said.counted_permille) / 1e3);
    that((said..said + 0.002).contains(&(sure + 1e-5)), || format!("{sure} sure, said {said}"))?;
    let may_fail = (1.0 - f64::from(fit.target_permille) / 1e3) / roles.len().max(1) as f64;
    roles.iter().try_for_each(|role| role.no_more_than_needed(1.0 - may_fail))
}

/// Slots of one role are alike, so whoever is asked for one is asked for all of them.
fn roles(offers: &[OfferMade]) -> Vec<Asked> {
    let mut roles: BTreeMap<u32, Asked> = BTreeMap::new();
    for offer in offers {
        let needed = offer.slots.len() as usize;
        let role = roles.entry(offer.slots.0).or_insert(Asked { needed, chances: Vec::new() });
        role.chances.push(f64::from(offer.standing.chance_permille.unwrap_or_default()) / 1e3);
    }
    roles.into_values().collect()
}

impl Asked {
    fn enough(&self) -> f64 {
        enough(self.needed, &self.chances)
    }

    fn no_more_than_needed(&self, wanted: f64) -> Verdict {
        let before = self.chances.len() - 1;
        let needed = before < self.needed || enough(self.needed, &self.chances[..before]) < wanted + 1e-5;
        that(needed, || format!("{before} of {} would have been enough for {wanted}", before + 1))
    }
}

/// That at least `needed` come, by adding up every number that may come.
fn enough(needed: usize, chances: &[f64]) -> f64 {
    let mut come = vec![1.0];
    for chance in chances {
        let more = come.iter().map(|held| held * chance);
        let mut next: Vec<f64> = come.iter().map(|held| held * (1.0 - chance)).chain([0.0]).collect();
        more.enumerate().for_each(|(number, held)| next[number + 1] += held);
        come = next;
    }
    come.iter().skip(needed).sum()
}
