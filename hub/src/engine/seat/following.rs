//! Reading what the leader commits. A ring says that there is something, a beacon repeats it, and without either the log
//! is looked into twice a second.

use std::sync::Arc;
use std::time::{Duration, Instant};

use matcher::Commit;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, oneshot, watch};
use tokio::time::{MissedTickBehavior, interval};

use super::{Beside, Ears, Left, Seat, send_elsewhere};
use crate::cluster::Ring;
use crate::engine::clock::SystemClock;
use crate::engine::hubs::{Hold, Role, Wish};
use crate::engine::lanes::Submission;
use crate::engine::positions::OBSERVE_EVERY_MS;
use crate::engine::publisher::Note;
use crate::engine::snapshot::BoardVersion;
use crate::engine::writer::{Loaded, RECENT_COMMITS};
use crate::store::recovery::{decode, recover};
use crate::store::rows::READ_ROWS_MAX;
use crate::store::{Head, Journal, JournalError};

/// How often the log is looked into although nobody rang.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What woke a follower.
enum Call {
    Commands(Vec<Submission>),
    Wish,
    Rung(Option<Ring>),
    Look,
    Observe,
    Stop,
}

impl<J: Journal> Seat<J> {
    /// Follows until this hub leads.
    pub(super) async fn follow(&mut self, ears: &mut Ears) -> Result<Left, JournalError> {
        let mut look = interval(LOOK_EVERY);
        let mut observe = interval(Duration::from_millis(OBSERVE_EVERY_MS));
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        observe.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.parts.writer.is_leading() {
            let beside = self.parts.beside.as_mut().expect("a hub alone never follows");
            let call = tokio::select! {
                biased;
                Ok(()) = ears.stopped.changed() => Call::Stop,
                Ok(()) = beside.wish.changed() => Call::Wish,
                Some(batch) = ears.lanes.next() => Call::Commands(batch),
                ring = next_ring(&mut beside.rings) => Call::Rung(ring),
                _ = observe.tick() => Call::Observe,
                _ = look.tick() => Call::Look,
                // What the publisher asks is the leader's to do.
                Some(_) = ears.controls.recv() => continue,
                else => Call::Stop,
            };
            match call {
                Call::Stop => return Ok(Left::Stopped),
                Call::Commands(batch) => send_elsewhere(batch),
                Call::Observe => self.show_positions().await,
                Call::Rung(ring) => self.rung(ring).await?,
                Call::Look => self.look().await?,
                Call::Wish => self.obey().await?,
            }
        }
        Ok(Left::Changed)
    }

    async fn show_positions(&mut self) {
        let known = *self.parts.anchor.borrow();
        let Some(anchor) = known else { return };
        // As the hub knows it: the last commit may be long ago.
        let now = anchor.now(&SystemClock, matcher::Timestamp(0));
        let changes = self.parts.positions.changes(now);
        if changes != crate::engine::positions::Changes::default() {
            self.parts.notes.send(Note::Observed(changes)).await.ok();
        }
    }

    async fn rung(&mut self, ring: Option<Ring>) -> Result<(), JournalError> {
        let district = self.parts.writer.district();
        match ring {
            Some(ring) if ring.district != district || ring.seq <= self.told_seq => Ok(()),
            _ => passing(self.catch_up().await),
        }
    }

    /// What nobody rang for; and whether it is still the same log.
    async fn look(&mut self) -> Result<(), JournalError> {
        self.attend().await;
        let (district, known) = (self.parts.writer.district(), self.parts.journal.reads());
        match self.parts.journal.head(district).await {
            Ok(Some(Head { format, .. })) if format > known => {
                Err(JournalError::Format { district, found: format, known })
            }
            Ok(Some(head)) if head.history != self.history || head.last_seq < self.told_seq => {
                passing(self.read_anew(head).await)
            }
            Ok(Some(head)) if head.last_seq > self.told_seq => passing(self.catch_up().await),
            Ok(_) => Ok(()),
            Err(err) => passing(Err(err)),
        }
    }

