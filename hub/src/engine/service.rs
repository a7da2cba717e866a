//! Starts a district's tasks and stops them: the writer's loop with its timers, the publisher, the wake outbox.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use matcher::{District, DistrictId, Observation, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use uuid::Uuid;

use super::board::Names;
use super::clock::{Anchor, SystemClock};
use super::handle::{DoorParts, EngineHandle};
use super::lanes::{LanesOut, Submission, lanes};
use super::positions::{OBSERVE_EVERY_MS, Positions, observations};
use super::publisher::{Control, NOTES_WAITING_MAX, Note, Parts, Publisher, Reply};
use super::snapshot::BoardVersion;
use super::step::Verdict;
use super::submit::{Committed, SubmitError};
use super::wake::{WakeFeed, WakeOutbox, Webhook, WebhookSettings};
use super::writer::{Entry, Loaded, Turn, Writer};
use crate::store::{Fence, Journal, JournalError, snapshots};

/// How often the leader says that it lives, milliseconds.
const BEAT_EVERY_MS: u64 = 500;

/// Waits between tries to lead again after the journal failed, milliseconds: the first, and the longest.
const RELOAD_AFTER_MS: u64 = 50;
const RELOAD_AFTER_MS_MAX: u64 = 2_000;

/// Commits after which the publisher takes over the writer's state. Each time, both then copy what they change while
/// the other still holds it; more often would copy a busy district's live part without end.
const SHARE_EVERY_COMMITS: u64 = 16_384;

/// Requests to the writer's task that are not commands; at the limit they are made again later.
const CONTROLS_WAITING_MAX: usize = 4;

/// What an engine is started with.
pub struct EngineSettings {
    /// The district to lead.
    pub district: DistrictId,
    /// Names of volunteers, for rows.
    pub names: Names,
    /// The channel that wakes closed phones, if there is one.
    pub webhook: Option<WebhookSettings>,
}

/// A district that is led by this process.
pub struct Engine {
    handle: EngineHandle,
    stop: watch::Sender<bool>,
    writer: JoinHandle<Result<(), JournalError>>,
    publisher: JoinHandle<()>,
}

impl Engine {
    /// Takes the lead of a district, reads it back, and serves it.
    ///
    /// # Errors
    /// When the journal cannot be trusted or opened; the chain says what to do.
    pub async fn start<J: Journal>(journal: J, settings: EngineSettings) -> anyhow::Result<Self> {
        let EngineSettings { district, names, webhook } = settings;
        let mut writer = Writer::new(journal.clone(), SystemClock, district.0, Uuid::new_v4());
        if webhook.is_some() {
            writer = writer.waking();
        }
        let loaded = writer.load().await.with_context(|| format!("district {district} cannot be led"))?;
        let (fence_is, fence) = watch::channel(writer.fence());
        let (anchor_is, anchor) = watch::channel(writer.anchor());
        let wakes = start_wakes(&journal, webhook, fence.clone())?;
        let (control, controls) = mpsc::channel(CONTROLS_WAITING_MAX);
        let positions = Arc::new(Positions::default());
        let is_waking = wakes.is_connected();
        let parts = Parts { loaded, names, positions: positions.clone(), wakes, control };
        let publisher = Publisher::new(parts);
        let (lanes_in, lanes_out) = lanes();
        let (notes, inbox) = mpsc::channel(NOTES_WAITING_MAX);
        let door = DoorParts {
            district,
            lanes: lanes_in,
            board: publisher.shared(),
            notes: notes.clone(),
            positions: positions.clone(),
            tops: publisher.tops(),
            fence,
            anchor,
        };
        let handle = EngineHandle::new(door, journal.clone());
        let (stop, stopped) = watch::channel(false);
        let ears = Ears { lanes: lanes_out, controls, stopped };
        let terms = Terms { fence: fence_is, anchor: anchor_is };
        let has_renewed = false;
        let desk = WriterTask { writer, journal, notes, positions, terms, is_waking, has_renewed, shared_seq: 0 };
        let publisher = tokio::spawn(publisher.run(inbox));
        Ok(Engine { handle, stop, writer: tokio::spawn(desk.run(ears)), publisher })
    }

    /// The door.
    pub fn handle(&self) -> EngineHandle {
        self.handle.clone()
    }

    /// Waits until the writer has ended, which it does by itself only when the journal cannot be trusted.
    ///
    /// # Errors
    /// Why it ended.
    pub async fn ended(&mut self) -> anyhow::Result<()> {
        (&mut self.writer).await.context("the writer panicked: a bug; start the hub again, the journal is sound")??;
        Ok(())
    }

