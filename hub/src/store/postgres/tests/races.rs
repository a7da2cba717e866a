//! Takeovers while the leader appends: whoever is fenced has written nothing, and nothing that was acknowledged is lost.

use super::*;

/// Takeovers raced.
const RACES: u32 = 500;

/// Appends until it is fenced; the commits that it was told are durable.
async fn lead(journal: PostgresJournal, mut head: Head) -> Vec<CommitRow> {
    let mut acknowledged = Vec::new();
    loop {
        let body = format!("{}:{}:{}", head.owner, head.term, head.last_seq);
        let mut next = batch(&mut head, 2);
        next.commits.iter_mut().for_each(|commit| commit.body = Bytes::from(format!("{body}:{}", commit.seq)));
        let commits = next.commits.clone();
        match journal.append(next).await {
            Ok(()) => acknowledged.extend(commits),
            Err(JournalError::Fenced { .. }) => return acknowledged,
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_takeovers_lose_and_double_nothing() {
    let (journal, database) = open().await;
    let hubs = [journal, open_at(&database.url).await];
    let mut acknowledged = Vec::new();
    let mut leading = None;
    for race in 0..RACES {
        let hub = &hubs[race as usize % 2];
        let head = hub.claim(DISTRICT, Uuid::new_v4()).await.expect("a claim is granted");
        assert_eq!(head.term, u64::from(race) + 1, "terms rise by one");
        if let Some(task) = leading.replace(tokio::spawn(lead(hub.clone(), head))) {
            acknowledged.extend(task.await.expect("fenced"));
        }
    }
    hubs[0].claim(DISTRICT, Uuid::new_v4()).await.unwrap();
    acknowledged.extend(leading.unwrap().await.unwrap());
    let stored = whole(&hubs[1]).await;
    assert!(acknowledged.len() > RACES as usize, "the leaders were working: {} commits", acknowledged.len());
    // The log is exactly what was acknowledged: nothing lost, nothing of a fenced hub in between.
    assert_eq!(stored, acknowledged);
}

async fn whole(journal: &PostgresJournal) -> Vec<CommitRow> {
    let mut all: Vec<CommitRow> = Vec::new();
    loop {
        let after_seq = all.last().map_or(0, |row| row.seq);
        let rows = journal.read(DISTRICT, after_seq, usize::MAX).await.expect("no gap, every sum right");
        if rows.is_empty() {
            return all;
        }
        all.extend(rows);
    }
}
