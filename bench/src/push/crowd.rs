//! Ten thousand clients that count.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use futures_util::{StreamExt, TryStreamExt};
use hdrhistogram::Histogram;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant as Moment, Interval, interval_at};

use super::server::{Mouth, Server};
use super::socket::Socket;

/// Clients that connect at once.
pub const CONNECTING_AT_ONCE: usize = 64;
/// Of the clients, one in so many has its delivery times kept.
const TIMED_EVERY: usize = 16;
/// A server that takes longer for one broadcast has lost it.
const ONE_WITHIN: Duration = Duration::from_secs(60);
/// How often a client says that it lives: a hub lets go a wall that is silent for 18 s.
const BEAT_EVERY: Duration = Duration::from_secs(7);
/// The longest delivery that is told apart, microseconds.
const LONGEST_US: u64 = 60_000_000;

/// One run of broadcasts, so many in flight.
pub struct Round {
    pub in_flight: usize,
    pub messages: usize,
    /// The number of the first: no two broadcasts of a server have the same.
    pub first: usize,
}

/// What a round brought.
#[derive(Debug)]
pub struct Counted {
    /// Frames that arrived, a second.
    pub per_s: f64,
    /// Bytes of one, on average.
    pub bytes: u64,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

/// What all clients of a round share.
struct Tally {
    clients: u32,
    began: Instant,
    sent_us: Vec<AtomicU64>,
    heard: Vec<AtomicU32>,
    bytes: AtomicU64,
    times: Mutex<Histogram<u64>>,
    free: Semaphore,
}

impl Tally {
    fn new(clients: usize, round: &Round) -> anyhow::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            clients: u32::try_from(clients)?,
            began: Instant::now(),
            sent_us: (0..round.messages).map(|_| AtomicU64::new(0)).collect(),
            heard: (0..round.messages).map(|_| AtomicU32::new(0)).collect(),
            bytes: AtomicU64::new(0),
            times: Mutex::new(Histogram::new_with_max(LONGEST_US, 3)?),
            free: Semaphore::new(round.in_flight),
        }))
    }

    fn now_us(&self) -> u64 {
        self.began.elapsed().as_micros() as u64
    }

    /// A client has heard broadcast `number`; the last to hear it makes room for the next.
    fn hear(&self, number: usize, bytes: u64, is_timed: bool) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        if is_timed {
            let took_us = self.now_us().saturating_sub(self.sent_us[number].load(Ordering::Relaxed));
            self.times.lock().unwrap_or_else(PoisonError::into_inner).saturating_record(took_us.max(1));
        }
        if self.heard[number].fetch_add(1, Ordering::AcqRel) + 1 == self.clients {
            self.free.add_permits(1);
        }
    }

    fn counted(&self) -> Counted {
        let frames = self.heard.len() as u64 * u64::from(self.clients);
        let times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let ms = |quantile| times.value_at_quantile(quantile) as f64 / 1_000.0;
        Counted {
            per_s: frames as f64 / self.began.elapsed().as_secs_f64(),
            bytes: self.bytes.load(Ordering::Relaxed) / frames.max(1),
            p50_ms: ms(0.5),
            p99_ms: ms(0.99),
        }
    }
}

/// Clients with their sockets open.
pub struct Crowd(Vec<Socket>);

impl Crowd {
    /// # Errors
    /// A client is turned away.
    pub async fn connect(server: &Server, clients: usize) -> anyhow::Result<Self> {
        let opening = futures_util::stream::iter(0..clients).map(|number| server.client(number));
        Ok(Self(opening.buffer_unordered(CONNECTING_AT_ONCE).try_collect().await?))
    }

    /// Sits still for `quiet`: heartbeats are answered, so that the server keeps the sockets.
    ///
    /// # Errors
    /// A socket was closed.
    pub async fn rest(self, server: &Server, quiet: Duration) -> anyhow::Result<Self> {
        let (mut resting, clients) = (JoinSet::new(), self.0.len());
        for (index, mut socket) in self.0.into_iter().enumerate() {
            let server = server.clone();
            resting.spawn(async move {
                let mut beat = beat(index, clients);
                let ended = tokio::time::timeout(quiet, next_broadcast(&mut socket, &server, &mut beat)).await;
                ensure!(ended.is_err(), "an idle socket was closed, or heard a broadcast: {ended:?}");
                anyhow::Ok(socket)
            });
        }
        let rested: Vec<_> = resting.join_all().await;
        Ok(Self(rested.into_iter().collect::<anyhow::Result<_>>()?))
    }

