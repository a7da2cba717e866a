//! The life of one phone: connect, follow, answer, walk, come back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use matcher::SECOND_MS;
use rand::RngExt;
use tokio::sync::watch;
use wire::close::CloseCode;
use wire::command::CommandArgs;
use wire::server::ServerFrame;

use super::endpoint::Endpoint;
use super::line::{Inbound, Line};
use super::notice::{Notice, Witness};
use super::owner::{Owner, Rhythm};
use super::proof::Proof;
use super::words::{args_of, command_frame};
use crate::model::Person;

/// Full jitter between 0 and min(this, `RETRY_FIRST_MS` x 2^n) before a new connection.
const RETRY_MS_MAX: u64 = 30 * SECOND_MS;
const RETRY_FIRST_MS: u64 = 500;
/// How long a phone that is told to stop waits for the hub's last word.
const GOODBYE: Duration = Duration::from_secs(10);

/// What its owner does by habit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Habits {
    /// Goes on duty as a patrol rather than at home.
    pub patrol: bool,
}

/// How a phone's life ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Farewell {
    pub connections: u32,
    /// The last pong said that all that was sent has come; `None` when there was no last pong.
    pub complete: Option<bool>,
    /// Where its stream stood.
    pub seq: u64,
}

pub struct Phone {
    index: u64,
    hub: Endpoint,
    token: String,
    device: String,
    pub(super) habits: Habits,
    witness: Witness,
    pub(super) owner: Owner,
}

impl Phone {
    /// `index` names it to the witness and to the hub (its device); `token` is its owner's session.
    pub fn new(index: u64, hub: Endpoint, token: String, person: Person) -> Self {
        let owner = Owner::new(person);
        let device = format!("crowd-{index}");
        Self { index, hub, token, device, habits: Habits::default(), witness: Arc::new(|_, _| ()), owner }
    }

    pub fn habits(self, habits: Habits) -> Self {
        Self { habits, ..self }
    }

    pub fn witness(self, witness: Witness) -> Self {
        Self { witness, ..self }
    }

    /// Lives until `stop` says true (or its sender is gone), reconnecting with full jitter.
    ///
    /// # Errors
    /// The hub closed with a code that forbids coming back, or spoke what is not the protocol.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) -> anyhow::Result<Farewell> {
        let (mut farewell, mut failures) = (Farewell::default(), 0);
        while !*stop.borrow() {
            let resume = self.owner.resume();
            match Line::open(&self.hub, &self.token, &self.device, resume).await {
                Ok(line) => {
                    farewell.connections += 1;
                    let (code, followed) = self.follow(line, &mut stop, &mut farewell).await?;
                    failures = if followed { 0 } else { failures + 1 };
                    let back = code.is_none_or(CloseCode::reconnect);
                    ensure!(back, "phone {}: the hub closed with {}", self.index, code.unwrap_or_default());
                }
                Err(_) => failures += 1,
            }
            self.owner.outbox.socket_lost(Instant::now());
            if !*stop.borrow() {
                pause(failures, &mut stop).await;
            }
        }
        farewell.seq = self.owner.streams.values().filter_map(Proof::point).map(|at| at.seq).max().unwrap_or(0);
        Ok(farewell)
    }

    /// One socket until it closes: its close code, and whether a stream was ever open on it.
    async fn follow(
        &mut self,
        mut line: Line,
        stop: &mut watch::Receiver<bool>,
        farewell: &mut Farewell,
    ) -> anyhow::Result<(Option<u16>, bool)> {
        let mut rhythm = Rhythm::quiet();
        let mut open = false;
        loop {
            if open && self.speak(&mut line, &mut rhythm).await.is_err() {
                return Ok((self.offline(None), open));
            }
            let wake = self.owner.next_at(&rhythm, open);
            tokio::select! {
                inbound = line.next() => match inbound? {
                    Inbound::Closed(code) => return Ok((self.offline(code), open)),
                    Inbound::Frame(frame) => {
                        if let ServerFrame::Welcome(welcome) = &*frame {
                            (rhythm, open) = (Rhythm::of(welcome.heartbeat_ms), true);
                        }
                        if self.hear(&mut line, *frame).await.is_err() {
                            return Ok((self.offline(None), open));
                        }
                    }
                },
                () = tokio::time::sleep_until(wake.into()) => {}
                _ = stop.changed() => {
                    farewell.complete = self.last_word(line).await;
                    return Ok((self.offline(None), open));
                }
            }
        }
    }

    fn offline(&self, code: Option<u16>) -> Option<u16> {
        self.tell(Notice::Offline { code });
        code
    }

    pub(super) fn tell(&self, notice: Notice) {
        (self.witness)(self.index, notice);
    }

    /// Sends what is due: answers, a fix, a ping; one flush for all.
    async fn speak(&mut self, line: &mut Line, rhythm: &mut Rhythm) -> anyhow::Result<()> {
        let now = Instant::now();
        self.act(now);
        self.owner.outbox.time_out(now);
        let district = self.owner.district();
        while let Some(waiting) = self.owner.outbox.next_due(now) {
            let frame = command_frame(waiting.id, district.clone(), &waiting.args)?;
            line.send(&frame).await?;
        }
        if now >= rhythm.fix_at {
            let moving = self.owner.person.moving(self.owner.clock.now());
            rhythm.fixed(now, moving);
            line.send(&self.owner.fix()).await?;
        }
        if now >= rhythm.ping_at {
            rhythm.pinged(now);
            line.send(&self.owner.ping()).await?;
        }
        line.flush().await
    }

    /// What the person does now goes into the outbox.
    fn act(&mut self, now: Instant) {
        let moment = self.owner.clock.now();
        while let Some(act) = self.owner.person.wake(moment) {
            self.say(args_of(act), now);
        }
    }

    pub(super) fn say(&mut self, args: CommandArgs, now: Instant) {
        if let Some(dropped) = self.owner.outbox.add(args, now) {
            self.tell(Notice::Dropped { name: dropped.args.name() });
        }
    }

    /// A last ping: its pong says whether all that was sent has come. `None` when there is no answer in [`GOODBYE`].
    async fn last_word(&mut self, mut line: Line) -> Option<bool> {
        line.send(&self.owner.ping()).await.ok()?;
        line.flush().await.ok()?;
        let complete = tokio::time::timeout(GOODBYE, async {
            loop {
                match line.next().await.ok()? {
                    Inbound::Closed(_) => return None,
                    Inbound::Frame(frame) => {
                        let is_pong = matches!(&*frame, ServerFrame::Pong(_));
                        let behind =
                            if let ServerFrame::Pong(pong) = &*frame { self.owner.behind(pong) } else { false };
                        self.hear(&mut line, *frame).await.ok()?;
                        if is_pong {
                            return Some(!behind);
                        }
                    }
                }
            }
        });
        let complete = complete.await.ok().flatten();
        line.close().await;
        complete
    }
}

async fn pause(failures: u32, stop: &mut watch::Receiver<bool>) {
    let most = RETRY_MS_MAX.min(RETRY_FIRST_MS << failures.min(6));
    let wait = Duration::from_millis(rand::rng().random_range(0..=most));
    tokio::select! {
        () = tokio::time::sleep(wait) => {}
        _ = stop.changed() => {}
    }
}
