//! Where Redis is: one address, or whatever the Sentinels say each time a connection is made. The library's own
//! reconnecting client does not ask them again, so it is done here.

use std::time::Duration;

use anyhow::Context;
use redis::io::tcp::{TcpSettings, socket2::TcpKeepalive};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisError, RedisResult,
    TlsCertificates,
};

/// How long bytes may stay unacknowledged before the kernel gives the connection up.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(3);

/// When an idle connection is probed, and how often.
const PROBE_AFTER: Duration = Duration::from_secs(1);

/// Where Redis is, and whom to believe that it is Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Servers {
    place: Place,
    /// The authority that has signed its certificate (PEM); without it, those of the system.
    authority: Option<Vec<u8>>,
}

/// Where it is met.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// `redis://[user:password@]host:port[/db]`, or `rediss://` where it speaks TLS.
    One(String),
    Sentinels {
        /// `redis://host:port` of each, or `rediss://`.
        addresses: Vec<String>,
        /// The name they know the master by.
        master: String,
        /// User, password and database for the data server as an address, whose host is not used.
        login: String,
    },
}

impl Servers {
    /// `redis://[user:password@]host:port[/db]` or `redis+sentinel://[user:password@]host:port,host:port/name[/db]`; user,
    /// password and database are the data server's. With `rediss` for `redis`, all of them speak TLS.
    ///
    /// # Errors
    /// When it is neither.
    pub fn parse(url: &str) -> anyhow::Result<Self> {
        let of = |scheme, rest| of_sentinels(scheme, rest).with_context(|| no_address(url));
        let place = match (url.strip_prefix("redis+sentinel://"), url.strip_prefix("rediss+sentinel://")) {
            (Some(rest), _) => of("redis", rest)?,
            (_, Some(rest)) => of("rediss", rest)?,
            (None, None) => Place::One(url.to_owned()),
        };
        let servers = Servers { place, authority: None };
        servers.check(url)?;
        Ok(servers)
    }

    /// The same, believed when `authority` (PEM) has signed its certificate.
    ///
    /// # Errors
    /// When that is no certificate, or there is no TLS to need one.
    pub fn trusting(self, authority: Vec<u8>) -> anyhow::Result<Self> {
        let servers = Servers { authority: Some(authority), ..self };
        let (Place::One(first) | Place::Sentinels { login: first, .. }) = &servers.place;
        servers.client(first.as_str().into_connection_info()?).context("the authority of Redis' certificate")?;
        Ok(servers)
    }

    /// Reads every address once.
    fn check(&self, url: &str) -> anyhow::Result<()> {
        let of = |each: &String| each.as_str().into_connection_info().map(drop).with_context(|| no_address(url));
        match &self.place {
            Place::One(each) => of(each),
            Place::Sentinels { addresses, login, .. } => addresses.iter().chain([login]).try_for_each(of),
        }
    }

    /// The server to write to, as it is now.
    ///
    /// # Errors
    /// When no Sentinel answers, or none knows the master.
    pub async fn find(&self, limit: Duration) -> RedisResult<Client> {
        match &self.place {
            Place::One(url) => self.client(url.as_str().into_connection_info()?),
            Place::Sentinels { addresses, master, login } => {
                let mut last = RedisError::from((redis::ErrorKind::Client, "no Sentinel is named"));
                for sentinel in addresses {
                    match self.ask(sentinel, master, login, limit).await {
                        Ok(client) => return Ok(client),
                        Err(error) => last = error,
                    }
                }
                Err(last)
            }
        }
    }

    fn client(&self, info: ConnectionInfo) -> RedisResult<Client> {
        // Fails when somebody has chosen one before: then that one is used.
        rustls::crypto::ring::default_provider().install_default().ok();
        match &self.authority {
            None => Client::open(settled(info)),
            Some(pem) => Client::build_with_tls(
                settled(info),
                TlsCertificates { client_tls: None, root_cert: Some(pem.clone()) },
            ),
        }
    }

    async fn ask(&self, sentinel: &str, master: &str, login: &str, limit: Duration) -> RedisResult<Client> {
        let sentinel = self.client(sentinel.into_connection_info()?)?;
        let mut conn = sentinel.get_multiplexed_async_connection_with_config(&config(limit)).await?;
        let mut asked = redis::cmd("SENTINEL");
        asked.arg("get-master-addr-by-name").arg(master);
        let found: Option<(String, u16)> = asked.query_async(&mut conn).await?;
        let unknown = || RedisError::from((redis::ErrorKind::Client, "the Sentinel does not know the master"));
        let (host, port) = found.ok_or_else(unknown)?;
        let login = login.into_connection_info()?;
        let addr = match login.addr() {
            ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
                ConnectionAddr::TcpTls { host, port, insecure: *insecure, tls_params: tls_params.clone() }
            }
            _ => ConnectionAddr::Tcp(host, port),
        };
        self.client(login.set_addr(addr))
    }
}

fn of_sentinels(scheme: &str, rest: &str) -> Option<Place> {
    let (user, rest) = rest.rsplit_once('@').map_or(("", rest), |(user, rest)| (user, rest));
    let (hosts, name) = rest.split_once('/')?;
    let (name, database) = name.split_once('/').unwrap_or((name, "0"));
    let addresses = hosts.split(',').map(|host| format!("{scheme}://{host}")).collect();
    let at = if user.is_empty() { "" } else { "@" };
    let login = format!("{scheme}://{user}{at}unused:6379/{database}");
    (!name.is_empty()).then(|| Place::Sentinels { addresses, master: name.to_owned(), login })
}

/// Never with the password in it.
fn no_address(url: &str) -> String {
    let shown = url.rsplit('@').next().unwrap_or_default();
    format!("{shown:?} is no address of Redis; write redis://host:6379/0")
}

/// How every connection here is made: limits on each step, no delay, and a kernel that notices a dead peer.
pub fn config(limit: Duration) -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(Some(limit)).set_response_timeout(Some(limit))
}

fn settled(info: ConnectionInfo) -> ConnectionInfo {
    let probes = TcpKeepalive::new().with_time(PROBE_AFTER).with_interval(PROBE_AFTER).with_retries(3);
    let tcp = TcpSettings::default().set_nodelay(true).set_keepalive(probes).set_user_timeout(UNACKNOWLEDGED_MAX);
    info.set_tcp_settings(tcp)
}
