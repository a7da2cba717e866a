//! The nearest in plain distance.

use super::super::order::distance_m;
use super::super::query::{Near, NearestQuery, distance_mm};
use super::Index;
use super::frame::{Sight, Spot};
use super::marks::{Mark, Marks};
use super::postings::Posted;
use super::walk::{Met, Visitor, walk};

/// Room for [`Index::nearest`] to work in, kept from query to query so that nothing is allocated.
#[derive(Clone, Debug, Default)]
pub struct Finder {
    shortlist: Vec<Met>,
    found: Vec<Near>,
}

/// See [`Index::nearest`].
pub(super) fn nearest<'f>(index: &Index, query: &NearestQuery, finder: &'f mut Finder) -> &'f [Near] {
    finder.shortlist.clear();
    finder.found.clear();
    if query.count > 0 {
        let spot = index.frame.spot(query.at);
        let search = Search { index, query, spot, sight: index.frame.sight(spot, query.radius_m) };
        if query.count >= FEW || !search.few(finder) {
            search.many(finder);
        }
    }
    &finder.found
}

/// A query, and what the plane can tell of it.
struct Search<'a> {
    index: &'a Index,
    query: &'a NearestQuery,
    spot: Option<Spot>,
    sight: Sight,
}

impl Search<'_> {
    fn walk(&self, visitor: &mut impl Visitor) {
        walk(self.index, (self.query.at, self.spot), self.query.skills.0, visitor);
    }

    /// Nobody beyond it is within the radius.
    #[inline]
    fn bound(&self) -> f32 {
        self.sight.square_at_most(f64::from(self.query.radius_m) + 0.001)
    }

    /// Whoever is nearer is within the radius, whatever the plane is off by.
    #[inline]
    fn surely(&self) -> f32 {
        self.sight.square_surely(f64::from(self.query.radius_m) - 0.001)
    }

    /// The nearest where few are wanted; false, and nobody, where the plane cannot tell more of them apart than there is room
    /// for.
    #[inline]
    fn few(&self, finder: &mut Finder) -> bool {
        let mut few =
            Few { list: [Met::NOBODY; FEW], count: self.query.count, within: self.bound(), sight: self.sight };
        self.walk(&mut few);
        let (bound, surely) = (few.bound(), self.surely());
        let within = few.list.map(|met| met.square() <= bound);
        let count = within.into_iter().map(usize::from).sum();
        // The last place holds somebody too many, unless the plane cannot tell him from those wanted.
        if count == FEW {
            return false;
        }
        let sure = |met: Met, next: Met| met.square() < surely && self.sight.widen(met.square()) < next.square();
        if (1..FEW).any(|next| within[next - 1] & !sure(few.list[next - 1], few.list[next])) {
            finder.shortlist.extend_from_slice(&few.list[..count]);
            self.settle(finder);
        } else {
            finder.found.extend(few.list[..count].iter().map(|&met| self.found(met)));
        }
        true
    }

    #[inline(never)]
    fn many(&self, finder: &mut Finder) {
        let list = &mut finder.shortlist;
        self.walk(&mut Shortlist { list, count: self.query.count, bound: self.bound(), sight: self.sight });
        self.settle(finder);
    }

    /// Puts in order, on the sphere, those whom the plane cannot tell apart, and leaves out who is beyond the radius.
    #[inline(never)]
    fn settle(&self, finder: &mut Finder) {
        let surely = self.surely();
        let mut rest = finder.shortlist.as_slice();
        while let Some(&first) = rest.first().filter(|_| finder.found.len() < self.query.count) {
            let near = |pair: &[Met]| pair[1].square() <= self.sight.widen(pair[0].square());
            let alike = 1 + rest.windows(2).take_while(|pair| near(pair)).count();
            // Below, not at: for a radius of nothing, nobody is sure before he is measured.
            if alike == 1 && first.square() < surely {
                finder.found.push(self.found(first));
            } else {
                self.settle_alike(&rest[..alike], &mut finder.found);
            }
            rest = &rest[alike..];
        }
        finder.found.truncate(self.query.count);
    }

    fn settle_alike(&self, alike: &[Met], out: &mut Vec<Near>) {
        let roster = &self.index.roster;
        let measured = |met: &Met| {
            let seat = met.seat(self.index);
            (distance_mm(self.query.at, roster.seat(seat).position), roster.volunteer(seat), *met)
        };
        let mut measured: Vec<_> = alike.iter().map(measured).collect();
        measured.retain(|(distance_mm, ..)| *distance_mm <= u64::from(self.query.radius_m) * 1_000);
        measured.sort_unstable_by_key(|(distance_mm, volunteer, _)| (*distance_mm, *volunteer));
        out.extend(measured.into_iter().map(|(.., met)| self.found(met)));
    }

    #[inline]
    fn found(&self, met: Met) -> Near {
        let (seat, roster) = (met.seat(self.index), &self.index.roster);
        let measure = || distance_m(self.query.at, roster.seat(seat).position);
        let distance_m = self.sight.rounded_m(met.square()).unwrap_or_else(measure);
        Near { volunteer: roster.volunteer(seat), distance_m }
    }
}

/// Room for the three that most ask for and one more.
const FEW: usize = 4;

/// The nearest few, nearest first, kept in order without a branch.
struct Few {
    list: [Met; FEW],
    count: usize,
    within: f32,
    sight: Sight,
}

impl Visitor for Few {
    #[inline]
    fn lanes(&self, marks: &Marks, _nearest: f32) -> u16 {
        marks.row(Mark::Ready)
    }

    #[inline]
    fn wants(&self, posted: Posted) -> bool {
        !posted.resting()
    }

    #[inline]
    fn bound(&self) -> f32 {
        let last = self.sight.widen(self.list[(self.count - 1) % FEW].square());
        if last < self.within { last } else { self.within }
    }

    #[inline]
    fn visit(&mut self, _index: &Index, met: Met) {
        let mut met = met;
        for place in &mut self.list {
            (*place, met) = (met.min(*place), met.max(*place));
        }
    }
}

/// Candidates, nearest first; behind the last one wanted stand those whom the plane cannot tell from it.
struct Shortlist<'a> {
    list: &'a mut Vec<Met>,
    count: usize,
    bound: f32,
    sight: Sight,
}

impl Visitor for Shortlist<'_> {
    fn lanes(&self, marks: &Marks, _nearest: f32) -> u16 {
        marks.row(Mark::Ready)
    }

    fn wants(&self, posted: Posted) -> bool {
        !posted.resting()
    }

    fn bound(&self) -> f32 {
        self.bound
    }

    fn visit(&mut self, _index: &Index, met: Met) {
        if met.square() > self.bound {
            return;
        }
        let place = self.list.partition_point(|listed| listed.square() <= met.square());
        self.list.insert(place, met);
        if let Some(last) = self.list.get(self.count - 1) {
            self.bound = self.bound.min(self.sight.widen(last.square()));
            while self.list.last().is_some_and(|last| last.square() > self.bound) {
                self.list.pop();
            }
        }
    }
}
