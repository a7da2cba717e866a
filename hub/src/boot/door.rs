//! The door to the network: a bound port with or without TLS, and, where that is not plain loopback, a plain one on
//! loopback for programs of this machine.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use metrics_exporter_prometheus::PrometheusHandle;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::config::{Settings, TlsMode};
use super::folder::DataFolder;
use crate::edge::{About, Edge, serve, tls};

/// Ports that are bound, before anything is served on them: the addresses are known, nobody is answered yet.
pub struct Bound {
    tcp: TcpListener,
    loopback: Option<TcpListener>,
    tls: Option<Arc<ServerConfig>>,
    /// The address people type: `https://192.168.1.20:8110`.
    pub base: String,
    /// Plain HTTP on this machine.
    pub local: String,
}

impl Bound {
    /// Binds what `settings` say.
    ///
    /// # Errors
    /// When a port is taken, or a certificate cannot be read.
    pub async fn new(data: &Path, settings: &Settings) -> Result<Self> {
        let wanted = SocketAddr::new(settings.bind, settings.port);
        let tcp = TcpListener::bind(wanted).await.with_context(|| {
            format!("cannot listen on {wanted}: is another program there? Try --port 0 / 端口被占用,可用 --port 0")
        })?;
        let address = tcp.local_addr()?;
        let tls = tls_of(data, settings)?;
        let is_plain_loopback = tls.is_none() && address.ip().is_loopback();
        let loopback = match is_plain_loopback {
            true => None,
            false => Some(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?),
        };
        let scheme = if tls.is_some() { "https" } else { "http" };
        let own = format!("{scheme}://{}", SocketAddr::new(reachable(address.ip()), address.port()));
        let local = match &loopback {
            Some(tcp) => format!("http://{}", tcp.local_addr()?),
            None => own.clone(),
        };
        Ok(Self { tcp, loopback, tls, base: settings.public_url.clone().unwrap_or(own), local })
    }

    /// What the hub says of itself.
    pub fn about(&self, data: &Path, settings: &Settings, demo: bool, metrics: PrometheusHandle) -> About {
        let authority = (settings.tls.mode == TlsMode::SelfMade).then(|| data.join(tls::AUTHORITY_FILE));
        About {
            demo,
            addresses: vec![self.base.clone()],
            origins: settings.origins.clone(),
            authority,
            metrics: Some(metrics),
        }
    }
}

/// A door that is open.
pub struct Door {
    stop: watch::Sender<bool>,
    serving: JoinSet<std::io::Result<()>>,
    upkeep: JoinHandle<()>,
}

impl Door {
    /// Serves from now on; writes where it listens to `address` in the data folder.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn open(bound: Bound, data: &Path, edge: Edge) -> Result<Self> {
        let upkeep = tokio::spawn(keep_up(edge.about().metrics.clone()));
        let (stop, stopped) = watch::channel(false);
        let mut serving = JoinSet::new();
        serving.spawn(serve::serve(edge.clone(), bound.tcp, bound.tls, told(stopped.clone())));
        if let Some(loopback) = bound.loopback {
            serving.spawn(serve::serve(edge, loopback, None, told(stopped)));
        }
        DataFolder::say_address(data, &bound.local)?;
        Ok(Self { stop, serving, upkeep })
    }

    /// Tells every phone to come back, lets what is in flight end, and closes.
    ///
    /// # Errors
    /// When a socket failed.
    pub async fn close(mut self) -> Result<()> {
        let _ = self.stop.send(true);
        self.upkeep.abort();
        while let Some(served) = self.serving.join_next().await {
            served??;
        }
        Ok(())
    }
}

async fn told(mut stopped: watch::Receiver<bool>) {
    // A sender that is gone says the same.
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// Old samples of histograms are folded into their sums, so that metrics do not grow.
const UPKEEP: std::time::Duration = std::time::Duration::from_secs(5);

async fn keep_up(metrics: Option<PrometheusHandle>) {
    let Some(metrics) = metrics else { return };
    let mut tick = tokio::time::interval(UPKEEP);
    loop {
        tick.tick().await;
        metrics.run_upkeep();
    }
}

fn tls_of(data: &Path, settings: &Settings) -> Result<Option<Arc<ServerConfig>>> {
    match settings.tls.mode {
        TlsMode::Off | TlsMode::Proxy => Ok(None),
        TlsMode::SelfMade => {
            let names = settings.public_url.iter().filter_map(|url| host_of(url)).collect::<Vec<_>>();
            let addresses = [IpAddr::V4(Ipv4Addr::LOCALHOST), reachable(settings.bind)];
            tls::self_made(data, &names, &addresses).map(Some)
        }
        TlsMode::Files => {
            let (certificate, key) = (settings.tls.certificate.as_ref(), settings.tls.key.as_ref());
            let certificate = certificate.context("tls.certificate is missing")?;
            tls::from_files(certificate, key.context("tls.key is missing")?).map(Some)
        }
    }
}

fn host_of(url: &str) -> Option<String> {
    reqwest::Url::parse(url).ok()?.host_str().map(str::to_owned)
}

/// The address under which others reach a hub that listens on all of them: the one that this machine would send from.
/// Choosing it sends nothing.
fn reachable(bound: IpAddr) -> IpAddr {
    if !bound.is_unspecified() {
        return bound;
    }
    let route = || -> std::io::Result<IpAddr> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        // TEST-NET-1 (RFC 5737): nobody's.
        socket.connect(("192.0.2.1", 9))?;
        Ok(socket.local_addr()?.ip())
    };
    route().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}
