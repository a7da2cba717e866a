//! One connection, one task: what waits is fed and flushed once, what comes is read, and a silent peer is let go.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use matcher::{DistrictId, MINUTE_MS};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use uuid::Uuid;
use wire::client::{PositionFrame, Resync, StreamPoint};
use wire::close::CloseCode;
use wire::server::{CommandResult, Pong, Role, ServerFrame};
use wire::{COMMANDS_IN_FLIGHT_MAX, Framed, HEARTBEAT_GRACE_MS, Time};

use super::super::Edge;
use super::super::datum;
use super::super::error::{Language, Refusal};
use super::super::limits::Bucket;
use super::super::submit::Order;
use super::following::{Following, Next};
use super::hello::{Closing, Introduced, bad_frame, framed, heartbeat_ms, introduce};
use super::inbound::{self, Inbound, Unreadable};
use super::registry::DeviceKey;
use super::socket::Line;
use super::walls::OpenWall;
use crate::engine::{Lane, Online, Outbox, background};
use crate::records::Identity;

/// A client that takes nothing for so long is too slow.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a peer may take to answer a close.
const GOODBYE_MAX: Duration = Duration::from_secs(2);
/// A fix older than this says nothing about where somebody is.
const FIX_AGE_MS_MAX: u64 = 15 * MINUTE_MS;
/// The end of a sign-in is noticed within this.
const OVER_WITHIN_MS: u64 = 1_000;
/// When a command that came while sixteen were unanswered may be sent again.
const IN_FLIGHT_RETRY_MS: u32 = 500;

/// Serves one socket from its upgrade to its end.
pub async fn run(edge: Edge, mut socket: Line, language: Language) {
    // Boxed: what only the greeting needs is not kept for the life of the connection.
    let greeting = Box::pin(introduce(&edge, &mut socket));
    match greeting.await {
        // Nobody waits at a wall for an answer of his own.
        Ok(introduced) if introduced.who.role == Role::Wall => {
            drop(background::spawn(live(edge, socket, introduced, language)));
        }
        Ok(introduced) => Box::pin(live(edge, socket, introduced, language)).await,
        Err(closing) => end(&mut socket, closing).await,
    }
}

async fn live(edge: Edge, mut socket: Line, introduced: Introduced, language: Language) {
    let closing = Box::pin(serve(edge, &mut socket, introduced, language)).await;
    end(&mut socket, closing).await;
}

async fn end(socket: &mut Line, closing: Closing) {
    metrics::counter!("baiying_sockets_closed_total", "reason" => closing.code.reason()).increment(1);
    let frame = CloseFrame { code: closing.code.code().into(), reason: closing.reason.into() };
    // A peer that is gone cannot be told.
    if timeout(WRITE_TIMEOUT, socket.close(frame)).await.is_ok_and(|closed| closed.is_ok()) {
        let _ = timeout(GOODBYE_MAX, last_words(socket)).await;
    }
}

/// Reads what he still says until he has closed too: a connection that ends with words of his unread is reset, and he
/// would never read why it was closed (RFC 6455, 7.1.1).
async fn last_words(socket: &mut Line) {
    while let Some(Ok(_)) = socket.recv().await {}
}

async fn serve(edge: Edge, socket: &mut Line, introduced: Introduced, language: Language) -> Closing {
    let Introduced { who, device, socket: id, outbox, following, welcome } = introduced;
    let key = DeviceKey { subject: who.subject, device };
    edge.sockets().enter(key.clone(), id, who.session, outbox.clone());
    let seen = (online(&edge, &who), OpenWall::of(&who));
    let session = Arc::new(Shared { edge: edge.clone(), who, outbox, language, in_flight: AtomicU32::new(0) });
    let mut live = Live { shared: session, following, bucket: Bucket::full(std::time::Instant::now()) };
    let closing = match send(socket, [welcome]).await {
        Ok(()) => live.turn(socket).await,
        Err(closing) => closing,
    };
    drop(seen);
    edge.sockets().leave(&key, id);
    live.shared.outbox.close(closing.code);
    // What a walk has begun is finished before the goodbye.
    let mut rest = Vec::new();
    live.shared.outbox.drain(&mut rest);
    socket.wait(rest);
    closing
}

/// A volunteer is online in each of his districts until the guards are dropped.
fn online(edge: &Edge, who: &Identity) -> Vec<Online> {
    let Some(volunteer) = who.volunteer() else { return Vec::new() };
    edge.engine(volunteer.district()).map(|engine| engine.online(volunteer)).into_iter().collect()
}

/// What commands in flight share with their socket.
struct Shared {
    edge: Edge,
    who: Identity,
    outbox: Arc<Outbox>,
    language: Language,
    in_flight: AtomicU32,
}

struct Live {
    shared: Arc<Shared>,
    following: Vec<Following>,
    bucket: Bucket,
}

