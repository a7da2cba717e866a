//! The side of a process that clients see: its publisher and the sockets that follow it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use hub::engine::outbox::Outbox;
use hub::engine::positions::Positions;
use hub::engine::publisher::{Follow, Note, Parts, Publisher, Reply, Start, Tops};
use hub::engine::raised::Raised;
use hub::engine::snapshot::SnapshotParts;
use hub::engine::view::StreamView;
use hub::engine::wake::WakeFeed;
use hub::engine::writer::Loaded;
use hub::records::NameBook;
use matcher::{Commit, District};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use wire::client::StreamPoint;

use super::people::Who;
use super::town::DISTRICT;

/// Requests that may wait for the publisher; it is always let finish, so one would do.
const NOTES_WAITING: usize = 16;

/// Turns that the walk over a group gets before anybody looks at his queue: more than it needs, always the same.
const WALK_TURNS: usize = 12;

/// How a frame of the unsequenced lane begins.
const LATEST: &[u8] = b"{\"op\":\"latest\"";

/// What a client is told when he has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// Forget everything: parts of a snapshot follow.
    pub is_snapshot: bool,
}

struct Socket {
    session: u64,
    view: StreamView,
    outbox: Arc<Outbox>,
    parts: Option<SnapshotParts>,
    /// More is to be followed when the queue is drained.
    is_behind: Option<StreamPoint>,
}

/// The publisher of one process with its sockets.
pub struct Front {
    notes: mpsc::Sender<Note>,
    task: JoinHandle<()>,
    tops: Arc<Tops>,
    sockets: BTreeMap<Who, Socket>,
    /// Something may wait for a client.
    has_news: bool,
    /// The seq that everybody has been told.
    pub seq: u64,
}

impl Front {
    /// Opens for a district that has just been loaded.
    pub fn open(loaded: Loaded, positions: Arc<Positions>) -> Self {
        let (control, _) = mpsc::channel(1);
        let seq = loaded.head.last_seq;
        let publisher = Publisher::new(Parts {
            loaded,
            names: Arc::new(|| Arc::new(NameBook::default())),
            positions,
            wakes: WakeFeed::none(),
            control,
        });
        let tops = publisher.tops();
        let (notes, inbox) = mpsc::channel(NOTES_WAITING);
        let task = tokio::spawn(publisher.run(inbox));
        Self { notes, task, tops, sockets: BTreeMap::new(), has_news: false, seq }
    }

    async fn note(&self, note: Note) {
        assert!(self.notes.send(note).await.is_ok(), "the publisher has died");
    }

    /// Hands a batch over and waits until everybody has been told.
    pub async fn committed(&mut self, commits: Vec<Arc<Commit>>, replies: Vec<Reply>, seq: u64) {
        self.note(Note::Committed(commits, replies)).await;
        self.settle(seq).await;
    }

    /// Hands over the writer's state, which the board is to hold instead of its own.
    pub async fn share(&self, district: District) {
        self.note(Note::State(Box::new(district))).await;
    }

    /// The log was read again after a failure.
    pub async fn reloaded(&mut self, loaded: Loaded) {
        let seq = loaded.head.last_seq;
        self.note(Note::Loaded(Box::new(loaded))).await;
        self.settle(seq).await;
    }

    /// Waits for the publisher and for the walk over those who share a view.
    async fn settle(&mut self, seq: u64) {
        let (reply, version) = oneshot::channel();
        self.note(Note::Version(reply)).await;
        let version = version.await.expect("the publisher has died");
        assert_eq!(version.district.seq, seq, "the board does not stand where the log stands");
        while self.tops.groups.up_to() < seq {
            tokio::task::yield_now().await;
        }
        for _ in 0..WALK_TURNS {
            tokio::task::yield_now().await;
        }
        self.seq = seq;
        self.has_news = true;
    }

    /// A client has connected: what he had before is over.
    pub async fn hello(&mut self, who: Who, session: u64, view: StreamView, point: Option<StreamPoint>) -> Greeting {
        let socket = Socket { session, view, outbox: Outbox::new(), parts: None, is_behind: None };
        self.sockets.insert(who, socket);
        self.follow(who, point).await
    }

