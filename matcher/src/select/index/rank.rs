//! The first in the product order.
//!
//! One walk outward for all travel modes. Each mode has its own bound: the farthest that somebody travelling so may be and
//! still come before the last one found, so walkers drop out of the search long before cars do.
//!
//! The walk goes by the way alone; the judge is asked afterwards, in order of the way, and only as far as the order needs:
//! he reads what lies far apart, and most whom a walk meets are soon behind others. Should he refuse too many, the walk
//! goes out again for more.

use super::super::order::{Judge, RankKey, RankQuery, Ranked, Ranking, Way, distance_m, pace_ms_per_m};
use super::Index;
use super::frame::Sight;
use super::marks::{Mark, Marks};
use super::postings::Posted;
use super::walk::{Met, Visitor, walk};
use crate::event::Excluded;
use crate::model::{GridPreference, TravelMode, VolunteerId};

const MODES: [TravelMode; 3] = [TravelMode::Walk, TravelMode::Bicycle, TravelMode::Car];
/// One more is looked for beside so many wanted: that many may be refused before the walk goes out again.
const SPARE_ONE_IN: usize = 8;

/// See [`Index::rank`].
pub(super) fn rank(index: &Index, query: &RankQuery, judge: impl Judge) -> Ranking {
    let mut judged = Judged { judge, found: Vec::new(), refused: Vec::new() };
    let strict = query.preference == GridPreference::StrictlyFirst;
    for reachable in [true, false] {
        for &own_grid in if strict { &[Some(true), Some(false)][..] } else { &[None][..] } {
            if judged.found.len() < query.count.min(index.len()) {
                search(index, query, Tier { reachable, own_grid }, &mut judged);
            }
        }
    }
    judged.refused.sort_unstable();
    Ranking { found: judged.found, refused: judged.refused }
}

/// Those who come before or behind all others, whatever their way: searched one after the other.
#[derive(Clone, Copy)]
struct Tier {
    reachable: bool,
    own_grid: Option<bool>,
}

/// Adds the first of one tier, as many as are wanted still.
fn search<J: Judge>(index: &Index, query: &RankQuery, tier: Tier, judged: &mut Judged<J>) {
    let wanted = query.count.min(index.len()) - judged.found.len();
    let (mut found, mut refused, mut heard) = (Vec::with_capacity(wanted + 1), 0, 0);
    let mut keep = wanted + wanted / SPARE_ONE_IN;
    loop {
        let contenders = contenders(index, query, tier, keep);
        // Whoever was heard before stands at the head again: their order is total, and those alike are kept together.
        for contender in &contenders[heard..] {
            let enough =
                found.len() >= wanted && found.last().is_some_and(|last: &Ranked| contender.way > last.key.way);
            if enough {
                break;
            }
            heard += 1;
            refused += usize::from(!judged.hear(contender, &mut found));
        }
        if found.len() >= wanted || contenders.len() < keep {
            break;
        }
        keep = wanted + 2 * refused;
    }
    found.sort_unstable();
    found.truncate(wanted);
    judged.found.append(&mut found);
}

/// What the judge has said.
struct Judged<J> {
    judge: J,
    found: Vec<Ranked>,
    refused: Vec<(VolunteerId, Excluded)>,
}

impl<J: Judge> Judged<J> {
    /// Whether he may be asked.
    fn hear(&mut self, contender: &Contender, found: &mut Vec<Ranked>) -> bool {
        let &Contender { way, volunteer, distance_m, own_grid } = contender;
        match (self.judge)(volunteer) {
            Ok(turn) => found.push(Ranked { key: RankKey { way, turn, volunteer }, distance_m, own_grid }),
            Err(why) => {
                self.refused.push((volunteer, why));
                return false;
            }
        }
        true
    }
}

/// Somebody whom the judge has not heard yet.
#[derive(Clone, Copy)]
struct Contender {
    way: Way,
    volunteer: VolunteerId,
    distance_m: u32,
    own_grid: bool,
}

