//! The walk over everybody who shares a view, in a task of its own: an offer to one phone never waits until ten
//! thousand walls have been served.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::{mpsc, oneshot};
use wire::close::CloseCode;

use super::frame::Delta;
use super::latest::LatestStore;
use super::outbox::{Lane, Outbox};
use super::publisher::Start;
use super::view::Group;

/// Frames that may wait for the walk; at the limit everybody in a group is closed with 4008 and resumes from the ring.
pub const BROADCASTS_WAITING_MAX: usize = 2_048;

/// Notes taken at once: the frames among them go to each socket together, in one write.
const NOTES_TOGETHER_MAX: usize = 64;

/// Bytes of frames taken at once: a burst of large ones must not fill the queue of a socket that had no turn to write.
const BYTES_TOGETHER_MAX: usize = 32 * 1024;

/// Sockets served before other tasks of this thread get their turn.
const SOCKETS_PER_STRIDE: usize = 256;

enum Note {
    Join(Box<Join>),
    Frame(Group, Delta),
    RingLatest,
    /// Everything up to this seq has been walked.
    Walked(u64),
    /// What was sent so far cannot be continued.
    CloseAll,
}

/// Somebody who joins a group. All that a group's socket is ever sent of its stream is pushed by the walk, in one
/// order: were what it missed pushed by another task, a frame could slip in before it.
pub struct Join {
    /// Which view.
    pub group: Group,
    /// Whose.
    pub outbox: Arc<Outbox>,
    /// Where its stream stands.
    pub seq: u64,
    /// The `latest` lane it may see.
    pub latest: Option<Arc<LatestStore>>,
    /// What it missed since, as far as it fits.
    pub missed: Vec<Delta>,
    /// That was all: from here on it gets every frame.
    pub is_live: bool,
    /// The answer, when this is done.
    pub reply: oneshot::Sender<Start>,
    /// What to answer.
    pub start: Start,
}

/// The publisher's end.
pub struct Broadcaster {
    notes: mpsc::Sender<Note>,
    is_overrun: Arc<AtomicBool>,
}

struct Walk {
    district: u32,
    members: BTreeMap<Group, Vec<Arc<Outbox>>>,
    is_overrun: Arc<AtomicBool>,
    walked: Arc<AtomicU64>,
}

impl Broadcaster {
    /// Starts the task of one district; it ends when this is dropped.
    pub fn start(district: u32, walked: Arc<AtomicU64>) -> Self {
        let (notes, inbox) = mpsc::channel(BROADCASTS_WAITING_MAX);
        let is_overrun = Arc::new(AtomicBool::new(false));
        let walk = Walk { district, members: BTreeMap::new(), is_overrun: is_overrun.clone(), walked };
        tokio::spawn(walk.run(inbox));
        Broadcaster { notes, is_overrun }
    }

    /// Adds a socket behind everything that was sent so far.
    pub async fn join(&self, join: Join) {
        // The walk ends only with this sender.
        self.notes.send(Note::Join(Box::new(join))).await.ok();
    }

    /// Sends a frame to a group.
    pub fn send(&self, group: Group, delta: Delta) {
        self.put(Note::Frame(group, delta));
    }

    /// Says that everything up to `seq` was sent.
    pub fn sent(&self, seq: u64) {
        self.put(Note::Walked(seq));
    }

    /// Tells everybody that the `latest` lane has news.
    pub fn ring_latest(&self) {
        // Not worth an overrun: the next ring comes in a second.
        self.notes.try_send(Note::RingLatest).ok();
    }

    /// Closes everybody behind what was sent so far; each comes back and is given a snapshot.
    pub fn close_all(&self) {
        self.put(Note::CloseAll);
    }

    fn put(&self, note: Note) {
        if self.notes.try_send(note).is_err() {
            self.is_overrun.store(true, Ordering::Release);
        }
    }
}

/// What is walked together.
#[derive(Default)]
struct Pending {
    frames: BTreeMap<Group, Vec<Delta>>,
    bytes: usize,
    top: Option<u64>,
    is_latest: bool,
}

impl Walk {
    async fn run(mut self, mut inbox: mpsc::Receiver<Note>) {
        let mut notes = Vec::new();
        while inbox.recv_many(&mut notes, NOTES_TOGETHER_MAX).await > 0 {
            if self.is_overrun.swap(false, Ordering::AcqRel) {
                self.overrun();
            }
            let mut pending = Pending::default();
            for note in notes.drain(..) {
                match note {
                    Note::Frame(group, delta) => {
                        pending.bytes += delta.len();
                        pending.frames.entry(group).or_default().push(delta);
                    }
                    Note::Walked(seq) => pending.top = Some(seq),
                    Note::RingLatest => pending.is_latest = true,
                    // Both stand behind what was sent before them.
                    Note::Join(join) => {
                        self.walk(std::mem::take(&mut pending)).await;
                        self.join(*join);
                    }
                    Note::CloseAll => {
                        self.walk(std::mem::take(&mut pending)).await;
                        self.close_all(CloseCode::Resync);
                    }
                }
                if pending.bytes >= BYTES_TOGETHER_MAX {
                    self.walk(std::mem::take(&mut pending)).await;
                }
            }
            self.walk(pending).await;
        }
    }

    async fn walk(&mut self, pending: Pending) {
        for (group, deltas) in pending.frames {
            self.frames(group, &deltas).await;
        }
        if let Some(seq) = pending.top {
            self.walked.store(seq, Ordering::Release);
        }
        if pending.is_latest {
            self.ring();
        }
    }

    fn join(&mut self, join: Join) {
        let Join { group, outbox, seq, latest, missed, is_live, reply, start } = join;
        outbox.begin(self.district, seq, latest);
        outbox.push_deltas(Lane::Broadcast, self.district, &missed);
        let members = self.members.entry(group).or_default();
        // A resync joins again on the same socket.
        members.retain(|known| !Arc::ptr_eq(known, &outbox));
        if is_live {
            members.push(outbox);
        }
        // A socket that has gone meanwhile is swept.
        reply.send(start).ok();
    }

    async fn frames(&mut self, group: Group, deltas: &[Delta]) {
        let Some(members) = self.members.get_mut(&group) else { return };
        let mut has_closed = false;
        for stride in members.chunks(SOCKETS_PER_STRIDE) {
            for outbox in stride {
                has_closed |= !outbox.push_deltas(Lane::Broadcast, self.district, deltas);
            }
            tokio::task::yield_now().await;
        }
        if has_closed {
            members.retain(|outbox| !outbox.is_closed());
        }
    }

    fn ring(&mut self) {
        for members in self.members.values_mut() {
            members.retain(|outbox| !outbox.is_closed());
            members.iter().for_each(|outbox| outbox.ring_latest());
        }
    }

    fn overrun(&mut self) {
        tracing::warn!(district = self.district, "broadcasts came faster than they could be walked: all resume");
        metrics::counter!("baiying_broadcast_overruns_total").increment(1);
        self.close_all(CloseCode::Slow);
    }

    fn close_all(&mut self, code: CloseCode) {
        for outbox in std::mem::take(&mut self.members).into_values().flatten() {
            outbox.close(code);
        }
    }
}
