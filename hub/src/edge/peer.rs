//! Commands that another hub took and this one decides, or the other way round. What travels is the verified identity and
//! the order as it came; whoever leads asks `allow` again, with the state that he alone is sure of.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use matcher::{AccountId, Actor, Command, CommandId, DistrictId, Timestamp};
use serde::{Deserialize, Serialize};
use wire::problem::Retry;
use wire::server::Outcome;

use super::Edge;
use super::auth::{Resource, Verb, allow};
use super::error::{Refusal, Words};
use super::submit::{Order, Taken};
use crate::engine::wake::{AidOrder, Decided};
use crate::engine::{EngineHandle, Leader, Role};
use crate::records::{Identity, SessionId, Subject};

/// How long an alarm may wait for a leader before it is kept, and everything else before it is refused for now.
const ALARM_WAITS: Duration = Duration::from_secs(1);
const REST_WAITS: Duration = Duration::from_secs(4);

/// The pause before the next try to reach the leader.
const TRY_AGAIN: Duration = Duration::from_millis(50);

/// How long the board of this hub may take to show what the leader has committed; then the answer goes out all the same.
const SHOWN_WITHIN: Duration = Duration::from_secs(1);

/// The way to another hub: its address (`host:port`), the bytes, how long it may take.
pub type Road = Arc<dyn Fn(String, Bytes, Duration) -> Crossing + Send + Sync>;

/// What comes back.
pub type Crossing = Pin<Box<dyn Future<Output = anyhow::Result<Bytes>> + Send>>;

#[derive(Debug, Serialize, Deserialize)]
struct Carried {
    who: Identity,
    matter: Matter,
}

/// What is to be decided.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Matter {
    Order(Order),
    /// What an office defines.
    Definition {
        id: CommandId,
        district: DistrictId,
        command: Command,
    },
    /// What another district tells this one, from its outbox.
    Aid(AidOrder),
    /// Another hub is to lead the district: an operator said so to one that follows.
    Leave(DistrictId),
}

impl Matter {
    fn is_alarm(&self) -> bool {
        matches!(self, Matter::Order(order) if order.is_alarm())
    }
}

/// What the leader says.
#[derive(Debug, Serialize, Deserialize)]
enum Said {
    Taken(Outcome, Option<u64>),
    Refused(Box<Carrying>),
    /// It does not lead, or no longer.
    Elsewhere,
}

/// A [`Refusal`] on its way.
#[derive(Debug, Serialize, Deserialize)]
struct Carrying {
    status: u16,
    code: String,
    zh: String,
    en: String,
    pointer: Option<String>,
    retry: Retry,
    incident: Option<wire::Id>,
}

impl From<Refusal> for Carrying {
    fn from(refusal: Refusal) -> Self {
        let Refusal { status, code, words: Words { zh, en }, pointer, retry, incident } = refusal;
        Carrying { status: status.as_u16(), code: code.to_owned(), zh, en, pointer, retry, incident }
    }
}

impl From<Carrying> for Refusal {
    fn from(carried: Carrying) -> Self {
        let Carrying { status, code, zh, en, pointer, retry, incident } = carried;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
        Refusal { pointer, retry, incident, ..Refusal::new(status, known_code(code), zh, en) }
    }
}

/// The codes that a hub of this version knows are the same text; one of a newer hub is kept for good, once.
fn known_code(code: String) -> &'static str {
    static KNOWN: std::sync::Mutex<std::collections::BTreeSet<&'static str>> =
        std::sync::Mutex::new(std::collections::BTreeSet::new());
    let mut known = KNOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(known) = known.get(code.as_str()) {
        return known;
    }
    if known.len() >= CODES_MAX {
        return "refused";
    }
    let code: &'static str = Box::leak(code.into_boxed_str());
    known.insert(code);
    code
}

/// Codes that another hub can teach this one.
const CODES_MAX: usize = 256;

/// What other hubs ask of this one. Who they are was asked by TLS.
pub fn router(edge: Edge, path: &str) -> Router {
    Router::new().route(path, post(take)).with_state(edge)
}

async fn take(State(edge): State<Edge>, Json(Carried { who, matter }): Json<Carried>) -> Json<Said> {
    Json(match edge.decide_here(&who, matter).await {
        Ok(Some((outcome, seq))) => Said::Taken(outcome, seq),
        Ok(None) => Said::Elsewhere,
        Err(refusal) => Said::Refused(Box::new(refusal.into())),
    })
}

