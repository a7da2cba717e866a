//! What a handler takes from a request: who, under which id, which body. Each refuses with a problem of its own.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use matcher::CommandId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;
use uuid::Uuid;
use wire::Id;

use super::super::Edge;
use super::super::connection::PeerAddress;
use super::super::error::{Language, Refusal, Said};
use super::super::parse;
use crate::records::{Identity, Once};

/// Bytes of a body.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// A body that comes more slowly than this is given up.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

impl FromRequestParts<Edge> for Language {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Edge) -> Result<Self, Self::Rejection> {
        Ok(Language::of(&parts.headers))
    }
}

/// Who asks, by `Authorization: Bearer`, and in which language he reads.
pub struct Who {
    pub identity: Identity,
    pub language: Language,
}

impl FromRequestParts<Edge> for Who {
    type Rejection = Said;

    async fn from_request_parts(parts: &mut Parts, edge: &Edge) -> Result<Self, Said> {
        let language = Language::of(&parts.headers);
        let who = async {
            let identity = identity(&parts.headers, edge).await?;
            // Whoever reads is let through at a rate; an alarm is raised by another way in.
            if parts.method == Method::GET {
                edge.limits().read(identity.session)?;
            }
            Ok(Self { identity, language })
        };
        who.await.map_err(|refusal: Refusal| refusal.into_problem(language))
    }
}

async fn identity(headers: &HeaderMap, edge: &Edge) -> Result<Identity, Refusal> {
    let token = bearer(headers).ok_or_else(Refusal::unauthenticated)?;
    Ok(edge.office().session(token).await?)
}

pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Where the request comes from, for rates. Without a peer address (a test without a socket) it is the loopback.
pub struct Peer(pub IpAddr);

impl FromRequestParts<Edge> for Peer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Edge) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<PeerAddress>>().map(|info| info.0.0.ip());
        Ok(Self(peer.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))))
    }
}

/// The command's own id: `Idempotency-Key`, a UUID.
pub struct Key(pub CommandId);

impl FromRequestParts<Edge> for Key {
    type Rejection = Said;

    async fn from_request_parts(parts: &mut Parts, _: &Edge) -> Result<Self, Said> {
        let language = Language::of(&parts.headers);
        key(&parts.headers).map(Self).map_err(|refusal| refusal.into_problem(language))
    }
}

/// # Errors
/// `idempotency_key_missing`, `bad_idempotency_key`.
pub fn key(headers: &HeaderMap) -> Result<CommandId, Refusal> {
    let Some(value) = headers.get("idempotency-key") else {
        let en = "send a header `Idempotency-Key: <UUIDv7>`; keep it when you send the same again";
        return Err(Refusal::bad("idempotency_key_missing", "缺少 Idempotency-Key 请求头(UUIDv7)", en));
    };
    let uuid = value.to_str().ok().and_then(|text| Uuid::try_parse(text.trim().trim_matches('"')).ok());
    let uuid = uuid.filter(|uuid| !uuid.is_nil());
    uuid.map(|uuid| CommandId(uuid.as_u128())).ok_or_else(|| {
        Refusal::bad("bad_idempotency_key", "Idempotency-Key 不是 UUID", "Idempotency-Key is not a UUID")
    })
}

/// `Idempotency-Key` of a POST that the office does: what came of it is answered again for 72 h.
pub struct MaybeKey(Option<Uuid>);

impl MaybeKey {
    /// What the key stands for from now on: this body on this route.
    pub fn once(&self, who: Option<&Who>, route: &str, body: &impl Serialize) -> Option<Once> {
        self.once_bytes(who, route, &serde_json::to_vec(body).expect("a body is JSON"))
    }

    pub fn once_bytes(&self, who: Option<&Who>, route: &str, body: &[u8]) -> Option<Once> {
        self.0.map(|key| Once::new(who.map(|who| who.identity.subject), key, route, body))
    }
}

impl FromRequestParts<Edge> for MaybeKey {
    type Rejection = Said;

    async fn from_request_parts(parts: &mut Parts, edge: &Edge) -> Result<Self, Said> {
        if !parts.headers.contains_key("idempotency-key") {
            return Ok(Self(None));
        }
        Key::from_request_parts(parts, edge).await.map(|Key(id)| Self(Some(Uuid::from_u128(id.0))))
    }
}

/// The id in the path.
pub struct PathId(pub Id);

impl FromRequestParts<Edge> for PathId {
    type Rejection = Said;

    async fn from_request_parts(parts: &mut Parts, edge: &Edge) -> Result<Self, Said> {
        let language = Language::of(&parts.headers);
        let text = Path::<String>::from_request_parts(parts, edge).await.map(|Path(text)| text).unwrap_or_default();
        let id = serde_json::from_value(Value::String(text.clone())).map(Self);
        id.map_err(|_| {
            let en = format!("{text:?} in the path is not an id: a string of 1 to 16 digits");
            Refusal::bad("bad_id", format!("路径中的编号“{text}”不对,应为 1 到 16 位数字"), en).into_problem(language)
        })
    }
}

/// The query, of exactly this shape.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Edge> for Asked<T> {
    type Rejection = Said;

    async fn from_request_parts(parts: &mut Parts, edge: &Edge) -> Result<Self, Said> {
        let language = Language::of(&parts.headers);
        let asked = Query::<T>::from_request_parts(parts, edge).await;
        asked.map(|Query(query)| Self(query)).map_err(|rejection| {
            let why = rejection.body_text();
            Refusal::bad("bad_query", format!("查询参数不对:{why}"), why).into_problem(language)
        })
    }
}

/// A JSON body of exactly this shape. An empty body is `{}`.
pub struct Exactly<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Edge> for Exactly<T> {
    type Rejection = Said;

    async fn from_request(request: Request, _: &Edge) -> Result<Self, Said> {
        let language = Language::of(request.headers());
        let read = async { parse::exactly(json_body(request, BODY_BYTES_MAX).await?, "") };
        read.await.map(Self).map_err(|refusal: Refusal| refusal.into_problem(language))
    }
}

/// # Errors
/// `wrong_content_type`, `body_too_large`, and those of [`parse::json`].
pub async fn json_body(request: Request, bytes_max: usize) -> Result<Value, Refusal> {
    let (parts, body) = request.into_parts();
    let bytes = whole(body, bytes_max).await?;
    if bytes.is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    let kind = content_type(&parts.headers);
    if kind != "application/json" {
        return Err(wrong_content_type(&kind, "application/json"));
    }
    parse::json(&bytes)
}

/// The media type without its parameters, in lower case.
pub fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

pub fn wrong_content_type(got: &str, expected: &str) -> Refusal {
    let en = format!("the content type is {got:?}; send {expected}");
    let zh = format!("内容类型为“{got}”,应为 {expected}");
    Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "wrong_content_type", zh, en)
}

/// The whole body, at most `bytes_max`.
///
/// # Errors
/// `body_too_large` (413), `body_cut` when the client went away in the middle of it.
pub async fn whole(body: Body, bytes_max: usize) -> Result<Bytes, Refusal> {
    let cut = || Refusal::bad("body_cut", "内容没有传完", "the body was cut off, or came too slowly");
    let collected = timeout(BODY_TIMEOUT, Limited::new(body, bytes_max).collect()).await.map_err(|_| cut())?;
    collected.map(|body| body.to_bytes()).map_err(|error| {
        if error.downcast_ref::<LengthLimitError>().is_some() {
            let (zh, en) = (format!("内容超过 {bytes_max} 字节"), format!("the body is longer than {bytes_max} bytes"));
            return Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", zh, en);
        }
        cut()
    })
}
