//! One WebSocket over one stream. Tungstenite reads, answers pings and closes; frames go out from here, straight from the
//! bytes that all who share a view share, heads and all: nothing is copied for each socket, what waits goes out in one
//! gathered write, and an idle socket holds no write buffer.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig, WebSocketContext};
use tokio_tungstenite::tungstenite::{Error, Message};
use wire::Framed;

use super::stream::{GATHERED_MAX, Stream, gathered};

/// What a session holds.
pub type Line = Socket<Stream>;

/// The server's end.
pub struct Socket<S> {
    stream: S,
    protocol: WebSocketContext,
    waiting: VecDeque<Bytes>,
    /// Bytes of the first that have gone out.
    gone_of_first: usize,
    /// What the protocol has to say for itself. It waits for the next [`Socket::send`]: only then may one write.
    words: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// After the handshake.
    pub fn new(stream: S, config: WebSocketConfig) -> Self {
        let protocol = WebSocketContext::new(Role::Server, Some(config));
        Self { stream, protocol, waiting: VecDeque::new(), gone_of_first: 0, words: Vec::new() }
    }

    /// What its bytes go over.
    pub fn stream(&self) -> &S {
        &self.stream
    }

    /// The next message; `None` when the peer has closed. Safe to drop and call again. A ping is answered with what is
    /// sent next.
    pub async fn recv(&mut self) -> Option<Result<Message, Error>> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Writes frames, all of them. When this is dropped half-way, the next write goes on where it stopped.
    ///
    /// # Errors
    /// When the peer is gone.
    pub async fn send(&mut self, frames: impl IntoIterator<Item = Framed>) -> Result<(), Error> {
        self.wait(frames);
        poll_fn(|cx| self.poll_send(cx)).await
    }

    /// Leaves frames for the next that is sent, be it the goodbye.
    pub fn wait(&mut self, frames: impl IntoIterator<Item = Framed>) {
        self.waiting.extend(frames.into_iter().map(|frame| frame.bytes().clone()));
    }

    /// Closes behind what waits.
    ///
    /// # Errors
    /// When the peer is gone.
    pub async fn close(&mut self, frame: CloseFrame) -> Result<(), Error> {
        let mut frame = Some(frame);
        // Whoever was closed by his peer is told so here, and his answer is sent all the same.
        let _ = poll_fn(|cx| self.own_words(cx, |protocol, bridge| protocol.close(bridge, frame.take()))).await;
        poll_fn(|cx| self.poll_send(cx)).await
    }

    fn poll_recv(&mut self, cx: &mut Context) -> Poll<Option<Result<Message, Error>>> {
        match self.own_words(cx, |protocol, bridge| protocol.read(bridge)) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(Error::ConnectionClosed | Error::AlreadyClosed)) => Poll::Ready(None),
            Poll::Ready(read) => Poll::Ready(Some(read)),
        }
    }

    fn poll_send(&mut self, cx: &mut Context) -> Poll<Result<(), Error>> {
        let flushed = ready!(self.own_words(cx, |protocol, bridge| protocol.flush(bridge)));
        if !self.words.is_empty() {
            self.waiting.push_back(std::mem::take(&mut self.words).into());
        }
        while !self.waiting.is_empty() {
            let gone = ready!(self.poll_write(cx))?;
            self.advance(gone);
        }
        self.waiting = VecDeque::new();
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        Poll::Ready(flushed)
    }

    fn poll_write(&mut self, cx: &mut Context) -> Poll<io::Result<usize>> {
        let mut stream = Pin::new(&mut self.stream);
        let written = match self.waiting.make_contiguous() {
            [one] => stream.as_mut().poll_write(cx, &one[self.gone_of_first..]),
            several => {
                let mut slices = [IoSlice::new(&[]); GATHERED_MAX];
                let mut rest = gathered(several.iter(), &mut slices);
                IoSlice::advance_slices(&mut rest, self.gone_of_first);
                stream.as_mut().poll_write_vectored(cx, rest)
            }
        };
        match ready!(written)? {
            0 => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            gone => Poll::Ready(Ok(gone)),
        }
    }

    fn advance(&mut self, gone: usize) {
        self.gone_of_first += gone;
        while let Some(length) = self.waiting.front().map(Bytes::len).filter(|&length| length <= self.gone_of_first) {
            self.gone_of_first -= length;
            self.waiting.pop_front();
        }
    }

    /// Lets the protocol read, and say what it has to.
    fn own_words<T>(
        &mut self,
        cx: &mut Context,
        say: impl FnOnce(&mut WebSocketContext, &mut Bridge<'_, '_, S>) -> Result<T, Error>,
    ) -> Poll<Result<T, Error>> {
        let mut bridge = Bridge { stream: &mut self.stream, cx, words: &mut self.words };
        match say(&mut self.protocol, &mut bridge) {
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            said => Poll::Ready(said),
        }
    }
}

