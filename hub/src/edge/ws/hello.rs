//! The first frame: who it is, by his one-use ticket, and which districts he follows from where.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use matcher::DistrictId;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;
use wire::client::{Hello, StreamPoint};
use wire::close::CloseCode;
use wire::rows::ResidentRows;
use wire::server::{Limits, Role, ServerFrame, StreamMode, StreamStart, Welcome};
use wire::{Framed, Id, Time};

use super::super::Edge;
use super::super::auth::stream_view;
use super::super::error::Refusal;
use super::following::Following;
use super::inbound::{self, Inbound};
use super::patience::{Patience, Verdict};
use super::socket::Line;
use crate::engine::Outbox;
use crate::records::Identity;

/// Characters of a device's and of an app's name.
const NAME_LENGTH_MAX: usize = 64;
/// Districts that one socket follows.
pub const DISTRICTS_MAX: usize = 16;
/// How long the hub may take to answer a hello; then the client comes back in a while.
const GREETING_MAX: Duration = Duration::from_secs(20);

/// Why a socket is not opened, or is closed, with the reason sent along.
pub struct Closing {
    pub code: CloseCode,
    pub reason: String,
}

impl From<CloseCode> for Closing {
    fn from(code: CloseCode) -> Self {
        Self { code, reason: code.reason().to_owned() }
    }
}

/// Somebody who has said hello.
pub struct Introduced {
    pub who: Identity,
    pub device: Box<str>,
    pub socket: Uuid,
    pub outbox: Arc<Outbox>,
    pub following: Vec<Following>,
    pub welcome: Framed,
}

/// Waits for the hello and answers it, up to the welcome that is still to be sent.
pub async fn introduce(edge: &Edge, socket: &mut Line) -> Result<Introduced, Closing> {
    let hello = first_frame(socket).await?;
    // From here on the client waits for the hub: what takes too long is the hub's own doing.
    let introduced = timeout(GREETING_MAX, greet(edge, hello)).await;
    introduced.unwrap_or_else(|_| Err(busy()))
}

async fn greet(edge: &Edge, hello: Hello) -> Result<Introduced, Closing> {
    let who = edge.office().redeem_ticket(&hello.ticket).await;
    let who = who.map_err(|_| Closing::from(CloseCode::TicketExpired))?;
    let (socket, outbox) = (Uuid::now_v7(), Outbox::new());
    let points = points(&hello, &who)?;
    let mut following = Vec::with_capacity(points.len());
    let mut starts = BTreeMap::new();
    for (district, point) in points {
        let view = stream_view(&who, district, |id| edge.office().caller_key_of(id))
            .ok_or(Closing::from(CloseCode::Forbidden))?;
        let mut followed = Following::new(district, view);
        let start = followed.begin(edge, point, &outbox).await.ok_or(Closing::from(CloseCode::Drain))?;
        starts.insert(district.to_string(), start);
        following.push(followed);
    }
    let welcome = welcome(edge, &who, socket, starts);
    let device = hello.device.into_boxed_str();
    Ok(Introduced { who, device, socket, outbox, following, welcome })
}

/// The first frame. What a client is given runs while the hub listens, not while it is too busy to: a phone must not be
/// told to stay away because ten thousand others came back with it.
async fn first_frame(socket: &mut Line) -> Result<Hello, Closing> {
    let mut patience = Patience::default();
    loop {
        let began = Instant::now();
        if let Ok(heard) = timeout(Patience::SLICE, next_hello(socket)).await {
            return heard;
        }
        match patience.spend(began.elapsed()) {
            Verdict::Listen => {}
            Verdict::Silent => return Err(CloseCode::NoHello.into()),
            Verdict::Busy => return Err(busy()),
        }
    }
}

/// The hub's own fault: the client comes back in a while, by itself.
fn busy() -> Closing {
    Closing { code: CloseCode::Drain, reason: "busy".to_owned() }
}

