//! The first in the product order.
//!
//! One walk outward for all travel modes. Each mode has its own bound: the farthest that somebody travelling so may be and
//! still come before the last one found, so walkers drop out of the search long before cars do.

use super::super::order::{Judge, RankKey, RankQuery, Ranked, Ranking, Way, distance_m, pace_ms_per_m};
use super::Index;
use super::marks::{Mark, Marks};
use super::postings::Posted;
use super::walk::{Met, Visitor, walk};
use crate::event::Excluded;
use crate::model::{GridPreference, TravelMode, VolunteerId};

const MODES: [TravelMode; 3] = [TravelMode::Walk, TravelMode::Bicycle, TravelMode::Car];

/// See [`Index::rank`].
pub(super) fn rank(index: &Index, query: &RankQuery, judge: impl Judge) -> Ranking {
    let strict = query.preference == GridPreference::StrictlyFirst;
    let mut ranker = Ranker {
        query,
        judge,
        tier: Tier { reachable: true, own_grid: strict.then_some(true) },
        bounds: [0; MODES.len()],
        own_bounds: [0; MODES.len()],
        found: Vec::new(),
        refused: Vec::new(),
    };
    for reachable in [true, false] {
        for own_grid in if strict { &[Some(true), Some(false)][..] } else { &[None][..] } {
            ranker.search(index, Tier { reachable, own_grid: *own_grid });
        }
    }
    ranker.ranking()
}

/// Those who come before or behind all others, whatever their way: searched one after the other.
#[derive(Clone, Copy)]
struct Tier {
    reachable: bool,
    own_grid: Option<bool>,
}

struct Ranker<'a, J> {
    query: &'a RankQuery,
    judge: J,
    tier: Tier,
    /// Squared units by mode: of anybody, and of the incident's own grid.
    bounds: [u64; MODES.len()],
    own_bounds: [u64; MODES.len()],
    found: Vec<Ranked>,
    refused: Vec<(Way, VolunteerId, Excluded)>,
}

impl<J: Judge> Ranker<'_, J> {
    fn search(&mut self, index: &Index, tier: Tier) {
        if self.found.len() >= self.query.count {
            return;
        }
        self.tier = tier;
        self.bounds = [index.frame.square_at_most(f64::from(self.query.radius_m) + 0.5); MODES.len()];
        self.own_bounds = self.bounds;
        walk(index, self.query.at, self.query.skills.0, self);
    }

    /// The way of the last one found, once there are as many as wanted.
    fn last(&self) -> Option<Way> {
        let last = self.query.count.checked_sub(1)?;
        self.found.get(last).map(|last| last.key.way)
    }

    fn consider(&mut self, index: &Index, ranked: Ranked) {
        let way = ranked.key.way;
        if self.last().is_some_and(|last| way > last) {
            return;
        }
        let volunteer = ranked.key.volunteer;
        match (self.judge)(volunteer) {
            Ok(turn) => self.insert(index, Ranked { key: RankKey { turn, ..ranked.key }, ..ranked }),
            Err(why) => self.refused.push((way, volunteer, why)),
        }
    }

    fn insert(&mut self, index: &Index, ranked: Ranked) {
        let place = self.found.partition_point(|found| *found < ranked);
        self.found.insert(place, ranked);
        self.found.truncate(self.query.count);
        let Some(last) = self.last() else { return };
        for (mode, &travel) in MODES.iter().enumerate() {
            let [farthest_m, own_farthest_m] = self.query.farthest_m(last, pace_ms_per_m(travel));
            let square = |metres: u64| index.frame.square_at_most(metres as f64 + 0.5);
            self.bounds[mode] = self.bounds[mode].min(square(farthest_m));
            self.own_bounds[mode] = self.own_bounds[mode].min(square(own_farthest_m));
        }
    }

    fn ranking(mut self) -> Ranking {
        if self.found.len() == self.query.count {
            let last = self.last();
            self.refused.retain(|(way, ..)| Some(*way) <= last);
        }
        let mut refused: Vec<_> = self.refused.iter().map(|&(_, volunteer, why)| (volunteer, why)).collect();
        refused.sort_unstable();
        Ranking { found: self.found, refused }
    }
}

impl RankQuery {
    /// Nobody farther has a way up to `last`: of any grid, of the incident's own.
    fn farthest_m(&self, last: Way, pace_ms_per_m: u64) -> [u64; 2] {
        let counted_m = last.counted_ms / pace_ms_per_m;
        match self.preference {
            GridPreference::None | GridPreference::StrictlyFirst => [counted_m; 2],
            // So near in the own grid that nothing is left to count: travel time decides.
            GridPreference::MetresNearer(metres) if last.counted_ms == 0 => {
                [0, (last.travel_ms / pace_ms_per_m).min(u64::from(metres))]
            }
            GridPreference::MetresNearer(metres) => [counted_m, counted_m + u64::from(metres)],
        }
    }
}

/// The lanes of those modes whose bound reaches as far as `nearest`.
fn lanes_by_mode(marks: &Marks, bounds: [u64; MODES.len()], nearest: u64) -> u16 {
    let modes = MODES.iter().zip(bounds).filter(|&(_, bound)| nearest <= bound);
    modes.fold(0, |lanes, (&travel, _)| lanes | marks.row(Mark::of_travel(travel)))
}

impl<J: Judge> Visitor for Ranker<'_, J> {
    fn lanes(&self, marks: &Marks, nearest: u64) -> u16 {
        let resting = if self.query.resting_too { marks.row(Mark::Resting) } else { 0 };
        let reach = marks.row(Mark::Reachable) ^ if self.tier.reachable { 0 } else { u16::MAX };
        let mut near = lanes_by_mode(marks, self.bounds, nearest);
        let own_grid = || marks.lanes_of_grid(self.query.grid.number() as u8);
        if self.tier.own_grid == Some(true) {
            near &= own_grid();
        } else if self.own_bounds != self.bounds {
            near |= lanes_by_mode(marks, self.own_bounds, nearest) & own_grid();
        }
        (marks.row(Mark::Ready) | resting) & near & reach
    }

    fn wants(&self, posted: Posted) -> bool {
        posted.reachable() == self.tier.reachable && (self.query.resting_too || !posted.resting())
    }

    fn bound(&self) -> u64 {
        self.own_bounds.into_iter().fold(0, u64::max)
    }

    fn visit(&mut self, index: &Index, met: Met) {
        let (travel, number) = (met.travel(index), met.seat(index));
        let seat = index.roster.seat(number);
        let own_grid = index.roster.grid(number) == self.query.grid;
        let bounds = if own_grid { &self.own_bounds } else { &self.bounds };
        let wanted = self.tier.own_grid.is_none_or(|wanted| wanted == own_grid);
        if !wanted || met.square > bounds[travel as usize] {
            return;
        }
        let metres = index.frame.rounded_m(met.square).unwrap_or_else(|| distance_m(self.query.at, seat.position));
        if metres <= self.query.radius_m {
            let way = self.query.way(metres, travel, own_grid, self.tier.reachable);
            let key = RankKey { way, turn: Default::default(), volunteer: index.roster.volunteer(number) };
            self.consider(index, Ranked { key, distance_m: metres, own_grid });
        }
    }
}
