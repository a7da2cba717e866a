//! The protocol of Redis (RESP2), as much of it as questions with many in flight need.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use anyhow::{Context, bail};

/// Longest answer line, and longest string, that is believed.
const LENGTH_MAX: usize = 1 << 20;
const ITEMS_MAX: usize = 1 << 20;

/// An answer of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    Text(Vec<u8>),
    Number(i64),
    List(Vec<Reply>),
    Nothing,
}

impl Reply {
    /// The numbers that the strings of a list are.
    pub fn numbers(&self) -> impl Iterator<Item = u32> {
        let items = if let Self::List(items) = self { items.as_slice() } else { &[] };
        items.iter().filter_map(|item| match item {
            Self::Text(text) => std::str::from_utf8(text).ok()?.parse().ok(),
            Self::Number(_) | Self::List(_) | Self::Nothing => None,
        })
    }
}

/// A connection; commands are gathered until [`Connection::flush`].
pub struct Connection {
    out: Vec<u8>,
    input: BufReader<TcpStream>,
}

impl Connection {
    /// `address`: `redis://host:port` or `host:port`.
    ///
    /// # Errors
    /// Nobody listens there.
    pub fn open(address: &str) -> anyhow::Result<Self> {
        let host = address.split_once("://").map_or(address, |(_, host)| host).trim_end_matches('/');
        let stream = TcpStream::connect(host).with_context(|| format!("nobody listens at {host}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { out: Vec::new(), input: BufReader::with_capacity(1 << 16, stream) })
    }

    pub fn send(&mut self, words: &[&str]) {
        self.out.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
        for word in words {
            self.out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            self.out.extend_from_slice(word.as_bytes());
            self.out.extend_from_slice(b"\r\n");
        }
    }

    /// # Errors
    /// The connection is gone.
    pub fn flush(&mut self) -> anyhow::Result<()> {
        self.input.get_mut().write_all(&self.out).context("the server is gone")?;
        self.out.clear();
        Ok(())
    }

    /// The next answer.
    ///
    /// # Errors
    /// The connection is gone, the answer is an error or none of this protocol.
    pub fn receive(&mut self) -> anyhow::Result<Reply> {
        let mut line = Vec::new();
        self.input.by_ref().take(LENGTH_MAX as u64).read_until(b'\n', &mut line).context("the server is gone")?;
        let line = std::str::from_utf8(&line)?.trim_end();
        let Some(kind) = line.chars().next() else { bail!("the server is gone") };
        let rest = &line[kind.len_utf8()..];
        match kind {
            '+' => Ok(Reply::Text(rest.as_bytes().to_vec())),
            ':' => Ok(Reply::Number(rest.parse()?)),
            '$' => self.text(rest.parse()?),
            '*' => self.list(rest.parse()?),
            '-' => bail!("the server refuses: {rest}"),
            _ => bail!("this is not RESP2: {line:?}"),
        }
    }

    fn text(&mut self, length: i64) -> anyhow::Result<Reply> {
        let Ok(length) = usize::try_from(length) else { return Ok(Reply::Nothing) };
        anyhow::ensure!(length <= LENGTH_MAX, "a string of {length} bytes");
        let mut text = vec![0; length + 2];
        self.input.read_exact(&mut text).context("the server is gone")?;
        text.truncate(length);
        Ok(Reply::Text(text))
    }

    fn list(&mut self, length: i64) -> anyhow::Result<Reply> {
        let Ok(length) = usize::try_from(length) else { return Ok(Reply::Nothing) };
        anyhow::ensure!(length <= ITEMS_MAX, "a list of {length}");
        Ok(Reply::List((0..length).map(|_| self.receive()).collect::<anyhow::Result<_>>()?))
    }
}