async fn next_hello(socket: &mut Line) -> Result<Hello, Closing> {
    loop {
        let message = match socket.recv().await {
            Some(Ok(message)) => message,
            Some(Err(_)) | None => return Err(CloseCode::NoHello.into()),
        };
        let text = match message {
            Message::Text(text) => text,
            Message::Ping(_) => {
                socket.send([]).await.map_err(|_| Closing::from(CloseCode::NoHello))?;
                continue;
            }
            Message::Pong(_) => continue,
            Message::Binary(_) | Message::Frame(_) => return Err(CloseCode::BadFrame.into()),
            Message::Close(_) => return Err(CloseCode::NoHello.into()),
        };
        return match inbound::read(text.as_bytes()) {
            Ok(Inbound::Hello(hello)) => checked(hello),
            Ok(_) => Err(CloseCode::NoHello.into()),
            Err(unreadable) => Err(bad_frame(&unreadable.refusal)),
        };
    }
}

fn checked(hello: Hello) -> Result<Hello, Closing> {
    let fits = |text: &str| (1..=NAME_LENGTH_MAX).contains(&text.chars().count());
    let reason = if !fits(&hello.device) {
        "/device: 1 to 64 characters"
    } else if !fits(&hello.app) {
        "/app: 1 to 64 characters"
    } else if hello.resume.len() > DISTRICTS_MAX {
        "/resume: at most 16 districts"
    } else {
        return Ok(hello);
    };
    Err(Closing { code: CloseCode::BadFrame, reason: reason.to_owned() })
}

/// The districts asked for, each with where the client stands; those of the ticket when none is named.
fn points(hello: &Hello, who: &Identity) -> Result<Vec<(DistrictId, Option<StreamPoint>)>, Closing> {
    if hello.resume.is_empty() {
        return Ok(who.districts.iter().take(DISTRICTS_MAX).map(|district| (*district, None)).collect());
    }
    let named = hello.resume.iter().map(|(text, point)| Ok((inbound::district(text)?, *point)));
    named.collect::<Result<_, Refusal>>().map_err(|refusal| bad_frame(&refusal))
}

/// Bytes of a close reason (RFC 6455: a control frame holds 125, two are the code).
const REASON_BYTES_MAX: usize = 120;

/// A bad frame, named in the reason.
pub fn bad_frame(refusal: &Refusal) -> Closing {
    let mut reason = format!("{}: {}", refusal.code, refusal.words.en);
    while reason.len() > REASON_BYTES_MAX {
        reason.pop();
    }
    Closing { code: CloseCode::BadFrame, reason }
}

/// How often a client says `ping`: a wall so that a stale one shows soon, others when idle.
pub fn heartbeat_ms(role: Role) -> u32 {
    if role == Role::Wall { wire::HEARTBEAT_ACTIVE_MS } else { wire::HEARTBEAT_IDLE_MS }
}

fn welcome(edge: &Edge, who: &Identity, session: Uuid, districts: BTreeMap<String, StreamStart>) -> Framed {
    let welcome = Welcome {
        session,
        role: who.role,
        volunteer: who.volunteer().map(|volunteer| Id(volunteer.0)),
        heartbeat_ms: heartbeat_ms(who.role),
        server_time: Time(jiff::Timestamp::now().as_millisecond()),
        demo: edge.about().demo,
        limits: Limits {
            frame_bytes_max: wire::FRAME_BYTES_MAX as u32,
            commands_in_flight_max: wire::COMMANDS_IN_FLIGHT_MAX as u32,
            commands_per_minute_max: wire::COMMANDS_PER_MINUTE_MAX,
        },
        districts,
    };
    framed(&ServerFrame::Welcome(welcome))
}

/// A frame without rows.
pub fn framed(frame: &ServerFrame<ResidentRows>) -> Framed {
    Framed::written(|text| serde_json::to_writer(text, frame).expect("a frame is JSON"))
}

/// How a stream starts, on the wire.
pub fn started(history: Uuid, seq: u64, mode: StreamMode) -> StreamStart {
    StreamStart { history, seq, mode }
}
