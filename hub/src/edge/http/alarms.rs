//! Calls: alarms, which are never refused for their form or for load, and service requests.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use matcher::CommandId;
use serde_json::{Value, json};
use uuid::Uuid;
use wire::command::{CancelAlarm, CommandArgs, RaiseAlarm, RequestService};
use wire::problem::Problem;
use wire::twin::{NoBody, Taken};

use super::super::Edge;
use super::super::error::{Language, Refusal, Said};
use super::super::submit::Order;
use super::super::{alarm, parse};
use super::answer::{Answered, InLanguage};
use super::take::{BODY_BYTES_MAX, Exactly, Key, Who, bearer, key, whole};
use super::twins::{keyed, taken};
use crate::records::Identity;

/// Raise an alarm. Needs a known device and nothing else: what cannot be read is left out and named in `dropped`; a
/// token that is over but not revoked is taken; no limit applies. The same `Idempotency-Key` gives the same answer.
#[utoipa::path(post, path = "/v1/alarms", tag = "calls", request_body = RaiseAlarm,
    params(("Idempotency-Key" = Option<Uuid>, Header, description = "UUIDv7; keep it when you send the same again.")),
    responses((status = 200, body = Taken), (status = 401, body = Problem, content_type = "application/problem+json")))]
pub async fn raise(State(edge): State<Edge>, request: Request) -> Answered<Taken> {
    let language = Language::of(request.headers());
    let identity = caller(&edge, request.headers()).await.said(language)?;
    let order = order(request).await;
    keyed(edge.submit(&identity, order).await).json(language)
}

/// A device whose session is over is still known.
async fn caller(edge: &Edge, headers: &HeaderMap) -> Result<Identity, Refusal> {
    let token = bearer(headers).ok_or_else(Refusal::unauthenticated)?;
    Ok(edge.office().session_for_alarm(token).await?)
}

/// An alarm from whatever came; never fails.
async fn order(request: Request) -> Order {
    let (parts, body) = request.into_parts();
    let key = key(&parts.headers);
    let read = whole(body, BODY_BYTES_MAX)
        .await
        .and_then(|bytes| if bytes.is_empty() { Ok(json!({})) } else { parse::json(&bytes) });
    let unreadable = read.is_err();
    let (args, mut dropped) = alarm::leniently(read.unwrap_or(Value::Null));
    dropped.extend(unreadable.then(|| "body".to_owned()));
    dropped.extend(key.is_err().then(|| "Idempotency-Key".to_owned()));
    let id = key.unwrap_or_else(|_| CommandId(Uuid::now_v7().as_u128()));
    Order { dropped, ..Order::new(id, CommandArgs::RaiseAlarm(args)) }
}

/// Take back an alarm, by the id it was raised under: everybody is stood down with thanks, the desk calls back.
#[utoipa::path(post, path = "/v1/alarms/{alarm}/cancel", tag = "calls", request_body = NoBody,
    params(("alarm" = Uuid, Path), ("Idempotency-Key" = Uuid, Header)),
    responses((status = 200, body = Taken), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn cancel(
    State(edge): State<Edge>,
    who: Who,
    key: Key,
    Path(alarm): Path<String>,
    Exactly(NoBody {}): Exactly<NoBody>,
) -> Answered<Taken> {
    let alarm = Uuid::try_parse(&alarm).map_err(|_| bad_alarm_id(who.language))?;
    taken(&edge, &who, Order::new(key.0, CommandArgs::CancelAlarm(CancelAlarm { alarm }))).await
}

fn bad_alarm_id(language: Language) -> Said {
    Refusal::bad("bad_id", "路径中的警报编号不是 UUID", "the alarm in the path is not a UUID").into_problem(language)
}

/// Ask for a service from the menu.
#[utoipa::path(post, path = "/v1/requests", tag = "calls", request_body = RequestService,
    params(("Idempotency-Key" = Uuid, Header)),
    responses((status = 200, body = Taken), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn request(
    State(edge): State<Edge>,
    who: Who,
    key: Key,
    Exactly(body): Exactly<RequestService>,
) -> Result<Json<Taken>, Said> {
    taken(&edge, &who, Order::new(key.0, CommandArgs::RequestService(body))).await
}
