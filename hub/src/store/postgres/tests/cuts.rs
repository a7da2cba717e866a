//! The line breaks in the middle of a commit: whether it happened is unknown, and the claim that follows settles it.

#[path = "../../../../../tests/harness/proxy.rs"]
#[allow(dead_code, reason = "the suites of real processes use the rest")]
mod proxy;

use proxy::Proxy;

use super::*;

/// A journal that is reached by a road that breaks, one that is not, and a head taken by the first.
async fn through_proxy() -> (PostgresJournal, PostgresJournal, Proxy, Head, Database) {
    let (straight, database) = open().await;
    let port = database.url.rsplit_once('/').and_then(|(rest, _)| rest.rsplit_once(':')).expect("a port").1;
    let proxy = Proxy::to(port.parse().expect("a number"));
    let journal = open_at(&database.url.replacen(port, &proxy.port().to_string(), 1)).await;
    let mut head = journal.claim(DISTRICT, Uuid::new_v4()).await.unwrap();
    journal.append(batch(&mut head, 1)).await.unwrap();
    (journal, straight, proxy, head, database)
}

async fn append_unheard(journal: &PostgresJournal, head: Head) -> tokio::task::JoinHandle<Result<(), JournalError>> {
    let (journal, mut head) = (journal.clone(), head);
    tokio::spawn(async move { journal.append(batch(&mut head, 1)).await })
}

async fn wait_for_commit(journal: &PostgresJournal, seq: u64) {
    while journal.head(DISTRICT).await.unwrap().unwrap().last_seq < seq {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_was_lost_is_found_by_the_next_claim() {
    let (journal, straight, proxy, head, _database) = through_proxy().await;
    proxy.lose_answers();
    let appending = append_unheard(&journal, head).await;
    wait_for_commit(&straight, 2).await;
    proxy.cut();
    let told = appending.await.unwrap().expect_err("nobody heard that it was stored");
    assert!(matches!(told, JournalError::Unknown { .. }), "{told:?}");
    let again = journal.claim(DISTRICT, head.owner).await.unwrap();
    assert_eq!((again.term, again.last_seq), (head.term + 1, 2), "stored once, and seen");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_arrives_after_the_next_claim_is_fenced() {
    let (journal, straight, proxy, head, _database) = through_proxy().await;
    proxy.hold_requests();
    let told = append_unheard(&journal, head).await.await.unwrap().expect_err("the server fell silent");
    assert!(matches!(told, JournalError::Unknown { .. }), "{told:?}");
    let mut again = journal.claim(DISTRICT, head.owner).await.expect("a new connection passes");
    assert_eq!((again.term, again.last_seq), (head.term + 1, 1), "not stored, as far as anybody can know");
    // The old statement is executed now, by a server that knows nothing of the hub's mind.
    proxy.release_requests();
    journal.append(batch(&mut again, 1)).await.unwrap();
    let rows = straight.read(DISTRICT, 0, 10).await.expect("no gap, no double");
    assert_eq!(rows.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_out_of_reach_is_told_and_found_again() {
    let (journal, straight, proxy, head, _database) = through_proxy().await;
    proxy.close();
    let told = append_unheard(&journal, head).await.await.unwrap().expect_err("out of reach");
    assert!(matches!(told, JournalError::Unknown { .. } | JournalError::Failed(_)), "{told:?}");
    assert!(journal.claim(DISTRICT, head.owner).await.is_err(), "still out of reach");
    proxy.open();
    let again = journal.claim(DISTRICT, head.owner).await.unwrap();
    assert_eq!((again.term, again.last_seq), (head.term + 1, 1));
    assert_eq!(straight.head(DISTRICT).await.unwrap(), Some(again));
}
