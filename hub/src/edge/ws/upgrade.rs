//! From HTTP to the socket: which origins, which subprotocol, which buffers.

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use wire::SUBPROTOCOL;

use super::super::Edge;
use super::super::error::{Language, Refusal};
use super::inbound::MESSAGE_BYTES_MAX;
use super::session;
use crate::engine::outbox::WRITE_GATHERED_BYTES;

/// What an idle connection keeps for reading; larger frames take several reads.
const READ_BUFFER_BYTES: usize = 512;
/// A write buffer that grows beyond this fails the connection: the outbox is the queue, not this.
const WRITE_BUFFER_BYTES_MAX: usize = wire::OUTBOUND_BYTES_MAX + 64 * 1024;

/// Opens the socket.
pub async fn upgrade(
    State(edge): State<Edge>,
    headers: HeaderMap,
    socket: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let language = Language::of(&headers);
    let socket = match checked(&edge, &headers, socket) {
        Ok(socket) => socket,
        Err(refusal) => return refusal.into_problem(language).into_response(),
    };
    socket
        .protocols([SUBPROTOCOL])
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_GATHERED_BYTES)
        .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
        .on_upgrade(move |socket| session::run(edge, socket, language))
}

fn checked(
    edge: &Edge,
    headers: &HeaderMap,
    socket: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<WebSocketUpgrade, Refusal> {
    let socket = socket.map_err(|rejection| {
        let en = format!("this is a WebSocket: {rejection}");
        Refusal::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", "此地址只接受 WebSocket 连接", en)
    })?;
    if !origin_allowed(edge, headers) {
        let en = "pages of this origin may not open a socket; the operator lists origins in the settings";
        return Err(Refusal::new(StatusCode::FORBIDDEN, "forbidden_origin", "此来源的页面不允许连接", en));
    }
    let offered = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    if !offered.flat_map(|list| list.split(',')).any(|protocol| protocol.trim() == SUBPROTOCOL) {
        let en = format!("ask for the subprotocol {SUBPROTOCOL}");
        return Err(Refusal::bad("subprotocol", format!("需要子协议 {SUBPROTOCOL}"), en));
    }
    Ok(socket)
}

/// A program sends no origin; a page's must be the hub's own or stand in the list, exactly.
fn origin_allowed(edge: &Edge, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let own = host.is_some_and(|host| origin == format!("http://{host}") || origin == format!("https://{host}"));
    own || edge.about().origins.iter().any(|allowed| allowed == origin)
}
