//! Where the office's tables lie: a file of its own beside the journal, or a schema in the database that several hubs
//! share. The same SQL for both; what differs is here.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AnyConnection, ConnectOptions, Connection, PgConnection, Row, SqlSafeStr};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::error::{Answer, OfficeError};
use crate::store::postgres::{Address, PostgresSettings, bring_up_to_date};

/// Connections that read at once.
const READERS: usize = 3;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a server may take to answer an empty message before its connection is given up.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// The schema of the office in a shared database.
pub const OFFICE_SCHEMA: &str = "office";

/// The name of the office in the data folder.
pub const OFFICE_FILE: &str = "office.db";

/// What a session of a shared database begins with: a write is on disk when it is answered.
const BEGIN_SESSION: [&str; 3] =
    ["SET search_path TO office", "SET synchronous_commit TO on", "SET idle_in_transaction_session_timeout TO 5000"];

/// A shelf; makes connections.
#[derive(Clone, Debug)]
pub enum Shelf {
    /// `office.db`, by its URL.
    File(String),
    /// The servers of a shared database, by their URLs; one of them writes.
    Shared(Vec<String>),
}

impl Shelf {
    /// `office.db` in `folder`, made if it is not there, its tables brought up to date.
    pub async fn in_folder(folder: &Path) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let file = folder.canonicalize()?.join(OFFICE_FILE);
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let mut conn = options.connect().await.with_context(|| format!("cannot open {}", file.display()))?;
        let made = file_migrations().run_direct(None, &mut conn, false).await;
        made.context("office.db: its tables could not be made")?;
        conn.close().await?;
        Ok(Self::File(file_url(&file)))
    }

    /// A connection that only looks at the file in `folder`, as it is.
    pub async fn look(folder: &Path) -> Result<AnyConnection> {
        sqlx::any::install_default_drivers();
        let file = folder.canonicalize()?.join(OFFICE_FILE);
        let opened = AnyConnection::connect(&format!("{}?mode=ro", file_url(&file))).await;
        opened.with_context(|| format!("cannot read {}", file.display()))
    }

    /// The office in a shared database, its tables brought up to date.
    pub async fn shared(settings: &PostgresSettings) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let address = Address::parse(&settings.url, settings.password_file.as_deref(), OFFICE_SCHEMA)?;
        let mut conn: PgConnection = address.connect().await?;
        bring_up_to_date(&mut conn, OFFICE_SCHEMA, &shared_migrations()).await?;
        conn.close().await?;
        Ok(Self::Shared(address.urls()))
    }

    /// Whether other hubs write it too.
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::Shared(_))
    }

    /// How a transaction that writes begins; in a shared database all hubs' writes follow one another, as they do in a
    /// file: the audit chain and numbers that are given out depend on it.
    pub fn begin(&self) -> &'static [&'static str] {
        match self {
            Self::File(_) => &["BEGIN IMMEDIATE"],
            Self::Shared(_) => &["BEGIN", "SELECT pg_advisory_xact_lock(7221001)"],
        }
    }

    /// A connection that may write.
    pub async fn connect(&self) -> Answer<AnyConnection> {
        match self {
            Self::File(url) => Ok(begun(AnyConnection::connect(url).await?, &file_session()).await?),
            Self::Shared(urls) => {
                let mut why = anyhow!("no server is named");
                for url in urls {
                    match writing(url).await {
                        Ok(conn) => return Ok(conn),
                        Err(err) => why = err,
                    }
                }
                Err(OfficeError::Unreachable(why.context("no PostgreSQL server takes writes for the office")))
            }
        }
    }
}

async fn writing(url: &str) -> Result<AnyConnection> {
    let connecting = async {
        let mut conn = begun(AnyConnection::connect(url).await?, &BEGIN_SESSION).await?;
        let row = sqlx::query("SELECT pg_is_in_recovery()").fetch_one(&mut conn).await?;
        anyhow::ensure!(!row.try_get::<bool, _>(0)?, "a standby");
        Ok(conn)
    };
    tokio::time::timeout(PING_TIMEOUT, connecting).await?
}

async fn begun(mut conn: AnyConnection, session: &[&'static str]) -> Result<AnyConnection, sqlx::Error> {
    for sql in session {
        sqlx::query(*sql).execute(&mut conn).await?;
    }
    Ok(conn)
}

fn file_session() -> [&'static str; 4] {
    debug_assert_eq!(BUSY_TIMEOUT.as_millis(), 5_000);
    // 512 KiB of pages a connection: the system's own cache is behind them.
    ["PRAGMA busy_timeout = 5000", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON", "PRAGMA cache_size = -512"]
}

/// `sqlite:///a/b`, every byte that a URL could misread written as `%XX`.
fn file_url(file: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let byte = |byte: &u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => char::from(*byte).to_string(),
        other => format!("%{other:02X}"),
    };
    format!("sqlite://{}", file.as_os_str().as_bytes().iter().map(byte).collect::<String>())
}

/// Connections that read, handed out one by one.
pub struct Readers {
    shelf: Shelf,
    places: [Arc<Mutex<Place>>; READERS],
    turn: AtomicUsize,
}

/// A place for a connection; empty until it is needed, and again after a server went away.
#[derive(Default)]
pub struct Place(Option<AnyConnection>);

/// A connection in its place, sound.
pub struct Reader(OwnedMutexGuard<Place>);

impl std::ops::Deref for Reader {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        self.0.0.as_ref().expect("a reader is handed out with its connection")
    }
}

