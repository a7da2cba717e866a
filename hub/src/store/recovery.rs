//! From rows back to a state: the latest sound snapshot, then every commit after it.

use matcher::{Commit, District, DistrictId};

use super::error::JournalError;
use super::journal::{Answer, Journal};
use super::rows::{CommitRow, Head, READ_ROWS_MAX};

/// The state of a district as its log has it.
#[derive(Debug)]
pub struct Recovered {
    /// After the last commit.
    pub district: District,
    /// As it was before the commits at hand.
    pub earlier: District,
    /// The commits between the two, in order.
    pub recent: Vec<Commit>,
}

/// Reads a district back, keeping the last `recent_max` commits at hand (with the state before them), as far as the snapshot
/// that is started from allows.
///
/// # Errors
/// Whatever the journal says of rows that cannot be trusted; a torn snapshot is told and passed over, since the log
/// is the truth.
pub async fn recover(journal: &impl Journal, head: &Head, recent_max: u64) -> Answer<Recovered> {
    let mut earlier = base(journal, head, head.last_seq).await?;
    let keep_after = head.last_seq.saturating_sub(recent_max);
    let mut recent = Vec::new();
    let mut seq = earlier.seq;
    while seq < head.last_seq {
        let rows = journal.read(head.district, seq, READ_ROWS_MAX).await?;
        let last = rows.last().map(|row| row.seq);
        for row in rows {
            let commit = decode(head.district, &row)?;
            if commit.seq <= keep_after { earlier.evolve(&commit) } else { recent.push(commit) }
        }
        seq = last.ok_or_else(|| JournalError::corrupt(head.district, seq + 1, "the log ends before its head"))?;
    }
    let mut district = earlier.clone();
    recent.iter().for_each(|commit| district.evolve(commit));
    Ok(Recovered { district, earlier, recent })
}

/// Reads what the log has beyond `warm`, a state made from the same log.
///
/// # Errors
/// As [`recover`].
pub async fn recover_onto(journal: &impl Journal, head: &Head, warm: District) -> Answer<Recovered> {
    let (mut district, mut recent) = (warm.clone(), Vec::new());
    while district.seq < head.last_seq {
        let rows = journal.read(head.district, district.seq, READ_ROWS_MAX).await?;
        if rows.is_empty() {
            return Err(JournalError::corrupt(head.district, district.seq + 1, "the log ends before its head"));
        }
        for row in rows {
            let commit = decode(head.district, &row)?;
            district.evolve(&commit);
            recent.push(commit);
        }
    }
    Ok(Recovered { district, earlier: warm, recent })
}

/// The commits after `after_seq` up to `to_seq`, which the log has.
///
/// # Errors
/// As [`recover`].
pub async fn commits_between(journal: &impl Journal, head: &Head, after_seq: u64, to_seq: u64) -> Answer<Vec<Commit>> {
    let (mut commits, mut seq) = (Vec::new(), after_seq);
    while seq < to_seq {
        let limit = READ_ROWS_MAX.min(usize::try_from(to_seq - seq).unwrap_or(READ_ROWS_MAX));
        let rows = journal.read(head.district, seq, limit).await?;
        let last = rows.last().map(|row| row.seq);
        seq = last.ok_or_else(|| JournalError::corrupt(head.district, seq + 1, "the log ends before its head"))?;
        for row in &rows {
            commits.push(decode(head.district, row)?);
        }
    }
    Ok(commits)
}

/// The commit that a row holds.
///
/// # Errors
/// `Corrupt` with the decoder's words.
pub fn decode(district: u32, row: &CommitRow) -> Answer<Commit> {
    serde_json::from_slice(&row.body)
        .map_err(|err| JournalError::corrupt(district, row.seq, format!("a commit that does not decode ({err})")))
}

/// The newest snapshot up to `seq_max` that is whole, else an empty district.
async fn base(journal: &impl Journal, head: &Head, mut seq_max: u64) -> Answer<District> {
    loop {
        match journal.snapshot(head.district, seq_max).await {
            Ok(None) => return Ok(District::new(DistrictId(head.district))),
            Ok(Some(snapshot)) => match serde_json::from_slice::<District>(&snapshot.body) {
                Ok(district) => return Ok(district),
                Err(err) => {
                    told(snapshot.seq, &err.to_string());
                    seq_max = snapshot.seq;
                }
            },
            Err(JournalError::Corrupt { seq, what, .. }) => {
                told(seq, &what);
                seq_max = seq;
            }
            Err(err) => return Err(err),
        }
        let Some(below) = seq_max.checked_sub(1) else { return Ok(District::new(DistrictId(head.district))) };
        seq_max = below;
    }
}

fn told(seq: u64, what: &str) {
    tracing::warn!(seq, what, "a snapshot cannot be used; an older one or the whole log is read instead");
}
