//! One hub process: the real lanes, the real writer, the real publisher; and the steps at which it can be killed or
//! stopped. What is not real is the task that connects them: here it moves only when the world says so.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_util::FutureExt;
use hub::engine::clock::Clock;
use hub::engine::lanes::{LanesIn, LanesOut, Submission, lanes};
use hub::engine::positions::{Fix, Positions, observations};
use hub::engine::step::Verdict;
use hub::engine::submit::{Committed, SubmitError};
use hub::engine::writer::{CONFIRMED_MS_MAX, Entry, Loaded, Turn, Writer};
use hub::store::{Journal, JournalError, Snapshot};
use matcher::{Request, State, Timestamp, VolunteerId};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::clock::SimClock;
use super::disk::Disk;
use super::front::Front;
use super::people::Who;
use super::town::DISTRICT;
use super::witness::{Told, Witness};

/// How often an idle leader says that it lives, milliseconds.
const BEAT_EVERY_MS: u64 = 500;
/// How long a process waits after a failed load before it tries again, milliseconds.
const LOAD_AGAIN_MS: u64 = 200;
/// Commits between two snapshots of the state.
const SNAPSHOT_EVERY: u64 = 40;

/// Where a process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KillPoint {
    /// Commands have been taken from the lanes.
    Received,
    /// They are decided, and the write is on its way.
    Sent,
    /// It has landed, and the process has not heard of it.
    Committed,
    /// The process has heard, and told nobody.
    Confirmed,
    /// Some have been told, others not.
    Told,
}

pub const KILL_POINTS: [KillPoint; 5] =
    [KillPoint::Received, KillPoint::Sent, KillPoint::Committed, KillPoint::Confirmed, KillPoint::Told];

type Hub = Box<Writer<Disk, SimClock>>;
type Later<T> = std::pin::Pin<Box<dyn Future<Output = (Hub, Result<T, JournalError>)>>>;

enum Stage {
    Idle(Hub),
    Loading(Later<Loaded>),
    Turning(Later<Turn>),
    Beating(Later<()>),
    /// In the middle of a move, or dead.
    Gone,
}

/// What a move of a process came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Moved {
    /// It waits for time or for others.
    No,
    Yes,
    /// It was killed, at this point if it was doomed to.
    Died,
}

/// A command on its way through a process, and to whom the answer goes.
struct Pending {
    from: Who,
    request: Request,
    answer: oneshot::Receiver<Told>,
}

/// A hub process.
pub struct Process {
    pub pid: u64,
    disk: Disk,
    clock: SimClock,
    into: LanesIn,
    lanes: LanesOut,
    stage: Stage,
    /// Requests in the batch that is being written, with their ways back.
    batch: Vec<(Request, oneshot::Sender<Told>)>,
    pending: Vec<Pending>,
    /// Who is connected, and what he is shown; `None` before the first load.
    pub front: Option<Front>,
    /// Where everybody is, as the sockets have said.
    positions: Arc<Positions>,
    snapshot_seq: u64,
    acts_at_ms: u64,
    pub frozen_until_ms: u64,
    pub doom: Option<KillPoint>,
}

impl Process {
    pub fn start(pid: u64, disk: Disk, clock: SimClock) -> Self {
        let (into, lanes) = lanes();
        let owner = Uuid::from_u128(u128::from(pid) + 1);
        let writer = Box::new(Writer::new(disk.clone(), clock.clone(), DISTRICT.0, owner));
        let acts_at_ms = clock.steady_ms();
        Self {
            pid,
            disk,
            clock,
            into,
            lanes,
            stage: Stage::Idle(writer),
            batch: Vec::new(),
            pending: Vec::new(),
            front: None,
            positions: Arc::default(),
            snapshot_seq: 0,
            acts_at_ms,
            frozen_until_ms: 0,
            doom: None,
        }
    }

    pub fn is_frozen(&self) -> bool {
        self.clock.steady_ms() < self.frozen_until_ms
    }

    /// The state that it leads by, while it leads and is not in the middle of something.
    pub fn state(&self) -> Option<&State> {
        let Stage::Idle(writer) = &self.stage else { return None };
        writer.state()
    }

    /// What it is in the middle of, for the words of a failure.
    pub fn doing(&self) -> String {
        let what = match &self.stage {
            Stage::Idle(writer) if writer.is_leading() => "leads",
            Stage::Idle(_) => "does not lead",
            Stage::Loading(_) => "loads",
            Stage::Turning(_) => "writes",
            Stage::Beating(_) => "beats",
            Stage::Gone => "is gone",
        };
        format!("process {} {what}, acts at {}, frozen until {}", self.pid, self.acts_at_ms, self.frozen_until_ms)
    }

