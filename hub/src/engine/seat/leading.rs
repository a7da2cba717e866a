//! Leading: the writer's loop with its timers. Nothing here is done while something is waited for, so nothing is cancelled.

use std::sync::Arc;
use std::time::Duration;

use matcher::{Commit, District, Event, Observation, Timestamp};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::following::deposed;
use super::{Beside, Ears, Left, Seat, send_elsewhere};
use crate::engine::hubs::{Role, Wish};
use crate::engine::lanes::{LanesOut, Submission};
use crate::engine::positions::{Changes, OBSERVE_EVERY_MS, observations};
use crate::engine::publisher::{Control, Note, Reply};
use crate::engine::snapshot::BoardVersion;
use crate::engine::step::Verdict;
use crate::engine::submit::{Committed, SubmitError};
use crate::engine::writer::{Entry, Loaded, Turn};
use crate::store::{Fence, Journal, JournalError, snapshots};

/// How often the leader says that it lives, milliseconds.
const BEAT_EVERY_MS: u64 = 500;

/// Waits between tries to lead again after the journal failed, milliseconds: the first, and the longest.
const RELOAD_AFTER_MS: u64 = 50;
const RELOAD_AFTER_MS_MAX: u64 = 2_000;

/// Commits after which the publisher takes over the writer's state. Each time, both then copy every record that they
/// change while the other still holds it; more often would copy a busy district's live part without end.
const SHARE_EVERY_COMMITS: u64 = 8_192;

/// What woke the leader.
enum Call {
    Commands(Vec<Submission>),
    Due,
    Observe,
    Beat,
    Control(Control),
    Deposed,
    Stop,
}

impl<J: Journal> Seat<J> {
    /// Leads until another does, or until it is stopped.
    pub(super) async fn lead(&mut self, ears: &mut Ears) -> Result<Left, JournalError> {
        let mut observe = interval(Duration::from_millis(OBSERVE_EVERY_MS));
        let mut beat = interval(Duration::from_millis(BEAT_EVERY_MS));
        observe.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.expect_everybody();
        loop {
            let due = self.parts.writer.due_in_ms().map(Duration::from_millis);
            // Only waiting happens here; the work is done below, where nothing can cancel it.
            let call = tokio::select! {
                biased;
                () = is_deposed(&mut self.parts.beside) => Call::Deposed,
                _ = observe.tick() => Call::Observe,
                _ = beat.tick() => Call::Beat,
                Some(control) = ears.controls.recv() => Call::Control(control),
                Ok(()) = ears.stopped.changed() => Call::Stop,
                () = sleep(due.unwrap_or_default()), if due.is_some() => Call::Due,
                Some(batch) = ears.lanes.next() => Call::Commands(batch),
                else => Call::Stop,
            };
            match call {
                Call::Stop => return Ok(Left::Stopped),
                Call::Deposed => return Ok(self.step_down(ears).await),
                call => {
                    let began = Instant::now();
                    let answered = self.answer(call).await;
                    metrics::histogram!("baiying_writer_busy_seconds").record(began.elapsed().as_secs_f64());
                    if !self.parts.writer.is_leading() && self.recover_lead(answered, ears).await? == Left::Changed {
                        return Ok(Left::Changed);
                    }
                }
            }
        }
    }

    /// After the journal failed: a hub alone leads again, one of several leaves it to the election.
    async fn recover_lead(
        &mut self,
        answered: Result<(), JournalError>,
        ears: &mut Ears,
    ) -> Result<Left, JournalError> {
        if self.parts.beside.is_none() {
            return self.lead_again(answered).await.map(|()| Left::Stopped);
        }
        if let Err(err) = answered {
            if err.is_lasting() {
                return Err(err);
            }
            tracing::warn!(error = %err, "this hub leads no more: the state is dropped");
        }
        Ok(self.step_down(ears).await)
    }

    /// What waits is sent to whoever leads next; it was not decided here.
    async fn step_down(&mut self, ears: &mut Ears) -> Left {
        self.parts.writer.step_down();
        let mut leader = None;
        if let Some(Beside { top, wish, .. }) = &mut self.parts.beside {
            top.send_replace(None);
            // A wish to lead was said before the term was lost; whom to follow is said once, and to be kept.
            if let Wish::Follow(other) = wish.borrow_and_update().clone() {
                leader = other;
            }
        }
        self.parts.notes.send(Note::Deposed).await.ok();
        self.take_role(Role::Following(leader));
        send_elsewhere(ears.lanes.take());
        tracing::info!(district = self.parts.writer.district(), "this hub follows");
        Left::Changed
    }

