//! The only door of the engine for `edge`: commands in, answers after commit; reads; streams.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::OptionFuture;
use matcher::{Commit, District, DistrictId, Position, Request, SealedRef, Timestamp, VolunteerId};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::time::timeout;
use uuid::Uuid;
use wire::client::StreamPoint;
use wire::server::PongPoint;

use super::board::SharedDistrict;
use super::clock::{Anchor, SystemClock};
use super::hubs::{Part, Role};
use super::lanes::{LanesIn, Submission};
use super::outbox::Outbox;
use super::positions::{Fix, Positions};
use super::publisher::{Follow, Note, Start, Tops};
use super::seat::encode_kept;
use super::snapshot::BoardVersion;
use super::submit::{Committed, SubmitError};
use super::view::StreamView;
use crate::store::recovery::decode;
use crate::store::{CommitRow, Fence, IntakeRow, Journal, JournalError, SealedRow};

/// How often it is looked whether the board shows what another hub has committed.
const SHOWN_LOOK_EVERY: Duration = Duration::from_millis(5);

/// How long a hub that hands a district over leaves the lease to the others.
const STANDS_BACK: Duration = Duration::from_secs(5);

/// Wishes to follow that wait for the publisher at once: however many come back together, a commit waits behind no more.
const FOLLOWS_WAITING_MAX: usize = 16;

/// Sockets of groups that join at once: a walk that is late is not overrun by those who come, nor a person kept waiting.
const JOINING_MAX: usize = 256;

/// A boxed future of the journal's.
type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, JournalError>> + Send + 'a>>;

/// What the door reads of a journal, whichever it is.
trait Log: Send + Sync {
    fn read(&self, district: u32, after_seq: u64, limit: usize) -> Answer<'_, Vec<CommitRow>>;
    fn read_about(&self, district: u32, incident: u64, after_seq: u64, limit: usize) -> Answer<'_, Vec<CommitRow>>;
    fn unseal(&self, references: Vec<Uuid>) -> Answer<'_, Vec<SealedRow>>;
    fn erase(&self, references: Vec<Uuid>) -> Answer<'_, u64>;
    fn keep(&self, row: IntakeRow) -> Answer<'_, ()>;
}

impl<J: Journal> Log for J {
    fn read(&self, district: u32, after_seq: u64, limit: usize) -> Answer<'_, Vec<CommitRow>> {
        Box::pin(Journal::read(self, district, after_seq, limit))
    }

    fn read_about(&self, district: u32, incident: u64, after_seq: u64, limit: usize) -> Answer<'_, Vec<CommitRow>> {
        Box::pin(Journal::read_about(self, district, incident, after_seq, limit))
    }

    fn unseal(&self, references: Vec<Uuid>) -> Answer<'_, Vec<SealedRow>> {
        Box::pin(Journal::unseal(self, references))
    }

    fn erase(&self, references: Vec<Uuid>) -> Answer<'_, u64> {
        Box::pin(Journal::erase(self, references))
    }

    fn keep(&self, row: IntakeRow) -> Answer<'_, ()> {
        Box::pin(self.put_intake(row))
    }
}

/// The door to one district. Cheap to clone.
#[derive(Clone)]
pub struct EngineHandle {
    rooms: Arc<Rooms>,
}

struct Rooms {
    district: DistrictId,
    lanes: LanesIn,
    board: SharedDistrict,
    notes: mpsc::Sender<Note>,
    positions: Arc<Positions>,
    tops: Arc<Tops>,
    role: watch::Receiver<Role>,
    log: Box<dyn Log>,
    /// The term that the writer holds; `None` while it reads the log anew.
    fence: watch::Receiver<Option<Fence>>,
    anchor: watch::Receiver<Option<Anchor>>,
    part: Option<Arc<watch::Sender<Part>>>,
    asking: Arc<Semaphore>,
    joining: Semaphore,
}

/// What a door is made from.
pub(super) struct DoorParts {
    pub district: DistrictId,
    pub lanes: LanesIn,
    pub board: SharedDistrict,
    pub notes: mpsc::Sender<Note>,
    pub positions: Arc<Positions>,
    pub tops: Arc<Tops>,
    pub role: watch::Receiver<Role>,
    pub fence: watch::Receiver<Option<Fence>>,
    pub anchor: watch::Receiver<Option<Anchor>>,
    /// Its part in the election, if there is one.
    pub part: Option<Arc<watch::Sender<Part>>>,
}

