//! One pass at a time on every store, cut short after each of its steps; files that are in the way; a disk that is full.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use hub::cli::archive::files;
use hub::cli::archive::pass::Pass;
use hub::cli::verify::of_journal;
use hub::engine::clock::{Clock, SystemClock};
use hub::store::rows::Snapshot;
use hub::store::sqlite::SqliteSettings;
use hub::store::{CommitRow, Journal, JournalError, MemoryJournal, Shorten, SqliteJournal, recovery};
use matcher::{DAY_MS, District, Timestamp};

use super::old::{self, DISTRICT};

/// What is older leaves.
const DAYS: u64 = 70;

fn before() -> Timestamp {
    Timestamp(SystemClock.wall_ms().saturating_sub_unsigned(DAYS * DAY_MS))
}

async fn plan<'a, J: Shorten>(journal: &'a J, folder: &Path) -> Result<Option<Pass<'a, J>>> {
    Pass::plan(journal, folder, DISTRICT, before()).await
}

async fn next<'a, J: Shorten>(journal: &'a J, folder: &Path) -> Result<Pass<'a, J>> {
    plan(journal, folder).await?.context("there is something to archive")
}

/// The state that a start finds.
async fn recovered(journal: &impl Journal) -> Result<District> {
    let head = journal.head(DISTRICT).await?.context("a head")?;
    Ok(recovery::recover(journal, &head, 100).await?.district)
}

