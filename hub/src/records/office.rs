//! The door of the office: its files, its one writing connection, its readers.

use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use matcher::{CallerKey, VolunteerId};
use sqlx::{AnyConnection, Row};
use tokio::sync::{Mutex, OwnedMutexGuard, broadcast};

use super::callers::CallerKeys;
use super::error::{Answer, OfficeError};
use super::keys::{Key, own_key};
use super::names::NameBook;
use super::passwords::Passwords;
use super::probes::Probes;
use super::rows::now;
use super::sessions::SessionId;
use super::shelf::{Place, Reader, Readers, Shelf};
use super::tickets::Tickets;
use crate::store::postgres::PostgresSettings;

/// Revocations that a slow listener may be behind; one further behind asks for all sessions again.
const REVOCATIONS_BEHIND_MAX: usize = 1_024;
/// How often a hub looks what the others have changed in an office that they share.
const ATTEND_EVERY: Duration = Duration::from_secs(2);
/// How far back it looks for revocations, milliseconds: further than two hubs' clocks can be apart and still be let run.
const ATTEND_BACK_MS: u64 = 60_000;

/// How long a server may take over what is written lightly.
const LIGHTLY_WITHIN: Duration = Duration::from_secs(2);

/// The office of one hub. Cheap to clone.
#[derive(Clone)]
pub struct Office(pub(super) Arc<Desk>);