    /// The district's time, if this is process `pid` and it leads.
    pub fn time(&self, pid: u64) -> Option<Timestamp> {
        let Stage::Idle(writer) = &self.stage else { return None };
        writer.now().filter(|_| pid == self.pid)
    }

    /// A command has come in. What the lanes refuse is answered at once.
    pub fn submit(&mut self, from: Who, request: Request) -> Result<(), SubmitError> {
        let (reply, answer) = oneshot::channel();
        let submission = Submission { request: request.clone(), sealed: Vec::new(), reply };
        self.into.put(submission).now_or_never().expect("the lanes are never full here")?;
        self.pending.push(Pending { from, request, answer });
        Ok(())
    }

    /// A phone has said where it is.
    pub fn take_fix(&self, volunteer: VolunteerId, fix: Fix) {
        self.positions.take(volunteer, fix);
    }

    /// Answers that are ready to leave.
    pub fn answers(&mut self) -> Vec<(Who, Request, Told)> {
        let mut ready = Vec::new();
        self.pending.retain_mut(|pending| match pending.answer.try_recv() {
            Ok(told) => {
                ready.push((pending.from, pending.request.clone(), told));
                false
            }
            Err(oneshot::error::TryRecvError::Empty) => true,
            Err(oneshot::error::TryRecvError::Closed) => panic!("bug: request {} was dropped", pending.request.id),
        });
        ready
    }

    /// When it moves by itself next.
    pub fn next_ms(&self) -> Option<u64> {
        let now_ms = self.clock.steady_ms();
        if self.is_frozen() {
            return Some(self.frozen_until_ms);
        }
        match &self.stage {
            Stage::Idle(writer) => {
                let due_ms = writer.due_in_ms().map(|ms| now_ms + ms);
                [due_ms, Some(self.acts_at_ms.max(now_ms))].into_iter().flatten().min()
            }
            Stage::Loading(_) | Stage::Turning(_) | Stage::Beating(_) | Stage::Gone => None,
        }
    }

    fn is_doomed(&mut self, point: KillPoint) -> bool {
        self.doom == Some(point)
    }

    /// Goes one step on, if it can.
    pub async fn step(&mut self, witness: &mut Witness) -> Moved {
        if self.is_frozen() {
            return Moved::No;
        }
        match std::mem::replace(&mut self.stage, Stage::Gone) {
            Stage::Idle(writer) => self.idle(writer),
            Stage::Loading(later) => self.loading(later, witness).await,
            Stage::Turning(later) => self.turning(later, witness).await,
            Stage::Beating(later) => self.beating(later),
            Stage::Gone => Moved::Died,
        }
    }

    fn idle(&mut self, mut writer: Hub) -> Moved {
        let now_ms = self.clock.steady_ms();
        if !writer.is_leading() {
            return self.load(writer);
        }
        let now = writer.now().expect("it leads");
        writer.observe(&observations(&self.positions.changes(now)));
        let taken = self.lanes.take();
        if !taken.is_empty() || writer.due_in_ms() == Some(0) {
            return self.turn(writer, taken);
        }
        if self.acts_at_ms > now_ms {
            self.stage = Stage::Idle(writer);
            return Moved::No;
        }
        self.acts_at_ms = now_ms + BEAT_EVERY_MS;
        self.stage = Stage::Beating(Box::pin(async move {
            let beaten = writer.beat().await;
            (writer, beaten)
        }));
        Moved::Yes
    }

    fn load(&mut self, mut writer: Hub) -> Moved {
        if self.acts_at_ms > self.clock.steady_ms() {
            self.stage = Stage::Idle(writer);
            return Moved::No;
        }
        self.stage = Stage::Loading(Box::pin(async move {
            let loaded = writer.load().await;
            (writer, loaded)
        }));
        Moved::Yes
    }

    fn turn(&mut self, mut writer: Hub, taken: Vec<Submission>) -> Moved {
        if self.is_doomed(KillPoint::Received) {
            return Moved::Died;
        }
        let entries = taken.iter().map(|it| Entry { request: it.request.clone(), sealed: it.sealed.clone() }).collect();
        self.batch = taken.into_iter().map(|it| (it.request, it.reply)).collect();
        self.stage = Stage::Turning(Box::pin(async move {
            let turned = writer.turn(entries).await;
            (writer, turned)
        }));
        Moved::Yes
    }

    async fn turning(&mut self, mut later: Later<Turn>, witness: &mut Witness) -> Moved {
        let landed = witness.district.seq;
        let Poll::Ready((writer, turned)) = poll(&mut later) else {
            let is_over = match self.doom {
                Some(KillPoint::Sent) => true,
                Some(KillPoint::Committed) => landed > self.front.as_ref().map_or(0, |front| front.seq),
                Some(KillPoint::Received | KillPoint::Confirmed | KillPoint::Told) | None => false,
            };
            self.stage = Stage::Turning(later);
            return if is_over { Moved::Died } else { Moved::No };
        };
        match turned {
            Ok(turn) => self.tell(writer, turn, witness).await,
            Err(_) => self.failed(writer),
        }
    }

