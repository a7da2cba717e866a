//! The nearest in plain distance.

use super::super::query::{Near, NearestQuery, distance_mm};
use super::Index;
use super::chunks::{Mark, Marks};
use super::walk::{Visitor, walk};
use crate::model::VolunteerId;

/// Fills `out` with the nearest; see [`Index::nearest`].
pub(super) fn nearest(index: &Index, query: &NearestQuery, out: &mut Vec<Near>) {
    out.clear();
    if query.count == 0 {
        return;
    }
    let radius_m = f64::from(query.radius_m);
    let bound = index.frame.square_at_most(radius_m + 0.001);
    walk(index, query.at, query.skills.0, &mut Shortlist { list: out, count: query.count, bound });
    settle(index, query, out);
}

/// Candidates by squared distance in the plane: `distance_mm` is the square and `volunteer` the seat until [`settle`].
/// Behind the last one wanted stand those whom the plane cannot tell from it.
struct Shortlist<'a> {
    list: &'a mut Vec<Near>,
    count: usize,
    bound: u64,
}

impl Visitor for Shortlist<'_> {
    #[inline]
    fn lanes(&self, marks: &Marks, _nearest: u64) -> u16 {
        marks.row(Mark::Ready)
    }

    #[inline]
    fn bound(&self) -> u64 {
        self.bound
    }

    #[inline]
    fn visit(&mut self, index: &Index, square: u64, seat: u32, _marks: (&Marks, u32)) {
        let behind = self.list.iter().rev().take_while(|near| near.distance_mm > square).count();
        let place = self.list.len() - behind;
        self.list.insert(place, Near { distance_mm: square, volunteer: VolunteerId(u64::from(seat)) });
        if let Some(last) = self.list.get(self.count - 1) {
            self.bound = self.bound.min(index.frame.widen(last.distance_mm));
            while self.list.last().is_some_and(|near| near.distance_mm > self.bound) {
                self.list.pop();
            }
        }
    }
}

/// Turns squares into distances and seats into volunteers; measures on the sphere.
fn settle(index: &Index, query: &NearestQuery, out: &mut Vec<Near>) {
    for near in out.iter_mut() {
        let seat = index.roster.seat(near.volunteer.0 as u32);
        *near = Near { distance_mm: distance_mm(query.at, seat.position), volunteer: seat.volunteer };
    }
    out.retain(|near| near.distance_mm <= u64::from(query.radius_m) * 1_000);
    out.sort_unstable();
    out.truncate(query.count);
}
