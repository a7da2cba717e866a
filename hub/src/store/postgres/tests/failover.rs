//! The server dies: what was acknowledged is there when it, or its synchronous standby, comes back. Nothing here is
//! loosened: fsync is on, as everywhere.

use std::time::{Duration, Instant};

use super::*;

/// How long a server or a standby may take to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Appends until the journal says that it cannot; what was acknowledged.
async fn append_until_lost(journal: PostgresJournal, mut head: Head) -> u64 {
    loop {
        let before = head.last_seq;
        if let Err(lost) = journal.append(batch(&mut head, 1)).await {
            assert!(matches!(lost, JournalError::Unknown { .. } | JournalError::Failed(_)), "{lost:?}");
            return before;
        }
    }
}

async fn claim_when_back(journal: &PostgresJournal) -> Head {
    let until = Instant::now() + PATIENCE;
    loop {
        match journal.claim(DISTRICT, Uuid::new_v4()).await {
            Ok(head) => return head,
            Err(away) => assert!(Instant::now() < until, "it does not come back: {away}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_has_kept_every_acknowledged_commit() {
    let mut server = PostgresServer::start(&[]);
    server.create_database("hub");
    let journal = open_at(&server.url("hub")).await;
    let head = journal.claim(DISTRICT, Uuid::new_v4()).await.unwrap();
    let working = tokio::spawn(append_until_lost(journal.clone(), head));
    while journal.read(DISTRICT, 100, 1).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    server.kill();
    let acknowledged = working.await.unwrap();
    server.start_again();
    let again = claim_when_back(&journal).await;
    // One append may have been under way: in the log or not, and never half.
    assert!((acknowledged..=acknowledged + 1).contains(&again.last_seq), "{acknowledged} then {again:?}");
    assert_eq!(again.term, 2, "the claims that failed took nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_to_the_synchronous_standby_loses_nothing() {
    let mut primary = PostgresServer::start(&["synchronous_standby_names = 'one'"]);
    // Made before there is a standby to wait for.
    let standby = primary.standby("one", &["synchronous_standby_names = ''"]);
    primary.create_database("hub");
    let both = format!("postgres://hub@127.0.0.1:{},127.0.0.1:{}/hub", primary.port(), standby.port());
    let ha = PostgresSettings { durability: Durability::Ha, ..settings(&both) };
    let journal = PostgresJournal::open(ha).await.expect("a standby is named");
    let head = journal.claim(DISTRICT, Uuid::new_v4()).await.unwrap();
    let working = tokio::spawn(append_until_lost(journal.clone(), head));
    while journal.read(DISTRICT, 100, 1).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    primary.kill();
    let acknowledged = working.await.unwrap();
    standby.promote();
    let again = claim_when_back(&journal).await;
    assert!(acknowledged >= 100 && again.last_seq >= acknowledged, "{acknowledged} then {again:?}");
    assert_eq!(again.history, head.history, "a failover that lost nothing is no new history");
    assert_eq!(standby.sql("hub", "SELECT timeline > 1 FROM journal.head"), "t");
}
