//! From HTTP to the socket: which origins, which subprotocol, which buffers.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::upgrade::OnUpgrade;
use tokio_tungstenite::tungstenite::handshake::server::create_response;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use wire::SUBPROTOCOL;

use super::super::Edge;
use super::super::error::{Language, Refusal};
use super::inbound::MESSAGE_BYTES_MAX;
use super::session;
use super::socket::Socket;

/// What an idle connection keeps for reading; larger frames take several reads.
const READ_BUFFER_BYTES: usize = 512;

/// Opens the socket.
pub async fn upgrade(State(edge): State<Edge>, mut request: Request) -> Response {
    let language = Language::of(request.headers());
    let upgraded = request.extensions_mut().remove::<OnUpgrade>();
    let answer = match checked(&edge, request.map(drop)) {
        Ok(answer) => answer,
        Err(refusal) => return refusal.into_problem(language).into_response(),
    };
    let Some(upgraded) = upgraded else {
        return not_a_socket("this connection cannot be upgraded").into_problem(language).into_response();
    };
    tokio::spawn(async move {
        // Whoever leaves before the answer has reached him is served no further.
        if let Ok(stream) = upgraded.await {
            session::run(edge, Socket::new(stream.into(), limits()), language).await;
        }
    });
    answer
}

fn limits() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX))
}

fn not_a_socket(why: &str) -> Refusal {
    let en = format!("this is a WebSocket: {why}");
    Refusal::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", "此地址只接受 WebSocket 连接", en)
}

/// The handshake's answer.
fn checked(edge: &Edge, request: axum::http::Request<()>) -> Result<Response, Refusal> {
    let mut answer = create_response(&request).map_err(|why| not_a_socket(&why.to_string()))?;
    let headers = request.headers();
    if !origin_allowed(edge, headers) {
        let en = "pages of this origin may not open a socket; the operator lists origins in the settings";
        return Err(Refusal::new(StatusCode::FORBIDDEN, "forbidden_origin", "此来源的页面不允许连接", en));
    }
    let offered = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    if !offered.flat_map(|list| list.split(',')).any(|protocol| protocol.trim() == SUBPROTOCOL) {
        let en = format!("ask for the subprotocol {SUBPROTOCOL}");
        return Err(Refusal::bad("subprotocol", format!("需要子协议 {SUBPROTOCOL}"), en));
    }
    answer.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    Ok(answer.map(|()| Body::empty()))
}

/// A program sends no origin; a page's must be the hub's own or stand in the list, exactly.
fn origin_allowed(edge: &Edge, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let own = host.is_some_and(|host| origin == format!("http://{host}") || origin == format!("https://{host}"));
    own || edge.about().origins.iter().any(|allowed| allowed == origin)
}