impl EngineHandle {
    pub(super) fn new<J: Journal>(parts: DoorParts, journal: J) -> Self {
        let DoorParts { district, lanes, board, notes, positions, tops, role, fence, anchor, part } = parts;
        let log = Box::new(journal);
        let (asking, joining) = (Arc::new(Semaphore::new(FOLLOWS_WAITING_MAX)), Semaphore::new(JOINING_MAX));
        let rooms =
            Rooms { district, lanes, board, notes, positions, tops, role, log, fence, anchor, part, asking, joining };
        EngineHandle { rooms: Arc::new(rooms) }
    }

    /// Whether this hub leads the district, else who does.
    pub fn role(&self) -> Role {
        self.rooms.role.borrow().clone()
    }

    /// Whether its writer has ended for good: the log cannot be trusted, or the hub stops.
    pub fn is_closed(&self) -> bool {
        self.rooms.role.has_changed().is_err()
    }

    /// Leaves the lead to another hub for a while; if none takes it, this one leads again. A hub alone goes on leading.
    pub fn move_away(&self) {
        if let Some(part) = &self.rooms.part {
            let until = Instant::now() + STANDS_BACK;
            // Whoever is going must not come back.
            part.send_if_modified(|part| {
                let takes_part = *part != Part::Retires;
                if takes_part {
                    *part = Part::StandsBackUntil(until);
                }
                takes_part
            });
        }
    }

    /// Waits at most `limit` for this hub to lead or to know who does; `None` when neither came.
    pub async fn led_by(&self, limit: Duration) -> Option<Role> {
        let mut role = self.rooms.role.clone();
        let known = role.wait_for(|role| !matches!(role, Role::Following(None)));
        timeout(limit, known).await.ok()?.ok().map(|role| role.clone())
    }

    /// Waits until this hub follows, for good: whoever calls has seen to it that it does.
    pub(super) async fn stopped_leading(&self) {
        let mut role = self.rooms.role.clone();
        // A seat that is gone leads no more.
        drop(role.wait_for(|role| matches!(role, Role::Following(_))).await);
    }

    /// Waits at most `limit` until the board shows the commit of `seq`; whether it does.
    pub async fn shows(&self, seq: u64, limit: Duration) -> bool {
        let shown = async {
            while self.rooms.tops.own.load(Ordering::Acquire) < seq {
                tokio::time::sleep(SHOWN_LOOK_EVERY).await;
            }
        };
        timeout(limit, shown).await.is_ok()
    }

    /// Keeps a command durably until a leader decides it, under its own id.
    ///
    /// # Errors
    /// The journal's.
    pub async fn keep(
        &self,
        request: Request,
        sealed: impl IntoIterator<Item = SealedRow>,
    ) -> Result<(), JournalError> {
        let row = encode_kept(self.rooms.district.0, request, sealed.into_iter().collect())?;
        self.rooms.log.keep(row).await
    }

    /// Which district this is the door of.
    pub fn district(&self) -> DistrictId {
        self.rooms.district
    }

    /// Submits a command with what is sealed beside it, and answers when it is durable and the board shows it.
    ///
    /// # Errors
    /// A [`SubmitError`]: the core's rejection, or why it is not known whether it took effect.
    pub async fn submit(
        &self,
        request: Request,
        sealed: impl IntoIterator<Item = SealedRow>,
    ) -> Result<Committed, SubmitError> {
        let (reply, answer) = oneshot::channel();
        self.rooms.lanes.put(Submission { request, sealed: sealed.into_iter().collect(), reply }).await?;
        // Dropped without an answer: the writer stopped with it in hand.
        answer.await.unwrap_or(Err(SubmitError::Unknown))
    }

