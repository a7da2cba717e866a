//! What is observed and not journalled, between the sockets and the writer: the last fix of each volunteer, and who
//! has a socket open. Taken in at any rate, handed on every 200 ms, the last of each.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use matcher::{Observation, Position, Timestamp, VolunteerId};
use uuid::Uuid;

use crate::cluster::{Report, Seen, SeenFix};

/// How often what was observed is handed to the writer, milliseconds.
pub const OBSERVE_EVERY_MS: u64 = 200;

/// How long a fix is kept, milliseconds.
pub const FIX_KEPT_MS: u64 = 15 * matcher::MINUTE_MS;

/// Without a socket for so long, and without another way to wake him, a volunteer ranks last; milliseconds.
pub const UNREACHABLE_AFTER_MS: u64 = matcher::MINUTE_MS;

/// A hub that has not named its sockets for so long is gone, and they with it.
const HUB_SILENT_MAX: Duration = Duration::from_secs(60);

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
    /// Sockets at other hubs: where, and when last named.
    elsewhere: HashMap<VolunteerId, (Uuid, Instant)>,
    /// What other hubs were not told yet; `None` in a hub alone.
    untold: Option<Untold>,
}

#[derive(Debug, Default)]
struct Untold {
    fixes: BTreeSet<VolunteerId>,
    sockets: BTreeSet<VolunteerId>,
    forgotten: BTreeSet<VolunteerId>,
}

impl Inner {
    fn is_online(&self, volunteer: VolunteerId) -> bool {
        self.sockets.contains_key(&volunteer) || self.elsewhere.contains_key(&volunteer)
    }

    fn came(&mut self, volunteer: VolunteerId) {
        self.left.remove(&volunteer);
        self.unreachable.remove(&volunteer);
        self.came_or_went.insert(volunteer);
    }

    fn went(&mut self, volunteer: VolunteerId, now: Timestamp) {
        if !self.is_online(volunteer) {
            self.left.insert(volunteer, now);
        }
        self.came_or_went.insert(volunteer);
    }

    /// Takes a fix that is newer than the one known; whether it was.
    fn moves(&mut self, volunteer: VolunteerId, fix: Fix) -> bool {
        let is_new = self.fixes.get(&volunteer).is_none_or(|known| known.at <= fix.at && *known != fix);
        if is_new {
            self.fixes.insert(volunteer, fix);
            self.moved.insert(volunteer);
        }
        is_new
    }

    fn hear(&mut self, own: Uuid, seen: &Seen, now: Timestamp) {
        let id = VolunteerId(seen.volunteer);
        if let Some(fix) = seen.fix.as_ref().and_then(fix_of) {
            self.moves(id, fix);
        }
        match seen.hub.filter(|hub| *hub != own) {
            Some(hub) => {
                if self.elsewhere.insert(id, (hub, Instant::now())).is_none() {
                    self.came(id);
                }
            }
            None => {
                if self.elsewhere.remove(&id).is_some() {
                    self.went(id, now);
                }
            }
        }
    }
}

fn fix_of(seen: &SeenFix) -> Option<Fix> {
    let position = Position::from_degrees(seen.lat, seen.lng)?;
    Some(Fix { position, accuracy_m: seen.accuracy_m, at: Timestamp(seen.at_ms) })
}

fn seen_of(fix: &Fix) -> SeenFix {
    let Fix { position, accuracy_m, at } = *fix;
    SeenFix { lat: position.lat(), lng: position.lng(), accuracy_m, at_ms: at.0 }
}

impl Positions {
    /// For a hub that shares with others what it sees.
    pub fn shared() -> Self {
        let inner = Inner { untold: Some(Untold::default()), ..Inner::default() };
        Positions { inner: Mutex::new(inner) }
    }

    /// What other hubs have to be told, each thing once; with `all_sockets` every socket that is open here.
    pub fn outgoing(&self, all_sockets: bool) -> Vec<Report> {
        let mut inner = self.lock();
        let Some(untold) = inner.untold.as_mut().map(std::mem::take) else { return Vec::new() };
        let Untold { fixes, mut sockets, forgotten } = untold;
        if all_sockets {
            sockets.extend(inner.sockets.keys());
        }
        let forgotten = forgotten.iter().map(|id| Report::Forget(id.0));
        let fixes = fixes.iter().filter_map(|id| Some(Report::Fix(id.0, seen_of(inner.fixes.get(id)?))));
        let is_open = |id: &VolunteerId| inner.sockets.contains_key(id);
        let sockets = sockets.iter().map(|id| if is_open(id) { Report::Online(id.0) } else { Report::Offline(id.0) });
        forgotten.chain(fixes).chain(sockets).collect()
    }

    /// These reports did not reach the others.
    pub fn tell_again(&self, reports: &[Report]) {
        let mut inner = self.lock();
        let Some(untold) = &mut inner.untold else { return };
        for report in reports {
            match *report {
                Report::Fix(id, _) => untold.fixes.insert(VolunteerId(id)),
                Report::Online(id) | Report::Offline(id) => untold.sockets.insert(VolunteerId(id)),
                Report::Forget(id) => untold.forgotten.insert(VolunteerId(id)),
            };
        }
    }