    async fn answer(&mut self, call: Call) -> Result<(), JournalError> {
        match call {
            Call::Commands(batch) => self.turn(batch).await,
            Call::Due => self.turn(Vec::new()).await,
            Call::Observe => self.observe().await,
            Call::Beat => self.beat().await,
            Call::Control(control) => self.control(control).await,
            Call::Deposed | Call::Stop => Ok(()),
        }
    }

    async fn turn(&mut self, batch: Vec<Submission>) -> Result<(), JournalError> {
        let (mut entries, mut replies) = (Vec::with_capacity(batch.len()), Vec::with_capacity(batch.len()));
        for Submission { request, sealed, reply } in batch {
            entries.push(Entry { request, sealed });
            replies.push(reply);
        }
        let began = Instant::now();
        let turned = self.parts.writer.turn(entries).await;
        metrics::histogram!("baiying_turn_seconds").record(began.elapsed().as_secs_f64());
        match turned {
            Ok(turn) => self.publish(turn, replies).await,
            Err(err) => {
                // Dropped replies would say the same; this says it at once.
                for reply in replies {
                    reply.send(Err(SubmitError::Unknown)).ok();
                }
                return Err(err);
            }
        }
        Ok(())
    }

    pub(super) async fn publish(
        &mut self,
        turn: Turn,
        replies: Vec<tokio::sync::oneshot::Sender<Result<Committed, SubmitError>>>,
    ) {
        if let Some(last) = turn.commits.last() {
            self.told_seq = last.seq;
            self.ring();
        }
        self.expect_enrolled(&turn.commits);
        let replies: Vec<Reply> = replies.into_iter().zip(turn.verdicts.into_iter().map(told)).collect();
        if !turn.commits.is_empty() || !replies.is_empty() {
            // The publisher ends only after this task.
            self.parts.notes.send(Note::Committed(turn.commits, replies)).await.ok();
        }
        self.share().await;
    }

    /// Now and then the publisher takes over the writer's state, which is equal to its own: what no longer changes (all
    /// that has ended in the last day) is kept once, not twice.
    async fn share(&mut self) {
        let Some(state) = self.parts.writer.state() else { return };
        let seq = state.district.seq;
        if seq.saturating_sub(self.shared_seq) >= SHARE_EVERY_COMMITS {
            self.shared_seq = seq;
            let district = Box::new(state.district.clone());
            self.parts.notes.send(Note::State(district)).await.ok();
        }
    }

    async fn observe(&mut self) -> Result<(), JournalError> {
        let Some(now) = self.parts.writer.now() else { return Ok(()) };
        let changes = self.parts.positions.changes(now);
        let mut observed = observations(&changes);
        observed.extend(self.unreachable(now));
        self.parts.writer.observe(&observed);
        if changes != Changes::default() {
            self.parts.notes.send(Note::Observed(changes)).await.ok();
        }
        if self.parts.beside.is_some() {
            return self.take_intake().await.inspect_err(|_| self.parts.writer.step_down());
        }
        Ok(())
    }

    fn unreachable(&self, now: Timestamp) -> Vec<Observation> {
        if self.is_waking {
            return Vec::new();
        }
        let gone = self.parts.positions.newly_unreachable(now).into_iter();
        gone.map(|volunteer| Observation::Reach { volunteer, reachable: false }).collect()
    }

    /// Whoever has not come a minute after the start is unreachable.
    fn expect_everybody(&self) {
        if let (Some(state), Some(now)) = (self.parts.writer.state(), self.parts.writer.now()) {
            self.parts.positions.expect(state.district.volunteers().map(|record| record.profile.id), now);
        }
    }

    /// Nor is somebody reachable who was enrolled later and has not come in a minute.
    fn expect_enrolled(&self, commits: &[Arc<Commit>]) {
        for commit in commits {
            for event in &commit.events {
                if let Event::VolunteersEnrolled { volunteers } = event {
                    self.parts.positions.expect(volunteers.iter().map(|volunteer| volunteer.id), commit.at);
                }
            }
        }
    }

    async fn beat(&mut self) -> Result<(), JournalError> {
        self.parts.writer.beat().await?;
        let is_low = self.parts.journal.is_low_on_space();
        metrics::gauge!("baiying_low_on_space").set(if is_low { 1.0 } else { 0.0 });
        match self.attend().await {
            Some(format) => self.parts.writer.raise_format(format).await,
            None => Ok(()),
        }
    }

    async fn control(&mut self, control: Control) -> Result<(), JournalError> {
        match control {
            Control::RenewHistory => self.renew_history().await,
            Control::Snapshot(version) => {
                if let Some(fence) = self.parts.writer.fence() {
                    tokio::spawn(store_snapshot(self.parts.journal.clone(), fence, version));
                }
                Ok(())
            }
        }
    }

