//! Where the hub is, and the few HTTP calls that come before a socket.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::{TcpSocket, TcpStream};
use uuid::Uuid;
use wire::http::{Session, SignIn, WsTicket};
use wire::problem::Problem;

/// Longest wait for one HTTP answer; a hub that takes longer counts as gone.
const HTTP_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections that are not used are let go before the hub closes them (after 5 s): no request meets a closing one.
const POOL_IDLE: Duration = Duration::from_secs(3);

/// A hub by its base URL. Cheap to clone: all phones share one pool of HTTP connections.
#[derive(Clone, Debug)]
pub struct Endpoint(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    base: String,
    /// `host:port`, for the socket.
    authority: String,
    /// The address that this one comes from, where it matters.
    from: Option<Ipv4Addr>,
    http: reqwest::Client,
}

impl Endpoint {
    /// `base`: `http://host:port`, with or without a slash at the end.
    ///
    /// # Errors
    /// Not a URL, not `http`, or without a host.
    pub fn new(base: &str) -> anyhow::Result<Self> {
        let url = reqwest::Url::parse(base).with_context(|| format!("{base:?} is not a URL"))?;
        ensure!(url.scheme() == "http", "{base}: simulated phones speak plain http on the hub's own machine");
        let host = url.host_str().with_context(|| format!("{base} names no host"))?;
        let authority = format!("{host}:{}", url.port_or_known_default().unwrap_or(80));
        let http = client(reqwest::Client::builder())?;
        Ok(Self(Arc::new(Inner { base: format!("http://{authority}"), authority, from: None, http })))
    }

    /// The same hub, reached from another address of this machine: a hub takes only so many sign-ins from one.
    ///
    /// # Errors
    /// No HTTP client can be made.
    pub fn from_address(&self, from: Ipv4Addr) -> anyhow::Result<Self> {
        let http = client(reqwest::Client::builder().local_address(IpAddr::V4(from)))?;
        let (base, authority) = (self.0.base.clone(), self.0.authority.clone());
        Ok(Self(Arc::new(Inner { base, authority, from: Some(from), http })))
    }

    /// A TCP connection for a socket.
    pub(super) async fn connect(&self) -> anyhow::Result<TcpStream> {
        let Some(from) = self.0.from else { return Ok(TcpStream::connect(self.authority()).await?) };
        let to = tokio::net::lookup_host(self.authority()).await?.find(SocketAddr::is_ipv4);
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((from, 0)))?;
        Ok(socket.connect(to.context("the hub has no IPv4 address")?).await?)
    }

    pub fn authority(&self) -> &str {
        &self.0.authority
    }

    pub fn base(&self) -> &str {
        &self.0.base
    }

    /// Signs in by the code of a one-time link (an invitation, a demo sign-in).
    ///
    /// # Errors
    /// The hub cannot be reached or refuses; the message has its `code` and `detail`.
    pub async fn sign_in_by_link(&self, code: &str) -> anyhow::Result<Session> {
        self.post("/v1/sessions", None, &SignIn::Link { code: code.to_owned() }).await
    }

    /// # Errors
    /// As [`Endpoint::sign_in_by_link`].
    pub async fn sign_in(&self, account: &str, password: &str) -> anyhow::Result<Session> {
        let body = SignIn::Password { account: account.to_owned(), password: password.to_owned() };
        self.post("/v1/sessions", None, &body).await
    }

    pub(super) async fn ticket(&self, token: &str) -> anyhow::Result<String> {
        let ticket: WsTicket = self.post("/v1/ws-tickets", Some(token), &serde_json::json!({})).await?;
        Ok(ticket.ticket)
    }

    /// One POST with a new `Idempotency-Key`.
    ///
    /// # Errors
    /// No answer, a problem (its code and detail are in the message), or an answer of another shape.
    pub async fn post<A: DeserializeOwned>(
        &self,
        path: &str,
        token: Option<&str>,
        body: &impl Serialize,
    ) -> anyhow::Result<A> {
        self.post_as(Uuid::now_v7(), path, token, body).await
    }

    /// The same under a key of the caller's own: the same key again takes effect once.
    ///
    /// # Errors
    /// As [`Endpoint::post`].
    pub async fn post_as<A: DeserializeOwned>(
        &self,
        key: Uuid,
        path: &str,
        token: Option<&str>,
        body: &impl Serialize,
    ) -> anyhow::Result<A> {
        let request = self.0.http.post(format!("{}{path}", self.0.base)).json(body);
        self.answer(path, request.header("Idempotency-Key", key.to_string()), token).await
    }

    /// # Errors
    /// As [`Endpoint::post`].
    pub async fn get<A: DeserializeOwned>(&self, path: &str, token: Option<&str>) -> anyhow::Result<A> {
        self.answer(path, self.0.http.get(format!("{}{path}", self.0.base)), token).await
    }

    /// What is not JSON: the metrics.
    ///
    /// # Errors
    /// No answer, or a refusal.
    pub async fn text(&self, path: &str) -> anyhow::Result<String> {
        let answer = self.0.http.get(format!("{}{path}", self.0.base)).send().await?;
        Ok(answer.error_for_status()?.text().await?)
    }

    async fn answer<A: DeserializeOwned>(
        &self,
        path: &str,
        mut request: reqwest::RequestBuilder,
        token: Option<&str>,
    ) -> anyhow::Result<A> {
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.with_context(|| format!("{path}: no answer from {}", self.0.base))?;
        let status = answer.status();
        let body = answer.bytes().await.with_context(|| format!("{path}: the answer was cut off"))?;
        if !status.is_success() {
            match serde_json::from_slice::<Problem>(&body) {
                Ok(problem) => bail!("{path}: {} {}: {}", status.as_u16(), problem.code, problem.detail),
                Err(_) => bail!("{path}: {status}: {}", String::from_utf8_lossy(&body)),
            }
        }
        serde_json::from_slice(&body).with_context(|| format!("{path}: an answer of another shape"))
    }
}

/// Simulated phones speak plain HTTP, but the workspace's HTTP client has TLS and wants to know whose.
fn client(builder: reqwest::ClientBuilder) -> anyhow::Result<reqwest::Client> {
    // Whoever was first has chosen the same.
    drop(rustls::crypto::ring::default_provider().install_default());
    builder.timeout(HTTP_TIMEOUT).pool_idle_timeout(POOL_IDLE).build().context("no HTTP client")
}
