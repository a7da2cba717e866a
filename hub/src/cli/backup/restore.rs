//! Reading a backup back, into a store that is new. Nothing is touched before the whole file has been found sound.

use std::fmt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use matcher::{Commit, District, DistrictId};
use uuid::Uuid;

use super::line::{self, Line};
use crate::boot::{self, Settings};
use crate::engine::touched;
use crate::records::OfficeRow;
use crate::store::rows::FORMAT;
use crate::store::{
    About, Append, ChosenJournal, CommitRow, Head, IntakeRow, Journal, SealedRow, Shorten, recovery, snapshots,
};

/// Commits in one append.
const BATCH_COMMITS: usize = 256;

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    pub district: DistrictId,
    pub seq: u64,
    pub digest: u64,
    /// The log's new identity.
    pub history: Uuid,
}

impl fmt::Display for Restored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "district {}: {} commits, digest {:016x}", self.district, self.seq, self.digest)
    }
}

/// Restores `file` into `folder` and the store that `settings` name. Each log gets an identity of its own: clients that
/// know more of it than the backup are given snapshots.
///
/// # Errors
/// When the file is not sound, the store is not empty, or a state that comes of it is not the one that was backed up.
pub async fn into(file: &Path, folder: &Path, settings: &Settings) -> Result<Vec<Restored>> {
    line::check(file)?;
    let (mut rows, mut rest) = (Vec::new(), line::lines(file)?);
    let log = loop {
        match rest.next().context("there is no log in it")?? {
            Line::Begins { .. } => {}
            Line::File { name, text } => put_key(folder, &name, &text)?,
            Line::Office(row) => rows.push(row),
            log @ Line::Log { .. } => break log,
            other => bail!("a line is out of its place: {other:?}"),
        }
    };
    fill_office(rows, folder, settings).await?;
    let journal = boot::journal(folder, settings).await?;
    let restored = fill_journal(&journal, log, &mut rest).await;
    journal.close().await;
    restored
}

fn put_key(folder: &Path, name: &str, text: &str) -> Result<()> {
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) && !name.starts_with('.');
    ensure!(is_plain, "{name:?} is no name of a key");
    let bytes = text.chars().map(u8::try_from).collect::<Result<Vec<u8>, _>>().context("a key is not bytes")?;
    let path = folder.join(name);
    let mut options = std::fs::OpenOptions::new();
    let made = options.write(true).create_new(true).mode(0o600).open(&path);
    let mut made = made.with_context(|| format!("cannot make {}: restore into a new folder", path.display()))?;
    std::io::Write::write_all(&mut made, &bytes)?;
    Ok(made.sync_all()?)
}

async fn fill_office(rows: Vec<OfficeRow>, folder: &Path, settings: &Settings) -> Result<()> {
    let office = boot::office(folder, settings).await?;
    office.fill(rows).await?;
    office.close().await
}

/// What a log is made of while it is read.
struct Log<'a> {
    journal: &'a ChosenJournal,
    head: Head,
    state: District,
    commits: Vec<CommitRow>,
    about: Vec<About>,
    sealed: Vec<SealedRow>,
}

/// One log after another, until the last line.
async fn fill_journal(
    journal: &ChosenJournal,
    first: Line,
    lines: &mut impl Iterator<Item = Result<Line>>,
) -> Result<Vec<Restored>> {
    let (mut restored, mut next) = (Vec::new(), Some(first));
    while let Some(line) = next {
        let (log, end) = fill_log(journal, line, lines).await?;
        restored.push(log);
        next = end;
    }
    Ok(restored)
}