impl Live {
    async fn turn(&mut self, socket: &mut Line) -> Closing {
        let silence_max = Duration::from_millis(u64::from(heartbeat_ms(self.shared.who.role) + HEARTBEAT_GRACE_MS));
        let mut heard = Instant::now();
        if let Some(outlet) = socket.stream().outlet() {
            self.shared.outbox.open(outlet);
        }
        // One timer for both: a peer that is silent, and a sign-in that is over.
        let patience = tokio::time::sleep_until(self.look_again(heard + silence_max));
        tokio::pin!(patience);
        loop {
            let done = tokio::select! {
                () = self.shared.outbox.ready() => self.write(socket, None).await,
                message = socket.recv() => {
                    heard = Instant::now();
                    self.hear(message, socket).await
                }
                () = &mut patience => {
                    if heard + silence_max <= Instant::now() {
                        return CloseCode::HeartbeatLost.into();
                    }
                    patience.as_mut().reset(self.look_again(heard + silence_max));
                    self.still_signed_in()
                }
                () = std::future::ready(()), if self.is_behind() => {
                    // Boxed, as a resync is: what a socket does seldom is not kept for as long as it is open.
                    Box::pin(self.catch_up(socket)).await
                }
            };
            if let Err(closing) = done {
                return closing;
            }
        }
    }

    /// When to look again whether the peer is there and the sign-in good: the first of the two ends.
    fn look_again(&self, silent_at: Instant) -> Instant {
        let left_ms = self.shared.who.expires_at.since_ms(matcher::Timestamp(jiff::Timestamp::now().as_millisecond()));
        silent_at.min(Instant::now() + Duration::from_millis(left_ms.max(OVER_WITHIN_MS)))
    }

    /// A stream does not outlive the sign-in that it was built for.
    fn still_signed_in(&self) -> Result<(), Closing> {
        if self.shared.who.over() { Err(CloseCode::TicketExpired.into()) } else { Ok(()) }
    }

    /// Feeds all that waits and `more` behind it, then flushes once.
    async fn write(&self, socket: &mut Line, more: Option<Framed>) -> Result<(), Closing> {
        let mut frames = Vec::new();
        let closed = self.shared.outbox.drain(&mut frames);
        frames.extend(more);
        send(socket, frames).await?;
        self.shared.outbox.flushed();
        closed.map_or(Ok(()), |code| Err(code.into()))
    }

    fn is_behind(&self) -> bool {
        self.following.iter().any(|followed| !followed.is_live())
    }

    /// The next part of a snapshot, or the next stretch of a replay.
    async fn catch_up(&mut self, socket: &mut Line) -> Result<(), Closing> {
        self.write(socket, None).await?;
        for index in 0..self.following.len() {
            match self.following[index].next(&self.shared.outbox) {
                Next::Nothing => {}
                Next::Part(part) => self.write(socket, Some(part)).await?,
                Next::Again(point) => {
                    let begun = self.following[index].begin(&self.shared.edge, Some(point), &self.shared.outbox).await;
                    begun.ok_or(Closing::from(CloseCode::Drain))?;
                }
            }
        }
        Ok(())
    }

    async fn hear(&mut self, message: Option<Result<Message, Error>>, socket: &mut Line) -> Result<(), Closing> {
        let text = match message {
            Some(Ok(Message::Text(text))) => text,
            // The answer goes with what is written next.
            Some(Ok(Message::Ping(_))) => return self.write(socket, None).await,
            Some(Ok(Message::Pong(_))) => return Ok(()),
            // Raw frames are never read.
            Some(Ok(Message::Binary(_) | Message::Frame(_))) => return Err(CloseCode::BadFrame.into()),
            Some(Err(error)) => return Err(unreadable(error)),
            Some(Ok(Message::Close(_))) | None => return Err(CloseCode::HeartbeatLost.into()),
        };
        match inbound::read(text.as_bytes()) {
            Ok(Inbound::Command(order)) => {
                if let Some(answered) = self.command(order) {
                    answered.await;
                }
            }
            Ok(Inbound::Position(fix)) => self.position(&fix),
            Ok(Inbound::Ping(ping)) => self.pong(ping.at),
            Ok(Inbound::Resync(resync)) => return Box::pin(self.resync(resync)).await,
            Ok(Inbound::Hello(_)) => return Err(again()),
            Err(Unreadable { id: Some(id), refusal }) => self.shared.answer(id, Err(*refusal)),
            Err(Unreadable { id: None, refusal }) => return Err(bad_frame(&refusal)),
        }
        Ok(())
    }