    /// Reads the board. Keep it short: the board cannot move on meanwhile, and nothing may wait inside.
    pub fn read<T>(&self, look: impl FnOnce(&District) -> T) -> T {
        look(&self.rooms.board.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A version of the board that no longer changes, for reads that take longer. `None` while the hub stops.
    pub async fn version(&self) -> Option<Arc<BoardVersion>> {
        let (reply, version) = oneshot::channel();
        self.rooms.notes.send(Note::Version(reply)).await.ok()?;
        version.await.ok()
    }

    /// Whether the writer leads (or this hub follows another) and the publisher answers within `within`: not while the log
    /// is read again after a failed append, when commands wait.
    pub async fn is_ready(&self, within: Duration) -> bool {
        let leads = self.rooms.fence.borrow().is_some();
        (leads || self.role() != Role::Leading) && timeout(within, self.version()).await.ok().flatten().is_some()
    }

    /// The district's time, as its writer counts it: a calendar that jumps makes no fix older or newer than it is.
    pub fn now(&self) -> Timestamp {
        let at = self.read(|district| district.at);
        self.rooms.anchor.borrow().map_or(at, |anchor| anchor.now(&SystemClock, at))
    }

    /// Takes a fix that is `age_ms` old.
    pub fn observe(&self, volunteer: VolunteerId, position: Position, accuracy_m: f32, age_ms: u64) {
        let at = self.now().minus_ms(age_ms);
        self.rooms.positions.take(volunteer, Fix { position, accuracy_m, at });
    }

    /// The last fix of a volunteer, and when it was taken; `None` when it is over 15 minutes old.
    pub fn position(&self, volunteer: VolunteerId) -> Option<(Position, Timestamp)> {
        self.rooms.positions.last(volunteer).map(|fix| (fix.position, fix.at))
    }

    /// A socket of a volunteer was opened; he is online until the guard is dropped.
    pub fn online(&self, volunteer: VolunteerId) -> Online {
        self.rooms.positions.opened(volunteer);
        Online { door: self.clone(), volunteer }
    }

    /// Begins or resumes a stream into `outbox`. Call again after a snapshot's last part (from its seq), and when a
    /// [`Start::Replay`] says `more` and its frames are drained (from the outbox's `last`).
    ///
    /// # Errors
    /// `Stopped` while the hub stops.
    pub async fn follow(
        &self,
        view: StreamView,
        point: Option<StreamPoint>,
        outbox: &Arc<Outbox>,
    ) -> Result<Start, SubmitError> {
        let joining = view.group().map(|_| self.rooms.joining.acquire());
        let _joining = OptionFuture::from(joining).await.transpose().map_err(|_| SubmitError::Stopped)?;
        let turn = self.rooms.asking.clone().acquire_owned().await.map_err(|_| SubmitError::Stopped)?;
        let (reply, start) = oneshot::channel();
        let follow = Follow { view, point, outbox: outbox.clone(), reply, turn };
        self.rooms.notes.send(Note::Follow(follow)).await.map_err(|_| SubmitError::Stopped)?;
        start.await.map_err(|_| SubmitError::Stopped)
    }

    /// What a pong says of a stream: `None` if `outbox` does not follow this district.
    pub fn pong(&self, view: StreamView, outbox: &Outbox) -> Option<PongPoint> {
        // Before `last`: what is queued in between is beyond `top` and says so.
        let top = match view.group() {
            Some(_) => self.rooms.tops.groups.up_to(),
            None => self.rooms.tops.own.load(Ordering::Acquire),
        };
        let last = outbox.last(self.rooms.district.0)?;
        Some(PongPoint { last, top: top.max(last) })
    }

    /// Commits after `after_seq`, at most 1,000: for those who follow the log and not the board.
    ///
    /// # Errors
    /// The journal's.
    pub async fn commits(&self, after_seq: u64, limit: usize) -> Result<Vec<Commit>, JournalError> {
        let rows = self.rooms.log.read(self.rooms.district.0, after_seq, limit).await?;
        self.decoded(&rows)
    }

    /// Commits about one incident after `after_seq`, at most 1,000: its timeline.
    ///
    /// # Errors
    /// The journal's.
    pub async fn commits_about(
        &self,
        incident: matcher::IncidentId,
        after_seq: u64,
        limit: usize,
    ) -> Result<Vec<Commit>, JournalError> {
        let rows = self.rooms.log.read_about(self.rooms.district.0, incident.0, after_seq, limit).await?;
        self.decoded(&rows)
    }

    fn decoded(&self, rows: &[CommitRow]) -> Result<Vec<Commit>, JournalError> {
        rows.iter().map(|row| decode(self.rooms.district.0, row)).collect()
    }

    /// Sealed rows that still exist.
    ///
    /// # Errors
    /// The journal's.
    pub async fn unseal(&self, references: &[SealedRef]) -> Result<Vec<SealedRow>, JournalError> {
        self.rooms.log.unseal(references.iter().map(|it| Uuid::from_u128(it.0)).collect()).await
    }

    /// Erases sealed rows for good; says how many there were.
    ///
    /// # Errors
    /// The journal's.
    pub async fn erase(&self, references: &[SealedRef]) -> Result<u64, JournalError> {
        self.rooms.log.erase(references.iter().map(|it| Uuid::from_u128(it.0)).collect()).await
    }
}

/// Keeps a volunteer online.
pub struct Online {
    door: EngineHandle,
    volunteer: VolunteerId,
}

impl Drop for Online {
    fn drop(&mut self) {
        let now = self.door.now();
        self.door.rooms.positions.closed(self.volunteer, now);
    }
}
