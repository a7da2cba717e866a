//! One of several hubs: the settings that make it so, and what it shares with the others.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::config::Settings;
use super::refusal::Refusal;
use super::{compose, starter};
use crate::cluster::RedisCluster;
use crate::cluster::peers::{COMMAND_PATH, PeerFiles, Peers};
use crate::cluster::redis::Servers;
use crate::edge::peer::Road;
use crate::edge::tls::TlsListener;
use crate::edge::{About, Edge, peer};
use crate::engine::{Doors, EngineHandle, Hubs, Role};
use crate::records::Office;

/// How often a leading hub looks whether an office owes its district something.
const HOUSE_EVERY: Duration = Duration::from_millis(500);

/// Goes before `advertise`: where an address is only known when the process starts.
const ADVERTISE_VARIABLE: &str = "BAIYING_ADVERTISE";

/// Where the other hubs are met. The log is shared by `[store]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterSettings {
    /// `redis://host:6379/0`, or `redis+sentinel://a:26379,b:26379/name`; `rediss` for `redis` where it speaks TLS.
    pub redis_url: Option<String>,
    /// A file that holds it, where it has a password in it.
    pub redis_url_file: Option<PathBuf>,
    /// Over TLS: the authority that has signed Redis' certificate (PEM), when it is not a public one.
    pub redis_authority: Option<PathBuf>,
    /// Where this hub listens for the others.
    pub listen: SocketAddr,
    /// Where they find it, `host:port`; where it listens, when left out.
    pub advertise: Option<String>,
    /// PEM files for mutual TLS: `hub cluster-keys` makes all three.
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub authority: PathBuf,
}

impl ClusterSettings {
    /// Refuses what cannot be right. `is_shared`: the log lies in a database.
    pub fn check(&self, is_shared: bool) -> Result<(), Refusal> {
        if !is_shared {
            let why = "several hubs share one log, and [store] names no database / 多台服务器须共用数据库";
            return Err(Refusal::new("store.url", why, "url = \"postgres://baiying@10.0.0.5:5432/baiying\""));
        }
        let line = "redis_url = \"redis://10.0.0.6:6379/0\"";
        self.servers().map_err(|why| Refusal::new("cluster.redis_url", format!("{why:#}"), line))?;
        self.files().read().map_err(|why| {
            let line = "certificate = \"/etc/baiying/hub.pem\"    # hub cluster-keys makes the three files";
            Refusal::new("cluster.certificate, key, authority", format!("{why:#}"), line)
        })?;
        Ok(())
    }

    fn servers(&self) -> Result<Servers> {
        let servers = match (&self.redis_url, &self.redis_url_file) {
            (Some(url), None) => Servers::parse(url)?,
            (None, Some(file)) => Servers::parse(read(file)?.trim())?,
            _ => bail!("exactly one of redis_url and redis_url_file is needed"),
        };
        match &self.redis_authority {
            Some(file) => servers.trusting(read(file)?.into_bytes()),
            None => Ok(servers),
        }
    }

    fn files(&self) -> PeerFiles {
        let (certificate, key, authority) = (self.certificate.clone(), self.key.clone(), self.authority.clone());
        PeerFiles { certificate, key, authority }
    }
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

/// This hub's place among the others, before it serves them.
pub struct Membership {
    /// For the engine.
    pub hubs: Hubs,
    road: Road,
    listener: TlsListener,
}

impl Membership {
    /// Binds the port for the other hubs, and looks for Redis from now on; it need not be there yet.
    ///
    /// # Errors
    /// When the port is taken or a file cannot be read.
    pub async fn take_up(settings: &ClusterSettings) -> Result<Self> {
        let credentials = settings.files().read()?;
        let tcp = TcpListener::bind(settings.listen).await;
        let tcp = tcp.with_context(|| format!("cannot listen on {} for other hubs", settings.listen))?;
        let address = advertised(settings, tcp.local_addr()?)?;
        let listener = TlsListener::new(tcp, credentials.server.clone())?;
        let hubs = Hubs::of(RedisCluster::new(settings.servers()?), address.clone());
        tracing::info!(owner = %hubs.owner, address, "this hub is one of several");
        Ok(Membership { hubs, road: road(Arc::new(Peers::new(credentials))), listener })
    }

    /// The edge of a hub that sends on what it does not lead; the other hubs are served by a task of `beside`.
    pub fn open(self, doors: Doors, office: Office, about: About, beside: &mut JoinSet<()>) -> Edge {
        let edge = Edge::among(doors, office, about, Some(self.road));
        let served = axum::serve(self.listener, peer::router(edge.clone(), COMMAND_PATH));
        beside.spawn(async move {
            if let Err(error) = served.await {
                tracing::error!(%error, "other hubs are no longer served");
            }
        });
        edge
    }
}

/// While this hub leads a district, it is kept as the settings say, and gets what the offices of all hubs owe it.
pub async fn keep_house(doors: Doors, office: Office, settings: Settings) {
    loop {
        sleep(HOUSE_EVERY).await;
        for door in doors.all().filter(|door| door.role() == Role::Leading) {
            if let Err(error) = keep(door, &office, &settings).await {
                let (district, error) = (door.district(), format!("{error:#}"));
                tracing::warn!(%district, error, "what the office owes the district waits");
            }
        }
    }
}

async fn keep(door: &EngineHandle, office: &Office, settings: &Settings) -> Result<()> {
    compose::settle(door, office, settings).await?;
    starter::begin(door).await
}

fn advertised(settings: &ClusterSettings, bound: SocketAddr) -> Result<String> {
    let said = std::env::var(ADVERTISE_VARIABLE).ok().or_else(|| settings.advertise.clone());
    match said {
        Some(address) => Ok(address),
        None if bound.ip().is_unspecified() => {
            bail!("cluster.advertise is missing: other hubs cannot reach {bound}; say where they find this one")
        }
        None => Ok(bound.to_string()),
    }
}

fn road(peers: Arc<Peers>) -> Road {
    Arc::new(move |address, body, limit| {
        let peers = peers.clone();
        Box::pin(async move { peers.ask(&address, body, limit).await })
    })
}
