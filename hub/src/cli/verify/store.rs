//! A journal in its store: every district's log, its head and its snapshot.

use std::path::Path;

use anyhow::Result;
use matcher::{District, DistrictId};

use super::replay::{Replay, Verdict};
use crate::cli::archive::files;
use crate::store::rows::READ_ROWS_MAX;
use crate::store::sqlite::SqliteSettings;
use crate::store::{Head, Journal, JournalError, SqliteJournal, recovery};

/// The journal of a folder on which no hub runs.
pub async fn of_folder(folder: &Path, archive: Option<&Path>) -> Result<Vec<Verdict>> {
    let journal = SqliteJournal::open(SqliteSettings::new(folder)).await?;
    let verdicts = of_journal(&journal, archive).await;
    journal.close().await;
    verdicts
}

/// Every district of a journal; what was archived of it is read from the files in `archive`, if they are said.
///
/// # Errors
/// When the store cannot be read at all; what it says of single rows is a fault in the verdict.
pub async fn of_journal(journal: &impl Journal, archive: Option<&Path>) -> Result<Vec<Verdict>> {
    let mut verdicts = Vec::new();
    for district in journal.districts().await? {
        if let Some(head) = journal.head(district).await? {
            verdicts.push(of_log(journal, head, archive).await?);
        }
    }
    Ok(verdicts)
}

/// A log with the terms under which it was written.
async fn of_log(journal: &impl Journal, head: Head, archive: Option<&Path>) -> Result<Verdict> {
    let begun = beginning(journal, &head, archive).await?;
    if !begun.is_sound() {
        return Ok(begun.verdict());
    }
    let mut verdict = of_district(journal, head, begun).await?;
    let fallen = journal.terms_fallen(head.district).await?.into_iter();
    verdict.faults.extend(fallen.map(|seq| {
        format!("I4 term: commit {seq} has a lower term than the one before it: a leader that had been fenced wrote it")
    }));
    Ok(verdict)
}

/// The replay as it stands before the first commit of the log.
async fn beginning(journal: &impl Journal, head: &Head, archive: Option<&Path>) -> Result<Replay> {
    let begun = match recovery::beginning(journal, head).await {
        // A row that is spoilt is found again where it stands.
        Ok(None) | Err(JournalError::Corrupt { .. }) => return Ok(Replay::of(DistrictId(head.district))),
        Ok(Some(state)) => state,
        Err(error @ JournalError::NoBase { .. }) => {
            let mut replay = Replay::of(DistrictId(head.district));
            replay.fault(error.to_string());
            return Ok(replay);
        }
        Err(error) => return Err(error.into()),
    };
    let Some(archive) = archive.map(Path::to_owned) else { return Ok(Replay::from(begun)) };
    let (district, seq) = (head.district, begun.seq);
    let replay = move || {
        let mut replay = Replay::of(DistrictId(district));
        files::replay(&archive, district, seq, &mut replay)?;
        compare(&mut replay, Some(&begun));
        anyhow::Ok(replay)
    };
    tokio::task::spawn_blocking(replay).await?
}

async fn of_district(journal: &impl Journal, head: Head, mut replay: Replay) -> Result<Verdict> {
    let snapshot = newest_snapshot(journal, &head, &mut replay).await?;
    while replay.seq() < head.last_seq {
        let rows = match journal.read(head.district, replay.seq(), READ_ROWS_MAX).await {
            Ok(rows) => rows,
            Err(error @ JournalError::Corrupt { .. }) => {
                replay.fault(error.to_string());
                break;
            }
            Err(error) => return Err(error.into()),
        };
        if rows.is_empty() {
            replay.fault(format!("the log ends at {}, its head says {}", replay.seq(), head.last_seq));
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
    let Some(snapshot) = snapshot.filter(|snapshot| snapshot.seq == replay.seq()) else {
        return;
    };
    let replayed = replay.district().map(District::digest);
    if replayed != Some(snapshot.digest()) {
        replay.fault(format!("I9 replay = live: the snapshot at {} has another digest than the log", snapshot.seq));
    }
}
