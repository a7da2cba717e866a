//! What holds for every answer: unknown routes and methods are problems too, and no page may be framed or sniffed.

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};

use super::super::Edge;
use super::super::error::{Language, Refusal};

const HEADERS: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; worker-src 'self' blob:; \
         connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("permissions-policy", "geolocation=(self), camera=(self), microphone=(self)"),
    ("cross-origin-opener-policy", "same-origin"),
];

pub fn guarded(router: Router<Edge>) -> Router<Edge> {
    router.fallback(no_route).method_not_allowed_fallback(no_method).layer(from_fn(headers))
}

async fn headers(request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/v1/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    if is_api {
        headers.entry(axum::http::header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

async fn no_route(uri: Uri, headers: HeaderMap) -> Response {
    let en = format!("there is nothing at {}; see /openapi.json", uri.path());
    let zh = format!("没有这个地址:{}", uri.path());
    Refusal::new(StatusCode::NOT_FOUND, "no_route", zh, en).into_problem(Language::of(&headers)).into_response()
}

async fn no_method(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let en = format!("{method} is not answered at {}; see /openapi.json", uri.path());
    let zh = format!("{} 不接受 {method}", uri.path());
    let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "no_method", zh, en);
    refusal.into_problem(Language::of(&headers)).into_response()
}