    fn failed(&mut self, writer: Hub) -> Moved {
        for (_, reply) in self.batch.drain(..) {
            // Nobody waits for it any more: he asks again.
            reply.send(Err(SubmitError::Unknown)).ok();
        }
        self.acts_at_ms = self.clock.steady_ms();
        self.stage = Stage::Idle(writer);
        Moved::Yes
    }

    async fn tell(&mut self, writer: Hub, turn: Turn, witness: &mut Witness) -> Moved {
        let state = writer.state().expect("it has just turned");
        let term = writer.fence().expect("it has just turned").term;
        let (knows, confirmed) = (state.district.seq, self.disk.confirmed(term));
        witness.compare(&state.district);
        let superseded_ms = self.disk.superseded_ms(term);
        let may_answer = !turn.commits.is_empty() || self.batch.is_empty() || superseded_ms <= CONFIRMED_MS_MAX;
        assert!(may_answer, "a leader that was superseded {superseded_ms} ms ago answers without a commit");
        turn.commits.iter().for_each(|commit| witness.leaves(commit, confirmed));
        if self.is_doomed(KillPoint::Confirmed) {
            return Moved::Died;
        }
        let mut replies = Vec::new();
        let mut decided = self.front.as_ref().map_or(0, |front| front.seq);
        for ((request, reply), verdict) in self.batch.drain(..).zip(turn.verdicts) {
            let told = told(verdict);
            decided = told.as_ref().ok().and_then(|committed| committed.seq).unwrap_or(decided);
            witness.answers(&request, &told, decided);
            replies.push((reply, told));
        }
        self.snapshot(&writer, knows);
        let front = self.front.as_mut().expect("it leads, so it has loaded");
        front.committed(turn.commits, replies, knows).await;
        if knows == self.snapshot_seq {
            let state = writer.state().expect("it has just turned");
            front.share(state.district.clone()).await;
        }
        self.stage = Stage::Idle(writer);
        Moved::Yes
    }

    /// Stores the state now and then, so that recovery has a snapshot and a tail.
    fn snapshot(&mut self, writer: &Hub, seq: u64) {
        let (Some(fence), Some(state)) = (writer.fence(), writer.state()) else { return };
        if seq < self.snapshot_seq + SNAPSHOT_EVERY {
            return;
        }
        self.snapshot_seq = seq;
        let body = serde_json::to_vec(&state.district).expect("a district is plain data");
        let snapshot = Snapshot { seq, at_ms: state.district.at.0, body: body.into() };
        // A snapshot that fails is only a longer replay.
        self.disk.put_snapshot(fence, snapshot).now_or_never();
    }

    async fn loading(&mut self, mut later: Later<Loaded>, witness: &mut Witness) -> Moved {
        let Poll::Ready((mut writer, loaded)) = poll(&mut later) else {
            self.stage = Stage::Loading(later);
            return Moved::No;
        };
        writer.observe(&self.positions.everything());
        self.stage = Stage::Idle(writer);
        match loaded {
            Ok(loaded) => {
                witness.compare(&loaded.recovered.district);
                self.snapshot_seq = loaded.head.last_seq;
                match &mut self.front {
                    Some(front) => front.reloaded(loaded).await,
                    None => self.front = Some(Front::open(loaded, self.positions.clone())),
                }
            }
            Err(JournalError::Corrupt { seq, what, .. }) => panic!("I9: the log cannot be read at {seq}: {what}"),
            Err(_) => self.acts_at_ms = self.clock.steady_ms() + LOAD_AGAIN_MS,
        }
        Moved::Yes
    }

    fn beating(&mut self, mut later: Later<()>) -> Moved {
        let Poll::Ready((writer, _)) = poll(&mut later) else {
            self.stage = Stage::Beating(later);
            return Moved::No;
        };
        self.stage = Stage::Idle(writer);
        Moved::Yes
    }
}

fn told(verdict: Option<Verdict>) -> Told {
    match verdict {
        Some(Verdict::Committed { answer, seq }) => Ok(Committed { answer, seq: Some(seq) }),
        Some(Verdict::Unchanged { answer }) => Ok(Committed { answer, seq: None }),
        Some(Verdict::Rejected(no)) => Err(SubmitError::Rejected(no)),
        None => Err(SubmitError::LowOnSpace),
    }
}

fn poll<T>(later: &mut Later<T>) -> Poll<(Hub, Result<T, JournalError>)> {
    later.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}
