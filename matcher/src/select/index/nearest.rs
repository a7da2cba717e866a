//! The nearest in plain distance.

use super::super::order::distance_m;
use super::super::query::{Near, NearestQuery, distance_mm};
use super::Index;
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
        let bound = index.frame.square_at_most(f64::from(query.radius_m) + 0.001);
        if !shortlist_few(index, query, bound, &mut finder.shortlist) {
            let list = &mut finder.shortlist;
            walk(index, query.at, query.skills.0, &mut Shortlist { list, count: query.count, bound });
        }
        settle(index, query, finder);
    }
    &finder.found
}

/// The shortlist where it is short; false where it is not.
#[inline]
fn shortlist_few(index: &Index, query: &NearestQuery, bound: u64, list: &mut Vec<Met>) -> bool {
    if query.count >= FEW {
        return false;
    }
    let mut few = Few { list: [Met::NOBODY; FEW], count: query.count, bound };
    walk(index, query.at, query.skills.0, &mut few);
    // The last place holds somebody too many, unless the plane cannot tell him from those wanted.
    let surplus = few.list[FEW - 1].square;
    if surplus <= few.bound {
        return false;
    }
    list.extend(few.list.iter().filter(|met| met.square <= few.bound));
    true
}

/// Room for the three that most ask for and one more.
const FEW: usize = 4;

/// The nearest few, nearest first, kept in order without a branch.
struct Few {
    list: [Met; FEW],
    count: usize,
    bound: u64,
}

impl Visitor for Few {
    #[inline]
    fn lanes(&self, marks: &Marks, _nearest: u64) -> u16 {
        marks.row(Mark::Ready)
    }

    #[inline]
    fn wants(&self, posted: Posted) -> bool {
        !posted.resting()
    }

    #[inline]
    fn bound(&self) -> u64 {
        self.bound
    }

    #[inline]
    fn visit(&mut self, index: &Index, met: Met) {
        let mut met = met;
        for place in &mut self.list {
            let nearer = met.square < place.square;
            (*place, met) = if nearer { (met, *place) } else { (*place, met) };
        }
        let last = self.list[(self.count - 1) % FEW].square;
        self.bound = self.bound.min(index.frame.widen(last));
    }
}

/// Candidates, nearest first; behind the last one wanted stand those whom the plane cannot tell from it.
struct Shortlist<'a> {
    list: &'a mut Vec<Met>,
    count: usize,
    bound: u64,
}

impl Visitor for Shortlist<'_> {
    fn lanes(&self, marks: &Marks, _nearest: u64) -> u16 {
        marks.row(Mark::Ready)
    }

    fn wants(&self, posted: Posted) -> bool {
        !posted.resting()
    }

    fn bound(&self) -> u64 {
        self.bound
    }

    fn visit(&mut self, index: &Index, met: Met) {
        let place = self.list.partition_point(|listed| listed.square <= met.square);
        self.list.insert(place, met);
        if let Some(last) = self.list.get(self.count - 1) {
            self.bound = self.bound.min(index.frame.widen(last.square));
            while self.list.last().is_some_and(|last| last.square > self.bound) {
                self.list.pop();
            }
        }
    }
}

/// Puts in order, on the sphere, those whom the plane cannot tell apart, and leaves out who is beyond the radius.
fn settle(index: &Index, query: &NearestQuery, finder: &mut Finder) {
    let surely = index.frame.square_surely(f64::from(query.radius_m) - 0.001);
    let mut rest = finder.shortlist.as_slice();
    while let Some(first) = rest.first().filter(|_| finder.found.len() < query.count) {
        let near = |pair: &[Met]| pair[1].square <= index.frame.widen(pair[0].square);
        let alike = 1 + rest.windows(2).take_while(|pair| near(pair)).count();
        // Below, not at: for a radius of nothing, nobody is sure before he is measured.
        if alike == 1 && first.square < surely {
            finder.found.push(found(index, query, *first));
        } else {
            settle_alike(index, query, &rest[..alike], &mut finder.found);
        }
        rest = &rest[alike..];
    }
    finder.found.truncate(query.count);
}

fn settle_alike(index: &Index, query: &NearestQuery, alike: &[Met], out: &mut Vec<Near>) {
    let measured = |met: &Met| {
        let seat = met.seat(index);
        (distance_mm(query.at, index.roster.seat(seat).position), index.roster.volunteer(seat), *met)
    };
    let mut measured: Vec<_> = alike.iter().map(measured).collect();
    measured.retain(|(distance_mm, ..)| *distance_mm <= u64::from(query.radius_m) * 1_000);
    measured.sort_unstable_by_key(|(distance_mm, volunteer, _)| (*distance_mm, *volunteer));
    out.extend(measured.into_iter().map(|(.., met)| found(index, query, met)));
}

fn found(index: &Index, query: &NearestQuery, met: Met) -> Near {
    let seat = met.seat(index);
    let measure = || distance_m(query.at, index.roster.seat(seat).position);
    Near {
        volunteer: index.roster.volunteer(seat),
        distance_m: index.frame.rounded_m(met.square).unwrap_or_else(measure),
    }
}