    /// Takes no more commands, finishes those in hand, stores a snapshot.
    ///
    /// # Errors
    /// Why the writer could not end in order; what was acknowledged is durable all the same.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.send_replace(true);
        let ended = self.ended().await;
        drop(self.handle);
        self.publisher.abort();
        ended
    }
}

fn start_wakes<J: Journal>(
    journal: &J,
    webhook: Option<WebhookSettings>,
    fence: watch::Receiver<Option<Fence>>,
) -> anyhow::Result<WakeFeed> {
    let Some(settings) = webhook else { return Ok(WakeFeed::none()) };
    let webhook = Webhook::new(settings).context("the wake channel: check [wake] url in hub.toml")?;
    let (feed, moves) = WakeFeed::channel();
    tokio::spawn(WakeOutbox::new(journal.clone(), webhook, fence).run(moves));
    Ok(feed)
}

/// What the writer's task listens to.
struct Ears {
    lanes: LanesOut,
    controls: mpsc::Receiver<Control>,
    stopped: watch::Receiver<bool>,
}

/// The writer with everything it tells.
struct WriterTask<J> {
    writer: Writer<J, SystemClock>,
    journal: J,
    notes: mpsc::Sender<Note>,
    positions: Arc<Positions>,
    terms: Terms,
    /// A closed phone can be reached, so nobody is ever unreachable.
    is_waking: bool,
    /// The log's identity was renewed since it was loaded.
    has_renewed: bool,
    /// Where the publisher last took over the writer's state.
    shared_seq: u64,
}

/// Tells the rest of the process by which term and from which moment this writer leads.
struct Terms {
    /// `None` while it does not lead.
    fence: watch::Sender<Option<Fence>>,
    /// Of the last term that it had.
    anchor: watch::Sender<Option<Anchor>>,
}

/// What woke the writer's task.
enum Call {
    Commands(Vec<Submission>),
    Due,
    Observe,
    Beat,
    Control(Control),
    Stop,
}

impl<J: Journal> WriterTask<J> {
    async fn run(mut self, mut ears: Ears) -> Result<(), JournalError> {
        let mut observe = interval(Duration::from_millis(OBSERVE_EVERY_MS));
        let mut beat = interval(Duration::from_millis(BEAT_EVERY_MS));
        observe.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.expect_everybody();
        loop {
            let due = self.writer.due_in_ms().map(Duration::from_millis);
            // Only waiting happens here; the work is done below, where nothing can cancel it.
            let call = tokio::select! {
                biased;
                _ = observe.tick() => Call::Observe,
                _ = beat.tick() => Call::Beat,
                Some(control) = ears.controls.recv() => Call::Control(control),
                Ok(()) = ears.stopped.changed() => Call::Stop,
                () = sleep(due.unwrap_or_default()), if due.is_some() => Call::Due,
                Some(batch) = ears.lanes.next() => Call::Commands(batch),
                else => Call::Stop,
            };
            if let Call::Stop = call {
                return self.finish(ears.lanes).await;
            }
            let answered = self.answer(call).await;
            if !self.writer.is_leading() {
                self.lead_again(answered).await?;
            }
        }
    }

    async fn answer(&mut self, call: Call) -> Result<(), JournalError> {
        match call {
            Call::Commands(batch) => self.turn(batch).await,
            Call::Due => self.turn(Vec::new()).await,
            Call::Observe => self.observe().await,
            Call::Beat => self.beat().await,
            Call::Control(control) => self.control(control).await,
            Call::Stop => Ok(()),
        }
    }