impl Contender {
    /// Their order within a tier: way, then id.
    fn order(&self) -> (u64, u64, u64) {
        (self.way.counted_ms, self.way.travel_ms, self.volunteer.0)
    }
}

/// The first `keep` of a tier by their way, and whoever has the same way as the last of them.
fn contenders(index: &Index, query: &RankQuery, tier: Tier, keep: usize) -> Vec<Contender> {
    let spot = index.frame.spot(query.at);
    let sight = index.frame.sight(spot, query.radius_m);
    let bounds = [sight.square_at_most(f64::from(query.radius_m) + 0.5); MODES.len()];
    let list = Vec::with_capacity(keep + 1);
    let mut ranker = Ranker { query, sight, tier, keep, bounds, own_bounds: bounds, list };
    walk(index, (query.at, spot), query.skills.0, &mut ranker);
    ranker.list
}

struct Ranker<'a> {
    query: &'a RankQuery,
    sight: Sight,
    tier: Tier,
    keep: usize,
    /// Squared units by mode: of anybody, and of the incident's own grid.
    bounds: [f32; MODES.len()],
    own_bounds: [f32; MODES.len()],
    list: Vec<Contender>,
}

impl Ranker<'_> {
    /// The way of the last one kept, once there are as many as wanted.
    fn last(&self) -> Option<Way> {
        self.list.get(self.keep - 1).map(|last| last.way)
    }

    fn consider(&mut self, contender: Contender) {
        if self.last().is_some_and(|last| contender.way > last) {
            return;
        }
        let place = self.list.partition_point(|listed| listed.order() < contender.order());
        self.list.insert(place, contender);
        let Some(last) = self.last() else { return };
        while self.list.last().is_some_and(|listed| listed.way > last) {
            self.list.pop();
        }
        self.draw_in(last);
    }

    /// Nobody farther than the bounds has a way up to `last`.
    fn draw_in(&mut self, last: Way) {
        for (mode, &travel) in MODES.iter().enumerate() {
            let [farthest_m, own_farthest_m] = self.query.farthest_m(last, pace_ms_per_m(travel));
            let square = |metres: u64| self.sight.square_at_most(metres as f64 + 0.5);
            self.bounds[mode] = self.bounds[mode].min(square(farthest_m));
            self.own_bounds[mode] = self.own_bounds[mode].min(square(own_farthest_m));
        }
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
fn lanes_by_mode(marks: &Marks, bounds: [f32; MODES.len()], nearest: f32) -> u16 {
    let modes = MODES.iter().zip(bounds).filter(|&(_, bound)| nearest <= bound);
    modes.fold(0, |lanes, (&travel, _)| lanes | marks.row(Mark::of_travel(travel)))
}

impl Visitor for Ranker<'_> {
    fn lanes(&self, marks: &Marks, nearest: f32) -> u16 {
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
        posted != Posted::NOBODY
            && posted.reachable() == self.tier.reachable
            && (self.query.resting_too || !posted.resting())
    }

    fn bound(&self) -> f32 {
        self.own_bounds.into_iter().fold(0.0, f32::max)
    }

    fn visit(&mut self, index: &Index, met: Met) {
        let travel = met.travel(index);
        if met.square() > self.own_bounds[travel as usize] {
            return;
        }
        let number = met.seat(index);
        let own_grid = met.may_be_of(index, self.query.grid) && index.roster.grid(number) == self.query.grid;
        let bounds = if own_grid { &self.own_bounds } else { &self.bounds };
        let wanted = self.tier.own_grid.is_none_or(|wanted| wanted == own_grid);
        if !wanted || met.square() > bounds[travel as usize] {
            return;
        }
        let measure = || distance_m(self.query.at, index.roster.seat(number).position);
        let distance_m = self.sight.rounded_m(met.square()).unwrap_or_else(measure);
        if distance_m <= self.query.radius_m {
            let way = self.query.way(distance_m, travel, own_grid, self.tier.reachable);
            let volunteer = index.roster.volunteer(number);
            self.consider(Contender { way, volunteer, distance_m, own_grid });
        }
    }
}
