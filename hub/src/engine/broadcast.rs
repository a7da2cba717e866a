//! The walks over everybody who shares a view, in tasks of their own: an offer to one phone never waits until ten
//! thousand walls have been served. Each socket belongs to one walk of its district; where there are many processors, several walk.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::available_parallelism;

use tokio::sync::{mpsc, oneshot};
use wire::close::CloseCode;

use super::background;
use super::frame::Delta;
use super::latest::LatestStore;
use super::outbox::{Lane, Outbox};
use super::publisher::Start;
use super::round::Round;
use super::view::Group;

/// Frames that may wait for a walk; at the limit everybody in a group is closed with 4008 and resumes from the ring.
pub const BROADCASTS_WAITING_MAX: usize = 2_048;

/// Walks of one district: each frame is told to each of them.
const WALKS_MAX: usize = 4;

/// Frames on their way at once: the walk takes on no more until one has been everywhere.
const FRAMES_TOGETHER_MAX: usize = 64;

/// Bytes on their way at once: a burst of large frames must not fill the queue of a socket that had no turn to write.
const BYTES_TOGETHER_MAX: usize = 32 * 1024;

/// Sockets served before other tasks of this thread get their turn: some tenths of a millisecond of writing.
const SOCKETS_PER_STRIDE: usize = 64;

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

/// Up to which seq each walk of a district has been everywhere.
#[derive(Debug)]
pub struct Walked(Box<[AtomicU64]>);

impl Default for Walked {
    /// One walk for every two processors, up to [`WALKS_MAX`]: the others serve persons.
    fn default() -> Self {
        Self::by((available_parallelism().map_or(1, NonZero::get) / 2).clamp(1, WALKS_MAX))
    }
}

impl Walked {
    fn by(walks: usize) -> Self {
        Walked((0..walks).map(|_| AtomicU64::new(0)).collect())
    }

    /// Up to which all have.
    pub fn up_to(&self) -> u64 {
        self.0.iter().map(|walked| walked.load(Ordering::Acquire)).min().unwrap_or(0)
    }
}

/// The publisher's end. It never waits for a walk.
pub struct Broadcaster {
    walks: Vec<Ear>,
}

/// Where a walk is told.
struct Ear {
    notes: mpsc::Sender<Note>,
    is_overrun: Arc<AtomicBool>,
}

struct Walk {
    district: u32,
    rounds: BTreeMap<Group, Round>,
    is_overrun: Arc<AtomicBool>,
    walked: Arc<Walked>,
    /// Which of the district's walks.
    index: usize,
    /// Of the frame taken on last.
    number: u64,
    /// After which frame which seq has been walked.
    marks: VecDeque<(u64, u64)>,
}

impl Broadcaster {
    /// Starts the tasks of one district; they end when this is dropped.
    pub fn start(district: u32, walked: &Arc<Walked>) -> Self {
        Broadcaster { walks: (0..walked.0.len()).map(|index| Ear::start(district, walked.clone(), index)).collect() }
    }

    /// Adds a socket behind everything that was sent so far.
    pub fn join(&self, join: Join) {
        // By its address: who joins again comes to the walk that knows him.
        let which = Arc::as_ptr(&join.outbox).addr() / size_of::<Outbox>() % self.walks.len();
        self.walks[which].put(Note::Join(Box::new(join)));
    }

    /// Sends a frame to a group.
    pub fn send(&self, group: Group, delta: &Delta) {
        self.walks.iter().for_each(|walk| walk.put(Note::Frame(group, delta.clone())));
    }

    /// Says that everything up to `seq` was sent.
    pub fn sent(&self, seq: u64) {
        self.walks.iter().for_each(|walk| walk.put(Note::Walked(seq)));
    }

    /// Tells everybody that the `latest` lane has news.
    pub fn ring_latest(&self) {
        for walk in &self.walks {
            // Not worth an overrun: the next ring comes in a second.
            walk.notes.try_send(Note::RingLatest).ok();
        }
    }

    /// Closes everybody behind what was sent so far; each comes back and is given a snapshot.
    pub fn close_all(&self) {
        self.walks.iter().for_each(|walk| walk.put(Note::CloseAll));
    }
}

impl Ear {
    fn start(district: u32, walked: Arc<Walked>, index: usize) -> Self {
        let (notes, inbox) = mpsc::channel(BROADCASTS_WAITING_MAX);
        let is_overrun = Arc::new(AtomicBool::new(false));
        let (rounds, marks, number) = (BTreeMap::new(), VecDeque::new(), 0);
        let walk = Walk { district, rounds, is_overrun: is_overrun.clone(), walked, index, number, marks };
        background::spawn(walk.run(inbox));
        Ear { notes, is_overrun }
    }

    /// Who cannot be told is overrun; somebody who wanted to join then is told to come back.
    fn put(&self, note: Note) {
        if self.notes.try_send(note).is_err() {
            self.is_overrun.store(true, Ordering::Release);
        }
    }
}

impl Walk {
    async fn run(mut self, mut inbox: mpsc::Receiver<Note>) {
        loop {
            if self.is_idle() {
                let Some(note) = inbox.recv().await else { return };
                self.take(note).await;
            }
            while self.has_room()
                && let Ok(note) = inbox.try_recv()
            {
                self.take(note).await;
            }
            self.step().await;
        }
    }

