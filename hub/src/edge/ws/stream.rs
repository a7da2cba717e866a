//! What a socket's bytes go over: the bare connection, which a walk writes to as well, or whatever HTTP came by.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use wire::Framed;

use crate::engine::Outlet;

/// Pieces of one gathered write.
pub const GATHERED_MAX: usize = 32;

/// A connection that was upgraded.
pub enum Stream {
    /// And what was read of it together with the request.
    Bare(Arc<TcpStream>, Bytes),
    Sealed(TokioIo<Upgraded>),
}

impl From<Upgraded> for Stream {
    fn from(upgraded: Upgraded) -> Self {
        match upgraded.downcast::<TokioIo<TcpStream>>() {
            // Copied: what was read is a small part of a large buffer.
            Ok(parts) => Self::Bare(Arc::new(parts.io.into_inner()), Bytes::copy_from_slice(&parts.read_buf)),
            Err(upgraded) => Self::Sealed(TokioIo::new(upgraded)),
        }
    }
}

impl Stream {
    /// The connection itself, where frames go over it as they are.
    pub fn outlet(&self) -> Option<Arc<dyn Outlet>> {
        match self {
            Self::Bare(tcp, _) => Some(tcp.clone()),
            Self::Sealed(_) => None,
        }
    }
}

impl Outlet for TcpStream {
    fn write_now(&self, frames: &[Framed]) -> usize {
        let mut slices = [IoSlice::new(&[]); GATHERED_MAX];
        let written = match frames {
            [one] => self.try_write(one.bytes()),
            several => self.try_write_vectored(gathered(several.iter().map(Framed::bytes), &mut slices)),
        };
        // Nothing fits, or nobody is there: the socket's own task finds out which.
        written.unwrap_or(0)
    }
}

/// The first of `pieces`, as many as one write takes.
pub fn gathered<'a, 'b>(
    pieces: impl Iterator<Item = &'a Bytes>,
    slices: &'b mut [IoSlice<'a>; GATHERED_MAX],
) -> &'b mut [IoSlice<'a>] {
    let count = slices.iter_mut().zip(pieces).map(|(slice, piece)| *slice = IoSlice::new(piece)).count();
    &mut slices[..count]
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context, into: &mut ReadBuf) -> Poll<io::Result<()>> {
        let (tcp, ahead) = match &mut *self {
            Self::Bare(tcp, ahead) => (tcp, ahead),
            Self::Sealed(upgraded) => return Pin::new(upgraded).poll_read(cx, into),
        };
        if ahead.has_remaining() {
            let count = ahead.len().min(into.remaining());
            into.put_slice(&ahead.split_to(count));
            if ahead.is_empty() {
                *ahead = Bytes::new();
            }
            return Poll::Ready(Ok(()));
        }
        loop {
            ready!(tcp.poll_read_ready(cx))?;
            match tcp.try_read(into.initialize_unfilled()) {
                Ok(count) => {
                    into.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let tcp = match &mut *self {
            Self::Bare(tcp, _) => tcp,
            Self::Sealed(upgraded) => return Pin::new(upgraded).poll_write_vectored(cx, slices),
        };
        loop {
            ready!(tcp.poll_write_ready(cx))?;
            match tcp.try_write_vectored(slices) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// The bare connection holds nothing back.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Bare(..) => Poll::Ready(Ok(())),
            Self::Sealed(upgraded) => Pin::new(upgraded).poll_flush(cx),
        }
    }

    /// The bare connection is shut when the last who writes to it lets go.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Bare(..) => Poll::Ready(Ok(())),
            Self::Sealed(upgraded) => Pin::new(upgraded).poll_shutdown(cx),
        }
    }
}