    /// Once per load: a client that lies costs the others one snapshot, not one each time it lies.
    async fn renew_history(&mut self) -> Result<(), JournalError> {
        let Some(fence) = self.parts.writer.fence().filter(|_| !self.has_renewed) else { return Ok(()) };
        self.has_renewed = true;
        let history = self.parts.journal.renew_history(fence).await?;
        self.history = history;
        tracing::error!(%history, "the log is shorter than what was sent: it was restored or lost its end; clients start anew");
        self.parts.notes.send(Note::Renewed(history)).await.ok();
        Ok(())
    }

    /// Loads until the district is led again. What cannot pass by itself ends the task.
    async fn lead_again(&mut self, failed: Result<(), JournalError>) -> Result<(), JournalError> {
        self.parts.fence.send_replace(None);
        if let Err(err) = failed {
            tracing::error!(error = %err, "the journal failed: the state is dropped and read again");
        }
        let mut wait_ms = RELOAD_AFTER_MS;
        loop {
            metrics::counter!("baiying_reloads_total").increment(1);
            match self.parts.writer.load().await {
                Ok(loaded) => return self.led(loaded).await,
                Err(err) if err.is_lasting() => {
                    tracing::error!(error = %err, "the district cannot be led");
                    return Err(err);
                }
                Err(err) => tracing::error!(error = %err, wait_ms, "the district cannot be led yet"),
            }
            sleep(Duration::from_millis(wait_ms)).await;
            wait_ms = (wait_ms * 2).min(RELOAD_AFTER_MS_MAX);
        }
    }

    /// The writer has loaded. What was observed is not in the log: it is handed to the new state at once, not when the
    /// phones move next. Everybody is told, and what was kept while nobody led is decided before anything else.
    pub(super) async fn led(&mut self, loaded: Loaded) -> Result<(), JournalError> {
        self.parts.writer.observe(&self.parts.positions.everything());
        self.has_renewed = false;
        self.told_seq = loaded.recovered.district.seq;
        self.history = loaded.head.history;
        // Before the publisher hands over wakes that are owed: without a term they would be dropped.
        self.tell_term();
        self.parts.notes.send(Note::Loaded(Box::new(loaded))).await.ok();
        if self.parts.beside.is_some() {
            self.take_intake().await?;
        }
        self.take_role(Role::Leading);
        self.ring();
        Ok(())
    }

    /// The last turn: what is queued is still served, then the state is stored.
    pub(super) async fn finish(mut self, mut lanes: LanesOut) -> Result<(), JournalError> {
        lanes.close();
        loop {
            let batch = lanes.take();
            if batch.is_empty() {
                break;
            }
            self.turn(batch).await?;
        }
        self.parts.writer.beat().await?;
        let (Some(fence), Some(state)) = (self.parts.writer.fence(), self.parts.writer.state()) else { return Ok(()) };
        store_state(&self.parts.journal, fence, state.district.clone()).await?;
        // The publisher has answered everybody when it gets to this.
        let (reply, version) = tokio::sync::oneshot::channel();
        self.parts.notes.send(Note::Version(reply)).await.ok();
        version.await.ok();
        Ok(())
    }
}

async fn is_deposed(beside: &mut Option<Beside>) {
    match beside {
        Some(beside) => deposed(&mut beside.wish).await,
        None => std::future::pending().await,
    }
}

fn told(verdict: Option<Verdict>) -> Result<Committed, SubmitError> {
    match verdict {
        Some(Verdict::Committed { answer, seq }) => Ok(Committed { answer, seq: Some(seq) }),
        Some(Verdict::Unchanged { answer }) => Ok(Committed { answer, seq: None }),
        Some(Verdict::Rejected(rejection)) => Err(SubmitError::Rejected(rejection)),
        None => Err(SubmitError::LowOnSpace),
    }
}

/// Stores the state as it is, by a clone that shares what does not change meanwhile.
async fn store_state<J: Journal>(journal: &J, fence: Fence, district: District) -> Result<(), JournalError> {
    snapshots::store(journal, fence, (district.seq, district.at.0), district).await
}

/// Off the writer's task, part by part between its appends.
async fn store_snapshot<J: Journal>(journal: J, fence: Fence, version: Arc<BoardVersion>) {
    let district = version.district.clone();
    // The encoder lets the state go as soon as it is through.
    drop(version);
    if let Err(err) = store_state(&journal, fence, district).await {
        tracing::warn!(error = %err, "no snapshot was stored; the next start reads more of the log");
    }
}
