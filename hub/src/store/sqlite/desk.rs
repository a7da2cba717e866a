//! What the journal's thread works at: the one connection, and how a transaction on it begins and ends.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, Row, SqlSafeStr, SqliteConnection};
use uuid::Uuid;

use super::SqliteSettings;
use super::ballast::Ballast;
use super::lock::FolderLock;
use crate::store::error::JournalError;
use crate::store::journal::Answer;

/// The name of the journal in the data folder.
pub const JOURNAL_FILE: &str = "journal.db";

/// Prepared statements kept: one per number of rows in a multi-row insert, and the fixed ones.
const STATEMENTS_KEPT: usize = 128;

/// Pages between checkpoints: a few milliseconds of copying, not more, on the writer's way.
const CHECKPOINT_PAGES: u32 = 1_000;

/// Bytes of a page of the journal's file.
const PAGE_BYTES: u64 = 4_096;

/// The connection, and what belongs to it. Lives on the journal's thread and never leaves it.
pub struct Desk {
    conn: Option<SqliteConnection>,
    path: PathBuf,
    ballast: Ballast,
    quota: Option<Quota>,
    _lock: FolderLock,
}

impl Desk {
    /// Takes the folder, opens the file, brings its tables up to date and lays the ballast.
    pub async fn open(settings: &SqliteSettings, is_low: Arc<AtomicBool>) -> Answer<Self> {
        make_folder(&settings.folder)?;
        let lock = FolderLock::take(&settings.folder)?;
        let path = settings.folder.join(JOURNAL_FILE);
        let mut conn = connect(&path).await?;
        migrations().run_direct(None, &mut conn, false).await.map_err(|err| {
            JournalError::Failed(format!("{}: its tables cannot be brought up to date: {err}", path.display()))
        })?;
        let ballast = Ballast::lay(&settings.folder, settings.ballast_bytes, is_low);
        let quota = settings.bytes_max.map(|bytes_max| Quota { bytes_max, ballast_bytes: settings.ballast_bytes });
        let mut desk = Desk { conn: Some(conn), path, ballast, quota, _lock: lock };
        desk.bound().await?;
        Ok(desk)
    }

    /// Tells the database how far its file may grow, by the operator's quota and whether the ballast is there.
    async fn bound(&mut self) -> Answer<()> {
        let Some(quota) = self.quota else { return Ok(()) };
        let pages = quota.pages_max(self.ballast.is_low());
        // Numbers are the only thing that goes in.
        let sql = AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
        self.conn().execute(sql).await.map(drop).map_err(failure)
    }

    /// The connection. Panics if it was lost: [`Desk::ready`] runs before every job.
    pub fn conn(&mut self) -> &mut SqliteConnection {
        self.conn.as_mut().expect("ready() ran before this job")
    }

    /// Opens the file again if the connection was given up after a failure.
    pub async fn ready(&mut self) -> Answer<()> {
        if self.conn.is_none() {
            self.conn = Some(connect(&self.path).await?);
            self.bound().await?;
        }
        Ok(())
    }

    /// Looks after the ballast.
    pub async fn tend(&mut self) -> Answer<()> {
        if !self.ballast.is_low() {
            return Ok(());
        }
        let free = match self.quota {
            Some(quota) => quota.bytes_max.saturating_sub(self.bytes_used().await?),
            None => u64::MAX,
        };
        self.ballast.tend(free);
        self.bound().await
    }

    /// Bytes of the file that hold something.
    async fn bytes_used(&mut self) -> Answer<u64> {
        let sql = "SELECT page_count - freelist_count FROM pragma_page_count, pragma_freelist_count";
        let row = sqlx::query(sql).fetch_one(self.conn()).await.map_err(failure)?;
        Ok(row.try_get::<i64, _>(0).map_err(failure)?.unsigned_abs() * PAGE_BYTES)
    }

    /// Runs `work` in one immediate transaction: committed if it returns `Ok`, else rolled back. When the volume is
    /// full the ballast is freed and the work done once more; after that it is `DiskFull`.
    pub async fn atomically<T>(&mut self, work: impl AsyncFn(&mut SqliteConnection) -> Answer<T>) -> Answer<T> {
        match self.try_atomically(&work).await {
            Err(JournalError::DiskFull { detail }) if self.ballast.release() => {
                tracing::error!(%detail, "the disk is full: ballast freed, only alarms and their answers are taken");
                self.ready().await?;
                self.bound().await?;
                self.try_atomically(&work).await
            }
            other => other,
        }
    }

