//! How districts are spread over hubs. Each hub leads its share at most, which is all districts by all hubs, rounded up;
//! whoever leads more, because hubs have come or came up one after another, hands over the quietest district when a hub has
//! room, seldom and never twice for nothing.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::{Hubs, Role};
use crate::cluster::Present;
use crate::engine::Doors;
use crate::engine::handle::EngineHandle;

/// How often a hub says that it is here: three times before it does not count any more.
const ATTEND_EVERY: Duration = Duration::from_secs(1);

/// Hubs and districts must have been the same for so long before one is moved: a hub that restarts moves nothing.
const STEADY_FOR: Duration = Duration::from_secs(10);

/// The least time between two moves by one hub: six a minute. It doubles each time that a district comes back.
const MOVE_EVERY: Duration = Duration::from_secs(10);
const MOVE_EVERY_MAX: Duration = Duration::from_secs(640);

/// What the spread of districts is judged by.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Scene {
    hubs: Vec<Uuid>,
    districts: usize,
}

/// A hub's part in spreading districts.
pub struct Spread {
    hubs: Hubs,
    doors: Doors,
    scene: Scene,
    steady_since: Instant,
    pace: Pace,
}

/// How soon the next move may be.
#[derive(Debug)]
struct Pace {
    wait: Duration,
    /// When the last district was moved, and how many were led before.
    moved: Option<(Instant, usize)>,
}

impl Pace {
    /// Whether a hub that leads `led` districts may move one now. A move that changed nothing doubles the wait.
    fn allows(&mut self, now: Instant, led: usize) -> bool {
        let Some((at, before)) = self.moved else { return true };
        if now.duration_since(at) < self.wait {
            return false;
        }
        self.wait = if led < before { MOVE_EVERY } else { (self.wait * 2).min(MOVE_EVERY_MAX) };
        self.moved = None;
        led < before
    }
}

impl Spread {
    /// Of a hub that serves `doors`.
    pub fn new(hubs: Hubs, doors: Doors) -> Self {
        let scene = Scene { hubs: Vec::new(), districts: 0 };
        let pace = Pace { wait: MOVE_EVERY, moved: None };
        Spread { hubs, doors, scene, steady_since: Instant::now(), pace }
    }

    /// Attends, and hands over what is too much, until it is dropped.
    pub async fn run(mut self) {
        loop {
            tokio::time::sleep(ATTEND_EVERY).await;
            let leads = u32::try_from(self.led()).unwrap_or(u32::MAX);
            match self.hubs.election.attend(Present { owner: self.hubs.owner, leads }).await {
                Ok(present) => self.step(&present),
                // Nobody knows who is here: nothing is aimed at, and nothing moved.
                Err(_) => self.hubs.share.store(usize::MAX, Ordering::Relaxed),
            }
        }
    }

    fn led(&self) -> usize {
        self.hubs.led.load(Ordering::Relaxed)
    }

    fn step(&mut self, present: &[Present]) {
        let districts = self.doors.all().filter(|door| !door.is_closed()).count();
        let scene = Scene { hubs: present.iter().map(|hub| hub.owner).collect(), districts };
        if scene != self.scene {
            (self.scene, self.steady_since) = (scene, Instant::now());
        }
        let share = share(districts, present.len());
        self.hubs.share.store(share, Ordering::Relaxed);
        let is_steady = self.steady_since.elapsed() >= STEADY_FOR;
        if is_steady && has_too_much(self.hubs.owner, self.led(), share, present) {
            self.move_one();
        }
    }

    fn move_one(&mut self) {
        let (now, led) = (Instant::now(), self.led());
        if !self.pace.allows(now, led) {
            return;
        }
        let own = self.doors.all().filter(|door| door.role() == Role::Leading);
        if let Some(door) = own.min_by_key(|door| open_incidents(door)) {
            tracing::info!(district = %door.district(), led, "a district is handed over: another hub has room for it");
            metrics::counter!("baiying_moves_total").increment(1);
            door.move_away();
            self.pace.moved = Some((now, led));
        }
    }
}

fn open_incidents(door: &EngineHandle) -> usize {
    door.read(|district| district.incidents().filter(|incident| !incident.state.ended()).count())
}

/// What each of `hubs` leads at most.
fn share(districts: usize, hubs: usize) -> usize {
    districts.div_ceil(hubs.max(1))
}

/// Whether `me` leads more than its share while another leads less than its own.
fn has_too_much(me: Uuid, led: usize, share: usize, present: &[Present]) -> bool {
    led > share && present.iter().any(|hub| hub.owner != me && (hub.leads as usize) < share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_up_and_one_hub_leads_all() {
        let shares = [(0, 3), (1, 3), (3, 3), (4, 3), (7, 1), (5, 0)].map(|(districts, hubs)| share(districts, hubs));
        assert_eq!(shares, [0, 1, 1, 2, 7, 5]);
    }

    #[test]
    fn one_is_handed_over_only_when_that_leaves_nobody_with_too_much() {
        let (me, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let too_much = |mine: usize, its: u32| {
            let present = [Present { owner: me, leads: mine as u32 }, Present { owner: other, leads: its }];
            has_too_much(me, mine, share(mine + its as usize, 2), &present)
        };
        assert_eq!(
            [(1, 0), (2, 0), (2, 1), (3, 1), (3, 2), (1, 3)].map(|(mine, its)| too_much(mine, its)),
            [false, true, false, true, false, false]
        );
    }

    #[test]
    fn moves_are_seldom_and_seldomer_when_a_district_comes_back() {
        let mut pace = Pace { wait: MOVE_EVERY, moved: None };
        let start = Instant::now();
        assert!(pace.allows(start, 4));
        pace.moved = Some((start, 4));
        assert!(!pace.allows(start + MOVE_EVERY / 2, 3), "not twice in ten seconds");
        assert!(pace.allows(start + MOVE_EVERY, 3));
        pace.moved = Some((start, 3));
        assert!(!pace.allows(start + MOVE_EVERY, 3), "it came back: nobody else could lead it");
        pace.moved = Some((start, 3));
        assert!(!pace.allows(start + MOVE_EVERY, 2), "so the next is twice as long after");
        assert!(pace.allows(start + MOVE_EVERY * 2, 2));
    }
}
