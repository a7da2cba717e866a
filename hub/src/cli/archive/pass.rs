//! One file: written, held against the log, founded, and then taken out of the log.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;
use matcher::{District, DistrictId, Timestamp};

use super::files::{self, ArchiveFile};
use crate::store::rows::REMOVED_ROWS_MAX;
use crate::store::{About, CommitRow, Fence, Journal, JournalError, Shorten, recovery, snapshots};

/// Commits of one file; what is beyond goes into the next, so that each pass needs little room and little is done again.
pub const FILE_COMMITS_MAX: u64 = 500_000;

/// What one file takes out of a log.
pub struct Pass<'a, J> {
    journal: &'a J,
    fence: Fence,
    file: ArchiveFile,
    /// The first commit that the log still has.
    first: u64,
    /// Goes along with the log while the file is held against it.
    state: District,
}

impl<'a, J: Shorten> Pass<'a, J> {
    /// The next file of a district's log, of commits before `before`; `None` when there is nothing to archive.
    ///
    /// # Errors
    /// The journal's; when the state that the log begins with is not there, or a file is in the way.
    pub async fn plan(journal: &'a J, to: &Path, district: u32, before: Timestamp) -> Result<Option<Self>> {
        let Some(head) = journal.head(district).await? else { return Ok(None) };
        let Some(first) = journal.first_seq(district).await? else { return Ok(None) };
        let last = last_before(journal, district, (first, head.last_seq), before).await?;
        if last < first {
            return Ok(None);
        }
        let state = recovery::beginning(journal, &head).await?.unwrap_or_else(|| District::new(DistrictId(district)));
        // Another snapshot than the base would take younger commits for archived ones.
        ensure!(state.seq <= last, JournalError::NoBase { district, first_seq: first });
        let file = match files::with_commit(to, district, first)? {
            // Of a pass that was cut short.
            Some(file) if file.last <= last => file,
            Some(file) => bail!(
                "{} holds younger commits than are to be archived: say as few days as when it was written, or another \
                 folder. Nothing was changed / 该文件含有更新的记录:请用当时的天数,或换一个文件夹,什么都没有改动",
                file.path.display()
            ),
            None => ArchiveFile::new(to, district, first, last.min(first - 1 + FILE_COMMITS_MAX)),
        };
        Ok(Some(Self { journal, fence: head.fence(), file, first, state }))
    }

    /// Writes the file, unless it is there, and holds it against the log. It takes its name only when it was found whole.
    ///
    /// # Errors
    /// When it cannot be written, or says something else than the log; the log is as it was.
    pub async fn write(&mut self) -> Result<ArchiveFile> {
        let file = self.file.clone();
        if file.path.exists() {
            self.compare(&file.path).await?;
            return Ok(file);
        }
        let unfinished = file.path.with_added_extension("part");
        let written = self.write_to(&unfinished).await;
        if written.is_err() {
            // Whatever went wrong is told; half a file is of no use to anybody.
            std::fs::remove_file(&unfinished).ok();
        }
        written.with_context(|| {
            format!(
                "{} was not written; the log is as it was. Is the disk full, may the hub write there? / \
                 归档未写成,日志未改动:磁盘是否已满,hub 是否有权写入",
                file.path.display()
            )
        })?;
        std::fs::rename(&unfinished, &file.path).with_context(|| format!("cannot name {}", file.path.display()))?;
        // The name is on disk only with its folder.
        File::open(file.path.parent().unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all())?;
        Ok(file)
    }

    async fn write_to(&mut self, path: &Path) -> Result<()> {
        let mut options = OpenOptions::new();
        let opened = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
        let mut packed = GzEncoder::new(BufWriter::new(opened), Compression::default());
        let mut seq = self.first - 1;
        while seq < self.file.last {
            for row in self.rows(seq).await? {
                packed.write_all(&row.body)?;
                packed.write_all(b"\n")?;
                seq = row.seq;
            }
        }
        let written = packed.finish()?.into_inner().context("it could not be written to its end")?;
        written.sync_all()?;
        self.compare(path).await
    }