    async fn take(&mut self, note: Note) {
        match note {
            Note::Frame(group, delta) => {
                self.number += 1;
                if let Some(round) = self.rounds.get_mut(&group) {
                    round.send(self.number, delta);
                }
            }
            Note::Walked(seq) => self.mark(seq),
            Note::RingLatest => self.rounds.values_mut().for_each(Round::ring_latest),
            Note::Join(join) => self.join(*join),
            Note::CloseAll => {
                while !self.is_idle() {
                    self.step().await;
                }
                self.close_all(CloseCode::Resync);
            }
        }
    }

    /// After the frame taken on last, all up to `seq` has been walked; one mark for each frame on its way, no more.
    fn mark(&mut self, seq: u64) {
        match self.marks.back_mut() {
            Some((number, marked)) if *number == self.number => *marked = seq,
            _ => self.marks.push_back((self.number, seq)),
        }
    }

    /// Serves the next sockets of every view, then lets others have their turn.
    async fn step(&mut self) {
        // Before anybody is given a frame that came behind a lost one: he could not tell.
        if self.is_overrun.swap(false, Ordering::AcqRel) {
            self.overrun();
        }
        for round in self.rounds.values_mut() {
            round.serve(self.district, SOCKETS_PER_STRIDE);
        }
        let oldest = self.rounds.values().filter_map(Round::oldest).min();
        while let Some(&(number, seq)) = self.marks.front()
            && oldest.is_none_or(|oldest| oldest > number)
        {
            self.walked.0[self.index].store(seq, Ordering::Release);
            self.marks.pop_front();
        }
        tokio::task::yield_now().await;
    }

    fn is_idle(&self) -> bool {
        self.rounds.values().all(Round::is_idle) && self.marks.is_empty()
    }

    fn has_room(&self) -> bool {
        let loads = self.rounds.values().map(Round::load);
        let (frames, bytes) = loads.fold((0, 0), |(frames, bytes), load| (frames + load.0, bytes + load.1));
        frames < FRAMES_TOGETHER_MAX && bytes < BYTES_TOGETHER_MAX
    }

    fn join(&mut self, join: Join) {
        let Join { group, outbox, seq, latest, missed, is_live, reply, start } = join;
        outbox.begin(self.district, seq, latest);
        outbox.push_deltas(Lane::Broadcast, self.district, &missed);
        let round = self.rounds.entry(group).or_default();
        round.leave(&outbox);
        if is_live {
            round.join(outbox);
        }
        // A socket that has gone meanwhile is swept.
        reply.send(start).ok();
    }

    fn overrun(&mut self) {
        tracing::warn!(district = self.district, "broadcasts came faster than they could be walked: all resume");
        metrics::counter!("baiying_broadcast_overruns_total").increment(1);
        self.close_all(CloseCode::Slow);
    }

    fn close_all(&mut self, code: CloseCode) {
        std::mem::take(&mut self.rounds).into_values().for_each(|round| round.close_all(code));
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;
    use wire::Time;
    use wire::rows::ResidentRows;

    use super::super::frame::DeltaRest;
    use super::*;

    const DISTRICT: u32 = 1;
    /// So many that no stride serves them all.
    const WALLS: usize = SOCKETS_PER_STRIDE * 6 + 1;

    fn delta(seq: u64) -> Delta {
        let (data, history) = (ResidentRows::default(), Uuid::from_u128(7));
        let rest = DeltaRest { district: "1".into(), history, seq, kind: "x", at: Time(0), trace: None, data: &data };
        Delta::encode(seq - 1, &rest)
    }

    async fn wall(broadcaster: &Broadcaster) -> Arc<Outbox> {
        let (outbox, (reply, joined)) = (Outbox::new(), oneshot::channel());
        let (group, start) = (Group::Wall, Start::Live { seq: 0, history: Uuid::from_u128(7) });
        let (latest, missed, outbox_) = (None, Vec::new(), outbox.clone());
        broadcaster.join(Join { group, outbox: outbox_, seq: 0, latest, missed, is_live: true, reply, start });
        joined.await.expect("the walk goes on");
        outbox
    }

    /// Lets the walk take one step after the other.
    async fn yields(times: usize) {
        for _ in 0..times {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn what_is_said_to_be_walked_has_been_given_to_everybody() {
        let walked = Arc::new(Walked::by(2));
        let broadcaster = Broadcaster::start(DISTRICT, &walked);
        let mut walls = Vec::new();
        for _ in 0..WALLS {
            walls.push(wall(&broadcaster).await);
        }
        for seq in 1..=20 {
            broadcaster.send(Group::Wall, &delta(seq));
            broadcaster.sent(seq);
            yields(2).await;
            let walked = walked.up_to();
            let slowest = walls.iter().filter_map(|wall| wall.last(DISTRICT)).min();
            assert!(slowest >= Some(walked), "{walked} are said to be walked, one wall has {slowest:?}");
        }
        yields(100).await;
        assert_eq!(walked.up_to(), 20);
    }

    #[tokio::test]
    async fn when_a_frame_was_lost_nobody_is_given_what_came_behind_it() {
        let broadcaster = Broadcaster::start(DISTRICT, &Arc::new(Walked::by(1)));
        let wall = wall(&broadcaster).await;
        let lost = BROADCASTS_WAITING_MAX as u64 + 1;
        (1..=lost).for_each(|seq| broadcaster.send(Group::Wall, &delta(seq)));
        let closed = loop {
            // It reads all the while, so that it is not closed for its own slowness.
            if let Some(code) = wall.drain(&mut Vec::new()) {
                break code;
            }
            wall.flushed();
            assert!(wall.last(DISTRICT) < Some(lost), "the wall was given what came behind the lost one");
            broadcaster.send(Group::Wall, &delta(lost + 1));
            tokio::task::yield_now().await;
        };
        assert_eq!(closed, CloseCode::Slow);
    }
}