    /// Has a command carried out on a task of its own; what is returned is to be waited for before this socket is read
    /// further.
    fn command(&mut self, order: Order) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        let (shared, id) = (self.shared.clone(), Uuid::from_u128(order.id.0));
        let waiting = shared.in_flight.load(Ordering::Relaxed) >= COMMANDS_IN_FLIGHT_MAX as u32;
        if !order.is_alarm() {
            let refused = if waiting { Err(too_many()) } else { self.bucket.take(std::time::Instant::now()) };
            if let Err(refusal) = refused {
                shared.answer(id, Err(refusal));
                return None;
            }
        }
        shared.in_flight.fetch_add(1, Ordering::Relaxed);
        let task = async move {
            let taken = shared.edge.submit(&shared.who, order).await;
            shared.in_flight.fetch_sub(1, Ordering::Relaxed);
            shared.answer(id, taken);
        };
        if waiting {
            // An alarm is not refused; this socket is read no further until it is answered.
            return Some(Box::pin(task));
        }
        tokio::spawn(task);
        None
    }

    /// A fix; what cannot be one is dropped and counted, for a phone with a broken receiver must still get its offers.
    fn position(&self, fix: &PositionFrame) {
        let shared = &self.shared;
        let engine = shared
            .who
            .volunteer()
            .and_then(|volunteer| shared.edge.engine(volunteer.district()).map(|engine| (volunteer, engine)));
        let position = datum::position(fix.lat, fix.lng, fix.crs);
        let accurate = fix.accuracy_m.is_finite() && fix.accuracy_m >= 0.0;
        match (engine, position) {
            (Some((volunteer, engine)), Some(position)) if accurate && fix.age_ms <= FIX_AGE_MS_MAX => {
                engine.observe(volunteer, position, fix.accuracy_m, fix.age_ms);
            }
            _ => metrics::counter!("baiying_positions_dropped_total").increment(1),
        }
    }

    fn pong(&self, at: Time) {
        let shared = &self.shared;
        let point = |followed: &Following| {
            let engine = shared.edge.engine(followed.district)?;
            Some((followed.district.to_string(), engine.pong(followed.view, &shared.outbox)?))
        };
        let districts = self.following.iter().filter_map(point).collect();
        let server_time = Time(jiff::Timestamp::now().as_millisecond());
        shared.say(&ServerFrame::Pong(Pong { at, server_time, districts }));
    }

    async fn resync(&mut self, resync: Resync) -> Result<(), Closing> {
        let district = inbound::district(&resync.district).map_err(|refusal| bad_frame(&refusal))?;
        let Self { shared, following, .. } = self;
        let followed = following.iter_mut().find(|followed| followed.district == district);
        let followed = followed.ok_or_else(|| not_followed(district))?;
        let point = StreamPoint { history: resync.history, seq: resync.seq };
        let begun = followed.begin(&shared.edge, Some(point), &shared.outbox).await;
        begun.map(drop).ok_or(Closing::from(CloseCode::Drain))
    }
}

impl Shared {
    fn answer(&self, id: Uuid, taken: Result<super::super::submit::Taken, Refusal>) {
        let result = match taken {
            Ok((outcome, seq)) => CommandResult { id, ok: Some(outcome), error: None, seq },
            Err(refusal) => {
                CommandResult { id, ok: None, error: Some(refusal.command_error(self.language)), seq: None }
            }
        };
        self.say(&ServerFrame::Result(result));
    }

    fn say(&self, frame: &ServerFrame<wire::rows::ResidentRows>) {
        self.outbox.push(Lane::Unicast, framed(frame));
    }
}

/// Text that is not UTF-8, or too much of it even to be looked at, is a bad frame; anything else says that he is gone.
fn unreadable(error: Error) -> Closing {
    match error {
        Error::Utf8(_) => bad("/: not UTF-8"),
        Error::Capacity(_) => bad("/: more than a frame may hold"),
        _ => CloseCode::HeartbeatLost.into(),
    }
}

fn bad(reason: &str) -> Closing {
    Closing { code: CloseCode::BadFrame, reason: reason.to_owned() }
}

fn too_many() -> Refusal {
    let en = format!("{COMMANDS_IN_FLIGHT_MAX} commands are not answered yet; wait for one");
    let status = axum::http::StatusCode::TOO_MANY_REQUESTS;
    Refusal::new(status, "too_many_in_flight", "还有太多命令没有回复,请稍候", en).after_ms(IN_FLIGHT_RETRY_MS)
}

fn again() -> Closing {
    bad("hello was said before")
}

fn not_followed(district: DistrictId) -> Closing {
    bad(&format!("/district: {district} is not followed here"))
}

/// Writes frames and flushes once, within [`WRITE_TIMEOUT`].
async fn send(socket: &mut Line, frames: impl IntoIterator<Item = Framed>) -> Result<(), Closing> {
    let mut sending = std::pin::pin!(socket.send(frames));
    // Nearly always all of it goes out at once, and no timer is needed.
    let at_once = poll_fn(|cx| Poll::Ready(sending.as_mut().poll(cx))).await;
    let sent = match at_once {
        Poll::Ready(sent) => Ok(sent),
        Poll::Pending => timeout(WRITE_TIMEOUT, sending).await,
    };
    match sent {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(CloseCode::HeartbeatLost.into()),
        Err(_) => Err(CloseCode::Slow.into()),
    }
}
