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
/// is the truth. `NoBase` where the log begins late and no snapshot reaches back to its beginning.
pub async fn recover(journal: &impl Journal, head: &Head, recent_max: u64) -> Answer<Recovered> {
    let mut earlier = base(journal, head, head.last_seq).await?;
    let keep_after = head.last_seq.saturating_sub(recent_max);
    let mut recent = Vec::new();
    let mut seq = earlier.seq;
    while seq < head.last_seq {
        let rows = journal.read(head.district, seq, READ_ROWS_MAX).await.map_err(founded)?;
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

/// A state older than the log's beginning is none to begin from.
fn founded(err: JournalError) -> JournalError {
    match err {
        JournalError::Archived { district, first_seq } => JournalError::NoBase { district, first_seq },
        other => other,
    }
}

/// What the log begins with: nothing where it has its first commit still, else the oldest state that its rows follow on.
/// Rows up to that state's seq, if there are any, are what an archive had not removed yet when it was cut short.
///
/// # Errors
/// The journal's; `NoBase` when there is no such state.
pub async fn beginning(journal: &impl Journal, head: &Head) -> Answer<Option<District>> {
    let first_seq = journal.first_seq(head.district).await?.unwrap_or(1);
    let (mut oldest, mut seq_max) = (None, Some(head.last_seq));
    while let Some(max) = seq_max.filter(|_| first_seq > 1) {
        let found = sound(journal, head.district, max).await?.filter(|found| found.seq + 1 >= first_seq);
        seq_max = found.as_ref().and_then(|found| found.seq.checked_sub(1));
        oldest = found.or(oldest);
    }
    if first_seq > 1 && oldest.is_none() {
        return Err(JournalError::NoBase { district: head.district, first_seq });
    }
    Ok(oldest)
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
async fn base(journal: &impl Journal, head: &Head, seq_max: u64) -> Answer<District> {
    let found = sound(journal, head.district, seq_max).await?;
    Ok(found.unwrap_or_else(|| District::new(DistrictId(head.district))))
}

/// The newest snapshot up to `seq_max` that is whole.
async fn sound(journal: &impl Journal, district: u32, mut seq_max: u64) -> Answer<Option<District>> {
    loop {
        match journal.snapshot(district, seq_max).await {
            Ok(None) => return Ok(None),
            Ok(Some(snapshot)) => match serde_json::from_slice::<District>(&snapshot.body) {
                Ok(district) => return Ok(Some(district)),
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
        let Some(below) = seq_max.checked_sub(1) else { return Ok(None) };
        seq_max = below;
    }
}

fn told(seq: u64, what: &str) {
    tracing::warn!(seq, what, "a snapshot cannot be used; an older one or the whole log is read instead");
}
