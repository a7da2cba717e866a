//! Accepted connections, each served as HTTP/1.1 by a task of its own. axum's own loop sets no time limits; without one
//! ten thousand phones that have just signed in hold ten thousand connections that nobody will use again.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::extract::{Request, connect_info::IntoMakeServiceWithConnectInfo};
use axum::middleware::AddExtension;
use axum::serve::Listener;
use hyper::server::conn::http1::Builder;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tower::{Service, ServiceExt};

/// A connection on which no request has begun, or the head of one is not whole, for so long is closed. Clients whose
/// pools keep connections should let go of them earlier (the simulated phones: after 3 s). A socket, once upgraded, is
/// bound by its heartbeat and not by this.
pub const HTTP_IDLE_MAX: Duration = Duration::from_secs(5);

/// Bytes that a request's head may have, and what is buffered of a body at once; beyond it the answer is 431.
const HTTP_BUFFER_BYTES_MAX: usize = 16 * 1024;

/// The address of whoever is connected.
#[derive(Clone, Copy, Debug)]
pub struct PeerAddress(pub SocketAddr);

impl Connected<SocketAddr> for PeerAddress {
    fn connect_info(peer: SocketAddr) -> Self {
        Self(peer)
    }
}

type App = AddExtension<Router, ConnectInfo<PeerAddress>>;

/// Serves whoever comes until `stop` is ready, then lets each connection end after the request that it is at.
pub async fn serve_all<L>(mut listener: L, app: Router, stop: impl Future<Output = ()>)
where
    L: Listener<Addr = SocketAddr>,
{
    let mut apps = app.into_make_service_with_connect_info::<PeerAddress>();
    // Dropped to tell connections that the hub stops; closed when none is left.
    let (stopping, told) = watch::channel(());
    tokio::pin!(stop);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let app = app_for(&mut apps, peer).await;
        tokio::spawn(serve_one(stream, app, told.clone()));
    }
    drop((listener, told));
    stopping.send_replace(());
    stopping.closed().await;
}

async fn app_for(apps: &mut IntoMakeServiceWithConnectInfo<Router, PeerAddress>, peer: SocketAddr) -> App {
    let made: Result<App, Infallible> = apps.call(peer).await;
    made.unwrap_or_else(|never| match never {})
}

async fn serve_one(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    app: App,
    mut told: watch::Receiver<()>,
) {
    let app = TowerToHyperService::new(
        app.map_request(|request: hyper::Request<_>| -> Request { request.map(axum::body::Body::new) }),
    );
    let connection = Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HTTP_IDLE_MAX)
        .max_buf_size(HTTP_BUFFER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), app)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = told.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::oneshot;

    use super::*;

    struct Plain(TcpListener);

    impl Listener for Plain {
        type Io = TcpStream;
        type Addr = SocketAddr;

        async fn accept(&mut self) -> (TcpStream, SocketAddr) {
            self.0.accept().await.unwrap()
        }

        fn local_addr(&self) -> std::io::Result<SocketAddr> {
            self.0.local_addr()
        }
    }

    async fn served() -> (TcpStream, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let app = Router::new().route("/", get(|| async { "here" }));
        let serving = tokio::spawn(serve_all(Plain(tcp), app, async { drop(stopped.await) }));
        (TcpStream::connect(address).await.unwrap(), stop, serving)
    }

    async fn ask(stream: &mut TcpStream) -> String {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"here") {
            assert!(stream.read_buf(&mut answer).await.unwrap() > 0, "cut off");
        }
        String::from_utf8(answer).unwrap()
    }

    #[tokio::test]
    async fn a_connection_that_nobody_uses_is_closed() {
        let (mut stream, _stop, _serving) = served().await;
        for _ in 0..2 {
            assert!(ask(&mut stream).await.starts_with("HTTP/1.1 200"));
        }
        let closed = tokio::time::timeout(4 * HTTP_IDLE_MAX, stream.read(&mut [0; 1])).await;
        assert_eq!(closed.expect("closed in time").unwrap(), 0, "closed without a word");
    }

    #[tokio::test]
    async fn stopping_ends_connections_between_requests() {
        let (mut stream, stop, serving) = served().await;
        ask(&mut stream).await;
        stop.send(()).unwrap();
        assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
        serving.await.unwrap();
    }
}