    async fn try_atomically<T>(&mut self, work: &impl AsyncFn(&mut SqliteConnection) -> Answer<T>) -> Answer<T> {
        let conn = self.conn();
        conn.execute("BEGIN IMMEDIATE").await.map_err(failure)?;
        let done = work(conn).await;
        let ended = match done {
            Ok(value) => conn.execute("COMMIT").await.map(|_| value).map_err(failure),
            Err(err) => Err(err),
        };
        if ended.is_err() {
            self.roll_back().await;
        }
        ended
    }

    /// After a failure the transaction may or may not be open still. Only a clean ROLLBACK proves the connection
    /// sound; else it is given up, and the next job opens the file anew.
    async fn roll_back(&mut self) {
        if let Err(err) = self.conn().execute("ROLLBACK").await {
            tracing::warn!(error = %err, "the journal's connection is given up and opened again");
            // Closed to its end: the file is locked until then, also for the connection that comes next.
            if let Some(conn) = self.conn.take() {
                conn.close().await.unwrap_or_else(|err| tracing::warn!(error = %err, "it was not closed cleanly"));
            }
        }
    }

    /// Closes the file in good order.
    pub async fn close(self) {
        let Some(conn) = self.conn else { return };
        if let Err(err) = conn.close().await {
            tracing::warn!(error = %err, "the journal was not closed cleanly; it recovers by itself at the next start");
        }
    }
}

/// How much the operator lets the journal take.
#[derive(Clone, Copy, Debug)]
struct Quota {
    bytes_max: u64,
    ballast_bytes: u64,
}

impl Quota {
    /// Pages of the file: the ballast's share is let go with it.
    fn pages_max(self, is_low: bool) -> u64 {
        let kept = if is_low { 0 } else { self.ballast_bytes };
        self.bytes_max.saturating_sub(kept) / PAGE_BYTES
    }
}

async fn connect(path: &Path) -> Answer<SqliteConnection> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .locking_mode(SqliteLockingMode::Exclusive)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .page_size(PAGE_BYTES as u32)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES.to_string())
        .pragma("temp_store", "MEMORY")
        .pragma("trusted_schema", "OFF")
        .statement_cache_capacity(STATEMENTS_KEPT)
        .busy_timeout(Duration::ZERO)
        .disable_statement_logging();
    options.connect().await.map_err(|err| JournalError::Failed(format!("{}: {err}", path.display())))
}

fn make_folder(folder: &Path) -> Answer<()> {
    use std::os::unix::fs::DirBuilderExt;
    // 0700: sealed rows hold what callers said.
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|err| JournalError::Failed(format!("data folder {}: {err}", folder.display())))
}

fn migrations() -> Migrator {
    let first = include_str!("../../../migrations/sqlite/journal/0001_journal.sql");
    let second = include_str!("../../../migrations/sqlite/journal/0002_intake.sql");
    let fourth = include_str!("../../../migrations/sqlite/journal/0004_base.sql");
    let step = |number, name: &'static str, sql: &'static str| {
        Migration::new(number, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(vec![step(1, "journal", first), step(2, "intake", second), step(4, "base", fourth)])
}

/// Sorts a database's error by what must be done about it.
pub fn failure(err: sqlx::Error) -> JournalError {
    const SQLITE_IOERR: u32 = 10;
    const SQLITE_FULL: u32 = 13;
    let code = err.as_database_error().and_then(|db| db.code()).and_then(|code| code.parse::<u32>().ok());
    let detail = err.to_string();
    // The low byte is the primary code, the rest says where it happened.
    match code.map(|code| code & 0xff) {
        Some(SQLITE_FULL) => JournalError::DiskFull { detail },
        Some(SQLITE_IOERR) => JournalError::Unknown { detail },
        Some(_) | None => JournalError::Failed(detail),
    }
}

/// The text of a multi-row insert: `head` and then `rows` groups of `columns` places. Only numbers and literals
/// of this crate go in, so it is safe as SQL.
pub fn insert_sql(head: &'static str, columns: usize, rows: usize) -> AssertSqlSafe<String> {
    let group = format!("({})", vec!["?"; columns].join(","));
    AssertSqlSafe(format!("{head} VALUES {}", vec![group.as_str(); rows].join(",")))
}

/// A UUID as its 16 bytes, the form in which columns keep it.
pub fn blob(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// The UUID in a column of 16 bytes.
pub fn uuid_at(row: &sqlx::sqlite::SqliteRow, column: usize) -> Result<Uuid, sqlx::Error> {
    let bytes: &[u8] = row.try_get(column)?;
    Uuid::from_slice(bytes).map_err(|err| sqlx::Error::Decode(Box::new(err)))
}
