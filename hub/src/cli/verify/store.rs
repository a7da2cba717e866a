//! A journal in its store: every district's log, its head and its snapshot.

use std::path::Path;

use anyhow::Result;
use matcher::District;

use super::replay::{Replay, Verdict};
use crate::store::rows::READ_ROWS_MAX;
use crate::store::sqlite::SqliteSettings;
use crate::store::{Head, Journal, JournalError, SqliteJournal};

/// The journal of a folder on which no hub runs.
pub async fn of_folder(folder: &Path) -> Result<Vec<Verdict>> {
    let journal = SqliteJournal::open(SqliteSettings::new(folder)).await?;
    let verdicts = of_journal(&journal).await;
    journal.close().await;
    verdicts
}

/// Every district of a journal.
///
/// # Errors
/// When the store cannot be read at all; what it says of single rows is a fault in the verdict.
pub async fn of_journal(journal: &impl Journal) -> Result<Vec<Verdict>> {
    let mut verdicts = Vec::new();
    for district in journal.districts().await? {
        if let Some(head) = journal.head(district).await? {
            verdicts.push(of_log(journal, head).await?);
        }
    }
    Ok(verdicts)
}

/// A log with the terms under which it was written.
async fn of_log(journal: &impl Journal, head: Head) -> Result<Verdict> {
    let mut verdict = of_district(journal, head).await?;
    let fallen = journal.terms_fallen(head.district).await?.into_iter();
    verdict.faults.extend(fallen.map(|seq| {
        format!("I4 term: commit {seq} has a lower term than the one before it: a leader that had been fenced wrote it")
    }));
    Ok(verdict)
}

async fn of_district(journal: &impl Journal, head: Head) -> Result<Verdict> {
    let mut replay = Replay::of(matcher::DistrictId(head.district));
    let snapshot = newest_snapshot(journal, &head, &mut replay).await?;
    while replay.commits() < head.last_seq {
        let rows = match journal.read(head.district, replay.commits(), READ_ROWS_MAX).await {
            Ok(rows) => rows,
            Err(error @ JournalError::Corrupt { .. }) => {
                replay.fault(error.to_string());
                break;
            }
            Err(error) => return Err(error.into()),
        };
        if rows.is_empty() {
            replay.fault(format!("the log ends at {}, its head says {}", replay.commits(), head.last_seq));
            break;
        }
        for row in &rows {
            if !replay.take_bytes(&row.body, &format!("row {}", row.seq)) {
                return Ok(replay.verdict());
            }
            compare(&mut replay, snapshot.as_ref());
        }
    }
    Ok(replay.verdict())
}

/// The newest snapshot; that it cannot be read is a fault, though the log is the truth.
async fn newest_snapshot(journal: &impl Journal, head: &Head, replay: &mut Replay) -> Result<Option<District>> {
    match journal.snapshot(head.district, head.last_seq).await {
        Ok(None) => Ok(None),
        Ok(Some(snapshot)) => match serde_json::from_slice(&snapshot.body) {
            Ok(district) => Ok(Some(district)),
            Err(error) => {
                replay.fault(format!("the snapshot at {} does not decode: {error}", snapshot.seq));
                Ok(None)
            }
        },
        Err(error @ JournalError::Corrupt { .. }) => {
            replay.fault(format!("the snapshot: {error}"));
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Where the snapshot stands, replay must give the same.
fn compare(replay: &mut Replay, snapshot: Option<&District>) {
    let Some(snapshot) = snapshot.filter(|snapshot| snapshot.seq == replay.commits()) else {
        return;
    };
    let replayed = replay.district().map(District::digest);
    if replayed != Some(snapshot.digest()) {
        replay.fault(format!("I9 replay = live: the snapshot at {} has another digest than the log", snapshot.seq));
    }
}
