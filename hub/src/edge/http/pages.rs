//! The pages that the hub carries inside itself, and the signpost at `/`.

use std::fmt::Write;

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use rust_embed::RustEmbed;

use super::super::Edge;
use super::super::error::{Language, Refusal};
use super::answer::typed;

/// What the build made of `hub/web`; a plain page that says so where Node was missing.
#[derive(RustEmbed)]
#[folder = "web/dist"]
struct Dist;

const HTML: &str = "text/html; charset=utf-8";

/// Every page is asked for anew: a hub that was updated shows itself at once.
fn page(name: &str) -> Response {
    match Dist::get(&format!("{name}/index.html")) {
        Some(file) => {
            let mut response = typed(HTML, file.data.into_owned());
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            response
        }
        None => (StatusCode::NOT_FOUND, typed(HTML, NOT_BUILT)).into_response(),
    }
}

const NOT_BUILT: &str = "<!doctype html><meta charset=utf-8><title>百应 Baiying</title>\
    <p>这个 hub 编译时没有网页(需要 Node)。<p>This hub was built without its pages (Node was missing). <a href=/>/</a>";

/// The wall of the only district, or of the one named.
pub async fn wall(State(edge): State<Edge>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let mut districts = edge.engines().map(|(district, _)| district);
    match (districts.next(), districts.next(), query.contains("district=")) {
        (Some(only), None, false) => {
            let others = if query.is_empty() { String::new() } else { format!("&{query}") };
            Redirect::temporary(&format!("/wall?district={only}{others}")).into_response()
        }
        _ => page("wall"),
    }
}

pub async fn phone() -> Response {
    page("phone")
}

pub async fn sign_in() -> Response {
    page("sign-in")
}

/// Scripts and styles, whose names change with their content.
pub async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let Some(file) = Dist::get(&format!("assets/{path}")) else {
        let refusal = Refusal::new(StatusCode::NOT_FOUND, "no_route", "没有这个文件", "there is no such file");
        return refusal.into_problem(Language::of(&headers)).into_response();
    };
    let kind = match path.rsplit('.').next() {
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("json" | "map") => "application/json",
        _ => "application/octet-stream",
    };
    let mut response = typed(kind, file.data.into_owned());
    let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
    response.headers_mut().insert(header::CACHE_CONTROL, forever);
    response
}

/// `/` always answers: which address is what, and how the hub is.
pub async fn signpost(State(edge): State<Edge>, headers: HeaderMap) -> Response {
    let english = Language::of(&headers) == Language::English;
    let mut body = String::new();
    for (path, zh, en) in [
        ("/wall", "大屏", "Wall"),
        ("/phone", "手机(志愿者)", "Phone (volunteer)"),
        ("/sign-in", "登录", "Sign in"),
        ("/openapi.json", "接口说明 (HTTP)", "Interface (HTTP)"),
        ("/asyncapi.json", "接口说明 (WebSocket)", "Interface (WebSocket)"),
        ("/readyz", "是否就绪", "Ready?"),
    ] {
        let words = if english { en } else { zh };
        let _ = write!(body, "<li><a href=\"{path}\">{words}</a> <code>{path}</code>");
    }
    let state = state(&edge, english);
    let title = if english { "Baiying: one call, a hundred answers" } else { "百应:一呼百应" };
    let language = if english { "en" } else { "zh-CN" };
    typed(
        HTML,
        format!(
            "<!doctype html><html lang={language}><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{title}</title><style>body{{font:18px/1.6 system-ui,sans-serif;max-width:40em;margin:2em auto;padding:0 1em;\
         color:#16202E}}a{{color:#0B57A4}}code{{color:#54617A}}.demo{{color:#7A4F00;font-weight:bold}}</style>\
         <h1>{title}</h1>{state}<ul>{body}</ul>"
        ),
    )
}

fn state(edge: &Edge, english: bool) -> String {
    let mut state = String::new();
    if edge.about().demo {
        state.push_str("<p class=demo>演示数据,不会通知任何真人 / Demo data: no real person is notified</p>");
    }
    let _ =
        write!(state, "<p>{} {}", if english { "Running, version" } else { "运行中,版本" }, env!("CARGO_PKG_VERSION"));
    for (district, engine) in edge.engines() {
        let (name, open, on_duty) = engine.read(|d| {
            let open = d.incidents().filter(|incident| !incident.state.ended()).count();
            (escaped(d.name()), open, d.grids().map(|grid| u64::from(d.on_duty(grid.id))).sum::<u64>())
        });
        let _ = if english {
            write!(state, "<p>District {district} {name}: {open} open incidents, {on_duty} on duty")
        } else {
            write!(state, "<p>{district} 区 {name}:{open} 件在办,{on_duty} 人在岗")
        };
    }
    for address in &edge.about().addresses {
        let _ = write!(state, "<p><a href=\"{0}\">{0}</a>", escaped(address));
    }
    state
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

/// How to trust the hub's own authority, with `--tls self`.
pub async fn trust(State(edge): State<Edge>, headers: HeaderMap) -> Response {
    if edge.about().authority.is_none() {
        return no_authority(&headers);
    }
    typed(HTML, include_str!("trust.html"))
}

/// The own authority's certificate, PEM.
pub async fn authority(State(edge): State<Edge>, headers: HeaderMap) -> Response {
    let file = edge.about().authority.clone();
    let read = match file {
        Some(file) => tokio::fs::read(file).await.ok(),
        None => None,
    };
    match read {
        Some(pem) => typed("application/x-x509-ca-cert", pem),
        None => no_authority(&headers),
    }
}

fn no_authority(headers: &HeaderMap) -> Response {
    let (zh, en) = ("这个 hub 没有用自签证书", "this hub does not use an own authority (`--tls self`)");
    let refusal = Refusal::new(StatusCode::NOT_FOUND, "no_authority", zh, en);
    refusal.into_problem(Language::of(headers)).into_response()
}
