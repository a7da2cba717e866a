//! CAP 1.2 over HTTP, for other systems.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::Response;
use matcher::{CommandId, IncidentId};
use wire::problem::Problem;
use wire::server::Outcome;
use wire::twin::Taken;

use super::super::Edge;
use super::super::auth::{Resource, Verb, allow};
use super::super::cap;
use super::super::error::{Refusal, Said};
use super::super::submit::Order;
use super::answer::{Answered, InLanguage, typed};
use super::settings::OfDistrict;
use super::take::{Asked, BODY_BYTES_MAX, PathId, Who, content_type, whole, wrong_content_type};
use super::twins::keyed;

const CAP: &str = "application/cap+xml";

/// Receive an alert: `Alert` and `Update` raise an alarm, `Cancel` takes one back, `Exercise` is a drill, `Test` is read and
/// nothing is done. The same alert sent again is the same command.
#[utoipa::path(post, path = "/v1/cap", tag = "calls", params(OfDistrict),
    request_body(content = String, content_type = "application/cap+xml"),
    responses((status = 200, body = Taken), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn receive(
    State(edge): State<Edge>,
    who: Who,
    Asked(of): Asked<OfDistrict>,
    request: Request,
) -> Answered<Taken> {
    let receive = async {
        let district = edge.permitted(&who, Verb::ExchangeCap, of.district.as_deref())?;
        let kind = content_type(request.headers());
        if ![CAP, "application/xml", "text/xml"].contains(&kind.as_str()) {
            return Err(wrong_content_type(&kind, CAP));
        }
        let bytes = whole(request.into_body(), BODY_BYTES_MAX).await?;
        let text = std::str::from_utf8(&bytes).map_err(|_| Refusal::bad("invalid_utf8", "不是 UTF-8", "not UTF-8"))?;
        let alert = edge.led(district)?.read(|district| cap::read(text, district))?;
        let Some(args) = alert.command else {
            return Ok(Taken { outcome: Outcome { nothing_to_do: true, ..Outcome::default() }, seq: None });
        };
        let order = Order { district: Some(district), ..Order::new(CommandId(alert.id.as_u128()), args) };
        keyed(edge.submit(&who.identity, order).await)
    };
    receive.await.map(Json).map_err(|refusal| refusal.into_problem(who.language))
}

/// An incident as an alert: kind, grid and times; no name, no number, no words.
#[utoipa::path(get, path = "/v1/cap/{id}", tag = "calls", params(("id" = String, Path)),
    responses((status = 200, body = String, content_type = "application/cap+xml"),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn send(State(edge): State<Edge>, who: Who, PathId(id): PathId) -> Result<Response, Said> {
    let id = IncidentId(id.0);
    let send = || {
        let engine = edge.leads(id)?;
        if !allow(&who.identity, Verb::ExchangeCap, Resource::of(id.district())) {
            return Err(Refusal::forbidden());
        }
        engine.read(|district| {
            let incident = district.incident(id).ok_or_else(|| Refusal::not_found("incident"))?;
            Ok(cap::write(district, incident))
        })
    };
    send().said(who.language).map(|text| typed(CAP, text))
}