    async fn turn(&mut self, batch: Vec<Submission>) -> Result<(), JournalError> {
        let (mut entries, mut replies) = (Vec::with_capacity(batch.len()), Vec::with_capacity(batch.len()));
        for Submission { request, sealed, reply } in batch {
            entries.push(Entry { request, sealed });
            replies.push(reply);
        }
        let began = Instant::now();
        let turned = self.writer.turn(entries).await;
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

    async fn publish(
        &mut self,
        turn: Turn,
        replies: Vec<tokio::sync::oneshot::Sender<Result<Committed, SubmitError>>>,
    ) {
        let replies: Vec<Reply> = replies.into_iter().zip(turn.verdicts.into_iter().map(told)).collect();
        if !turn.commits.is_empty() || !replies.is_empty() {
            // The publisher ends only after this task.
            self.notes.send(Note::Committed(turn.commits, replies)).await.ok();
        }
        self.share().await;
    }

    /// Now and then the publisher takes over the writer's state, which is equal to its own: what no longer changes (all
    /// that has ended in the last day) is kept once, not twice.
    async fn share(&mut self) {
        let Some(state) = self.writer.state() else { return };
        let seq = state.district.seq;
        if seq.saturating_sub(self.shared_seq) >= SHARE_EVERY_COMMITS {
            self.shared_seq = seq;
            let district = Box::new(state.district.clone());
            self.notes.send(Note::State(district)).await.ok();
        }
    }

    async fn observe(&mut self) -> Result<(), JournalError> {
        let Some(now) = self.writer.now() else { return Ok(()) };
        let changes = self.positions.changes(now);
        let mut observed = observations(&changes);
        observed.extend(self.unreachable(now));
        self.writer.observe(&observed);
        if changes != super::positions::Changes::default() {
            self.notes.send(Note::Observed(changes)).await.ok();
        }
        Ok(())
    }

    fn unreachable(&self, now: Timestamp) -> Vec<Observation> {
        if self.is_waking {
            return Vec::new();
        }
        let gone = self.positions.newly_unreachable(now).into_iter();
        gone.map(|volunteer| Observation::Reach { volunteer, reachable: false }).collect()
    }

    /// Whoever has not come a minute after the start is unreachable.
    fn expect_everybody(&self) {
        if let (Some(state), Some(now)) = (self.writer.state(), self.writer.now()) {
            self.positions.expect(state.district.volunteers().map(|record| record.profile.id), now);
        }
    }

    async fn beat(&mut self) -> Result<(), JournalError> {
        self.writer.beat().await?;
        let is_low = self.journal.is_low_on_space();
        metrics::gauge!("baiying_low_on_space").set(if is_low { 1.0 } else { 0.0 });
        Ok(())
    }

    async fn control(&mut self, control: Control) -> Result<(), JournalError> {
        match control {
            Control::RenewHistory => self.renew_history().await,
            Control::Snapshot(version) => {
                if let Some(fence) = self.writer.fence() {
                    tokio::spawn(store_snapshot(self.journal.clone(), fence, version));
                }
                Ok(())
            }
        }
    }

    /// Once per load: a client that lies costs the others one snapshot, not one each time it lies.
    async fn renew_history(&mut self) -> Result<(), JournalError> {
        let Some(fence) = self.writer.fence().filter(|_| !self.has_renewed) else { return Ok(()) };
        self.has_renewed = true;
        let history = self.journal.renew_history(fence).await?;
        tracing::error!(%history, "the log is shorter than what was sent: it was restored or lost its end; clients start anew");
        self.notes.send(Note::Renewed(history)).await.ok();
        Ok(())
    }

    /// Loads until the district is led again. What cannot pass by itself ends the task.
    async fn lead_again(&mut self, failed: Result<(), JournalError>) -> Result<(), JournalError> {
        self.terms.fence.send_replace(None);
        if let Err(err) = failed {
            tracing::error!(error = %err, "the journal failed: the state is dropped and read again");
        }
        let mut wait_ms = RELOAD_AFTER_MS;
        loop {
            metrics::counter!("baiying_reloads_total").increment(1);
            match self.writer.load().await {
                Ok(loaded) => return self.led(loaded).await,
                Err(err @ (JournalError::Corrupt { .. } | JournalError::Format { .. } | JournalError::Closed)) => {
                    tracing::error!(error = %err, "the district cannot be led");
                    return Err(err);
                }
                Err(err) => tracing::error!(error = %err, wait_ms, "the district cannot be led yet"),
            }
            sleep(Duration::from_millis(wait_ms)).await;
            wait_ms = (wait_ms * 2).min(RELOAD_AFTER_MS_MAX);
        }
    }

    /// What was observed is not in the log: it is handed to the new state at once, not when the phones move next.
    async fn led(&mut self, loaded: Loaded) -> Result<(), JournalError> {
        self.writer.observe(&self.positions.everything());
        self.terms.anchor.send_replace(self.writer.anchor());
        self.terms.fence.send_replace(self.writer.fence());
        self.has_renewed = false;
        self.notes.send(Note::Loaded(Box::new(loaded))).await.ok();
        Ok(())
    }

    /// The last turn: what is queued is still served, then the state is stored.
    async fn finish(mut self, mut lanes: LanesOut) -> Result<(), JournalError> {
        lanes.close();
        loop {
            let batch = lanes.take();
            if batch.is_empty() {
                break;
            }
            self.turn(batch).await?;
        }
        self.writer.beat().await?;
        let (Some(fence), Some(state)) = (self.writer.fence(), self.writer.state()) else { return Ok(()) };
        store_state(&self.journal, fence, state.district.clone()).await?;
        // The publisher has answered everybody when it gets to this.
        let (reply, version) = tokio::sync::oneshot::channel();
        self.notes.send(Note::Version(reply)).await.ok();
        version.await.ok();
        Ok(())
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
