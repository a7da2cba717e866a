//! What only the shared journal promises, against a real server which the tests start themselves.

mod cuts;
mod failover;
mod races;
#[path = "../../../../../tests/harness/postgres.rs"]
mod server;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::{Durability, PostgresJournal, PostgresSettings};
use crate::store::error::JournalError;
use crate::store::journal::Journal;
use crate::store::rows::{Append, CommitRow, FORMAT, Fence, Head, IntakeRow, Snapshot};
use server::PostgresServer;

const DISTRICT: u32 = 230_102;

/// Tests that use the server now; the last one stops it, since a static is never dropped.
static SERVER: Mutex<(u32, Option<PostgresServer>)> = Mutex::new((0, None));

/// One database of the server that all tests of this binary share.
pub(crate) struct Database {
    url: String,
}

impl Database {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("case_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut shared = SERVER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // These tests cut no power.
        let server = &*shared.1.get_or_insert_with(|| PostgresServer::start(&["synchronous_commit = off"]));
        server.create_database(&name);
        let url = server.url(&name);
        shared.0 += 1;
        Database { url }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let mut shared = SERVER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        shared.0 -= 1;
        if shared.0 == 0 {
            shared.1 = None;
        }
    }
}

impl Database {
    pub(crate) fn settings(&self) -> PostgresSettings {
        settings(&self.url)
    }
}

fn settings(url: &str) -> PostgresSettings {
    PostgresSettings { url: url.to_owned(), password_file: None, durability: Durability::OneServer, format_max: FORMAT }
}

async fn open_at(url: &str) -> PostgresJournal {
    PostgresJournal::open(settings(url)).await.expect("the journal opens")
}

async fn open() -> (PostgresJournal, Database) {
    let database = tokio::task::spawn_blocking(Database::new).await.expect("a database");
    (open_at(&database.url).await, database)
}

crate::store::conformance::journal_suite!(open());

fn batch(head: &mut Head, count: u64) -> Append {
    let row = |seq| CommitRow { seq, at_ms: 1, body: Bytes::from_static(b"{}") };
    let commits = (head.last_seq + 1..=head.last_seq + count).map(row).collect();
    let batch = Append { fence: head.fence(), last_seq: head.last_seq, commits, sealed: Vec::new(), about: Vec::new() };
    head.last_seq += count;
    batch
}

/// A second connection, as an operator's tool would open it.
async fn raw(database: &Database) -> PgConnection {
    PgConnection::connect(&format!("{}?options[search_path]=journal", database.url)).await.expect("the server answers")
}

async fn sql(database: &Database, sql: &'static str) -> u64 {
    sqlx::query(sql).execute(&mut raw(database).await).await.expect(sql).rows_affected()
}

#[tokio::test]
async fn several_hubs_open_one_new_database_at_once() {
    let database = tokio::task::spawn_blocking(Database::new).await.unwrap();
    let opened = futures_util::future::join_all((0..4).map(|_| open_at(&database.url))).await;
    let head = opened[0].claim(DISTRICT, Uuid::new_v4()).await.unwrap();
    assert_eq!(opened[3].head(DISTRICT).await.unwrap(), Some(head));
}