/// The stream as the protocol wants it: what would wait says so, and whoever polls is woken.
struct Bridge<'a, 'b, S> {
    stream: &'a mut S,
    cx: &'a mut Context<'b>,
    words: &'a mut Vec<u8>,
}

impl<S: AsyncRead + Unpin> Read for Bridge<'_, '_, S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut into = ReadBuf::new(into);
        match Pin::new(&mut *self.stream).poll_read(self.cx, &mut into) {
            Poll::Ready(read) => read.map(|()| into.filled().len()),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl<S> Write for Bridge<'_, '_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.words.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{SinkExt, StreamExt};
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

    use super::*;

    /// A pipe that holds so little that every frame goes out in pieces.
    async fn pair(holds: usize) -> (Socket<tokio::io::DuplexStream>, WebSocketStream<tokio::io::DuplexStream>) {
        let (server, client) = tokio::io::duplex(holds);
        let client = WebSocketStream::from_raw_socket(client, Role::Client, None).await;
        (Socket::new(server, WebSocketConfig::default()), client)
    }

    fn text(length: usize) -> Framed {
        Framed::text(&vec![b'x'; length])
    }

    #[tokio::test]
    async fn frames_of_every_length_arrive_whole_while_pings_are_answered() {
        let lengths = [0, 1, 125, 126, 127, 4_000, 65_535, 65_536, 70_000];
        let (mut server, client) = pair(50).await;
        let (mut says, mut hears) = client.split();
        let pinging = tokio::spawn(async move {
            for number in 0..20_u8 {
                says.send(Message::Ping(vec![number].into())).await.unwrap();
                says.send(Message::text("here")).await.unwrap();
            }
        });
        let serving = tokio::spawn(async move {
            for _ in 0..20 {
                server.send(lengths.map(text)).await.unwrap();
                while !matches!(server.recv().await, Some(Ok(Message::Text(_)))) {}
            }
            server.close(CloseFrame { code: CloseCode::Normal, reason: "done".into() }).await.unwrap();
            while server.recv().await.is_some() {}
        });
        let (mut heard, mut pongs, mut closed) = (Vec::new(), 0, None);
        while let Some(Ok(message)) = hears.next().await {
            match message {
                Message::Text(text) => heard.push(text.len()),
                Message::Pong(_) => pongs += 1,
                Message::Close(frame) => closed = frame,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(heard, lengths.repeat(20));
        assert!(pongs > 0, "at least the last ping before each reading is answered");
        assert_eq!(closed.unwrap().reason.as_str(), "done");
        pinging.await.unwrap();
        serving.await.unwrap();
    }

    #[tokio::test]
    async fn a_write_that_was_dropped_half_way_goes_on_where_it_stopped() {
        let (mut server, mut client) = pair(64).await;
        let stuck = std::time::Duration::from_millis(50);
        assert!(tokio::time::timeout(stuck, server.send([text(500)])).await.is_err());
        let serving = tokio::spawn(async move { server.send([text(3)]).await.map(|()| server) });
        for length in [500, 3] {
            assert_eq!(client.next().await.unwrap().unwrap(), Message::text("x".repeat(length)));
        }
        serving.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_peer_that_is_gone_ends_both_ways() {
        let (mut server, client) = pair(1_000).await;
        drop(client);
        assert!(!matches!(server.recv().await, Some(Ok(_))));
        assert!(server.send([text(10)]).await.is_err());
    }
}
