//! Whether it lives, whether it is caught up, how it does, and what it speaks.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use wire::http::Health;
use wire::problem::Problem;

use super::super::Edge;
use super::super::error::{Language, Refusal};
use super::super::openapi;
use super::answer::typed;
use crate::engine::Role;

/// A district that does not answer within this is not ready.
const READY_WITHIN: Duration = Duration::from_secs(1);

/// Alive: the process answers. It says nothing about files or districts.
#[utoipa::path(get, path = "/healthz", tag = "hub", responses((status = 200, body = Health)))]
pub async fn alive() -> Json<Health> {
    Json(health(true))
}

fn health(ok: bool) -> Health {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    Health { ok, version, districts: BTreeMap::new(), leads: Vec::new(), closed: Vec::new() }
}

/// Ready: every district has been recovered and is led here, or followed.
#[utoipa::path(get, path = "/readyz", tag = "hub",
    responses((status = 200, body = Health), (status = 503, body = Health)))]
pub async fn ready(State(edge): State<Edge>) -> (StatusCode, Json<Health>) {
    let mut told = health(true);
    for (district, engine) in edge.engines() {
        let number = district.to_string();
        told.districts.insert(number.clone(), engine.read(|district| district.seq));
        if engine.is_closed() {
            told.closed.push(number);
            continue;
        }
        told.ok &= engine.is_ready(READY_WITHIN).await;
        if engine.role() == Role::Leading {
            told.leads.push(number);
        }
    }
    told.ok &= told.closed.len() < told.districts.len();
    let status = if told.ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(told))
}

/// Counters and gauges, prefix `baiying_`, in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "hub",
    responses((status = 200, body = String, content_type = "text/plain"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub async fn metrics(State(edge): State<Edge>, language: Language) -> Response {
    match &edge.about().metrics {
        Some(recorder) => typed("text/plain; version=0.0.4; charset=utf-8", recorder.render()),
        None => {
            let (zh, en) = ("此进程没有启用指标", "this process records no metrics");
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "no_metrics", zh, en).into_problem(language).into_response()
        }
    }
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "hub", responses((status = 200, body = Object)))]
pub async fn openapi() -> Response {
    typed("application/json", openapi::text())
}

/// The WebSocket, as AsyncAPI 3.
#[utoipa::path(get, path = "/asyncapi.json", tag = "hub", responses((status = 200, body = Object)))]
pub async fn asyncapi() -> Response {
    typed("application/json", super::super::asyncapi::text())
}
