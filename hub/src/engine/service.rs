//! Starts a district's tasks and stops them: the writer's loop with its timers, the publisher, the wake outbox.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use matcher::DistrictId;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use uuid::Uuid;

use super::board::Names;
use super::clock::{Anchor, SystemClock};
use super::handle::{DoorParts, EngineHandle};
use super::hubs::campaign::Campaign;
use super::hubs::{Hold, Hubs, Part, Role, Wish, ringer, sharing};
use super::lanes::lanes;
use super::positions::Positions;
use super::publisher::{NOTES_WAITING_MAX, Parts, Publisher};
use super::seat::{Beside, Ears, Seat, SeatParts};
use super::wake::{AidRoad, WakeFeed, WakeOutbox, Ways, Webhook, WebhookSettings};
use super::writer::{Loaded, RECENT_COMMITS, Writer};
use crate::store::recovery::recover;
use crate::store::{Fence, Head, Journal, JournalError};

/// How long a batch in hand may hold up the way out of a hub.
const HAND_OVER_MAX: Duration = Duration::from_secs(5);

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
    /// The way to other districts; without it no aid is asked of them.
    pub aid: Option<AidRoad>,
    /// The other hubs on the same log; `None` in a hub alone, which leads from its start to its end.
    pub hubs: Option<Hubs>,
}

/// A district that is led or followed by this process.
pub struct Engine {
    handle: EngineHandle,
    stop: watch::Sender<bool>,
    part: Arc<watch::Sender<Part>>,
    hubs: Option<Hubs>,
    seat: JoinHandle<Result<(), JournalError>>,
    publisher: JoinHandle<()>,
}

impl Engine {
    /// Reads a district back and serves it. A hub alone takes the lead first; one of several follows until it is elected.
    ///
    /// # Errors
    /// When the journal cannot be trusted or opened; the chain says what to do.
    pub async fn start<J: Journal>(journal: J, settings: EngineSettings) -> anyhow::Result<Self> {
        let EngineSettings { district, names, webhook, aid, hubs } = settings;
        let owner = hubs.as_ref().map_or_else(Uuid::new_v4, |hubs| hubs.owner);
        let mut writer = Writer::new(journal.clone(), SystemClock, district.0, owner);
        if webhook.is_some() || aid.is_some() {
            writer = writer.waking();
        }
        let loaded = match hubs {
            None => writer.load().await,
            Some(_) => looked_into(&journal, district, owner).await,
        };
        let loaded = loaded.with_context(|| format!("district {district} cannot be served"))?;
        let (fence_is, fence) = watch::channel(writer.fence());
        let anchor = match writer.anchor() {
            Some(anchor) => anchor,
            None => followed(&journal, &loaded).await?,
        };
        let (anchor_is, anchor) = watch::channel(Some(anchor));
        let dated = anchor.clone();
        let wakes = start_wakes(&journal, webhook, aid, fence.clone())?;
        let (control, controls) = mpsc::channel(CONTROLS_WAITING_MAX);
        let positions = Arc::new(if hubs.is_some() { Positions::shared() } else { Positions::default() });
        let is_waking = wakes.is_waking();
        let (head, told_seq) = (loaded.head, loaded.recovered.district.seq);
        let parts = Parts { loaded, names, positions: positions.clone(), wakes, control };
        let publisher = Publisher::new(parts);
        let (lanes_in, lanes_out) = lanes();
        let (notes, inbox) = mpsc::channel(NOTES_WAITING_MAX);
        let first = if hubs.is_some() { Role::Following(None) } else { Role::Leading };
        let (role_is, role) = watch::channel(first);
        let (part, taken) = watch::channel(Part::Takes);
        let part = Arc::new(part);
        let door = DoorParts {
            district,
            lanes: lanes_in,
            board: publisher.shared(),
            notes: notes.clone(),
            positions: positions.clone(),
            tops: publisher.tops(),
            role,
            fence,
            anchor,
            part: hubs.is_some().then(|| part.clone()),
        };
        let handle = EngineHandle::new(door, journal.clone());
        let (stop, stopped) = watch::channel(false);
        let beside = hubs.clone().map(|hubs| join(&journal, district, hubs, &positions, dated, taken));
        let ears = Ears { lanes: lanes_out, controls, stopped };
        let publisher = tokio::spawn(publisher.run(inbox));
        let parts =
            SeatParts { writer, journal, notes, positions, fence: fence_is, anchor: anchor_is, role: role_is, beside };
        let seat = Seat::new(parts, head.history, told_seq, is_waking);
        Ok(Engine { handle, stop, part, hubs, seat: tokio::spawn(seat.run(ears)), publisher })
    }

