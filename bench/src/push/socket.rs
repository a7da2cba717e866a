//! One client's WebSocket, reduced to what counting takes: ten thousand of them must cost the bench less than they cost
//! the server they measure. It reads frames and looks only at how they begin.

use anyhow::{Context, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
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
    pub begins: Vec<u8>,
    pub bytes: u64,
}

pub struct Socket {
    tcp: TcpStream,
    /// Read and not looked at yet.
    rest: Vec<u8>,
}

impl Socket {
    /// Connects and upgrades; `more` are further header lines, each with its line end.
    ///
    /// # Errors
    /// No connection, or another answer than 101.
    pub async fn open(authority: &str, path: &str, more: &str) -> anyhow::Result<Self> {
        let mut tcp = TcpStream::connect(authority).await.with_context(|| format!("no connection to {authority}"))?;
        tcp.set_nodelay(true)?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
        );
        tcp.write_all(request.as_bytes()).await?;
        let mut rest = Vec::new();
        let end = loop {
            if let Some(at) = rest.windows(4).position(|end| end == b"\r\n\r\n") {
                break at + 4;
            }
            ensure!(rest.len() < HEAD_BYTES_MAX, "an endless answer from {authority}");
            ensure!(tcp.read_buf(&mut rest).await? > 0, "{authority} hung up");
        };
        ensure!(rest.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&rest[..end]));
        rest.drain(..end);
        Ok(Self { tcp, rest })
    }

    /// The next data frame; `None` when the server closes. Control frames need no answer from who only counts.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn next(&mut self) -> anyhow::Result<Option<Heard>> {
        loop {
            let Some((opcode, head, length)) = self.header() else {
                if !self.read().await? {
                    return Ok(None);
                }
                continue;
            };
            let begins = self.skip(head, length).await?;
            match opcode {
                TEXT => return Ok(Some(Heard { begins, bytes: length })),
                CLOSE => return Ok(None),
                _ => {}
            }
        }
    }

    /// Opcode, bytes of the header, bytes of the payload (RFC 6455, 5.2); `None` while not all of it has come.
    fn header(&self) -> Option<(u8, usize, u64)> {
        let at = |index: usize| self.rest.get(index).copied();
        let opcode = at(0)? & 0x0f;
        let extended = |bytes: usize| Some(self.rest.get(2..2 + bytes)?.iter().fold(0, |n, b| n << 8 | u64::from(*b)));
        match at(1)? & 0x7f {
            126 => Some((opcode, 4, extended(2)?)),
            127 => Some((opcode, 10, extended(8)?)),
            short => Some((opcode, 2, u64::from(short))),
        }
    }

    async fn skip(&mut self, head: usize, length: u64) -> anyhow::Result<Vec<u8>> {
        let whole = head + usize::try_from(length)?;
        while self.rest.len() < whole {
            ensure!(self.read().await?, "cut off in a frame");
        }
        let begins = self.rest[head..whole.min(head + PEEK_BYTES)].to_vec();
        self.rest.drain(..whole);
        if self.rest.is_empty() {
            // An idle client holds no buffer.
            self.rest = Vec::new();
        }
        Ok(begins)
    }

    async fn read(&mut self) -> anyhow::Result<bool> {
        // Nothing is reserved while nothing comes.
        self.tcp.readable().await?;
        self.rest.reserve(READ_BYTES);
        Ok(self.tcp.read_buf(&mut self.rest).await? > 0)
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

    /// The connection, for who only speaks.
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        self.tcp.into_split()
    }
}
