//! Where the hub is, and the few HTTP calls that come before a socket.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
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

/// HTTP connections that are kept after an answer: phones do not hold one each beside their socket.
const IDLE_CONNECTIONS_MAX: usize = 64;

/// Where several equal hubs are; `None` for one that was taken from before the clients.
#[derive(Clone, Debug, Default)]
pub struct Ways(Arc<Mutex<Vec<Option<String>>>>);

impl Ways {
    /// Hub `index` is at `authority` (`host:port`) from now on, or is to be met no more.
    pub fn put(&self, index: usize, authority: Option<String>) {
        let mut ways = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ways.len() <= index {
            ways.resize(index + 1, None);
        }
        ways[index] = authority;
    }

    /// Those that can be met, `favourite` first.
    fn from(&self, favourite: usize) -> Vec<String> {
        let ways = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = ways.len();
        (0..count).filter_map(|turn| ways[(favourite + turn) % count].clone()).collect()
    }
}

/// A hub, or several equal ones. Cheap to clone: all phones share one pool of HTTP connections.
#[derive(Clone, Debug)]
pub struct Endpoint(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    ways: Ways,
    /// Which of several is tried first.
    favourite: usize,
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
        let ways = Ways::default();
        ways.put(0, Some(format!("{host}:{}", url.port_or_known_default().unwrap_or(80))));
        Self::among(&ways, 0)
    }

    /// Several equal hubs: the favourite, else the next that takes a connection, as by whatever stands before them.
    ///
    /// # Errors
    /// No HTTP client can be made.
    pub fn among(ways: &Ways, favourite: usize) -> anyhow::Result<Self> {
        let http = client(reqwest::Client::builder())?;
        Ok(Self(Arc::new(Inner { ways: ways.clone(), favourite, from: None, http })))
    }

    /// The same hub, reached from another address of this machine: a hub takes only so many sign-ins from one.
    ///
    /// # Errors
    /// No HTTP client can be made.
    pub fn from_address(&self, from: Ipv4Addr) -> anyhow::Result<Self> {
        let http = client(reqwest::Client::builder().local_address(IpAddr::V4(from)))?;
        let (ways, favourite) = (self.0.ways.clone(), self.0.favourite);
        Ok(Self(Arc::new(Inner { ways, favourite, from: Some(from), http })))
    }

    /// A TCP connection for a socket.
    pub(super) async fn connect(&self) -> anyhow::Result<TcpStream> {
        let mut last = anyhow::anyhow!("there is no hub to be met");
        for authority in self.0.ways.from(self.0.favourite) {
            match self.connect_to(&authority).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn connect_to(&self, authority: &str) -> anyhow::Result<TcpStream> {
        let Some(from) = self.0.from else { return Ok(TcpStream::connect(authority).await?) };
        let to = tokio::net::lookup_host(authority).await?.find(SocketAddr::is_ipv4);
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((from, 0)))?;
        Ok(socket.connect(to.context("the hub has no IPv4 address")?).await?)
    }

    /// `host:port` of the hub that is met first.
    pub fn authority(&self) -> String {
        self.0.ways.from(self.0.favourite).into_iter().next().unwrap_or_default()
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
        let key = key.to_string();
        self.answer(path, token, |url| self.0.http.post(url).json(body).header("Idempotency-Key", &key)).await
    }

    /// # Errors
    /// As [`Endpoint::post`].
    pub async fn get<A: DeserializeOwned>(&self, path: &str, token: Option<&str>) -> anyhow::Result<A> {
        self.answer(path, token, |url| self.0.http.get(url)).await
    }

    /// What is not JSON: the metrics.
    ///
    /// # Errors
    /// No answer, or a refusal.
    pub async fn text(&self, path: &str) -> anyhow::Result<String> {
        let answer = self.send(path, |url| self.0.http.get(url)).await?;
        Ok(answer.error_for_status()?.text().await?)
    }

    /// Asks the first hub that takes a connection.
    async fn send(
        &self,
        path: &str,
        request: impl Fn(String) -> reqwest::RequestBuilder,
    ) -> anyhow::Result<reqwest::Response> {
        let mut last = anyhow::anyhow!("{path}: no answer: there is no hub to be met");
        for authority in self.0.ways.from(self.0.favourite) {
            match request(format!("http://{authority}{path}")).send().await {
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    let is_closed = error.is_connect();
                    last = anyhow::Error::new(error).context(format!("{path}: no answer from {authority}"));
                    if !is_closed {
                        break;
                    }
                }
            }
        }
        Err(last)
    }

    async fn answer<A: DeserializeOwned>(
        &self,
        path: &str,
        token: Option<&str>,
        request: impl Fn(String) -> reqwest::RequestBuilder,
    ) -> anyhow::Result<A> {
        let as_whom = |url| match token {
            Some(token) => request(url).bearer_auth(token),
            None => request(url),
        };
        let answer = self.send(path, as_whom).await?;
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
    let builder = builder.timeout(HTTP_TIMEOUT).pool_idle_timeout(POOL_IDLE);
    builder.pool_max_idle_per_host(IDLE_CONNECTIONS_MAX).build().context("no HTTP client")
}
