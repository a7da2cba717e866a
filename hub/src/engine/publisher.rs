//! What leaves the hub after a commit: answers, frames, log lines, wakes. One task per district; it never waits for a
//! client, and the writer never waits for it except when it is [`NOTES_WAITING_MAX`] batches behind.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use matcher::{Commit, District, DistrictId, VolunteerId};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use wire::client::StreamPoint;
use wire::close::CloseCode;

use super::audience::Audience;
use super::board::{Applied, Board, Names, SharedDistrict};
use super::broadcast::{Broadcaster, Join, Walked};
use super::effects::{Effect, effects};
use super::frame::Delta;
use super::maps::Maps;
use super::outbox::{Lane, Outbox};
use super::positions::{Changes, Positions};
use super::snapshot::{BoardVersion, SnapshotParts};
use super::submit::{Committed, SubmitError};
use super::trace;
use super::view::StreamView;
use super::wake::WakeFeed;
use super::writer::Loaded;

/// Batches and requests that may wait for the publisher; at the limit the writer waits, which is pressure from the
/// processor, never from a client.
pub const NOTES_WAITING_MAX: usize = 1_024;

/// Frames sent at once to a client that comes back; a longer replay goes on when these are through.
pub const REPLAY_FRAMES_MAX: usize = 128;

/// Bytes sent at once to a client that comes back.
pub const REPLAY_BYTES_MAX: usize = 128 * 1024;

/// Commits after which the state is stored, so that a start replays no more than about this many.
/// More often would cost a busy district more in writing snapshots than it saves.
pub const SNAPSHOT_EVERY_COMMITS: u64 = 100_000;

/// How often the board is checked for what must never happen, milliseconds.
const CHECK_EVERY_MS: u64 = 60_000;

/// How often walls hear of positions and counters, milliseconds.
const LATEST_EVERY_MS: u64 = 1_000;

/// A command's way back.
pub type Reply = (oneshot::Sender<Result<Committed, SubmitError>>, Result<Committed, SubmitError>);

/// What the publisher is told.
pub enum Note {
    /// A batch is durable.
    Committed(Vec<Arc<Commit>>, Vec<Reply>),
    /// Another hub has committed these.
    Tailed(Vec<Arc<Commit>>),
    /// Another hub leads: it wakes, not this one.
    Deposed,
    /// The writer's state after the last batch.
    State(Box<District>),
    /// The writer has read the log anew.
    Loaded(Box<Loaded>),
    /// The log has a new identity.
    Renewed(uuid::Uuid),
    /// What was observed.
    Observed(Changes),
    /// Somebody wants to follow.
    Follow(Follow),
    /// Somebody wants the board as it stands.
    Version(oneshot::Sender<Arc<BoardVersion>>),
}

/// A wish to follow a district.
pub struct Follow {
    /// As far as `allow` lets him.
    pub view: StreamView,
    /// Where he stands, if he was here before.
    pub point: Option<StreamPoint>,
    /// Where frames are to be put.
    pub outbox: Arc<Outbox>,
    /// The answer's way back.
    pub reply: oneshot::Sender<Start>,
    /// Given back when the publisher has come to it.
    pub turn: OwnedSemaphorePermit,
}

/// How a stream starts.
#[derive(Debug)]
pub enum Start {
    /// Nothing was missed; deltas follow as they happen.
    Live {
        /// Where the stream stands.
        seq: u64,
        /// The log's identity.
        history: uuid::Uuid,
    },
    /// What was missed is queued.
    Replay {
        /// Where the stream stood before what is queued.
        seq: u64,
        /// The log's identity.
        history: uuid::Uuid,
        /// More is to come: follow again from the outbox's `last` when the queue is drained.
        more: bool,
    },
    /// Send these parts, then follow again from their seq.
    Snapshot(SnapshotParts),
}

/// Seqs up to which frames have been queued, for pongs.
#[derive(Debug, Default)]
pub struct Tops {
    /// For persons.
    pub own: AtomicU64,
    /// For groups.
    pub groups: Arc<Walked>,
}

