//! What is observed and not journalled, between the sockets and the writer: the last fix of each volunteer, and who
//! has a socket open. Taken in at any rate, handed on every 200 ms, the last of each.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use matcher::{Observation, Position, Timestamp, VolunteerId};

/// How often what was observed is handed to the writer, milliseconds.
pub const OBSERVE_EVERY_MS: u64 = 200;

/// How long a fix is kept, milliseconds.
pub const FIX_KEPT_MS: u64 = 15 * matcher::MINUTE_MS;

/// Without a socket for so long, and without another way to wake him, a volunteer ranks last; milliseconds.
pub const UNREACHABLE_AFTER_MS: u64 = matcher::MINUTE_MS;

/// A fix as the phone gave it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fix {
    /// Where.
    pub position: Position,
    /// Radius of the circle that it is true within, metres.
    pub accuracy_m: f32,
    /// When it was taken, by the district's clock.
    pub at: Timestamp,
}

/// What has changed since it was last asked.
#[derive(Debug, Default, PartialEq)]
pub struct Changes {
    /// New fixes.
    pub fixes: Vec<(VolunteerId, Fix)>,
    /// Who came online or went offline.
    pub presence: Vec<(VolunteerId, bool)>,
    /// Whose fix is too old to be shown.
    pub stale: Vec<VolunteerId>,
}

/// Fixes and sockets of one district.
#[derive(Debug, Default)]
pub struct Positions {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    fixes: HashMap<VolunteerId, Fix>,
    sockets: HashMap<VolunteerId, u32>,
    /// Since when those who have gone have no socket.
    left: BTreeMap<VolunteerId, Timestamp>,
    /// Those who were told to the writer as unreachable.
    unreachable: BTreeSet<VolunteerId>,
    moved: BTreeSet<VolunteerId>,
    came_or_went: BTreeSet<VolunteerId>,
}

impl Positions {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a fix; an older one than is known is dropped.
    pub fn take(&self, volunteer: VolunteerId, fix: Fix) {
        let mut inner = self.lock();
        if inner.fixes.get(&volunteer).is_some_and(|known| known.at > fix.at) {
            return;
        }
        inner.fixes.insert(volunteer, fix);
        inner.moved.insert(volunteer);
    }

    /// The last fix of a volunteer.
    pub fn last(&self, volunteer: VolunteerId) -> Option<Fix> {
        self.lock().fixes.get(&volunteer).copied()
    }

    /// A socket of his was opened.
    pub fn opened(&self, volunteer: VolunteerId) {
        let mut inner = self.lock();
        *inner.sockets.entry(volunteer).or_default() += 1;
        inner.left.remove(&volunteer);
        inner.unreachable.remove(&volunteer);
        inner.came_or_went.insert(volunteer);
    }

    /// A socket of his was closed.
    pub fn closed(&self, volunteer: VolunteerId, now: Timestamp) {
        let mut inner = self.lock();
        let open = inner.sockets.get(&volunteer).copied().unwrap_or(0).saturating_sub(1);
        if open > 0 {
            inner.sockets.insert(volunteer, open);
            return;
        }
        inner.sockets.remove(&volunteer);
        inner.left.insert(volunteer, now);
        inner.came_or_went.insert(volunteer);
    }

    /// Whether he has a socket open.
    pub fn is_online(&self, volunteer: VolunteerId) -> bool {
        self.lock().sockets.contains_key(&volunteer)
    }

    /// How many volunteers have a socket open.
    pub fn online(&self) -> usize {
        self.lock().sockets.len()
    }

    /// Forgets a fix: he went off duty.
    pub fn forget(&self, volunteer: VolunteerId) {
        self.lock().fixes.remove(&volunteer);
    }

    /// What has changed since the last call.
    pub fn changes(&self, now: Timestamp) -> Changes {
        let mut inner = self.lock();
        let moved = std::mem::take(&mut inner.moved);
        let fixes = moved.into_iter().filter_map(|id| Some((id, *inner.fixes.get(&id)?))).collect();
        let came_or_went = std::mem::take(&mut inner.came_or_went);
        let presence = came_or_went.into_iter().map(|id| (id, inner.sockets.contains_key(&id))).collect();
        let mut stale: Vec<VolunteerId> = Vec::new();
        inner.fixes.retain(|&id, fix| {
            let is_kept = now.since_ms(fix.at) <= FIX_KEPT_MS;
            if !is_kept {
                stale.push(id);
            }
            is_kept
        });
        stale.sort_unstable();
        Changes { fixes, presence, stale }
    }