/// One log, and the line with which the next begins.
async fn fill_log(
    journal: &ChosenJournal,
    line: Line,
    lines: &mut impl Iterator<Item = Result<Line>>,
) -> Result<(Restored, Option<Line>)> {
    let Line::Log { district, after, seq, digest, format } = line else { bail!("there is no log in it") };
    ensure!(format <= FORMAT, "the log has format {format}, this hub reads up to {FORMAT}; take the newer hub");
    let found = journal.head(district).await?;
    ensure!(found.is_none(), "the store holds district {district} already: restore into a new one");
    let head = journal.claim(district, Uuid::new_v4()).await?;
    let state = District::new(DistrictId(district));
    let mut log = Log { journal, head, state, commits: Vec::new(), about: Vec::new(), sealed: Vec::new() };
    let (mut end, mut encoded) = (None, String::new());
    for line in lines {
        let line = line?;
        if !matches!(line, Line::State { .. }) && log.state.seq < after {
            log.begin_with(after, &std::mem::take(&mut encoded)).await?;
        }
        match line {
            Line::State { piece } => encoded += &piece,
            Line::Commit { seq, at_ms, body } => {
                // One is kept back, so that there is a commit for the last of the sealed rows to come with.
                log.append_if(BATCH_COMMITS).await?;
                log.take(CommitRow { seq, at_ms, body: Bytes::from(body) })?;
            }
            Line::Sealed { reference, body } => log.sealed.push(SealedRow { reference, body: Bytes::from(body) }),
            Line::Kept { command, body } => {
                journal.put_intake(IntakeRow { district, command, body: Bytes::from(body) }).await?;
            }
            next @ Line::Log { .. } => {
                end = Some(next);
                break;
            }
            Line::Ends { .. } => break,
            other => bail!("a line is out of its place: {other:?}"),
        }
    }
    log.append_if(1).await?;
    Ok((log.finish(seq, &digest).await?, end))
}

impl Log<'_> {
    /// The log begins with a state: what was before it was archived.
    async fn begin_with(&mut self, after: u64, encoded: &str) -> Result<()> {
        let state: District = serde_json::from_str(encoded).context("the state that the log begins with is spoilt")?;
        let is_its_own = state.seq == after && state.id == self.state.id;
        ensure!(is_its_own, "the log begins after {after}, the state in the backup stands at {}", state.seq);
        let fence = self.head.fence();
        self.journal.begin_after(fence, after).await?;
        snapshots::store_base(self.journal, fence, (after, state.at.0), state.clone()).await?;
        self.head.last_seq = after;
        self.state = state;
        Ok(())
    }

    fn take(&mut self, row: CommitRow) -> Result<()> {
        let commit: Commit = recovery::decode(self.head.district, &row)?;
        ensure!(row.seq == self.state.seq + 1 && commit.seq == row.seq, "commit {} is out of its place", row.seq);
        self.state.evolve(&commit);
        let incidents = touched::incidents(&commit, &self.state).into_iter();
        self.about.extend(incidents.map(|incident| About { incident: incident.0, seq: commit.seq }));
        self.commits.push(row);
        Ok(())
    }

    async fn append_if(&mut self, commits: usize) -> Result<()> {
        if self.commits.len() < commits {
            return Ok(());
        }
        let (commits, about) = (std::mem::take(&mut self.commits), std::mem::take(&mut self.about));
        let (last_seq, sealed) = (self.head.last_seq, std::mem::take(&mut self.sealed));
        self.head.last_seq += commits.len() as u64;
        let batch = Append { fence: self.head.fence(), last_seq, commits, sealed, about };
        Ok(self.journal.append(batch).await?)
    }

    /// Holds the state against the one that was backed up, and stores it: the first start replays nothing.
    async fn finish(self, seq: u64, said: &str) -> Result<Restored> {
        let (fence, state) = (self.head.fence(), self.state);
        let digest = state.digest();
        let is_same = state.seq == seq && format!("{digest:016x}") == said;
        ensure!(is_same, "the state at {} has digest {digest:016x}, the backup says {said} at {seq}", state.seq);
        // Whoever was to be woken was woken, or it is too late.
        self.journal.enqueue_wakes(fence, 0, seq, Vec::new()).await?;
        snapshots::store(self.journal, fence, (state.seq, state.at.0), state).await?;
        Ok(Restored { district: DistrictId(fence.district), seq, digest, history: self.head.history })
    }
}
