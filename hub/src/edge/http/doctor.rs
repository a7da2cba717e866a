//! The page behind the QR code of `hub doctor`: that it opens on a phone is the whole test.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::super::Edge;
use super::super::error::{Language, Refusal};
use super::answer::typed;

const REACHED: &str = "<!doctype html><html lang=zh-CN><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
    <title>百应</title><style>body{font:24px/1.6 system-ui,sans-serif;text-align:center;margin:20vh 1em;color:#00634A}\
    b{font-size:72px}</style><b>✓</b><p>这部手机能打开百应。<p lang=en>This phone reaches Baiying.";

pub async fn opened(State(edge): State<Edge>, Path(code): Path<String>, headers: HeaderMap) -> Response {
    if edge.office().open_probe(&code) {
        return typed("text/html; charset=utf-8", REACHED);
    }
    let (zh, en) = ("二维码已过期,请重新运行 hub doctor", "this code is over; run hub doctor again");
    Refusal::new(StatusCode::NOT_FOUND, "no_route", zh, en).into_problem(Language::of(&headers)).into_response()
}