fn listed(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut names = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// Every commit of the log is in the store or in the one file, as it was.
async fn nothing_is_lost(journal: &impl Journal, folder: &Path, rows: &[CommitRow]) -> Result<()> {
    let kept = old::all(journal).await?;
    let first = kept.first().context("the last commit stays")?.seq;
    ensure!(kept == rows[usize::try_from(first)? - 1..], "what is kept is what it was");
    let held: Vec<Vec<u8>> = match listed(folder)?.as_slice() {
        [] => Vec::new(),
        [file] => files::lines(file)?.collect::<Result<_>>()?,
        more => anyhow::bail!("one file is enough: {more:?}"),
    };
    ensure!(held.len() as u64 >= first - 1, "{} commits are filed, the log begins at {first}", held.len());
    ensure!(held.iter().zip(rows).all(|(line, row)| line == &row.body[..]), "what is filed is what it was");
    Ok(())
}

async fn cut_short_at_every_step(journal: impl Shorten) -> Result<()> {
    let rows = old::log().await?.rows;
    old::put(&journal, &rows).await?;
    let wanted = recovered(&journal).await?.digest();
    let last = old::last_older_than(&rows, DAYS);
    ensure!(last > 300 && last < rows.len() as u64, "{last} of {} commits leave", rows.len());
    let folder = tempfile::tempdir()?;
    for steps in 0..=4 {
        let mut pass = next(&journal, folder.path()).await?;
        if steps >= 1 {
            pass.write().await?;
        }
        if steps >= 2 {
            pass.found().await?;
        }
        if steps >= 3 {
            ensure!(pass.remove_some().await? > 0, "some rows leave");
        }
        if steps >= 4 {
            pass.remove().await?;
        }
        drop(pass);
        ensure!(recovered(&journal).await?.digest() == wanted, "after step {steps} the state is another");
        nothing_is_lost(&journal, folder.path(), &rows).await.with_context(|| format!("after step {steps}"))?;
        verified(&journal, (steps >= 3).then_some(folder.path()))
            .await
            .with_context(|| format!("after step {steps}"))?;
    }
    ensure!(journal.first_seq(DISTRICT).await? == Some(last + 1), "everything that is old has left, and no more");
    ensure!(plan(&journal, folder.path()).await?.is_none(), "the second time there is nothing to do");
    ensure!(journal.read_about(DISTRICT, first_incident(&rows)?, 0, 100).await?.is_empty(), "nor is anything about it");
    let refused = journal.read(DISTRICT, 0, 10).await;
    ensure!(matches!(refused, Err(JournalError::Archived { first_seq, .. }) if first_seq == last + 1), "{refused:?}");
    Ok(())
}

fn first_incident(rows: &[CommitRow]) -> Result<u64> {
    let commits = rows.iter().map(|row| recovery::decode(DISTRICT, row));
    for commit in commits {
        for event in commit?.events {
            if let matcher::Event::IncidentOpened { incident, .. } = event {
                return Ok(incident.0);
            }
        }
    }
    anyhow::bail!("there is no incident")
}

async fn verified(journal: &impl Journal, archive: Option<&Path>) -> Result<()> {
    for with in [None, archive] {
        for verdict in of_journal(journal, with).await? {
            ensure!(verdict.faults.is_empty(), "{verdict}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn in_memory() -> Result<()> {
    cut_short_at_every_step(MemoryJournal::new()).await
}

#[tokio::test]
async fn on_sqlite() -> Result<()> {
    let folder = tempfile::tempdir()?;
    cut_short_at_every_step(SqliteJournal::open(SqliteSettings::new(folder.path())).await?).await
}

#[tokio::test]
async fn on_postgresql() -> Result<()> {
    let database = tokio::task::spawn_blocking(super::shared::Database::new).await?;
    cut_short_at_every_step(database.open().await?).await
}

/// A pass that must not be, and what it says; the log is as it was and the folder holds what it held.
async fn refused(journal: &MemoryJournal, folder: &Path, rows: &[CommitRow], words: &str) -> Result<()> {
    let held = listed(folder)?;
    let done = async {
        let mut pass = next(journal, folder).await?;
        pass.write().await
    };
    let said = match done.await {
        Ok(file) => anyhow::bail!("{} was taken for good", file.path.display()),
        Err(error) => format!("{error:#}"),
    };
    ensure!(said.contains(words) && said.contains("改动"), "{said}");
    ensure!(old::all(journal).await? == rows && listed(folder)? == held, "nothing was changed");
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_cut_off_or_says_something_else_is_not_believed() -> Result<()> {
    let (journal, folder) = (MemoryJournal::new(), tempfile::tempdir()?);
    let rows = old::log().await?.rows;
    old::put(&journal, &rows).await?;
    let file = next(&journal, folder.path()).await?.write().await?.path;
    let whole = std::fs::read(&file)?;
    std::fs::write(&file, &whole[..whole.len() / 2])?;
    let mut pass = next(&journal, folder.path()).await?;
    let said = pass.write().await.expect_err("half a file");
    ensure!(format!("{said:#}").contains("cut off"), "{said:#}");
    let lines = files::lines(&written(&folder.path().join("whole"), &whole)?)?.collect::<Result<Vec<_>>>()?;
    std::fs::remove_file(folder.path().join("whole"))?;
    let mut other = lines.clone();
    other.swap(5, 6);
    for bad in [&other[..], &lines[..lines.len() - 1], &[&lines[..], &lines[..1]].concat()] {
        written(&file, &bad.iter().flat_map(|line| [&line[..], b"\n"].concat()).collect::<Vec<u8>>())?;
        refused(&journal, folder.path(), &rows, "something else than the log").await?;
    }
    std::fs::write(&file, &whole)?;
    next(&journal, folder.path()).await?.write().await?;
    Ok(())
}

fn written(path: &Path, bytes: &[u8]) -> Result<PathBuf> {
    std::fs::write(path, bytes)?;
    Ok(path.to_owned())
}

#[tokio::test]
async fn a_disk_that_is_full_in_the_middle_changes_nothing() -> Result<()> {
    let (journal, folder) = (MemoryJournal::new(), tempfile::tempdir()?);
    let rows = old::log().await?.rows;
    old::put(&journal, &rows).await?;
    let name = files::ArchiveFile::new(folder.path(), DISTRICT, 1, old::last_older_than(&rows, DAYS)).path;
    // Whoever writes there is told that the disk is full.
    std::os::unix::fs::symlink("/dev/full", name.with_added_extension("part"))?;
    let mut pass = next(&journal, folder.path()).await?;
    let said = format!("{:#}", pass.write().await.expect_err("there is no room"));
    ensure!(said.contains("No space left") && said.contains("the log is as it was"), "{said}");
    ensure!(listed(folder.path())?.is_empty() && old::all(&journal).await? == rows, "nothing was changed");
    next(&journal, folder.path()).await?.write().await?;
    Ok(())
}

#[tokio::test]
async fn without_the_state_that_the_log_begins_with_nothing_more_leaves() -> Result<()> {
    let (journal, folder) = (MemoryJournal::new(), tempfile::tempdir()?);
    let rows = old::log().await?.rows;
    old::put(&journal, &rows).await?;
    let mut pass = next(&journal, folder.path()).await?;
    let file = pass.write().await?;
    let unfounded = pass.remove().await;
    ensure!(unfounded.is_err() && old::all(&journal).await? == rows, "rows that stand on no state stay");
    pass.found().await?;
    pass.remove().await?;
    // The base is torn, and the only other state is the newest: it must not take younger commits with it.
    let head = journal.head(DISTRICT).await?.context("a head")?;
    let newest = recovered(&journal).await?;
    let body = serde_json::to_vec(&newest)?.into();
    journal.put_snapshot(head.fence(), Snapshot { seq: newest.seq, at_ms: newest.at.0, body }).await?;
    journal.put_snapshot_part(head.fence(), file.last, 0, bytes::Bytes::from_static(b"{")).await?;
    let later = Timestamp(before().0.saturating_add_unsigned(10 * DAY_MS));
    let told = Pass::plan(&journal, folder.path(), DISTRICT, later).await.err().context("it is refused")?;
    ensure!(format!("{told:#}").contains("hub archive --from"), "{told:#}");
    ensure!(journal.first_seq(DISTRICT).await? == Some(file.last + 1), "and nothing has left");
    Ok(())
}