/// What the office works with.
pub(super) struct Desk {
    pub shelf: Shelf,
    readers: Readers,
    writer: Arc<Mutex<Place>>,
    light_writer: Arc<Mutex<Place>>,
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
        Self::on(Shelf::in_folder(folder).await?, own_key(folder)?).await
    }

    /// Opens the office that several hubs share in a database; `key` is the same for all of them.
    ///
    /// # Errors
    /// When no server takes writes, or this hub's key is not that of the others.
    pub async fn open_shared(settings: &PostgresSettings, key: Key) -> anyhow::Result<Self> {
        let office = Self::on(Shelf::shared(settings).await?, key).await?;
        office.check_key().await?;
        tokio::spawn(attend(Arc::downgrade(&office.0)));
        Ok(office)
    }

    async fn on(shelf: Shelf, key: Key) -> anyhow::Result<Self> {
        let office = Self(Arc::new(Desk {
            readers: Readers::new(shelf.clone()),
            shelf,
            writer: Arc::default(),
            light_writer: Arc::default(),
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
        F: for<'c> FnOnce(&'c mut AnyConnection) -> BoxFuture<'c, Answer<T>> + Send + 'static,
    {
        let (writer, shelf) = (self.0.writer.clone(), self.0.shelf.clone());
        let task = tokio::spawn(async move {
            let mut place = writer.lock_owned().await;
            let conn = place.ready(&shelf).await?;
            for sql in shelf.begin() {
                sqlx::query(*sql).execute(&mut *conn).await?;
            }
            let done = work(&mut *conn).await;
            let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
            if let Err(error) = sqlx::query(end).execute(&mut *conn).await {
                // A failed commit (a full disk, a server gone) leaves the transaction open: it must not swallow the next.
                place.give_up();
                return Err(error.into());
            }
            done
        });
        task.await.map_err(|e| OfficeError::Failed(e.into()))?
    }

    /// Runs `work` in a shared database beside whatever else is written there, statement by statement: for what may go with
    /// the server that dies, and on which neither a chain nor a number depends. It waits for no disk and for no other hub.
    pub(super) async fn write_lightly<T, F>(&self, work: F) -> Answer<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut AnyConnection) -> BoxFuture<'c, Answer<T>> + Send + 'static,
    {
        let (writer, shelf) = (self.0.light_writer.clone(), self.0.shelf.clone());
        let task = tokio::spawn(async move {
            let mut place = writer.lock_owned().await;
            let conn = place.ready_lightly(&shelf).await?;
            let done = tokio::time::timeout(LIGHTLY_WITHIN, work(conn)).await;
            let done = done.unwrap_or_else(|_| Err(OfficeError::Unreachable(anyhow::anyhow!("it fell silent"))));
            if done.as_ref().is_err_and(|error| !matches!(error, OfficeError::TicketOver)) {
                // It is not tried before each use, so it is not trusted after a fault.
                place.give_up();
            }
            done
        });
        task.await.map_err(|e| OfficeError::Failed(e.into()))?
    }

    /// The turn of whoever registers people or teams: nobody else, at no hub, gives out numbers until it is dropped.
    ///
    /// # Errors
    /// When a shared database cannot be asked.
    pub async fn registering(&self) -> Answer<Turn> {
        let here = self.0.registering.clone().lock_owned().await;
        if !self.0.shelf.is_shared() {
            return Ok(Turn { _here: here, _everywhere: None });
        }
        let mut conn = self.0.shelf.connect().await?;
        sqlx::query("SELECT pg_advisory_lock(7221002)").execute(&mut conn).await?;
        Ok(Turn { _here: here, _everywhere: Some(conn) })
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
        if !self.0.shelf.is_shared() {
            let conn = writer.ready(&self.0.shelf).await?;
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(conn).await?;
        }
        writer.close().await;
        self.0.light_writer.lock().await.close().await;
        Ok(())
    }

    /// Hubs that share an office must have the same key: a caller's hash would be another at each of them, and what is
    /// kept once would open at one only. The office keeps a fingerprint of the first one's.
    async fn check_key(&self) -> anyhow::Result<()> {
        let mine = i64::from_be_bytes(self.0.key.derive("fingerprint", "office")[..8].try_into()?);
        let known = self
            .write(move |conn| {
                async move {
                    let sql = "INSERT INTO registry (id, version) VALUES (2, $1) ON CONFLICT (id) DO NOTHING";
                    sqlx::query(sql).bind(mine).execute(&mut *conn).await?;
                    let row = sqlx::query("SELECT version FROM registry WHERE id = 2").fetch_one(conn).await?;
                    Ok(row.try_get::<i64, _>("version")?)
                }
                .boxed()
            })
            .await?;
        anyhow::ensure!(
            known == mine,
            "caller.key of this data folder is not the one that this office was begun with: copy it from another hub"
        );
        Ok(())
    }
}

/// The turn to give out numbers.
pub struct Turn {
    _here: OwnedMutexGuard<()>,
    /// The lock is the connection's, and goes with it.
    _everywhere: Option<AnyConnection>,
}

impl Desk {
    /// A connection for reading.
    pub async fn reader(&self) -> Answer<Reader> {
        self.readers.reader().await
    }
}

/// Takes over what other hubs have changed: names, and who may no longer be here. Ends with the office.
async fn attend(desk: Weak<Desk>) {
    let mut version = None;
    loop {
        tokio::time::sleep(ATTEND_EVERY).await;
        let Some(desk) = desk.upgrade() else { return };
        let office = Office(desk);
        if let Err(error) = office.take_over(&mut version).await {
            tracing::warn!(%error, "the shared office cannot be read now; names and revocations of other hubs wait");
        }
    }
}

impl Office {
    async fn take_over(&self, version: &mut Option<i64>) -> Answer<()> {
        let row = sqlx::query("SELECT version FROM registry WHERE id = 1");
        let now_is: i64 = row.fetch_one(&mut *self.0.reader().await?).await?.try_get("version")?;
        if version.replace(now_is) != Some(now_is) {
            self.reload_names().await?;
        }
        let sql = "SELECT id FROM session WHERE revoked_at > $1";
        let since = now().minus_ms(ATTEND_BACK_MS).0;
        for row in sqlx::query(sql).bind(since).fetch_all(&mut *self.0.reader().await?).await? {
            // Told again and again for a minute; nobody listens while no socket is open.
            let _ = self.0.revoked.send(SessionId(row.try_get("id")?));
        }
        Ok(())
    }
}
