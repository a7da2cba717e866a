//! What one hub alone needs of this room. It lives and dies with the process, so an empty one hides no leader.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use tokio::sync::broadcast;
use uuid::Uuid;

use super::doorbell::{Doorbell, RINGS_BEHIND_MAX, Ring};
use super::election::{Bid, Election, LEASE_MS, Leader, Present, Standing};
use super::error::Answer;
use super::presence::{Changed, PRESENCE_KEPT_MS, Presence, Report, Seen, SeenFix};

/// Shared by everybody in this process who has a clone.
#[derive(Clone, Debug)]
pub struct MemoryCluster {
    start: Instant,
    inner: Arc<Mutex<Inner>>,
    rings: broadcast::Sender<Ring>,
}

#[derive(Debug, Default)]
struct Inner {
    leases: HashMap<u32, (Leader, Instant)>,
    people: HashMap<(u32, u64), Known>,
    hubs: BTreeMap<Uuid, (u32, Instant)>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    changed_ms: u64,
    hub: Option<Uuid>,
    fix: Option<SeenFix>,
}

impl Default for MemoryCluster {
    fn default() -> Self {
        let rings = broadcast::channel(RINGS_BEHIND_MAX).0;
        MemoryCluster { start: Instant::now(), inner: Arc::default(), rings }
    }
}

impl MemoryCluster {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From 1, so that 0 is before everything.
    fn now_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }
}

impl Inner {
    fn holder(&self, district: u32) -> Option<&Leader> {
        self.leases.get(&district).filter(|(_, until)| *until > Instant::now()).map(|(leader, _)| leader)
    }

    fn bid(&mut self, bid: Bid) -> Standing {
        if let Some(other) = self.holder(bid.district).filter(|holder| holder.owner != bid.leader.owner) {
            return Standing::Other(other.clone());
        }
        let until = Instant::now() + Duration::from_millis(LEASE_MS);
        self.leases.insert(bid.district, (bid.leader, until));
        Standing::Held
    }

    fn give_back(&mut self, district: u32, owner: Uuid) -> bool {
        let is_his = self.holder(district).is_some_and(|holder| holder.owner == owner);
        is_his && self.leases.remove(&district).is_some()
    }

    fn attend(&mut self, hub: Present) -> Vec<Present> {
        let now = Instant::now();
        self.hubs.insert(hub.owner, (hub.leads, now + Duration::from_millis(LEASE_MS)));
        self.hubs.retain(|_, (_, until)| *until > now);
        self.hubs.iter().map(|(&owner, &(leads, _))| Present { owner, leads }).collect()
    }

    fn report(&mut self, district: u32, hub: Uuid, report: Report, now_ms: u64) {
        let (Report::Fix(id, _) | Report::Online(id) | Report::Offline(id) | Report::Forget(id)) = report;
        let fresh = Known { changed_ms: now_ms, hub: None, fix: None };
        let known = self.people.entry((district, id)).or_insert(fresh);
        match report {
            Report::Fix(_, fix) if known.fix.is_some_and(|old| old.at_ms > fix.at_ms) => return,
            Report::Fix(_, fix) => known.fix = Some(fix),
            Report::Online(_) => known.hub = Some(hub),
            Report::Offline(_) if known.hub != Some(hub) => return,
            Report::Offline(_) => known.hub = None,
            Report::Forget(_) => known.fix = None,
        }
        known.changed_ms = now_ms;
    }

    fn forget_old(&mut self, now_ms: u64) {
        self.people.retain(|_, known| now_ms.saturating_sub(known.changed_ms) <= PRESENCE_KEPT_MS);
    }

    fn since(&self, district: u32, cursor_ms: u64) -> Vec<Seen> {
        let of_it = self.people.iter().filter(|((of, _), known)| *of == district && known.changed_ms >= cursor_ms);
        of_it.map(|(&(_, volunteer), known)| Seen { volunteer, hub: known.hub, fix: known.fix }).collect()
    }
}

impl Election for MemoryCluster {
    fn bid(&self, bid: Bid) -> BoxFuture<'_, Answer<Standing>> {
        ready(Ok(self.lock().bid(bid))).boxed()
    }

    fn give_back(&self, district: u32, owner: Uuid) -> BoxFuture<'_, Answer<bool>> {
        ready(Ok(self.lock().give_back(district, owner))).boxed()
    }

    fn attend(&self, hub: Present) -> BoxFuture<'_, Answer<Vec<Present>>> {
        ready(Ok(self.lock().attend(hub))).boxed()
    }

    fn leave(&self, owner: Uuid) -> BoxFuture<'_, Answer<()>> {
        self.lock().hubs.remove(&owner);
        ready(Ok(())).boxed()
    }

    fn leader(&self, district: u32) -> BoxFuture<'_, Answer<Option<Leader>>> {
        ready(Ok(self.lock().holder(district).cloned())).boxed()
    }
}

impl Presence for MemoryCluster {
    fn report(&self, district: u32, hub: Uuid, reports: Vec<Report>) -> BoxFuture<'_, Answer<()>> {
        let now_ms = self.now_ms();
        let mut inner = self.lock();
        reports.into_iter().for_each(|report| inner.report(district, hub, report, now_ms));
        inner.forget_old(now_ms);
        ready(Ok(())).boxed()
    }

    fn since(&self, district: u32, cursor_ms: u64) -> BoxFuture<'_, Answer<Changed>> {
        let seen = self.lock().since(district, cursor_ms);
        ready(Ok(Changed { cursor_ms: self.now_ms(), seen })).boxed()
    }
}

impl Doorbell for MemoryCluster {
    fn ring(&self, ring: Ring) -> BoxFuture<'_, Answer<()>> {
        // Nobody listens in a hub alone.
        self.rings.send(ring).ok();
        ready(Ok(())).boxed()
    }

    fn listen(&self) -> broadcast::Receiver<Ring> {
        self.rings.subscribe()
    }
}