    async fn follow(&mut self, who: Who, point: Option<StreamPoint>) -> Greeting {
        self.has_news = true;
        let socket = self.sockets.get_mut(&who).expect("he is connected");
        let (reply, start) = oneshot::channel();
        let turn = Arc::new(Semaphore::new(1)).try_acquire_owned().expect("nobody else is at this door");
        let follow = Follow { view: socket.view, point, outbox: socket.outbox.clone(), reply, turn };
        assert!(self.notes.send(Note::Follow(follow)).await.is_ok(), "the publisher has died");
        let start = start.await.expect("the publisher has died");
        for _ in 0..WALK_TURNS {
            tokio::task::yield_now().await;
        }
        match start {
            Start::Snapshot(parts) => {
                socket.parts = Some(parts);
                Greeting { is_snapshot: true }
            }
            Start::Replay { more, history, .. } => {
                let last = socket.outbox.last(DISTRICT.0).expect("it has begun");
                socket.is_behind = more.then_some(StreamPoint { history, seq: last });
                Greeting { is_snapshot: false }
            }
            Start::Live { .. } => Greeting { is_snapshot: false },
        }
    }

    /// The next part of a snapshot that a client waits for; after the last, the stream goes on from it.
    pub async fn pull(&mut self, who: Who) -> Option<(u64, Bytes)> {
        let socket = self.sockets.get_mut(&who)?;
        let parts = socket.parts.as_mut()?;
        let (session, point) = (socket.session, StreamPoint { history: parts.history(), seq: parts.seq() });
        if let Some(frame) = parts.next_frame() {
            return Some((session, text(&frame)));
        }
        socket.parts = None;
        self.follow(who, Some(point)).await;
        None
    }

    /// Whether a client still waits for parts.
    pub fn is_pulling(&self, who: Who) -> bool {
        self.sockets.get(&who).is_some_and(|socket| socket.parts.is_some())
    }

    /// What waits for each client, in order; a socket that was too slow is gone.
    pub async fn drain(&mut self) -> Vec<(Who, u64, Bytes)> {
        let mut frames = Vec::new();
        if !std::mem::take(&mut self.has_news) {
            return frames;
        }
        let mut behind = Vec::new();
        for (&who, socket) in &mut self.sockets {
            let mut queued = Vec::new();
            socket.outbox.drain(&mut queued);
            // Positions and counters go out by the clock of the machine that runs this, and nothing is proved by them.
            let texts = queued.iter().flat_map(wire::Framed::texts).filter(|text| !text.starts_with(LATEST));
            frames.extend(texts.map(|text| (who, socket.session, text)));
            behind.extend(socket.is_behind.take().map(|point| (who, point)));
        }
        self.sockets.retain(|_, socket| !socket.outbox.is_closed());
        for (who, point) in behind {
            if self.sockets.contains_key(&who) {
                self.follow(who, Some(point)).await;
            }
        }
        frames
    }

    /// Whether this session is open here.
    pub fn knows(&self, who: Who, session: u64) -> bool {
        self.sockets.get(&who).is_some_and(|socket| socket.session == session)
    }

    /// The seq of the last delta that a client was sent, for a pong; `None` if he is not connected or waits for parts.
    pub fn last(&self, who: Who, session: u64) -> Option<u64> {
        let socket = self.sockets.get(&who).filter(|socket| socket.session == session && socket.parts.is_none())?;
        socket.outbox.last(DISTRICT.0)
    }

    /// What a client would be shown if he came anew: every part of a snapshot.
    pub async fn fresh(&self, view: StreamView) -> Vec<Bytes> {
        let (reply, version) = oneshot::channel();
        self.note(Note::Version(reply)).await;
        let version = version.await.expect("the publisher has died");
        // Looked for anew, not where the publisher keeps it.
        let raised = Raised::of(&version.district).by(&view.persons());
        let mut parts = SnapshotParts::new(version, view, raised);
        std::iter::from_fn(|| parts.next_frame()).map(|frame| text(&frame)).collect()
    }
}

/// What is in a frame.
fn text(frame: &wire::Framed) -> Bytes {
    frame.texts().next().expect("a frame")
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}