impl std::ops::DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        self.0.0.as_mut().expect("a reader is handed out with its connection")
    }
}

impl Place {
    /// The connection in it, tried if a server could have gone away meanwhile, made if there is none.
    pub async fn ready(&mut self, shelf: &Shelf) -> Answer<&mut AnyConnection> {
        if let Some(mut conn) = self.0.take() {
            let is_sound =
                !shelf.is_shared() || matches!(tokio::time::timeout(PING_TIMEOUT, conn.ping()).await, Ok(Ok(())));
            self.0 = is_sound.then_some(conn);
        }
        if self.0.is_none() {
            self.0 = Some(shelf.connect().await?);
        }
        Ok(self.0.as_mut().expect("just put there"))
    }

    /// A connection whose writes wait for no disk, made if there is none; whether it is sound, its first use tells.
    pub async fn ready_lightly(&mut self, shelf: &Shelf) -> Answer<&mut AnyConnection> {
        if self.0.is_none() {
            let lightly = ["SET synchronous_commit TO off"];
            self.0 = Some(begun(shelf.connect().await?, &lightly).await?);
        }
        Ok(self.0.as_mut().expect("just put there"))
    }

    /// Gives the connection up: nobody knows how it stands.
    pub fn give_up(&mut self) {
        self.0 = None;
    }

    /// Closes it in order.
    pub async fn close(&mut self) {
        if let Some(conn) = self.0.take() {
            // What was written is on disk already.
            conn.close().await.ok();
        }
    }
}

impl Readers {
    /// Places without connections.
    pub fn new(shelf: Shelf) -> Self {
        Readers { shelf, places: Default::default(), turn: AtomicUsize::new(0) }
    }

    /// A connection for reading; waits for whoever has it.
    pub async fn reader(&self) -> Answer<Reader> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % READERS;
        let mut place = self.places[turn].clone().lock_owned().await;
        place.ready(&self.shelf).await?;
        Ok(Reader(place))
    }

    /// Closes all of them.
    pub async fn close(&self) {
        for place in &self.places {
            place.lock().await.close().await;
        }
    }
}

fn steps(texts: [(&'static str, &'static str); 4]) -> Migrator {
    let step = |(number, (name, sql)): (i64, (&'static str, &'static str))| {
        Migration::new(number, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    let mut migrator = Migrator::with_migrations((1..).zip(texts).map(step).collect());
    // A hub of the version before starts beside newer ones: steps that it does not know have only added something.
    migrator.set_ignore_missing(true);
    migrator
}

fn file_migrations() -> Migrator {
    steps([
        ("office", include_str!("../../migrations/sqlite/office/0001_office.sql")),
        ("once", include_str!("../../migrations/sqlite/office/0002_once.sql")),
        ("several_hubs", include_str!("../../migrations/sqlite/office/0003_several_hubs.sql")),
        ("guests", include_str!("../../migrations/sqlite/office/0004_guests.sql")),
    ])
}

fn shared_migrations() -> Migrator {
    steps([
        ("office", include_str!("../../migrations/postgres/office/0001_office.sql")),
        ("once", include_str!("../../migrations/postgres/office/0002_once.sql")),
        ("several_hubs", include_str!("../../migrations/postgres/office/0003_several_hubs.sql")),
        ("guests", include_str!("../../migrations/postgres/office/0004_guests.sql")),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_any_name_has_a_url() {
        assert_eq!(file_url(Path::new("/srv/百 a?/office.db")), "sqlite:///srv/%E7%99%BE%20a%3F/office.db");
    }

    #[tokio::test]
    async fn a_hub_of_the_version_before_opens_an_office_of_a_newer_one() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::in_folder(folder.path()).await.unwrap();
        let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                     VALUES (99, 'of a newer hub', TRUE, X'', 0)";
        let mut conn = shelf.connect().await.unwrap();
        assert_eq!(sqlx::query(newer).execute(&mut conn).await.unwrap().rows_affected(), 1);
        conn.close().await.unwrap();
        assert!(Shelf::in_folder(folder.path()).await.is_ok(), "steps that it does not know only add");
    }
}
