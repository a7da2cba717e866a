//! Where Redis is: one address, or whatever the Sentinels say each time a connection is made. The library's own
//! reconnecting client does not ask them again, so it is done here.

use std::time::Duration;

use anyhow::Context;
use redis::io::tcp::{TcpSettings, socket2::TcpKeepalive};
use redis::{AsyncConnectionConfig, Client, ConnectionInfo, IntoConnectionInfo, RedisError, RedisResult};

/// How long bytes may stay unacknowledged before the kernel gives the connection up.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(3);

/// When an idle connection is probed, and how often.
const PROBE_AFTER: Duration = Duration::from_secs(1);

/// Where Redis is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Servers {
    /// `redis://[user:password@]host:port[/db]`.
    One(String),
    /// Sentinels and the name they know the master by.
    Sentinels {
        /// `redis://host:port` of each.
        addresses: Vec<String>,
        /// The master's name.
        master: String,
        /// User, password and database for the data server as an address, whose host is not used.
        login: Option<String>,
    },
}

impl Servers {
    /// `redis://[user:password@]host:port[/db]` or `redis+sentinel://[user:password@]host:port,host:port/name[/db]`; user,
    /// password and database are the data server's.
    ///
    /// # Errors
    /// When it is neither.
    pub fn parse(url: &str) -> anyhow::Result<Self> {
        let servers = match url.strip_prefix("redis+sentinel://") {
            Some(rest) => of_sentinels(rest).with_context(|| no_address(url))?,
            None => Servers::One(url.to_owned()),
        };
        servers.check()?;
        Ok(servers)
    }

    /// Reads every address once.
    pub fn check(&self) -> anyhow::Result<()> {
        let of = |url: &String| url.as_str().into_connection_info().map(drop).with_context(|| no_address(url));
        match self {
            Servers::One(url) => of(url),
            Servers::Sentinels { addresses, login, .. } => {
                anyhow::ensure!(!addresses.is_empty(), "no Sentinel is named");
                addresses.iter().chain(login).try_for_each(of)
            }
        }
    }

    /// The server to write to, as it is now.
    ///
    /// # Errors
    /// When no Sentinel answers, or none knows the master.
    pub async fn find(&self, limit: Duration) -> RedisResult<Client> {
        match self {
            Servers::One(url) => Client::open(settled(url.as_str().into_connection_info()?)),
            Servers::Sentinels { addresses, master, login } => {
                let mut last = RedisError::from((redis::ErrorKind::Client, "no Sentinel is named"));
                for sentinel in addresses {
                    match ask(sentinel, master, login.as_deref(), limit).await {
                        Ok(client) => return Ok(client),
                        Err(error) => last = error,
                    }
                }
                Err(last)
            }
        }
    }
}

fn of_sentinels(rest: &str) -> Option<Servers> {
    let (user, rest) = rest.rsplit_once('@').map_or(("", rest), |(user, rest)| (user, rest));
    let (hosts, name) = rest.split_once('/')?;
    let (name, database) = name.split_once('/').unwrap_or((name, "0"));
    let addresses = hosts.split(',').map(|host| format!("redis://{host}")).collect();
    let at = if user.is_empty() { "" } else { "@" };
    let login = Some(format!("redis://{user}{at}unused:6379/{database}"));
    (!name.is_empty()).then(|| Servers::Sentinels { addresses, master: name.to_owned(), login })
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

async fn ask(sentinel: &str, master: &str, login: Option<&str>, limit: Duration) -> RedisResult<Client> {
    let sentinel = Client::open(settled(sentinel.into_connection_info()?))?;
    let mut conn = sentinel.get_multiplexed_async_connection_with_config(&config(limit)).await?;
    let mut asked = redis::cmd("SENTINEL");
    asked.arg("get-master-addr-by-name").arg(master);
    let found: Option<(String, u16)> = asked.query_async(&mut conn).await?;
    let unknown = || RedisError::from((redis::ErrorKind::Client, "the Sentinel does not know the master"));
    let (host, port) = found.ok_or_else(unknown)?;
    let login = login.unwrap_or("redis://unused:6379").into_connection_info()?;
    Client::open(settled(login.set_addr(redis::ConnectionAddr::Tcp(host, port))))
}
