//! Walls that came over TLS and do nothing: what each of them costs the hub.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use futures_util::{StreamExt, TryStreamExt};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Interval;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::QUIET;
use super::crowd::{CONNECTING_AT_ONCE, beat};
use super::server::{WS_PATH, hello, ping, subprotocol};
use super::socket::{Socket, upgrade};
use crate::load::{Installation, rss_anon_kib};

/// The hub's own authority, in its data folder.
const AUTHORITY_FILE: &str = "baiying-ca.pem";
/// What an idle wall hears is little.
const HEARD_BYTES: usize = 2 * 1024;

/// Bytes that the hub holds for each of `clients` walls; `None` where the system does not say what a process holds.
///
/// # Errors
/// The hub does not start, or turns a wall away.
pub async fn idle_bytes(program: Option<&Path>, clients: usize) -> anyhow::Result<Option<f64>> {
    let data = tempfile::tempdir()?;
    let installation = Installation::new(program, &data.path().join("data"))?.with_tls();
    let hub = installation.serve().await?;
    let (address, code) = installation.link("bench-wall", "wall").await?;
    let token = hub.endpoint.sign_in_by_link(&code).await?.token;
    let door = Door::new(&address, installation.data())?;
    let resident = || hub.pid().and_then(rss_anon_kib);
    let before_kib = resident();
    let connecting = futures_util::stream::iter(0..clients).map(async |number| {
        let hello = hello(&hub.endpoint, &token, number).await?;
        door.wall(&hello).await.with_context(|| format!("wall {number} of {clients} was turned away"))
    });
    let walls: Vec<_> = connecting.buffer_unordered(CONNECTING_AT_ONCE).try_collect().await?;
    let walls = rest(walls).await?;
    let after_kib = resident();
    drop(walls);
    hub.kill9().await?;
    Ok(before_kib.zip(after_kib).map(|(before, after)| after.saturating_sub(before) as f64 * 1_024.0 / clients as f64))
}

/// The hub's door with a certificate.
struct Door {
    address: SocketAddr,
    connector: TlsConnector,
}

impl Door {
    /// `link`: any address of the hub, `https://127.0.0.1:8110/..`.
    fn new(link: &str, data: &Path) -> anyhow::Result<Self> {
        let port = link.rsplit(':').next().map(|rest| rest.split('/').next().unwrap_or(rest));
        let port = port.and_then(|port| port.parse().ok()).with_context(|| format!("{link} names no port"))?;
        let pem = std::fs::read(data.join(AUTHORITY_FILE))?;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_pemfile::certs(&mut pem.as_slice()).flatten());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = builder.with_root_certificates(roots).with_no_client_auth();
        Ok(Self { address: (Ipv4Addr::LOCALHOST, port).into(), connector: TlsConnector::from(Arc::new(config)) })
    }

    async fn wall(&self, hello: &str) -> anyhow::Result<TlsStream<TcpStream>> {
        let tcp = TcpStream::connect(self.address).await?;
        let mut stream = self.connector.connect(ServerName::IpAddress(self.address.ip().into()), tcp).await?;
        upgrade(&mut stream, &self.address.to_string(), WS_PATH, &subprotocol()).await?;
        say(&mut stream, hello).await?;
        Ok(stream)
    }
}

/// All sit still for [`QUIET`] and say that they live.
async fn rest(walls: Vec<TlsStream<TcpStream>>) -> anyhow::Result<Vec<TlsStream<TcpStream>>> {
    let (mut resting, clients) = (JoinSet::new(), walls.len());
    for (index, mut wall) in walls.into_iter().enumerate() {
        resting.spawn(async move {
            match tokio::time::timeout(QUIET, live(&mut wall, beat(index, clients))).await {
                Ok(ended) => ended.map(|()| wall),
                Err(_) => Ok(wall),
            }
        });
    }
    resting.join_all().await.into_iter().collect()
}

/// Hears what comes, and says so every now and then; ends with the connection.
async fn live(wall: &mut TlsStream<TcpStream>, mut beat: Interval) -> anyhow::Result<()> {
    let mut heard = [0; HEARD_BYTES];
    loop {
        tokio::select! {
            bytes = wall.read(&mut heard) => ensure!(bytes.context("an idle wall")? > 0, "an idle wall was closed"),
            _ = beat.tick() => say(wall, &ping()?).await?,
        }
    }
}

async fn say(wall: &mut TlsStream<TcpStream>, text: &str) -> anyhow::Result<()> {
    wall.write_all(&Socket::text(text)?).await?;
    // What is only encrypted is not sent.
    Ok(wall.flush().await?)
}
