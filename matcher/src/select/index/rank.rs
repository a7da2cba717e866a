//! The first in the product order.
//!
//! One walk outward for all travel modes. Each mode has its own bound: the farthest that somebody travelling so may be and
//! still come before the last one found, so walkers drop out of the search long before cars do.

use super::super::order::{Judge, RankKey, RankQuery, Ranked, Ranking, Way, distance_m, pace_ms_per_m};
use super::Index;
use super::chunks::{Mark, Marks};
use super::walk::{Visitor, walk};
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
    /// Squared units, by mode.
    bounds: [u64; MODES.len()],
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
        for (bound, travel) in self.bounds.iter_mut().zip(MODES) {
            let farthest_m = self.query.farthest_m(last.counted_ms, travel);
            *bound = (*bound).min(index.frame.square_at_most(farthest_m as f64 + 0.5));
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
    /// Nobody farther than this has a way of at most `counted_ms`.
    fn farthest_m(&self, counted_ms: u64, travel: TravelMode) -> u64 {
        let nearer_m = match self.preference {
            GridPreference::MetresNearer(metres) => u64::from(metres),
            GridPreference::None | GridPreference::StrictlyFirst => 0,
        };
        counted_ms / pace_ms_per_m(travel) + nearer_m
    }
}

impl<J: Judge> Visitor for Ranker<'_, J> {
    fn lanes(&self, marks: &Marks, nearest: u64) -> u16 {
        let resting = if self.query.resting_too { marks.row(Mark::Resting) } else { 0 };
        let modes = MODES.iter().zip(self.bounds).filter(|&(_, bound)| nearest <= bound);
        let by_mode = modes.fold(0, |lanes, (&travel, _)| lanes | marks.row(Mark::of_travel(travel)));
        let reach = marks.row(Mark::Reachable) ^ if self.tier.reachable { 0 } else { u16::MAX };
        (marks.row(Mark::Ready) | resting) & by_mode & reach
    }

    fn bound(&self) -> u64 {
        self.bounds.into_iter().fold(0, u64::max)
    }

    fn visit(&mut self, index: &Index, square: u64, seat: u32, (marks, lane): (&Marks, u32)) {
        let travel = marks.travel(lane);
        if square > self.bounds[travel as usize] {
            return;
        }
        let seat = index.roster.seat(seat);
        let own_grid = seat.grid() == self.query.grid;
        if self.tier.own_grid.is_some_and(|wanted| wanted != own_grid) {
            return;
        }
        let metres = index.frame.rounded_m(square).unwrap_or_else(|| distance_m(self.query.at, seat.position));
        if metres <= self.query.radius_m {
            let way = self.query.way(metres, travel, own_grid, self.tier.reachable);
            let key = RankKey { way, turn: Default::default(), volunteer: seat.volunteer };
            self.consider(index, Ranked { key, distance_m: metres, own_grid });
        }
    }
}