impl Edge {
    /// Has an order decided by whoever leads: here, or over the road. While nobody does, an alarm is kept.
    ///
    /// # Errors
    /// What the leader refuses; that there is none.
    pub(super) async fn decided(
        &self,
        who: &Identity,
        matter: Matter,
        engine: &EngineHandle,
    ) -> Result<Taken, Refusal> {
        let patience = if matter.is_alarm() { ALARM_WAITS } else { REST_WAITS };
        let until = Instant::now() + patience;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let taken = match engine.led_by(left).await {
                Some(Role::Leading) => self.decide_here(who, matter.clone()).await?,
                Some(Role::Following(Some(leader))) => self.there(&leader, who, &matter, left).await?,
                Some(Role::Following(None)) | None => None,
            };
            match taken {
                Some(taken) => {
                    engine.shows(taken.1.unwrap_or(0), SHOWN_WITHIN).await;
                    return Ok(taken);
                }
                None if Instant::now() + TRY_AGAIN < until => tokio::time::sleep(TRY_AGAIN).await,
                None => return self.kept(who, matter, engine).await,
            }
        }
    }

    /// Has another district told; whoever leads it decides.
    ///
    /// # Errors
    /// Why it is to be told again, for the operator.
    pub async fn tell_district(&self, order: AidOrder) -> Result<Decided, String> {
        // A plan may name a district that is not there.
        let Some(engine) = self.engine(order.to) else { return Ok(Decided::Refused) };
        let matter = Matter::Aid(order);
        let taken = match self.road() {
            Some(_) => self.decided(&the_hub(), matter, engine).await,
            None => self.decide_here(&the_hub(), matter).await.and_then(|taken| taken.ok_or_else(no_leader)),
        };
        match taken {
            Ok(_) => Ok(Decided::Taken),
            Err(refusal) if refusal.status.is_client_error() => Ok(Decided::Refused),
            Err(refusal) => Err(format!("{}: {}", refusal.code, refusal.words.en)),
        }
    }

    /// Asks the leader of a district to leave the lead to another hub; whether he said that he does.
    pub async fn ask_to_leave(&self, leader: &Leader, district: DistrictId) -> bool {
        let asked = self.there(leader, &the_hub(), &Matter::Leave(district), REST_WAITS).await;
        asked.is_ok_and(|taken| taken.is_some())
    }

    /// Leaves the lead; `None` if this hub has not got it.
    fn leave(&self, district: DistrictId) -> Result<Option<Taken>, Refusal> {
        let engine = self.led(district)?;
        let leads = engine.role() == Role::Leading;
        if leads {
            engine.move_away();
        }
        Ok(leads.then(|| (Outcome::default(), None)))
    }

    /// As the leader; `None` if this hub is not, or no longer.
    async fn decide_here(&self, who: &Identity, matter: Matter) -> Result<Option<Taken>, Refusal> {
        match matter {
            Matter::Order(order) => self.here(who, order.clone(), self.engine_for(who, &order)?).await,
            Matter::Definition { district, .. } if !allow(who, Verb::Define, Resource::of(district)) => {
                Err(Refusal::forbidden())
            }
            Matter::Definition { id, district, command } => self.define_here(who, id, district, command).await,
            // Only what districts have to say to each other, whatever a hub sends.
            Matter::Aid(order) if !order.command.is_aid() => Err(Refusal::forbidden()),
            Matter::Aid(AidOrder { to, id, command, .. }) => self.define_here(&the_hub(), id, to, command).await,
            Matter::Leave(district) => self.leave(district),
        }
    }

    /// `None` when the leader could not be reached, or leads no more. Sending the same id again is always right.
    async fn there(
        &self,
        leader: &Leader,
        who: &Identity,
        matter: &Matter,
        limit: Duration,
    ) -> Result<Option<Taken>, Refusal> {
        let Some(road) = self.road() else { return Ok(None) };
        let carried = Carried { who: who.clone(), matter: matter.clone() };
        let body = serde_json::to_vec(&carried).expect("an order is JSON");
        let said = road(leader.address.clone(), body.into(), limit)
            .await
            .and_then(|bytes| Ok(serde_json::from_slice(&bytes)?));
        match said {
            Ok(Said::Taken(outcome, seq)) => Ok(Some((outcome, seq))),
            Ok(Said::Refused(refusal)) => Err((*refusal).into()),
            Ok(Said::Elsewhere) => Ok(None),
            Err(error) => {
                tracing::warn!(leader = leader.address, error = format!("{error:#}"), "the leader cannot be reached");
                Ok(None)
            }
        }
    }

    /// Nobody leads, or he cannot be reached: an alarm is durable all the same, and decided by the next leader.
    async fn kept(&self, who: &Identity, matter: Matter, engine: &EngineHandle) -> Result<Taken, Refusal> {
        let Matter::Order(mut order) = matter else { return Err(no_leader()) };
        if !order.is_alarm() {
            return Err(no_leader());
        }
        let dropped = std::mem::take(&mut order.dropped);
        let (request, row) = self.request(who, order, engine)?;
        if let Err(error) = engine.keep(request, row).await {
            tracing::error!(%error, "an alarm can neither be decided nor kept: its caller is told to say it again");
            return Err(Refusal::unavailable("unknown_outcome", Retry::SameId));
        }
        metrics::counter!("baiying_alarms_kept_total").increment(1);
        Ok((Outcome { pending: true, dropped, ..Outcome::default() }, None))
    }
}

/// A hub that speaks for itself: with no right that `allow` would grant.
fn the_hub() -> Identity {
    let nobody = AccountId(0);
    Identity {
        session: SessionId(0),
        subject: Subject::Account(nobody),
        actor: Actor::System,
        role: wire::server::Role::Integration,
        districts: Vec::new(),
        team: None,
        name: String::new(),
        home: None,
        expires_at: Timestamp(i64::MAX),
    }
}

/// Nothing was decided; the same id again is right.
pub(super) fn no_leader() -> Refusal {
    Refusal::unavailable("no_leader", Retry::SameId)
}
