//! Signing in and out, tickets for a socket, devices of residents.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use wire::Id;
use wire::Time;
use wire::http::{NewDevice, Session, SignIn, WsTicket};
use wire::problem::Problem;
use wire::twin::NoBody;

use super::super::Edge;
use super::super::command::out_of_range;
use super::super::datum;
use super::super::error::{Language, Refusal, Said};
use super::answer::{Answered, InLanguage};
use super::take::{Exactly, MaybeKey, Peer, Who, bearer};
use crate::records::{Device, Issued, TICKET_TTL_MS};

/// Sign in with an account and its password, or with the code of a one-time link.
#[utoipa::path(post, path = "/v1/sessions", tag = "sessions", request_body = SignIn,
    params(("Idempotency-Key" = Option<Uuid>, Header)),
    responses((status = 200, body = Session), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn sign_in(
    State(edge): State<Edge>,
    Peer(peer): Peer,
    language: Language,
    key: MaybeKey,
    Exactly(body): Exactly<SignIn>,
) -> Answered<Session> {
    // A password can be guessed; the code of a link cannot, and a centre's morning is many links from one address.
    if matches!(body, SignIn::Password { .. }) {
        edge.limits().sign_in(peer).said(language)?;
    }
    let once = key.once(None, "/v1/sessions", &body);
    edge.office().sign_in(body, once).await.map(session).json(language)
}

/// The next token of this session; the old one is good until the new one is first used.
#[utoipa::path(post, path = "/v1/sessions/renew", tag = "sessions", request_body = NoBody,
    params(("Idempotency-Key" = Option<Uuid>, Header)),
    responses((status = 200, body = Session), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn renew(
    State(edge): State<Edge>,
    language: Language,
    key: MaybeKey,
    headers: HeaderMap,
    Exactly(NoBody {}): Exactly<NoBody>,
) -> Answered<Session> {
    let token = bearer(&headers).ok_or_else(Refusal::unauthenticated).said(language)?;
    let once = key.once(None, "/v1/sessions/renew", &token);
    edge.office().rotate(token, once).await.map(session).json(language)
}

/// Sign out: the token is refused from now on, and the session's sockets are closed.
#[utoipa::path(delete, path = "/v1/sessions", tag = "sessions",
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn sign_out(State(edge): State<Edge>, who: Who) -> Result<StatusCode, Said> {
    edge.office().end(who.identity.session).await.said(who.language)?;
    Ok(StatusCode::NO_CONTENT)
}

/// A ticket for one WebSocket: one use, within 30 s, sent in `hello` and never in a URL.
#[utoipa::path(post, path = "/v1/ws-tickets", tag = "sessions", request_body = NoBody,
    responses((status = 200, body = WsTicket), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn ticket(State(edge): State<Edge>, who: Who, Exactly(NoBody {}): Exactly<NoBody>) -> Answered<WsTicket> {
    let ticket = edge.office().issue_ticket(who.identity).await.said(who.language)?;
    Ok(Json(WsTicket { ticket, expires_in_ms: TICKET_TTL_MS }))
}

/// Make this phone or tab known, so that it can raise an alarm without an account.
#[utoipa::path(post, path = "/v1/devices", tag = "sessions", request_body = NewDevice,
    params(("Idempotency-Key" = Option<Uuid>, Header)),
    responses((status = 200, body = Session), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn device(
    State(edge): State<Edge>,
    Peer(peer): Peer,
    language: Language,
    key: MaybeKey,
    Exactly(body): Exactly<NewDevice>,
) -> Answered<Session> {
    edge.limits().sign_in(peer).said(language)?;
    let device = known(&edge, &body).said(language)?;
    let once = key.once(None, "/v1/devices", &body);
    edge.office().register_device(device, once).await.map(session).json(language)
}

fn known(edge: &Edge, body: &NewDevice) -> Result<Device, Refusal> {
    let district = edge.district_named(&body.district)?;
    let home = body.home.map(|home| datum::position(home.lat, home.lng, body.crs).ok_or_else(|| out_of_range(home)));
    let home = home.transpose().map_err(|refusal| refusal.at("/home"))?;
    Ok(Device { district, name: String::new(), home })
}

fn session(issued: Issued) -> Session {
    let identity = issued.identity;
    Session {
        token: issued.token,
        role: identity.role,
        districts: identity.districts.iter().map(ToString::to_string).collect(),
        volunteer: identity.volunteer().map(|volunteer| Id(volunteer.0)),
        name: identity.name,
        expires_at: Time(identity.expires_at.0),
    }
}
