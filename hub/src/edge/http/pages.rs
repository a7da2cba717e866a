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
    of_district(&edge, "wall", query.unwrap_or_default())
}

/// The page of whoever needs help; it makes its device known to the district named, the only one when none is.
pub async fn resident(State(edge): State<Edge>, RawQuery(query): RawQuery) -> Response {
    of_district(&edge, "resident", query.unwrap_or_default())
}

fn of_district(edge: &Edge, name: &str, query: String) -> Response {
    let mut districts = edge.engines().map(|(district, _)| district);
    match (districts.next(), districts.next(), query.contains("district=")) {
        (Some(only), None, false) => {
            let others = if query.is_empty() { String::new() } else { format!("&{query}") };
            Redirect::temporary(&format!("/{name}?district={only}{others}")).into_response()
        }
        _ => page(name),
    }
}

pub async fn desk() -> Response {
    page("desk")
}

pub async fn phone() -> Response {
    page("phone")
}

pub async fn admin() -> Response {
    page("admin")
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

/// What there is: address, for whom, in both languages.
const SIGNS: [(&str, &str, &str); 10] = [
    ("/wall", "大屏:警报和谁在去", "Wall: alarms, and who is coming"),
    ("/phone", "手机:志愿者值班、接单、报警", "Phone: a volunteer's duty, orders and red button"),
    ("/resident", "求助:居民的红色按钮,不用登录", "Resident: a red button, no sign-in"),
    ("/desk", "值班台:在办的事和替来电人报警", "Desk: what is open, and alarms for callers"),
    ("/admin", "管理:账号和登录链接", "Administrator: accounts and sign-in links"),
    (
        "/sign-in",
        "登录:用密码;一次性链接印在启动服务的窗口里",
        "Sign in by password; one-time links are printed where the hub was started",
    ),
    ("/trust", "让手机信任这个服务的证书", "Let a phone trust this hub's certificate"),
    ("/openapi.json", "接口说明 (HTTP)", "Interface (HTTP)"),
    ("/asyncapi.json", "接口说明 (WebSocket)", "Interface (WebSocket)"),
    ("/readyz", "是否就绪", "Ready?"),
];

/// `/` always answers: which address is what, and how the hub is. In both languages: whoever comes here is lost.
pub async fn signpost(State(edge): State<Edge>) -> Response {
    let has_authority = edge.about().authority.is_some();
    let signs =
        SIGNS.iter().filter(|(path, ..)| *path != "/trust" || has_authority).fold(String::new(), |mut list, sign| {
            let (path, zh, en) = sign;
            let _ = write!(list, "<li><a href=\"{path}\"><code>{path}</code></a> {zh}<br><span lang=en>{en}</span>");
            list
        });
    typed(HTML, include_str!("signpost.html").replace("{state}", &state(&edge)).replace("{signs}", &signs))
}

fn state(edge: &Edge) -> String {
    let mut state = String::new();
    if edge.about().demo {
        state.push_str(
            "<p class=demo>演示数据,不会通知任何真人 / <span lang=en>Demo data: no real person is notified</span>",
        );
    }
    let _ = write!(state, "<p>运行中,版本 {0} / <span lang=en>Running, version {0}</span>", env!("CARGO_PKG_VERSION"));
    for (district, engine) in edge.engines() {
        let (name, open, on_duty) = engine.read(|d| {
            let open = d.incidents().filter(|incident| !incident.state.ended()).count();
            (escaped(d.name()), open, d.grids().map(|grid| u64::from(d.on_duty(grid.id))).sum::<u64>())
        });
        let _ = write!(
            state,
            "<p>{district} 区 {name}:{open} 件在办,{on_duty} 人在岗 / \
             <span lang=en>District {district}: {open} open, {on_duty} on duty</span>"
        );
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
