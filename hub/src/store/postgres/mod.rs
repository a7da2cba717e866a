//! The shared journal: PostgreSQL, for several equal hubs, of which one leads a district and the others read.
//!
//! Every write is one statement, and every connection belongs to a [`clerk`] that nothing cancels: there is no pool whose
//! connections could be handed on in the middle of something. A district's head is written by one clerk of its own; the
//! desk does short writes that are not the leader's, readers the rest, so that an append waits for nobody.

mod address;
mod append;
mod clerk;
mod durability;
mod failure;
mod intake;
mod read;
mod readers;
mod shorten;
mod snapshot;
#[cfg(test)]
pub(crate) mod tests;
mod wake;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{PgConnection, SqlSafeStr};
use uuid::Uuid;

use super::error::JournalError;
use super::journal::{Answer, Journal};
use super::rows::{
    About, Append, CommitRow, Fence, Head, IntakeRow, Pulse, SealedRow, Snapshot, SnapshotMark, WakeOutcome, WakeRow,
    WakeSlot,
};
use super::shorten::Shorten;
pub use address::Address;
use clerk::{Clerk, Work};
pub use durability::Durability;

/// The schema in which the journal's tables lie; the office has one of its own in the same database.
pub const JOURNAL_SCHEMA: &str = "journal";

/// Clerks that read at once.
const READERS: usize = 3;

/// How long the server may be silent in the middle of a short write before its connection is given up, milliseconds.
const WRITE_SILENCE_MS: u64 = 5_000;

/// The same for reads, of which a large snapshot is the longest.
const READ_SILENCE_MS: u64 = 30_000;

/// Where the shared journal lies.
#[derive(Clone, Debug)]
pub struct PostgresSettings {
    /// `postgres://user@host:port/database`, several hosts apart by commas.
    pub url: String,
    /// A file with the password alone.
    pub password_file: Option<PathBuf>,
    /// What a failover of the database may lose, as the operator has decided.
    pub durability: Durability,
    /// The newest form of rows to read and write: that of the version before, while there may be a way back to it.
    pub format_max: u32,
}

/// A handle to the clerks; cheap to clone, the connections end with the last one.
#[derive(Clone)]
pub struct PostgresJournal {
    rooms: Arc<Rooms>,
}

struct Rooms {
    address: Arc<Address>,
    may_lose: bool,
    format_max: u32,
    writers: Mutex<HashMap<u32, Clerk>>,
    desk: Clerk,
    readers: [Clerk; READERS],
    turn: AtomicUsize,
    is_low: AtomicBool,
}

impl PostgresJournal {
    /// Connects, checks what the server promises, and brings the tables up to date.
    ///
    /// # Errors
    /// `Failed` in words for the operator.
    pub async fn open(settings: PostgresSettings) -> Answer<Self> {
        let address = Address::parse(&settings.url, settings.password_file.as_deref(), JOURNAL_SCHEMA)?;
        let mut conn = address.connect().await?;
        durability::check(&mut conn, settings.durability).await?;
        bring_up_to_date(&mut conn, JOURNAL_SCHEMA, &migrations()).await?;
        let address = Arc::new(address);
        let desk = Clerk::start(address.clone(), WRITE_SILENCE_MS);
        let readers = std::array::from_fn(|_| Clerk::start(address.clone(), READ_SILENCE_MS));
        let (may_lose, format_max) = (settings.durability.may_lose(), settings.format_max);
        let (writers, turn, is_low) = (Mutex::default(), AtomicUsize::new(0), AtomicBool::new(false));
        Ok(PostgresJournal {
            rooms: Arc::new(Rooms { address, may_lose, format_max, writers, desk, readers, turn, is_low }),
        })
    }

    /// The clerk who alone writes the head of `district` for this hub.
    fn writer(&self, district: u32) -> Clerk {
        let mut writers = self.rooms.writers.lock().unwrap_or_else(PoisonError::into_inner);
        let address = &self.rooms.address;
        writers.entry(district).or_insert_with(|| Clerk::start(address.clone(), WRITE_SILENCE_MS)).clone()
    }