#[tokio::test]
async fn a_commit_waits_for_the_disk_whatever_the_server_says() {
    let (journal, _database) = open().await;
    let read = |sql: &'static str| {
        journal.rooms.desk.ask::<String>(move |conn| {
            Box::pin(async move { sqlx::query_scalar(sql).fetch_one(conn).await.map_err(super::failure::failure) })
        })
    };
    assert_eq!(read("SHOW synchronous_commit").await.unwrap(), "on");
    assert_eq!(read("SHOW statement_timeout").await.unwrap(), "0");
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_undo_its_append() {
    let (journal, _database) = open().await;
    let mut head = journal.claim(DISTRICT, Uuid::new_v4()).await.unwrap();
    {
        let append = journal.append(batch(&mut head, 1));
        tokio::pin!(append);
        // One poll hands the job over; then the caller goes away.
        let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(append.as_mut().poll(cx))).await;
        assert!(polled.is_pending());
    }
    journal.append(batch(&mut head, 1)).await.expect("the abandoned append is in the log, so this one follows it");
    assert_eq!(journal.read(DISTRICT, 0, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_connection_that_was_ended_is_replaced() {
    let (journal, database) = open().await;
    let mut head = journal.claim(DISTRICT, Uuid::new_v4()).await.unwrap();
    let ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE application_name = 'baiying' AND datname = current_database()";
    assert!(sql(&database, ended).await >= 1);
    let lost = journal.append(batch(&mut head, 1)).await.expect_err("the connection is gone");
    assert!(matches!(lost, JournalError::Unknown { .. }), "{lost:?}");
    let mut head = journal.claim(DISTRICT, head.owner).await.expect("a new connection");
    assert_eq!((head.last_seq, head.term), (0, 2));
    journal.append(batch(&mut head, 1)).await.unwrap();
}

#[tokio::test]
async fn a_spoilt_or_missing_commit_stops_the_reader_with_advice() {
    for (damage, words) in [
        ("UPDATE event SET body = '{}}' WHERE seq = 3", "sum does not match at seq 3"),
        ("UPDATE event SET term = 9 WHERE seq = 4", "sum does not match at seq 4"),
        ("DELETE FROM event WHERE seq = 2", "a missing commit (the next is 3) at seq 2"),
    ] {
        let (journal, database) = open().await;
        let mut head = journal.claim(DISTRICT, Uuid::new_v4()).await.unwrap();
        journal.append(batch(&mut head, 5)).await.unwrap();
        assert_eq!(sql(&database, damage).await, 1);
        let told = journal.read(DISTRICT, 0, 10).await.expect_err(damage).to_string();
        assert!(told.contains(words) && told.contains("hub verify"), "{told}");
    }
}

#[tokio::test]
async fn a_torn_snapshot_is_told_and_the_one_before_it_is_sound() {
    let (journal, database) = open().await;
    let head = journal.claim(DISTRICT, Uuid::new_v4()).await.unwrap();
    for seq in [4, 9] {
        let snapshot = Snapshot { seq, at_ms: 1, body: vec![1_u8; 300_000].into() };
        journal.put_snapshot(head.fence(), snapshot).await.unwrap();
    }
    assert_eq!(sql(&database, "UPDATE snapshot_part SET body = '' WHERE seq = 9 AND part = 1").await, 1);
    let torn = journal.snapshot(DISTRICT, u64::MAX).await.expect_err("part 1 was spoilt");
    assert!(matches!(torn, JournalError::Corrupt { seq: 9, .. }), "{torn:?}");
    assert_eq!(journal.snapshot(DISTRICT, 8).await.unwrap().map(|s| (s.seq, s.body.len())), Some((4, 300_000)));
}

#[tokio::test]
async fn a_log_of_a_newer_hub_is_left_alone() {
    let (journal, database) = open().await;
    let head = journal.claim(DISTRICT, Uuid::new_v4()).await.unwrap();
    assert_eq!(sql(&database, "UPDATE head SET format = 99").await, 1);
    let refused = journal.claim(DISTRICT, Uuid::new_v4()).await.expect_err("format 99");
    assert!(matches!(refused, JournalError::Format { found: 99, .. }), "{refused:?}");
    assert_eq!(journal.head(DISTRICT).await.unwrap().unwrap().term, head.term, "the newer hub still leads");
}

#[tokio::test]
async fn the_form_of_rows_that_all_live_hubs_read_is_known_and_only_the_leader_raises_it() {
    let (newer, database) = open().await;
    let older = PostgresSettings { format_max: 1, ..settings(&database.url) };
    let older = PostgresJournal::open(older).await.unwrap();
    let (one, two) = (Uuid::new_v4(), Uuid::new_v4());
    let head = older.claim(DISTRICT, one).await.unwrap();
    assert_eq!(head.format, 1, "a log begins with what its first hub reads");
    assert_eq!(older.attend(DISTRICT, one).await.unwrap(), 1);
    assert_eq!(newer.attend(DISTRICT, two).await.unwrap(), 1, "an older hub lives");
    assert_eq!(sql(&database, "UPDATE reader SET seen_at = seen_at - interval '61 s' WHERE reads = 1").await, 1);
    assert_eq!(newer.attend(DISTRICT, two).await.unwrap(), FORMAT, "it has been silent for so long that it is gone");
    older.attend(DISTRICT, one).await.unwrap();
    older.depart(DISTRICT, one).await.unwrap();
    assert_eq!(newer.attend(DISTRICT, two).await.unwrap(), FORMAT, "it has said that it goes");
    let head = newer.claim(DISTRICT, two).await.unwrap();
    assert_eq!(head.format, 1, "a claim alone raises nothing");
    newer.raise_format(head.fence(), FORMAT).await.unwrap();
    assert_eq!(newer.head(DISTRICT).await.unwrap().unwrap().format, FORMAT);
    let refused = older.claim(DISTRICT, one).await.expect_err("it does not read that");
    assert!(matches!(refused, JournalError::Format { known: 1, .. }), "{refused:?}");
    assert!(newer.raise_format(Fence { term: 1, ..head.fence() }, 9).await.is_err(), "a stale leader raises nothing");
}

#[tokio::test]
async fn a_hub_of_the_version_before_opens_tables_of_a_newer_one() {
    let (_journal, database) = open().await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (99, 'of a newer hub', true, '', 0)";
    assert_eq!(sql(&database, newer).await, 1);
    assert!(PostgresJournal::open(settings(&database.url)).await.is_ok(), "steps that it does not know only add");
}

#[tokio::test]
async fn silence_is_measured_by_the_servers_clock() {
    let (journal, database) = open().await;
    assert_eq!(journal.pulse(DISTRICT).await.unwrap().silent_ms, None, "nobody has led yet");
    let head = journal.claim(DISTRICT, Uuid::new_v4()).await.unwrap();
    assert_eq!(sql(&database, "UPDATE head SET beaten_at = clock_timestamp() - interval '1 hour'").await, 1);
    let pulse = journal.pulse(DISTRICT).await.unwrap();
    assert!(pulse.silent_ms.unwrap() >= 3_600_000 && pulse.now_ms.is_some(), "{pulse:?}");
    journal.beat(head.fence(), 1).await.unwrap();
    assert!(journal.pulse(DISTRICT).await.unwrap().silent_ms.unwrap() < 3_600_000);
}

#[tokio::test]
async fn one_server_alone_is_not_highly_available() {
    let database = tokio::task::spawn_blocking(Database::new).await.unwrap();
    let ha = PostgresSettings { durability: Durability::Ha, ..settings(&database.url) };
    let refused = PostgresJournal::open(ha).await.err().expect("no standby is named").to_string();
    assert!(refused.contains("synchronous_standby_names") && refused.contains("may_lose_alarms"), "{refused}");
}

#[tokio::test]
async fn another_timeline_is_another_history_only_where_the_end_may_be_lost() {
    let (safe, database) = open().await;
    let lossy = PostgresSettings { durability: Durability::MayLoseAlarms, ..settings(&database.url) };
    let lossy = PostgresJournal::open(lossy).await.unwrap();
    let first = safe.claim(DISTRICT, Uuid::new_v4()).await.unwrap();
    assert_eq!(lossy.claim(DISTRICT, Uuid::new_v4()).await.unwrap().history, first.history, "the same timeline");
    assert_eq!(sql(&database, "UPDATE head SET timeline = timeline + 1").await, 1);
    assert_eq!(safe.claim(DISTRICT, Uuid::new_v4()).await.unwrap().history, first.history);
    assert_eq!(sql(&database, "UPDATE head SET timeline = timeline + 1").await, 1);
    assert_ne!(lossy.claim(DISTRICT, Uuid::new_v4()).await.unwrap().history, first.history);
}

#[tokio::test]
async fn an_id_that_left_intake_long_ago_is_forgotten() {
    let (journal, database) = open().await;
    let row = IntakeRow { district: DISTRICT, command: Uuid::new_v4(), body: Bytes::from_static(b"{}") };
    journal.put_intake(row.clone()).await.unwrap();
    journal.mark_intake(DISTRICT, vec![row.command]).await.unwrap();
    assert_eq!(sql(&database, "UPDATE intake SET marked_at = marked_at - interval '73 hours'").await, 1);
    journal.mark_intake(DISTRICT, Vec::new()).await.unwrap();
    assert_eq!(sql(&database, "DELETE FROM intake").await, 0, "nothing is left of it");
}
