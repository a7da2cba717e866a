//! The door of the office: its files, its one writing connection, its readers.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use arc_swap::ArcSwap;
use futures_util::future::BoxFuture;
use matcher::{CallerKey, VolunteerId};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, SqlSafeStr, SqliteConnection, SqlitePool};
use tokio::sync::{Mutex, OwnedMutexGuard, broadcast};

use super::callers::CallerKeys;
use super::error::{Answer, OfficeError};
use super::keys::Key;
use super::names::NameBook;
use super::passwords::Passwords;
use super::probes::Probes;
use super::sessions::SessionId;
use super::tickets::Tickets;

/// Connections that read at once.
const READERS_MAX: u32 = 3;
/// Revocations that a slow listener may be behind; one further behind asks for all sessions again.
const REVOCATIONS_BEHIND_MAX: usize = 1_024;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The office of one hub. Cheap to clone.
#[derive(Clone)]
pub struct Office(pub(super) Arc<Desk>);

/// What the office works with.
pub(super) struct Desk {
    pub readers: SqlitePool,
    writer: Arc<Mutex<SqliteConnection>>,
    pub passwords: Passwords,
    pub tickets: Tickets,
    pub probes: Probes,
    pub callers: CallerKeys,
    pub key: Key,
    /// Held from the reading of the registry to the writing of what came of it: numbers are given out once.
    registering: Arc<Mutex<()>>,
    pub names: ArcSwap<NameBook>,
    pub revoked: broadcast::Sender<SessionId>,
}

impl Office {
    /// Opens `office.db` and the hub's keys in `folder`, which must exist; makes them when it is empty.
    ///
    /// # Errors
    /// When the folder cannot be written, a key can be read by others, or the database is of a newer hub.
    pub async fn open(folder: &Path) -> anyhow::Result<Self> {
        let options = options(&folder.join("office.db"));
        let mut writer =
            options.connect().await.with_context(|| format!("cannot open {}/office.db", folder.display()))?;
        migrations().run_direct(None, &mut writer, false).await.context("office.db: its tables could not be made")?;
        let readers =
            SqlitePoolOptions::new().max_connections(READERS_MAX).connect_with(options.read_only(true)).await?;
        let key = Key::open_or_draw(&folder.join("caller.key"))?;
        let office = Self(Arc::new(Desk {
            readers,
            writer: Arc::new(Mutex::new(writer)),
            passwords: Passwords::new(),
            tickets: Tickets::default(),
            probes: Probes::default(),
            callers: CallerKeys::new(key.clone()),
            key,
            registering: Arc::default(),
            names: ArcSwap::from_pointee(NameBook::default()),
            revoked: broadcast::channel(REVOCATIONS_BEHIND_MAX).0,
        }));
        office.reload_names().await?;
        Ok(office)
    }

    /// Runs `work` in one transaction of the one writing connection, as a task that is never cancelled: it happens
    /// whole or not at all, whether or not the caller stays to hear of it.
    pub(super) async fn write<T, F>(&self, work: F) -> Answer<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Answer<T>> + Send + 'static,
    {
        let writer = self.0.writer.clone();
        let task = tokio::spawn(async move {
            let mut conn = writer.lock_owned().await;
            sqlx::query("BEGIN IMMEDIATE").execute(&mut *conn).await?;
            let done = work(&mut conn).await;
            let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
            if let Err(error) = sqlx::query(end).execute(&mut *conn).await {
                // A failed commit (a full disk) leaves the transaction open: it must not swallow the next one.
                let _ = sqlx::query("ROLLBACK").execute(&mut *conn).await;
                return Err(error.into());
            }
            done
        });
        task.await.map_err(|e| OfficeError::Failed(e.into()))?
    }

    /// The turn of whoever registers people or teams: nobody else gives out numbers until it is dropped.
    pub async fn registering(&self) -> OwnedMutexGuard<()> {
        self.0.registering.clone().lock_owned().await
    }

    /// Names of volunteers, as they are now; what the engine renders with.
    pub fn names(&self) -> Arc<NameBook> {
        self.0.names.load_full()
    }

    /// Keyed hash of a caller's phone number.
    pub fn caller_key(&self, phone: &str) -> CallerKey {
        self.0.callers.of_phone(phone)
    }

    /// Keyed hash of a volunteer, for the alarms he raises himself.
    pub fn caller_key_of(&self, volunteer: VolunteerId) -> CallerKey {
        self.0.callers.of_volunteer(volunteer)
    }

    /// Sessions as they are revoked: whoever holds a socket of one closes it.
    pub fn revocations(&self) -> broadcast::Receiver<SessionId> {
        self.0.revoked.subscribe()
    }

    /// Lets what is in flight finish, and moves the write-ahead log into the file.
    pub async fn close(&self) -> anyhow::Result<()> {
        self.0.readers.close().await;
        let mut writer = self.0.writer.lock().await;
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *writer).await?;
        Ok(())
    }
}

fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .disable_statement_logging()
}

fn migrations() -> Migrator {
    let (office, once) = (
        include_str!("../../migrations/sqlite/office/0001_office.sql").into_sql_str(),
        include_str!("../../migrations/sqlite/office/0002_once.sql").into_sql_str(),
    );
    Migrator::with_migrations(vec![
        Migration::new(1, "office".into(), MigrationType::Simple, office, false),
        Migration::new(2, "once".into(), MigrationType::Simple, once, false),
    ])
}
