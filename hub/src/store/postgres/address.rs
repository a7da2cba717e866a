//! Where the database is: one URL, which may name several servers of which one at a time writes.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection, Row};

use super::failure::failure;
use crate::store::error::JournalError;
use crate::store::journal::Answer;

/// How long a server may take to let a connection in, milliseconds.
const CONNECT_MS_MAX: u64 = 2_000;

/// Bytes of a password file.
const PASSWORD_BYTES_MAX: u64 = 4_096;

/// What every session asks of the server. A commit is on disk when it is answered, whatever the server's own default is.
/// The server notices within a few seconds that a hub is gone, so that a half-sent statement holds no lock for long. No
/// statement is ever cut off by time: a cancel while a commit waits for its standby would be answered as success.
const SESSION: [(&str, &str); 7] = [
    ("synchronous_commit", "on"),
    ("statement_timeout", "0"),
    ("idle_in_transaction_session_timeout", "5000"),
    ("tcp_keepalives_idle", "2"),
    ("tcp_keepalives_interval", "1"),
    ("tcp_user_timeout", "4000"),
    ("client_connection_check_interval", "1000"),
];

/// The servers of one database, and how to sign in.
#[derive(Clone)]
pub struct Address {
    servers: Vec<PgConnectOptions>,
}

impl Address {
    /// Reads `postgres://user@host:port,host:port/database?sslmode=...`; the session works in `schema`.
    ///
    /// # Errors
    /// `Failed` in words for the operator: what cannot be read. The URL itself is never told: it may hold a password.
    pub fn parse(url: &str, password_file: Option<&Path>, schema: &str) -> Answer<Self> {
        let password = password_file.map(password).transpose()?;
        let options = |server: String| {
            let parsed = PgConnectOptions::from_str(&server);
            let options = parsed.map_err(|err| JournalError::Failed(format!("store.url: {err}")))?;
            let options = options.application_name("baiying").disable_statement_logging();
            let options = options.options(SESSION).options([("search_path", schema)]);
            Ok(match &password {
                Some(password) => options.password(password),
                None => options,
            })
        };
        Ok(Address { servers: each_server(url)?.into_iter().map(options).collect::<Answer<_>>()? })
    }

    /// A URL for each server, password and all: not for logs.
    pub fn urls(&self) -> Vec<String> {
        self.servers.iter().map(|server| server.to_url_lossy().to_string()).collect()
    }

    /// A connection to the server that writes.
    ///
    /// # Errors
    /// `Failed` with what each server said.
    pub async fn connect(&self) -> Answer<PgConnection> {
        let mut told = Vec::new();
        for server in &self.servers {
            match writing(server).await {
                Ok(conn) => return Ok(conn),
                Err(why) => told.push(format!("{}:{}: {why}", server.get_host(), server.get_port())),
            }
        }
        Err(JournalError::Failed(format!("no PostgreSQL server takes writes ({})", told.join("; "))))
    }
}

async fn writing(server: &PgConnectOptions) -> Result<PgConnection, String> {
    let limit = Duration::from_millis(CONNECT_MS_MAX);
    let connecting = async {
        let mut conn = PgConnection::connect_with(server).await.map_err(failure)?;
        let asked = sqlx::query("SELECT pg_is_in_recovery()").fetch_one(&mut conn).await.map_err(failure)?;
        let is_standby: bool = asked.try_get(0).map_err(failure)?;
        Ok::<_, JournalError>((!is_standby).then_some(conn))
    };
    match tokio::time::timeout(limit, connecting).await {
        Ok(Ok(Some(conn))) => Ok(conn),
        Ok(Ok(None)) => Err("is a standby".to_owned()),
        Ok(Err(err)) => Err(err.to_string()),
        Err(_) => Err(format!("no answer in {CONNECT_MS_MAX} ms")),
    }
}

/// One URL for each server of `url`.
fn each_server(url: &str) -> Answer<Vec<String>> {
    let bad = |why: &str| {
        let form = "postgres://user@host:5432/database, several hosts apart by commas";
        JournalError::Failed(format!("store.url {why}; it looks like {form}"))
    };
    let (scheme, rest) = url.split_once("://").ok_or_else(|| bad("has no scheme"))?;
    if !matches!(scheme, "postgres" | "postgresql") {
        return Err(bad("is not of PostgreSQL"));
    }
    let end = rest.find(['/', '?']).ok_or_else(|| bad("names no database"))?;
    let (authority, path) = rest.split_at(end);
    let (user, hosts) = authority.rsplit_once('@').ok_or_else(|| bad("names no user"))?;
    Ok(hosts.split(',').map(|host| format!("{scheme}://{user}@{host}{path}")).collect())
}

fn password(file: &Path) -> Answer<String> {
    let failed = |err: String| JournalError::Failed(format!("store.password_file {}: {err}", file.display()));
    let length = std::fs::metadata(file).map_err(|err| failed(err.to_string()))?.len();
    if length > PASSWORD_BYTES_MAX {
        return Err(failed(format!("it has {length} bytes: is it a password?")));
    }
    let text = std::fs::read_to_string(PathBuf::from(file)).map_err(|err| failed(err.to_string()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_servers_are_one_address() {
        let servers = each_server("postgres://hub@10.0.0.1:5432,10.0.0.2/baiying?sslmode=require").unwrap();
        assert_eq!(
            servers,
            ["postgres://hub@10.0.0.1:5432/baiying?sslmode=require", "postgres://hub@10.0.0.2/baiying?sslmode=require"]
        );
    }

    #[test]
    fn an_address_that_cannot_be_is_refused_in_words() {
        for (url, words) in [
            ("10.0.0.1/baiying", "no scheme"),
            ("mysql://hub@h/baiying", "not of PostgreSQL"),
            ("postgres://hub@h", "no database"),
            ("postgres://h/baiying", "no user"),
            ("postgres://hub:secret@h", "no database"),
        ] {
            let told = Address::parse(url, None, "journal").err().expect(url).to_string();
            assert!(told.contains(words) && !told.contains("secret"), "{url}: {told}");
        }
    }
}
