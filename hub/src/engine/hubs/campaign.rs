//! One district's election, as this hub takes part in it. It runs beside the writer, so that a long turn never costs the
//! lease.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::sleep;

use super::{Hold, Hubs, Leader, Part, Wish};
use crate::cluster::{Answer, Bid, Standing};
use crate::store::Journal;

/// How often a leader renews its lease: three times in its life.
const RENEW_EVERY: Duration = Duration::from_secs(1);

/// How often a follower looks whether the lease is free.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How long a hub that could not take the term leaves it to the others.
const UNFIT_FOR: Duration = Duration::from_secs(2);

/// How much later a hub bids for a free lease for each district it leads already, and at most: this spreads districts.
const LATER_FOR_EACH: Duration = Duration::from_millis(100);
const LATER_MAX: Duration = Duration::from_secs(1);

/// Redis must have been silent for so long, and the leader too by the SQL clock, before a hub takes the term by SQL
/// alone.
const SILENT_MAX: Duration = Duration::from_secs(5);

/// How much earlier or later than the others a hub does that, so that not all of them do.
const SPREAD_MS: u64 = 500;

/// The election of one district.
pub struct Campaign<J> {
    pub journal: J,
    pub hubs: Hubs,
    pub district: u32,
    /// What the district's task has.
    pub hold: watch::Receiver<Hold>,
    /// What it is to do.
    pub wish: watch::Sender<Wish>,
    /// Whether this hub takes part.
    pub part: watch::Receiver<Part>,
}

impl<J: Journal> Campaign<J> {
    /// Bids until the district's task is gone.
    pub async fn run(mut self) {
        let mut heard_at = Instant::now();
        loop {
            let wait = self.step(&mut heard_at).await;
            tokio::select! {
                () = sleep(wait) => {}
                changed = self.hold.changed() => if changed.is_err() { return },
                Ok(()) = self.part.changed() => {}
            }
        }
    }

    async fn step(&mut self, heard_at: &mut Instant) -> Duration {
        let hold = *self.hold.borrow_and_update();
        let part = *self.part.borrow_and_update();
        match part {
            Part::Retires => return self.retire(hold).await,
            Part::StandsBackUntil(until) if Instant::now() < until => return self.retire(hold).await,
            Part::StandsBackUntil(_) | Part::Takes => {}
        }
        if let Hold::Unfit(at) = hold
            && at.elapsed() < UNFIT_FOR
        {
            return self.leave_to_others().await;
        }
        let is_leading = matches!(hold, Hold::Term(_));
        match self.bid(hold).await {
            Ok(standing) => {
                *heard_at = Instant::now();
                self.heard(standing, is_leading)
            }
            // It says nothing about who leads: a leader goes on, and SQL fences.
            Err(_) if is_leading => LOOK_EVERY,
            Err(_) => self.without_redis(*heard_at).await,
        }
    }

    async fn bid(&self, hold: Hold) -> Answer<Standing> {
        let Hubs { election, owner, address, .. } = &self.hubs;
        let term = if let Hold::Term(term) = hold { Some(term) } else { None };
        let later = self.later();
        if term.is_none() && !later.is_zero() && election.leader(self.district).await?.is_none() {
            sleep(later).await;
        }
        let leader = Leader { owner: *owner, term: term.unwrap_or(0), address: address.clone() };
        election.bid(Bid { district: self.district, leader, is_leading: term.is_some() }).await
    }

    /// Whoever has room goes first; whoever has not takes a district all the same before it stays without a leader.
    fn later(&self) -> Duration {
        let of = |count: &std::sync::atomic::AtomicUsize| count.load(Ordering::Relaxed);
        let (led, share) = (of(&self.hubs.led), of(&self.hubs.share));
        let led = if led >= share { u32::MAX } else { u32::try_from(led).unwrap_or(u32::MAX) };
        LATER_FOR_EACH.saturating_mul(led).min(LATER_MAX)
    }

    fn heard(&self, standing: Standing, is_leading: bool) -> Duration {
        match standing {
            Standing::Held if is_leading => {
                self.wish(Wish::Lead);
                RENEW_EVERY
            }
            Standing::Held => self.want_lead(),
            Standing::Other(leader) => {
                self.wish(Wish::Follow(Some(leader)));
                LOOK_EVERY
            }
            Standing::Wait { after_ms } => {
                // An empty store says nothing of whoever led: he is asked on until he is heard of, or another leads.
                if !matches!(*self.wish.borrow(), Wish::Follow(Some(_))) {
                    self.wish(Wish::Follow(None));
                }
                Duration::from_millis(after_ms).min(LOOK_EVERY)
            }
        }
    }

    /// Said anew each time: whoever has just lost the term acts on no wish of before that.
    fn want_lead(&self) -> Duration {
        self.wish.send_replace(Wish::Lead);
        LOOK_EVERY
    }

    fn wish(&self, wish: Wish) {
        self.wish.send_if_modified(|known| {
            let is_new = *known != wish;
            *known = wish;
            is_new
        });
    }

    /// Redis does not answer. Whoever was known to lead is followed, until SQL too has not heard of a leader.
    async fn without_redis(&self, heard_at: Instant) -> Duration {
        let spread = Duration::from_millis(u64::from(self.hubs.owner.as_bytes()[0]) * SPREAD_MS / 256);
        if heard_at.elapsed() < SILENT_MAX + spread {
            return LOOK_EVERY;
        }
        let silent_ms = self.journal.pulse(self.district).await.ok().and_then(|pulse| pulse.silent_ms);
        if silent_ms.is_some_and(|ms| u128::from(ms) >= SILENT_MAX.as_millis()) {
            tracing::warn!(district = self.district, "Redis and the leader are silent: the term is taken by SQL alone");
            return self.want_lead();
        }
        if *self.wish.borrow() == Wish::Lead {
            self.wish(Wish::Follow(None));
        }
        LOOK_EVERY
    }

    async fn leave_to_others(&self) -> Duration {
        self.wish(Wish::Follow(None));
        // Unreachable: it runs out by itself.
        self.hubs.election.give_back(self.district, self.hubs.owner).await.ok();
        LOOK_EVERY
    }

    /// The lease goes back when the writer has ended, not before: the next one must not be fenced by our last batch.
    async fn retire(&self, hold: Hold) -> Duration {
        let leader = self.hubs.election.leader(self.district).await.ok().flatten();
        let other = leader.filter(|leader| leader.owner != self.hubs.owner);
        self.wish(Wish::Follow(other));
        if !matches!(hold, Hold::Term(_)) {
            self.hubs.election.give_back(self.district, self.hubs.owner).await.ok();
        }
        LOOK_EVERY
    }
}