    /// Takes what all hubs have seen; `own` is this one, whose sockets are known better here.
    pub fn hear(&self, own: Uuid, seen: &[Seen], now: Timestamp) {
        let mut inner = self.lock();
        seen.iter().for_each(|seen| inner.hear(own, seen, now));
    }

    /// Sockets of hubs that name them no more are closed.
    pub fn forget_silent_hubs(&self, now: Timestamp) {
        let mut inner = self.lock();
        let gone = inner.elsewhere.extract_if(|_, (_, named_at)| named_at.elapsed() >= HUB_SILENT_MAX);
        let gone: Vec<VolunteerId> = gone.map(|(id, _)| id).collect();
        gone.into_iter().for_each(|id| inner.went(id, now));
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a fix; an older one than is known is dropped.
    pub fn take(&self, volunteer: VolunteerId, fix: Fix) {
        let mut inner = self.lock();
        if inner.moves(volunteer, fix)
            && let Some(untold) = &mut inner.untold
        {
            untold.fixes.insert(volunteer);
        }
    }

    /// The last fix of a volunteer.
    pub fn last(&self, volunteer: VolunteerId) -> Option<Fix> {
        self.lock().fixes.get(&volunteer).copied()
    }

    /// A socket of his was opened.
    pub fn opened(&self, volunteer: VolunteerId) {
        let mut inner = self.lock();
        *inner.sockets.entry(volunteer).or_default() += 1;
        inner.came(volunteer);
        if let Some(untold) = &mut inner.untold {
            untold.sockets.insert(volunteer);
        }
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
        inner.went(volunteer, now);
        if let Some(untold) = &mut inner.untold {
            untold.sockets.insert(volunteer);
        }
    }

    /// Whether he has a socket open.
    pub fn is_online(&self, volunteer: VolunteerId) -> bool {
        self.lock().is_online(volunteer)
    }

    /// How many volunteers have a socket open.
    pub fn online(&self) -> usize {
        let inner = self.lock();
        let elsewhere = inner.elsewhere.keys().filter(|id| !inner.sockets.contains_key(id));
        inner.sockets.len() + elsewhere.count()
    }

    /// Forgets a fix: he went off duty.
    pub fn forget(&self, volunteer: VolunteerId) {
        let mut inner = self.lock();
        inner.fixes.remove(&volunteer);
        if let Some(untold) = &mut inner.untold {
            untold.forgotten.insert(volunteer);
        }
    }

    /// What has changed since the last call.
    pub fn changes(&self, now: Timestamp) -> Changes {
        let mut inner = self.lock();
        let moved = std::mem::take(&mut inner.moved);
        let fixes = moved.into_iter().filter_map(|id| Some((id, *inner.fixes.get(&id)?))).collect();
        let came_or_went = std::mem::take(&mut inner.came_or_went);
        let presence = came_or_went.into_iter().map(|id| (id, inner.is_online(id))).collect();
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

    /// Volunteers nobody has seen yet are taken to have left at `now`; who is told as unreachable already stays so.
    pub fn expect(&self, volunteers: impl Iterator<Item = VolunteerId>, now: Timestamp) {
        let mut inner = self.lock();
        for id in volunteers {
            if !inner.is_online(id) && !inner.unreachable.contains(&id) {
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
    fn a_socket_at_another_hub_keeps_him_online_and_what_is_seen_here_is_told_once() {
        let (here, there) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let positions = Positions::shared();
        positions.opened(ONE);
        positions.take(ONE, fix(45.0, 10));
        let shown = seen_of(&fix(45.0, 10));
        assert_eq!(positions.outgoing(false), vec![Report::Fix(1, shown), Report::Online(1)]);
        assert_eq!((positions.outgoing(false), positions.outgoing(true)), (vec![], vec![Report::Online(1)]));
        positions.hear(
            here,
            &[Seen { volunteer: 1, hub: Some(there), fix: Some(seen_of(&fix(46.0, 20))) }],
            Timestamp(20),
        );
        assert_eq!(positions.last(ONE), Some(fix(46.0, 20)));
        assert_eq!(positions.outgoing(false), vec![], "what others have said is not told to them again");
        positions.closed(ONE, Timestamp(30));
        assert!(positions.is_online(ONE));
        positions.hear(here, &[Seen { volunteer: 1, hub: None, fix: None }], Timestamp(30));
        assert!(!positions.is_online(ONE));
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

    #[test]
    fn who_is_expected_and_does_not_come_is_unreachable_after_a_minute_and_is_named_once() {
        let positions = Positions::default();
        let two = VolunteerId(2);
        positions.opened(two);
        positions.expect([ONE, two].into_iter(), Timestamp(0));
        let minute = UNREACHABLE_AFTER_MS as i64;
        assert_eq!(positions.newly_unreachable(Timestamp(minute)), vec![ONE]);
        positions.expect([ONE, two].into_iter(), Timestamp(minute));
        assert_eq!(positions.newly_unreachable(Timestamp(minute * 2)), vec![]);
    }
}