    async fn look<T: Send + 'static>(
        &self,
        work: impl for<'c> FnOnce(&'c mut PgConnection) -> Work<'c, T> + Send + 'static,
    ) -> Answer<T> {
        let turn = self.rooms.turn.fetch_add(1, Ordering::Relaxed);
        self.rooms.readers[turn % READERS].ask(work).await
    }
}

/// Brings the tables of one schema up to date; several hubs at once wait for each other.
///
/// # Errors
/// `Failed`: the database's words.
pub async fn bring_up_to_date(conn: &mut PgConnection, schema: &str, migrations: &Migrator) -> Answer<()> {
    let failed =
        |err: String| JournalError::Failed(format!("the tables of {schema} cannot be brought up to date: {err}"));
    // A second hub that makes the schema in the same moment fails on the catalogue; it is there then.
    let make = sqlx::AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS {schema}"));
    if let Err(err) = sqlx::query(make).execute(&mut *conn).await
        && err.as_database_error().is_none_or(|told| !told.is_unique_violation())
    {
        return Err(failed(err.to_string()));
    }
    migrations.run_direct(None, conn, false).await.map_err(|err| failed(err.to_string()))
}

fn migrations() -> Migrator {
    let first = include_str!("../../../migrations/postgres/journal/0001_journal.sql");
    let second = include_str!("../../../migrations/postgres/journal/0002_intake.sql");
    let third = include_str!("../../../migrations/postgres/journal/0003_readers.sql");
    let fourth = include_str!("../../../migrations/postgres/journal/0004_base.sql");
    let step = |number, name: &'static str, sql: &'static str| {
        Migration::new(number, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    let steps =
        vec![step(1, "journal", first), step(2, "intake", second), step(3, "readers", third), step(4, "base", fourth)];
    let mut migrator = Migrator::with_migrations(steps);
    // A hub of the version before starts beside newer ones: steps that it does not know have only added something.
    migrator.set_ignore_missing(true);
    migrator
}

impl Journal for PostgresJournal {
    async fn claim(&self, district: u32, owner: Uuid) -> Answer<Head> {
        let Rooms { may_lose, format_max, .. } = *self.rooms;
        let claim = append::Claim { district, owner, may_lose, format_max };
        self.writer(district).ask(move |conn| Box::pin(append::claim(conn, claim))).await
    }

    fn reads(&self) -> u32 {
        self.rooms.format_max
    }

    async fn attend(&self, district: u32, owner: Uuid) -> Answer<u32> {
        let reads = self.rooms.format_max;
        self.rooms.desk.ask(move |conn| Box::pin(readers::attend(conn, district, owner, reads))).await
    }

    async fn depart(&self, district: u32, owner: Uuid) -> Answer<()> {
        self.rooms.desk.ask(move |conn| Box::pin(readers::depart(conn, district, owner))).await
    }

    async fn raise_format(&self, fence: Fence, format: u32) -> Answer<()> {
        self.writer(fence.district).ask(move |conn| Box::pin(readers::raise(conn, fence, format))).await
    }

    async fn head(&self, district: u32) -> Answer<Option<Head>> {
        self.writer(district).ask(move |conn| Box::pin(append::head(conn, district))).await
    }

    async fn districts(&self) -> Answer<Vec<u32>> {
        self.look(move |conn| Box::pin(read::districts(conn))).await
    }

    async fn append(&self, batch: Append) -> Answer<()> {
        let writer = self.writer(batch.fence.district);
        let done = writer.ask(move |conn| Box::pin(append::append(conn, batch))).await;
        let is_full = matches!(done, Err(JournalError::DiskFull { .. }));
        if is_full || done.is_ok() {
            self.rooms.is_low.store(is_full, Ordering::Release);
        }
        done
    }

    async fn read(&self, district: u32, after_seq: u64, limit: usize) -> Answer<Vec<CommitRow>> {
        self.look(move |conn| Box::pin(read::commits(conn, district, after_seq, limit))).await
    }

    async fn terms_fallen(&self, district: u32) -> Answer<Vec<u64>> {
        self.look(move |conn| Box::pin(read::terms_fallen(conn, district))).await
    }

    async fn read_about(&self, district: u32, incident: u64, after_seq: u64, limit: usize) -> Answer<Vec<CommitRow>> {
        self.look(move |conn| Box::pin(read::commits_about(conn, district, incident, after_seq, limit))).await
    }

    async fn unseal(&self, references: Vec<Uuid>) -> Answer<Vec<SealedRow>> {
        self.look(move |conn| Box::pin(read::unseal(conn, references))).await
    }

    async fn sealed(&self, district: u32, seq_max: u64, after: Uuid) -> Answer<Vec<SealedRow>> {
        self.look(move |conn| Box::pin(read::sealed(conn, district, seq_max, after))).await
    }

    async fn erase(&self, references: Vec<Uuid>) -> Answer<u64> {
        self.rooms.desk.ask(move |conn| Box::pin(read::erase(conn, references))).await
    }

    async fn put_snapshot_part(&self, fence: Fence, seq: u64, part: u32, body: Bytes) -> Answer<()> {
        self.look(move |conn| Box::pin(snapshot::put_part(conn, fence, seq, part, body))).await
    }

    async fn finish_snapshot(&self, fence: Fence, mark: SnapshotMark) -> Answer<()> {
        self.rooms.desk.ask(move |conn| Box::pin(snapshot::finish(conn, fence, mark))).await
    }

    async fn snapshot(&self, district: u32, seq_max: u64) -> Answer<Option<Snapshot>> {
        self.look(move |conn| Box::pin(snapshot::latest(conn, district, seq_max))).await
    }

    async fn enqueue_wakes(&self, fence: Fence, from_seq: u64, to_seq: u64, slots: Vec<WakeSlot>) -> Answer<()> {
        self.rooms.desk.ask(move |conn| Box::pin(wake::enqueue(conn, fence, from_seq, to_seq, slots))).await
    }

    async fn due_wakes(&self, district: u32, now_ms: i64, limit: usize) -> Answer<Vec<WakeRow>> {
        self.rooms.desk.ask(move |conn| Box::pin(wake::due(conn, district, now_ms, limit))).await
    }

    async fn settle_wakes(&self, fence: Fence, outcomes: Vec<(i64, WakeOutcome)>) -> Answer<()> {
        self.rooms.desk.ask(move |conn| Box::pin(wake::settle(conn, fence, outcomes))).await
    }

    async fn beat(&self, fence: Fence, now_ms: i64) -> Answer<()> {
        self.writer(fence.district).ask(move |conn| Box::pin(append::beat(conn, fence, now_ms))).await
    }

    async fn renew_history(&self, fence: Fence) -> Answer<Uuid> {
        self.writer(fence.district).ask(move |conn| Box::pin(append::renew_history(conn, fence))).await
    }

    async fn pulse(&self, district: u32) -> Answer<Pulse> {
        self.look(move |conn| Box::pin(read::pulse(conn, district))).await
    }

    async fn put_intake(&self, row: IntakeRow) -> Answer<()> {
        self.rooms.desk.ask(move |conn| Box::pin(intake::put(conn, row))).await
    }

    async fn intake(&self, district: u32) -> Answer<Vec<IntakeRow>> {
        self.rooms.desk.ask(move |conn| Box::pin(intake::waiting(conn, district))).await
    }

    async fn mark_intake(&self, district: u32, commands: Vec<Uuid>) -> Answer<()> {
        self.rooms.desk.ask(move |conn| Box::pin(intake::mark(conn, district, commands))).await
    }

    fn is_low_on_space(&self) -> bool {
        self.rooms.is_low.load(Ordering::Acquire)
    }
}

impl Shorten for PostgresJournal {
    async fn begin_after(&self, fence: Fence, seq: u64) -> Answer<()> {
        self.writer(fence.district).ask(move |conn| Box::pin(shorten::begin_after(conn, fence, seq))).await
    }

    async fn remove_about(&self, fence: Fence, to_seq: u64, after: About) -> Answer<Option<About>> {
        self.rooms.desk.ask(move |conn| Box::pin(shorten::remove_about(conn, fence, to_seq, after))).await
    }

    async fn remove(&self, fence: Fence, base_seq: u64) -> Answer<u64> {
        self.rooms.desk.ask(move |conn| Box::pin(shorten::remove(conn, fence, base_seq))).await
    }
}
