//! axum as in its chat example: a broadcast channel, a task that sends and one that receives for each socket, all buffers
//! as they come. A process of its own (`bench push-anchor`), so that its memory and its turns are its own.

use std::net::Ipv4Addr;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::get;
use futures_util::{SinkExt, StreamExt};
use tokio::sync::broadcast;

/// As in the example.
const WAITING_MAX: usize = 100;

type Room = broadcast::Sender<Utf8Bytes>;

/// Serves until it is killed; the first line it prints is its port.
///
/// # Errors
/// No port is free.
pub fn run() -> anyhow::Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let (room, _) = broadcast::channel::<Utf8Bytes>(WAITING_MAX);
        let app = Router::new().route("/ws", get(upgrade)).with_state(room);
        let tcp = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        println!("{}", tcp.local_addr()?.port());
        Ok(axum::serve(tcp, app).await?)
    })
}

async fn upgrade(socket: WebSocketUpgrade, State(room): State<Room>) -> Response {
    socket.on_upgrade(move |socket| talk(socket, room))
}

async fn talk(socket: WebSocket, room: Room) {
    let (mut sender, mut receiver) = socket.split();
    let mut heard = room.subscribe();
    let mut send = tokio::spawn(async move {
        while let Ok(text) = heard.recv().await {
            if sender.send(Message::Text(text)).await.is_err() {
                break;
            }
        }
    });
    let mut receive = tokio::spawn(async move {
        while let Some(Ok(Message::Text(text))) = receiver.next().await {
            // Nobody else there is no error of a chat.
            drop(room.send(text));
        }
    });
    tokio::select! {
        _ = &mut send => receive.abort(),
        _ = &mut receive => send.abort(),
    }
}