    /// The door.
    pub fn handle(&self) -> EngineHandle {
        self.handle.clone()
    }

    /// Whether the writer has ended.
    pub fn is_over(&self) -> bool {
        self.seat.is_finished()
    }

    /// Waits until the writer has ended, which it does by itself only when the journal cannot be trusted.
    ///
    /// # Errors
    /// Why it ended.
    pub async fn ended(&mut self) -> anyhow::Result<()> {
        (&mut self.seat).await.context("the writer panicked: a bug; start the hub again, the journal is sound")??;
        Ok(())
    }

    /// Leaves the lead to another hub and follows, so that sockets are served while they are told to go. Returns when
    /// this hub writes no more. A hub alone goes on leading.
    pub async fn hand_over(&self) {
        let Some(hubs) = &self.hubs else { return };
        self.part.send_replace(Part::Retires);
        if timeout(HAND_OVER_MAX, self.handle.stopped_leading()).await.is_err() {
            tracing::warn!("the writer does not come back from the journal: the lease is left to run out");
            return;
        }
        // Not before: the next one must not be fenced by our last batch. Unreachable: it runs out by itself.
        hubs.election.give_back(self.handle.district().0, hubs.owner).await.ok();
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

/// The log as it stands, for a hub that does not lead. A log that is missing is made by whoever comes first.
async fn looked_into<J: Journal>(journal: &J, district: DistrictId, owner: Uuid) -> Result<Loaded, JournalError> {
    let head = match journal.head(district.0).await? {
        Some(head) => head,
        None => journal.claim(district.0, owner).await?,
    };
    let (found, known) = (head.format, journal.reads());
    if found > known {
        return Err(JournalError::Format { district: district.0, found, known });
    }
    let recovered = recover(journal, &head, RECENT_COMMITS).await?;
    // Whoever does not lead wakes nobody.
    Ok(Loaded { head: Head { wake_seq: u64::MAX, ..head }, recovered, owed: Vec::new() })
}

/// The district's time for a hub that does not lead.
async fn followed<J: Journal>(journal: &J, loaded: &Loaded) -> Result<Anchor, JournalError> {
    let store_ms = journal.pulse(loaded.head.district).await?.now_ms;
    Ok(Anchor::drop_at(&SystemClock, store_ms, loaded.recovered.district.at))
}

/// Takes part in the election of a district, and shares with the other hubs.
fn join<J: Journal>(
    journal: &J,
    district: DistrictId,
    hubs: Hubs,
    positions: &Arc<Positions>,
    anchor: watch::Receiver<Option<Anchor>>,
    part: watch::Receiver<Part>,
) -> Beside {
    let (wish_is, wish) = watch::channel(Wish::Follow(None));
    let (hold, held) = watch::channel(Hold::Nothing);
    let (top, tops) = watch::channel(None);
    let (rings, led) = (hubs.doorbell.listen(), hubs.led.clone());
    let (journal, number) = (journal.clone(), district.0);
    tokio::spawn(ringer::ring(hubs.doorbell.clone(), tops));
    tokio::spawn(sharing::share(hubs.clone(), number, Arc::downgrade(positions), anchor));
    tokio::spawn(Campaign { journal, hubs, district: number, hold: held, wish: wish_is, part }.run());
    Beside { wish, hold, top, rings, led }
}

fn start_wakes<J: Journal>(
    journal: &J,
    webhook: Option<WebhookSettings>,
    aid: Option<AidRoad>,
    fence: watch::Receiver<Option<Fence>>,
) -> anyhow::Result<WakeFeed> {
    let webhook = webhook.map(Webhook::new).transpose();
    let webhook = webhook.context("the wake channel: check [wake] url in hub.toml")?;
    if webhook.is_none() && aid.is_none() {
        return Ok(WakeFeed::none());
    }
    let (feed, moves) = WakeFeed::channel(webhook.is_some());
    tokio::spawn(WakeOutbox::new(journal.clone(), Ways { webhook, aid }, fence).run(moves));
    Ok(feed)
}
