//! One client's WebSocket, reduced to what counting takes: ten thousand of them must cost the bench less than they cost
//! the server they measure. It reads frames and looks only at how they begin.

use anyhow::{Context, ensure};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// Bytes read at once: what a server has merged into one write, the client should not take apart again.
const READ_BYTES: usize = 16 * 1024;
/// An answer to the upgrade is not longer.
const HEAD_BYTES_MAX: usize = 4 * 1024;
/// Of a frame, so many bytes are looked at.
const PEEK_BYTES: usize = 16;

const TEXT: u8 = 1;
const CLOSE: u8 = 8;

/// How a data frame began, and how long it was.
pub struct Heard {
    begins: [u8; PEEK_BYTES],
    pub bytes: u64,
}

impl Heard {
    /// Its first bytes, at most [`PEEK_BYTES`].
    pub fn begins(&self) -> &[u8] {
        &self.begins[..PEEK_BYTES.min(self.bytes as usize)]
    }
}

/// Upgrades a connection: what has been read by then, and how much of it was the answer.
///
/// # Errors
/// Another answer than 101.
pub async fn upgrade<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    authority: &str,
    path: &str,
    more: &str,
) -> anyhow::Result<(Vec<u8>, usize)> {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let mut read = Vec::new();
    let end = loop {
        if let Some(at) = read.windows(4).position(|end| end == b"\r\n\r\n") {
            break at + 4;
        }
        ensure!(read.len() < HEAD_BYTES_MAX, "an endless answer from {authority}");
        ensure!(stream.read_buf(&mut read).await? > 0, "{authority} hung up");
    };
    ensure!(read.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&read[..end]));
    Ok((read, end))
}

pub struct Socket {
    tcp: TcpStream,
    read: Vec<u8>,
    /// Of these, so many have been looked at.
    seen: usize,
    /// The server has closed, with this status; zero where it gave none.
    closed_by: Option<u16>,
}

impl Socket {
    /// Connects and upgrades; `more` are further header lines, each with its line end.
    ///
    /// # Errors
    /// No connection, or another answer than 101.
    pub async fn open(authority: &str, path: &str, more: &str) -> anyhow::Result<Self> {
        let mut tcp = TcpStream::connect(authority).await.with_context(|| format!("no connection to {authority}"))?;
        tcp.set_nodelay(true)?;
        let (read, seen) = upgrade(&mut tcp, authority, path, more).await?;
        Ok(Self { tcp, read, seen, closed_by: None })
    }

    /// The next data frame; `None` when the server closes. Control frames need no answer from who only counts.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn next(&mut self) -> anyhow::Result<Option<Heard>> {
        loop {
            if let Some(heard) = self.read_already() {
                return Ok(Some(heard));
            }
            if self.closed_by.is_some() || !self.read().await? {
                return Ok(None);
            }
        }
    }

    /// The next data frame, if all of it is here.
    pub fn read_already(&mut self) -> Option<Heard> {
        while self.closed_by.is_none() {
            let (opcode, head, length) = self.header()?;
            let whole = head + usize::try_from(length).ok()?;
            let frame = self.read[self.seen..].get(head..whole)?;
            let mut begins = [0; PEEK_BYTES];
            let peeked = frame.len().min(PEEK_BYTES);
            begins[..peeked].copy_from_slice(&frame[..peeked]);
            self.pass(whole);
            match opcode {
                TEXT => return Some(Heard { begins, bytes: length }),
                CLOSE => self.closed_by = Some(u16::from_be_bytes([begins[0], begins[1]])),
                _ => {}
            }
        }
        None
    }

    /// Opcode, bytes of the header, bytes of the payload (RFC 6455, 5.2); `None` while not all of it has come.
    fn header(&self) -> Option<(u8, usize, u64)> {
        let rest = &self.read[self.seen..];
        let opcode = rest.first()? & 0x0f;
        let extended = |bytes: usize| Some(rest.get(2..2 + bytes)?.iter().fold(0, |n, b| n << 8 | u64::from(*b)));
        match rest.get(1)? & 0x7f {
            126 => Some((opcode, 4, extended(2)?)),
            127 => Some((opcode, 10, extended(8)?)),
            short => Some((opcode, 2, u64::from(short))),
        }
    }

    fn pass(&mut self, bytes: usize) {
        self.seen += bytes;
        if self.seen == self.read.len() {
            // An idle client holds no buffer.
            (self.read, self.seen) = (Vec::new(), 0);
        }
    }

    async fn read(&mut self) -> anyhow::Result<bool> {
        // Nothing is reserved while nothing comes.
        self.tcp.readable().await?;
        self.read.drain(..self.seen);
        self.seen = 0;
        self.read.reserve(READ_BYTES);
        // Unlike `try_read`, this knows from a short read that there is no more, and does not ask again.
        Ok(self.tcp.read_buf(&mut self.read).await? > 0)
    }

    /// Sends a text.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn say(&mut self, text: &str) -> anyhow::Result<()> {
        Ok(self.tcp.write_all(&Self::text(text)?).await?)
    }

    /// The frame of a text, masked with zeros: masking protects proxies, and there is none.
    ///
    /// # Errors
    /// It is longer than 65,535 bytes.
    pub fn text(text: &str) -> anyhow::Result<Vec<u8>> {
        let mut frame = vec![0x80 | TEXT];
        match u16::try_from(text.len()).context("a text that is too long")? {
            short @ 0..=125 => frame.push(0x80 | short as u8),
            long => {
                frame.push(0x80 | 126);
                frame.extend(long.to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        Ok(frame)
    }

    /// With which status the server has closed, if it has (RFC 6455, 7.4).
    pub fn closed_by(&self) -> Option<u16> {
        self.closed_by
    }

    /// The connection, for who only speaks.
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        self.tcp.into_split()
    }
}