/// The publisher of one district.
pub struct Publisher {
    district: u32,
    board: Board,
    audience: Audience,
    broadcaster: Broadcaster,
    maps: Maps,
    positions: Arc<Positions>,
    tops: Arc<Tops>,
    wakes: WakeFeed,
    control: mpsc::Sender<Control>,
    /// Where the last snapshot was asked for.
    snapshot_seq: u64,
}

/// What the publisher asks of the writer's task.
#[derive(Debug)]
pub enum Control {
    /// A client holds more of this log than there is: the log needs a new identity.
    RenewHistory,
    /// Enough has happened for a snapshot.
    Snapshot(Arc<BoardVersion>),
}

/// What a publisher is made from.
pub struct Parts {
    /// The district as it was some commits ago, and those commits.
    pub loaded: Loaded,
    /// Names of volunteers.
    pub names: Names,
    /// Shared with the sockets.
    pub positions: Arc<Positions>,
    /// Where wakes go.
    pub wakes: WakeFeed,
    /// The writer's ear.
    pub control: mpsc::Sender<Control>,
}

impl Publisher {
    /// A publisher whose board stands at the last commit, with the recent ones in its ring.
    pub fn new(parts: Parts) -> Self {
        let Parts { loaded, names, positions, wakes, control } = parts;
        let tops = Arc::new(Tops::default());
        let district = loaded.head.district;
        let mut publisher = Publisher {
            district,
            board: Board::new(loaded.recovered.earlier, loaded.head.history, names),
            audience: Audience::default(),
            broadcaster: Broadcaster::start(district, &tops.groups),
            maps: Maps::new(district),
            positions,
            tops,
            wakes,
            control,
            snapshot_seq: loaded.recovered.district.seq,
        };
        publisher.wakes.start_at(loaded.head.wake_seq);
        loaded.recovered.recent.iter().for_each(|commit| publisher.catch_up(commit));
        loaded.owed.iter().for_each(|commit| publisher.wake_again(commit));
        publisher.settle();
        publisher
    }

    /// The district, for readers.
    pub fn shared(&self) -> SharedDistrict {
        self.board.shared()
    }

    /// Up to where frames are queued.
    pub fn tops(&self) -> Arc<Tops> {
        self.tops.clone()
    }