    /// The log was restored, or lost its end with the database that failed: what clients hold no longer counts.
    async fn read_anew(&mut self, head: Head) -> Result<(), JournalError> {
        let recovered = recover(&self.parts.journal, &head, RECENT_COMMITS).await?;
        self.told_seq = recovered.district.seq;
        self.history = head.history;
        let head = Head { wake_seq: u64::MAX, ..head };
        let loaded = Loaded { head, recovered, owed: Vec::new() };
        self.parts.notes.send(Note::Loaded(Box::new(loaded))).await.ok();
        Ok(())
    }

    /// Who slept while what follows was archived begins from a snapshot.
    async fn catch_up(&mut self) -> Result<(), JournalError> {
        let district = self.parts.writer.district();
        match self.tail().await {
            Err(JournalError::Archived { .. }) => match self.parts.journal.head(district).await? {
                Some(head) => self.read_anew(head).await,
                None => Ok(()),
            },
            tailed => tailed,
        }
    }

    async fn tail(&mut self) -> Result<(), JournalError> {
        let district = self.parts.writer.district();
        loop {
            let rows = self.parts.journal.read(district, self.told_seq, READ_ROWS_MAX).await?;
            let is_all = rows.len() < READ_ROWS_MAX;
            let commits = rows.iter().map(|row| decode(district, row).map(Arc::new));
            let commits = commits.collect::<Result<Vec<Arc<Commit>>, _>>()?;
            if let Some(last) = commits.last() {
                self.told_seq = last.seq;
                self.parts.notes.send(Note::Tailed(commits)).await.ok();
            }
            if is_all {
                return Ok(());
            }
        }
    }

    async fn obey(&mut self) -> Result<(), JournalError> {
        let wish = self.parts.beside.as_mut().map(|beside| beside.wish.borrow_and_update().clone());
        match wish {
            Some(Wish::Lead) => self.claim().await,
            Some(Wish::Follow(leader)) => {
                self.parts.role.send_replace(Role::Following(leader));
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Takes the term, and with the warm state only what the log has beyond it.
    async fn claim(&mut self) -> Result<(), JournalError> {
        let began = Instant::now();
        let warm = self.warm().await;
        let loaded = self.parts.writer.load_onto(warm.map(|version| version.district.clone())).await;
        let led = match loaded {
            Ok(loaded) => self.led(loaded).await,
            Err(err) => Err(err),
        };
        let Err(err) = led else {
            let (district, term) = (self.parts.writer.district(), self.parts.writer.fence().map(|fence| fence.term));
            let took_ms = began.elapsed().as_millis() as u64;
            tracing::info!(district, term, seq = self.told_seq, took_ms, "this hub leads");
            return Ok(());
        };
        self.parts.writer.step_down();
        self.tell_term();
        self.parts.notes.send(Note::Deposed).await.ok();
        if let Some(Beside { hold, .. }) = &self.parts.beside {
            hold.send_replace(Hold::Unfit(Instant::now()));
        }
        passing(Err(err))
    }

    /// The board as it stands, once the publisher has everything that it was told.
    async fn warm(&self) -> Option<Arc<BoardVersion>> {
        let (reply, version) = oneshot::channel();
        self.parts.notes.send(Note::Version(reply)).await.ok()?;
        version.await.ok()
    }
}

/// The next ring; `None` for rings that were missed. A bell that is gone rings no more.
async fn next_ring(rings: &mut broadcast::Receiver<Ring>) -> Option<Ring> {
    match rings.recv().await {
        Ok(ring) => Some(ring),
        Err(RecvError::Lagged(_)) => None,
        Err(RecvError::Closed) => std::future::pending().await,
    }
}

/// What cannot pass by itself ends the task; the rest is tried again.
fn passing(done: Result<(), JournalError>) -> Result<(), JournalError> {
    match done {
        Err(err) if err.is_lasting() => Err(err),
        Err(err) => {
            tracing::warn!(error = %err, "the log cannot be followed for now");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// Ready when the election no longer wants this hub to lead.
pub(super) async fn deposed(wish: &mut watch::Receiver<Wish>) {
    // A sender that is gone deposes nobody.
    if wish.wait_for(|wish| matches!(wish, Wish::Follow(_))).await.is_err() {
        std::future::pending::<()>().await;
    }
}