    /// Those who have had no socket for [`UNREACHABLE_AFTER_MS`]; each is named once.
    pub fn newly_unreachable(&self, now: Timestamp) -> Vec<VolunteerId> {
        let mut inner = self.lock();
        let is_gone = |at: Timestamp| now.since_ms(at) >= UNREACHABLE_AFTER_MS;
        let gone: Vec<VolunteerId> = inner.left.iter().filter(|&(_, &at)| is_gone(at)).map(|(&id, _)| id).collect();
        gone.iter().for_each(|id| {
            inner.left.remove(id);
        });
        inner.unreachable.extend(&gone);
        gone
    }

    /// Everything that is known, in the order of the volunteers: for a writer that has read its state anew.
    pub fn everything(&self) -> Vec<Observation> {
        let inner = self.lock();
        let fixes: BTreeMap<VolunteerId, Fix> = inner.fixes.iter().map(|(&volunteer, &fix)| (volunteer, fix)).collect();
        let fixes =
            fixes.into_iter().map(|(volunteer, Fix { position, at, .. })| Observation::Fix { volunteer, position, at });
        let gone = inner.unreachable.iter();
        fixes.chain(gone.map(|&volunteer| Observation::Reach { volunteer, reachable: false })).collect()
    }

    /// Volunteers nobody has seen yet are taken to have left at `now`.
    pub fn expect(&self, volunteers: impl Iterator<Item = VolunteerId>, now: Timestamp) {
        let mut inner = self.lock();
        for id in volunteers {
            if !inner.sockets.contains_key(&id) {
                inner.left.entry(id).or_insert(now);
            }
        }
    }
}

/// Changes as the core takes them.
pub fn observations(changes: &Changes) -> Vec<Observation> {
    let fixes = changes.fixes.iter().map(|&(volunteer, fix)| {
        let Fix { position, at, .. } = fix;
        Observation::Fix { volunteer, position, at }
    });
    let came = changes.presence.iter().filter(|(_, is_online)| *is_online);
    let reach = came.map(|&(volunteer, _)| Observation::Reach { volunteer, reachable: true });
    fixes.chain(reach).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: VolunteerId = VolunteerId(1);

    fn fix(lat: f64, at: i64) -> Fix {
        Fix { position: Position::from_degrees(lat, 126.0).unwrap(), accuracy_m: 5.0, at: Timestamp(at) }
    }

    #[test]
    fn only_the_newest_fix_is_handed_on_and_only_once() {
        let positions = Positions::default();
        positions.take(ONE, fix(45.0, 10));
        positions.take(ONE, fix(46.0, 20));
        positions.take(ONE, fix(47.0, 15));
        assert_eq!(positions.changes(Timestamp(20)).fixes, vec![(ONE, fix(46.0, 20))]);
        assert_eq!(positions.changes(Timestamp(20)), Changes::default());
        assert_eq!(positions.last(ONE), Some(fix(46.0, 20)));
    }

    #[test]
    fn a_writer_that_starts_anew_is_told_everything_and_not_only_what_has_changed() {
        let positions = Positions::default();
        let (two, three) = (VolunteerId(2), VolunteerId(3));
        positions.take(two, fix(45.0, 10));
        positions.take(ONE, fix(46.0, 20));
        positions.opened(three);
        positions.closed(three, Timestamp(0));
        positions.newly_unreachable(Timestamp(UNREACHABLE_AFTER_MS as i64));
        positions.changes(Timestamp(20));
        let seen = |volunteer, fix: Fix| Observation::Fix { volunteer, position: fix.position, at: fix.at };
        let gone = Observation::Reach { volunteer: three, reachable: false };
        let known = vec![seen(ONE, fix(46.0, 20)), seen(two, fix(45.0, 10)), gone];
        assert_eq!((positions.everything(), positions.everything()), (known.clone(), known));
        positions.opened(three);
        assert_eq!(positions.everything().len(), 2, "he is back");
    }

    #[test]
    fn a_fix_goes_stale_once() {
        let positions = Positions::default();
        positions.take(ONE, fix(45.0, 0));
        positions.changes(Timestamp(0));
        let late = Timestamp(FIX_KEPT_MS as i64 + 1);
        assert_eq!(positions.changes(late).stale, vec![ONE]);
        assert_eq!((positions.changes(late).stale, positions.last(ONE)), (vec![], None));
    }

    #[test]
    fn a_second_socket_keeps_him_online_and_a_minute_without_any_makes_him_unreachable() {
        let positions = Positions::default();
        positions.opened(ONE);
        positions.opened(ONE);
        positions.closed(ONE, Timestamp(0));
        assert!(positions.is_online(ONE));
        positions.closed(ONE, Timestamp(5));
        assert_eq!(positions.changes(Timestamp(5)).presence, vec![(ONE, false)]);
        let minute = UNREACHABLE_AFTER_MS as i64;
        assert_eq!(positions.newly_unreachable(Timestamp(minute)), vec![]);
        assert_eq!(positions.newly_unreachable(Timestamp(minute + 5)), vec![ONE]);
        assert_eq!(positions.newly_unreachable(Timestamp(minute + 9)), vec![]);
    }
}