    /// Serves until the last sender of notes is gone.
    pub async fn run(mut self, mut notes: mpsc::Receiver<Note>) {
        let mut latest = tokio::time::interval(Duration::from_millis(LATEST_EVERY_MS));
        latest.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut check = tokio::time::interval(Duration::from_millis(CHECK_EVERY_MS));
        check.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            // Ticks first: they are rare and short, and notes may come without a pause.
            tokio::select! {
                biased;
                _ = latest.tick() => self.tell_latest(),
                _ = check.tick() => self.check(),
                note = notes.recv() => match note {
                    Some(note) => self.take(note),
                    None => return,
                },
            }
        }
    }

    fn take(&mut self, note: Note) {
        match note {
            Note::Committed(commits, replies) => self.committed(&commits, replies),
            Note::Tailed(commits) => self.tailed(&commits),
            Note::Deposed => self.wakes.start_at(u64::MAX),
            Note::State(district) => self.board.share(*district),
            Note::Loaded(loaded) => self.reloaded(*loaded),
            Note::Renewed(history) => self.board.renew(history),
            Note::Observed(changes) => self.maps.observed(&changes, self.board.shared()),
            Note::Follow(follow) => self.follow(follow),
            Note::Version(reply) => {
                // Whoever asked may have gone.
                reply.send(self.board.version()).ok();
            }
        }
    }

    fn committed(&mut self, commits: &[Arc<Commit>], replies: Vec<Reply>) {
        for commit in commits {
            self.apply(commit);
        }
        self.settle();
        for (reply, answer) in replies {
            // A caller that has gone asks again under the same id.
            reply.send(answer).ok();
        }
        self.ask_for_snapshot();
    }

    /// Its own hub has counted and logged what happened there.
    fn tailed(&mut self, commits: &[Arc<Commit>]) {
        commits.iter().for_each(|commit| self.catch_up(commit));
        self.settle();
    }

    fn apply(&mut self, commit: &Arc<Commit>) {
        let applied = self.board.apply(commit);
        trace::lines(commit, &applied);
        self.deliver(commit, applied);
    }

    /// Commits of before the start: into the ring, without log lines or counting.
    fn catch_up(&mut self, commit: &Commit) {
        let applied = self.board.apply(commit);
        self.deliver(commit, applied);
    }

    /// Persons first: nobody's offer waits for the walls.
    fn deliver(&mut self, commit: &Commit, applied: Applied) {
        for (person, delta) in &applied.own {
            self.audience.push(self.district, *person, delta);
        }
        for (group, delta) in applied.groups {
            self.board.sent(group, delta.seq);
            self.broadcaster.send(group, &delta);
        }
        let district = self.board.shared();
        self.maps.off_map(&applied.touched.off_map, commit.at);
        applied.touched.off_map.iter().for_each(|&id: &VolunteerId| self.positions.forget(id));
        let positions = &self.positions;
        self.wakes.derive(commit, &applied.touched.wakes, applied.trace, &district, |id| positions.is_online(id));
        self.wakes.tell(DistrictId(self.district), commit, applied.touched.tells);
    }

    /// Everything up to the board's seq is queued.
    fn settle(&mut self) {
        let seq = self.board.seq();
        self.tops.own.store(seq, Ordering::Release);
        self.broadcaster.sent(seq);
        self.wakes.flush(seq);
    }

    /// After a failed append the log may hold commits that nobody here has seen.
    fn reloaded(&mut self, loaded: Loaded) {
        let Loaded { head, recovered, owed } = loaded;
        let (seq, top) = (self.board.seq(), recovered.district.seq);
        if seq > top {
            tracing::error!(seq, top, "the log lost its end; clients start anew");
            // If the ear is full it has been told already.
            self.control.try_send(Control::RenewHistory).ok();
        }
        if head.history != self.board.history() || seq < recovered.earlier.seq || seq > top {
            self.board.reset(recovered.earlier, head.history);
            self.everybody_anew();
        }
        self.wakes.start_at(head.wake_seq);
        recovered.recent.iter().for_each(|commit| self.wake_again(commit));
        let unseen: Vec<Commit> = recovered.recent.into_iter().filter(|it| it.seq > self.board.seq()).collect();
        unseen.into_iter().for_each(|commit| self.apply(&Arc::new(commit)));
        owed.iter().for_each(|commit| self.wake_again(commit));
        self.settle();
    }

    /// Commits that another led were passed over, for a snapshot was read instead of them. No frame will ever say what was
    /// in them, and the next one would follow on the last as if nothing were missing: so nobody's stream goes on.
    fn everybody_anew(&mut self) {
        self.audience.close_all(CloseCode::Resync);
        self.broadcaster.close_all();
    }

    /// Wakes of a commit that the board has, and that never reached the outbox.
    fn wake_again(&mut self, commit: &Commit) {
        if commit.seq > self.board.seq() || !self.wakes.is_owed(commit.seq) {
            return;
        }
        let wakes: Vec<_> = commit.events.iter().flat_map(effects).filter_map(Effect::wake).collect();
        let (district, positions) = (self.board.shared(), &self.positions);
        self.wakes.derive(commit, &wakes, None, &district, |id| positions.is_online(id));
        let tells = commit.events.iter().flat_map(effects).filter_map(Effect::tell).collect();
        self.wakes.tell(DistrictId(self.district), commit, tells);
    }

    fn follow(&mut self, follow: Follow) {
        self.remember(follow.view);
        let resumed = follow.point.filter(|point| point.history == self.board.history());
        match resumed.and_then(|point| self.missed(follow.view, point.seq)) {
            Some(missed) => self.resume(follow, missed),
            None => {
                follow.outbox.end(self.district);
                let start = Start::Snapshot(self.board.snapshot(follow.view));
                // A socket that has gone meanwhile asks no more.
                follow.reply.send(start).ok();
            }
        }
    }

    fn remember(&mut self, view: StreamView) {
        if let Some(group) = view.group() {
            self.board.follow_group(group);
        }
        if let StreamView::Volunteer { id, caller: Some(caller) } = view {
            self.board.know_caller(caller, id);
        }
    }

    /// What a view has missed since `seq`; `None` when that cannot be said in full.
    fn missed(&self, view: StreamView, seq: u64) -> Option<Missed> {
        if seq > self.board.seq() {
            tracing::error!(seq, top = self.board.seq(), "a client holds more of this log than there is");
            // If the ear is full it has been told already.
            self.control.try_send(Control::RenewHistory).ok();
        }
        let missed = self.board.ring().missed(view, seq)?;
        let fitting = fitting(&missed);
        let is_all = fitting == missed.len();
        Some(Missed { seq, frames: missed.into_iter().take(fitting).cloned().collect(), is_all })
    }

    /// Persons are served here, groups by their walk: whoever pushes a stream's deltas also pushes what was missed.
    fn resume(&mut self, follow: Follow, missed: Missed) {
        let start = missed.start(self.board.history());
        let Missed { seq, frames, is_all } = missed;
        let Follow { view, outbox, reply, point: _, turn: _ } = follow;
        let latest = self.maps.of(view);
        if let Some(group) = view.group() {
            let join = Join { group, outbox, seq, latest, missed: frames, is_live: is_all, reply, start };
            return self.broadcaster.join(join);
        }
        outbox.begin(self.district, seq, latest);
        for delta in &frames {
            outbox.push_delta(Lane::Unicast, self.district, delta);
        }
        if is_all {
            self.audience.join(view, &outbox);
        }
        // A socket that has gone meanwhile is swept from the audience.
        reply.send(start).ok();
    }

    fn tell_latest(&mut self) {
        self.audience.sweep();
        let district = self.board.shared();
        if self.maps.count(&district, self.positions.online()) {
            self.broadcaster.ring_latest();
        }
        let number = district.read().unwrap_or_else(PoisonError::into_inner).id.to_string();
        metrics::gauge!("baiying_followers", "district" => number).set(self.audience.len() as f64);
    }

    /// The named invariants, on an immutable version and off this thread.
    fn check(&mut self) {
        let version = self.board.version();
        tokio::task::spawn_blocking(move || {
            for wrong in matcher::invariants::check(&version.district) {
                metrics::counter!("baiying_invariant_violations_total", "check" => wrong.check).increment(1);
                tracing::error!(check = wrong.check, detail = %wrong.detail, seq = version.district.seq, "an invariant is violated: a bug");
            }
        });
    }

    fn ask_for_snapshot(&mut self) {
        let seq = self.board.seq();
        if seq.saturating_sub(self.snapshot_seq) >= SNAPSHOT_EVERY_COMMITS {
            self.snapshot_seq = seq;
            let version = self.board.version();
            // Full: one is under way.
            self.control.try_send(Control::Snapshot(version)).ok();
        }
    }
}

/// What somebody missed, as far as it goes at once.
struct Missed {
    seq: u64,
    frames: Vec<Delta>,
    is_all: bool,
}

impl Missed {
    fn start(&self, history: uuid::Uuid) -> Start {
        let seq = self.seq;
        if self.frames.is_empty() {
            return Start::Live { seq, history };
        }
        Start::Replay { seq, history, more: !self.is_all }
    }
}

/// How many of the missed frames go at once.
fn fitting(missed: &[&Delta]) -> usize {
    let mut bytes = 0;
    let fits = |delta: &&&Delta| {
        bytes += delta.len();
        bytes <= REPLAY_BYTES_MAX
    };
    // One always fits, however large.
    missed.iter().take(REPLAY_FRAMES_MAX).take_while(fits).count().max(usize::from(!missed.is_empty()))
}
