//! From a bound port to an edge that serves it, until it is told to go.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast::error::RecvError;
use wire::Framed;
use wire::close::CloseCode;
use wire::server::{Go, ServerFrame};

use super::Edge;
use super::connection::serve_all;
use super::http;
use super::tls::TlsListener;
use crate::engine::{Lane, Outbox};

/// Phones are told to come back within this, each after a random delay.
const GO_AFTER_MS: u32 = 3_000;
/// How long sockets and requests in flight may take to end.
const DRAIN_MAX: Duration = Duration::from_secs(5);
const DRAIN_POLL: Duration = Duration::from_millis(20);

/// TCP without Nagle's delay: an offer is one small write.
pub struct PlainListener(TcpListener);

impl Listener for PlainListener {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        let (stream, peer) = Listener::accept(&mut self.0).await;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%peer, %error, "no TCP_NODELAY");
        }
        (stream, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// Serves `tcp` until `stop` is ready; then tells every phone to come back, and lets what is in flight end.
///
/// # Errors
/// When the socket fails.
pub async fn serve(
    edge: Edge,
    tcp: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let revocations = tokio::spawn(close_revoked(edge.clone()));
    let draining = edge.clone();
    let (drained, is_drained) = tokio::sync::oneshot::channel::<()>();
    let stop = async move {
        stop.await;
        drain(&draining).await;
        drop(drained);
    };
    let app = http::router(edge);
    let served = async {
        match tls {
            Some(config) => serve_all(TlsListener::new(tcp, config)?, app, stop).await,
            None => serve_all(PlainListener(tcp), app, stop).await,
        }
        Ok(())
    };
    // A request that never ends must not hold the hub: after the drain it is given a moment and then left.
    let patience = async {
        let _ = is_drained.await;
        tokio::time::sleep(DRAIN_MAX).await;
    };
    let served = tokio::select! {
        served = served => served,
        () = patience => Ok(()),
    };
    revocations.abort();
    served
}

async fn drain(edge: &Edge) {
    let go = ServerFrame::<wire::rows::ResidentRows>::Go(Go { after_ms: GO_AFTER_MS, why: "restart".to_owned() });
    let frame = Framed::text(&serde_json::to_vec(&go).expect("a frame is JSON"));
    edge.sockets().drain(|outbox: &Outbox| {
        outbox.push(Lane::Unicast, frame.clone());
    });
    let began = tokio::time::Instant::now();
    while !edge.sockets().is_empty() && began.elapsed() < DRAIN_MAX {
        tokio::time::sleep(DRAIN_POLL).await;
    }
}

/// Closes the sockets of whoever was signed out, disabled or found stolen, as soon as the office says so.
async fn close_revoked(edge: Edge) {
    let mut revoked = edge.office().revocations();
    loop {
        match revoked.recv().await {
            Ok(session) => edge.sockets().close_session(session, CloseCode::Unauthenticated),
            // Too far behind to know whose: everybody comes back and is asked for a ticket.
            Err(RecvError::Lagged(_)) => edge.sockets().drain(|_| ()),
            Err(RecvError::Closed) => return,
        }
    }
}
