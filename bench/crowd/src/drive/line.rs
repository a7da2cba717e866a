//! One open WebSocket: frames in, frames out, small buffers so that ten thousand fit into one process.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::{Message, WebSocketConfig};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use wire::client::{ClientFrame, Hello, StreamPoint};
use wire::rows::VolunteerRows;
use wire::server::ServerFrame;

use super::Endpoint;

/// Bytes read at once; larger frames simply take several reads.
const READ_BUFFER_BYTES: usize = 2 * 1024;
const WRITE_BUFFER_BYTES: usize = 4 * 1024;
/// The largest frame taken from a hub: a part of a snapshot and its envelope.
const INBOUND_BYTES_MAX: usize = 4 * wire::SNAPSHOT_PART_BYTES_MAX;

const APP: &str = concat!("crowd ", env!("CARGO_PKG_VERSION"));

pub struct Line(WebSocketStream<TcpStream>);

/// What came in.
pub enum Inbound {
    Frame(Box<ServerFrame<VolunteerRows>>),
    /// Closed, by the hub or by the network; the code when it said one.
    Closed(Option<u16>),
}

impl Line {
    /// Ticket, socket, hello. `resume`: where each district's stream stands here.
    pub async fn open(
        hub: &Endpoint,
        token: &str,
        device: &str,
        resume: BTreeMap<String, Option<StreamPoint>>,
    ) -> anyhow::Result<Self> {
        let ticket = hub.ticket(token).await?;
        let mut request = format!("ws://{}/v1/ws", hub.authority()).into_client_request()?;
        let subprotocol = HeaderValue::from_static(wire::SUBPROTOCOL);
        request.headers_mut().insert("Sec-WebSocket-Protocol", subprotocol);
        let tcp = hub.connect().await.context("no connection to the hub")?;
        tcp.set_nodelay(true)?;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(WRITE_BUFFER_BYTES)
            .max_message_size(Some(INBOUND_BYTES_MAX));
        let (socket, _) = client_async_with_config(request, tcp, Some(config)).await.context("no WebSocket")?;
        let mut line = Self(socket);
        line.send(&ClientFrame::Hello(Hello { ticket, device: device.to_owned(), app: APP.to_owned(), resume }))
            .await?;
        line.flush().await?;
        Ok(line)
    }

    /// Queues a frame; nothing leaves before [`Line::flush`].
    pub async fn send(&mut self, frame: &ClientFrame) -> anyhow::Result<()> {
        let text = serde_json::to_string(frame).context("a frame that cannot be written")?;
        Ok(self.0.feed(Message::text(text)).await?)
    }

    pub async fn flush(&mut self) -> anyhow::Result<()> {
        Ok(self.0.flush().await?)
    }

    /// The next frame. May be dropped while it waits: nothing is lost.
    ///
    /// # Errors
    /// A frame that is not of the protocol: the hub is at fault, and the phone stops loudly.
    pub async fn next(&mut self) -> anyhow::Result<Inbound> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => {
                    let frame = serde_json::from_str(&text).with_context(|| format!("not a frame: {text}"))?;
                    return Ok(Inbound::Frame(frame));
                }
                Some(Ok(Message::Binary(_))) => bail!("a binary frame, which the protocol does not have"),
                Some(Ok(Message::Close(frame))) => return Ok(Inbound::Closed(frame.map(|frame| frame.code.into()))),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(_)) | None => return Ok(Inbound::Closed(None)),
            }
        }
    }

    /// Says goodbye; whether the hub still listens does not matter.
    pub async fn close(mut self) {
        drop(self.0.close(None).await);
    }
}