    /// Reads whatever comes, as long as what is returned is held.
    pub fn listen(self, server: &Server) -> Listening {
        let (mut listening, heard) = (JoinSet::new(), Arc::new(AtomicU64::new(0)));
        let clients = self.0.len();
        for (index, mut socket) in self.0.into_iter().enumerate() {
            let (server, heard) = (server.clone(), heard.clone());
            listening.spawn(async move {
                let mut beat = beat(index, clients);
                loop {
                    next_broadcast(&mut socket, &server, &mut beat).await?;
                    heard.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        Listening { listening, heard }
    }

    /// Broadcasts one round and counts every frame at every client.
    ///
    /// # Errors
    /// A frame is lost, or a socket closes.
    pub async fn round(self, server: &Server, round: &Round, words: &str) -> anyhow::Result<(Self, Counted)> {
        let mouth = Arc::new(server.mouth(words).await?);
        let tally = Tally::new(self.0.len(), round)?;
        let mut hearing = JoinSet::new();
        for (index, mut socket) in self.0.into_iter().enumerate() {
            let (tally, server) = (tally.clone(), server.clone());
            hearing.spawn(async move { hear_all(&mut socket, &server, &tally, index).await.map(|()| socket) });
        }
        broadcast(&mouth, &tally, round).await?;
        let all = tokio::time::timeout(ONE_WITHIN, hearing.join_all()).await?;
        let counted = tally.counted();
        Ok((Self(all.into_iter().collect::<anyhow::Result<_>>()?), counted))
    }
}

/// Clients that read whatever comes.
pub struct Listening {
    listening: JoinSet<anyhow::Result<()>>,
    heard: Arc<AtomicU64>,
}

impl Listening {
    /// Frames that all of them have heard together.
    ///
    /// # Errors
    /// One of them was closed.
    pub fn heard(&mut self) -> anyhow::Result<u64> {
        match self.listening.try_join_next() {
            Some(ended) => ended?.map(|()| 0),
            None => Ok(self.heard.load(Ordering::Relaxed)),
        }
    }
}

async fn hear_all(socket: &mut Socket, server: &Server, tally: &Tally, index: usize) -> anyhow::Result<()> {
    let mut beat = beat(index, tally.clients as usize);
    for number in 0..tally.heard.len() {
        let bytes = next_broadcast(socket, server, &mut beat).await?;
        tally.hear(number, bytes, index.is_multiple_of(TIMED_EVERY));
    }
    Ok(())
}

/// Heartbeats of one client: those of all are spread evenly, as they are where people came one by one.
pub fn beat(index: usize, clients: usize) -> Interval {
    let share = index as f64 / clients as f64;
    interval_at(Moment::now() + BEAT_EVERY.mul_f64(share), BEAT_EVERY)
}

/// Waits for the next broadcast, keeping the socket alive meanwhile; its length.
async fn next_broadcast(socket: &mut Socket, server: &Server, beat: &mut Interval) -> anyhow::Result<u64> {
    loop {
        // What has been read already needs no look at the clock.
        let frame = match socket.read_already() {
            Some(frame) => frame,
            None => tokio::select! {
                heard = socket.next() => match heard? {
                    Some(frame) => frame,
                    None => bail!("the server has closed a socket, with status {:?}", socket.closed_by()),
                },
                _ = beat.tick() => {
                    server.beat(socket).await?;
                    continue;
                }
            },
        };
        if server.is_broadcast(&frame) {
            return Ok(frame.bytes);
        }
        server.reply(socket, &frame).await?;
    }
}

async fn broadcast(mouth: &Arc<Mouth>, tally: &Arc<Tally>, round: &Round) -> anyhow::Result<()> {
    let mut sending = JoinSet::new();
    for number in 0..round.messages {
        let place = loop {
            tokio::select! {
                place = tokio::time::timeout(ONE_WITHIN, tally.free.acquire()) => break place??,
                // What was not sent is not waited for.
                Some(sent) = sending.join_next() => sent??,
            }
        };
        place.forget();
        tally.sent_us[number].store(tally.now_us(), Ordering::Relaxed);
        let (mouth, number) = (mouth.clone(), round.first + number);
        sending.spawn(async move { mouth.broadcast(number).await });
    }
    for sent in sending.join_all().await {
        sent?;
    }
    Ok(())
}