    /// The next rows of the file after `seq`, their sums checked by the store; at least one. Few, so that nobody waits.
    async fn rows(&self, seq: u64) -> Result<Vec<CommitRow>> {
        let limit = REMOVED_ROWS_MAX.min(usize::try_from(self.file.last - seq)?);
        let rows = self.journal.read(self.fence.district, seq, limit).await?;
        ensure!(!rows.is_empty(), "the log ends at {seq}");
        Ok(rows)
    }

    /// Every line is a commit of the log byte for byte, and nothing follows the last.
    async fn compare(&mut self, path: &Path) -> Result<()> {
        let other = |seq: u64| {
            format!(
                "{} is there and says something else than the log at commit {seq}: keep it, and take another folder. \
                 Nothing was changed / 该文件与日志不一致,请另选文件夹,什么都没有改动",
                path.display()
            )
        };
        let mut lines = files::lines(path)?.skip(usize::try_from(self.first - self.file.first)?);
        let mut seq = self.first - 1;
        while seq < self.file.last {
            for row in self.rows(seq).await? {
                let line = lines.next().transpose()?;
                ensure!(line.as_deref() == Some(&row.body[..]), other(row.seq));
                self.follow(&row)?;
                seq = row.seq;
            }
        }
        ensure!(lines.next().is_none(), other(seq + 1));
        Ok(())
    }

    fn follow(&mut self, row: &CommitRow) -> Result<()> {
        let commit = recovery::decode(self.fence.district, row)?;
        ensure!(commit.seq == row.seq, "row {} holds commit {}", row.seq, commit.seq);
        if commit.seq > self.state.seq {
            self.state.evolve(&commit);
        }
        Ok(())
    }

    /// Stores the state after the file's last commit as the base of the log, and reads it back.
    ///
    /// # Errors
    /// When it does not come back as it is; the log is as it was.
    pub async fn found(&self) -> Result<()> {
        let (seq, at_ms) = (self.state.seq, self.state.at.0);
        ensure!(seq == self.file.last, "the state stands at {seq}, the file ends at {}", self.file.last);
        snapshots::store_base(self.journal, self.fence, (seq, at_ms), self.state.clone()).await?;
        let stored = self.journal.snapshot(self.fence.district, seq).await?.filter(|stored| stored.seq == seq);
        let stored = stored.with_context(|| format!("the state at commit {seq} was not kept; run it again"))?;
        let state = self.state.clone();
        let same = move || anyhow::Ok(serde_json::from_slice::<District>(&stored.body)?.digest() == state.digest());
        ensure!(tokio::task::spawn_blocking(same).await??, "the state at commit {seq} came back changed; run it again");
        Ok(())
    }

    /// Takes the file's commits out of the log, a few at a time, and says how many. What was not done when it is cut short is
    /// done by the next pass.
    ///
    /// # Errors
    /// The journal's: `Fenced` when another hub leads by now.
    pub async fn remove(&self) -> Result<u64> {
        let (last, mut after) = (self.file.last, About { incident: 0, seq: 0 });
        while let Some(next) = self.journal.remove_about(self.fence, last, after).await? {
            after = next;
        }
        let mut removed = 0;
        loop {
            match self.remove_some().await? {
                0 => return Ok(removed),
                rows => removed += rows,
            }
        }
    }

    /// One step of the removal.
    pub async fn remove_some(&self) -> Result<u64> {
        Ok(self.journal.remove(self.fence, self.file.last).await?)
    }
}

/// The last commit before `before`, found by halving, since commits stand in the order of their times; never the last of the
/// log, which says where it stands.
async fn last_before(
    journal: &impl Journal,
    district: u32,
    (first, last): (u64, u64),
    before: Timestamp,
) -> Result<u64> {
    let (mut low, mut high) = (first - 1, last.saturating_sub(1).max(first - 1));
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        let rows = journal.read(district, middle - 1, 1).await?;
        let at_ms = rows.first().with_context(|| format!("the log ends before commit {middle}"))?.at_ms;
        if at_ms < before.0 { low = middle } else { high = middle - 1 }
    }
    Ok(low)
}
