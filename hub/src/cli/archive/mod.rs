//! `hub archive`: old commits leave the log for files, and the way back.
//!
//! A pass ([`pass`]) writes commits into a file, holds the file against the log byte for byte, stores the state at its last
//! commit as the base that the log is to begin with, and only then removes the rows, a few at a time. Whatever it is cut short
//! at, the next one takes up the same file. [`mend`] makes that state again from the files when it was lost.

pub mod files;
mod mend;
pub mod pass;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use matcher::{DAY_MS, IncidentId, Timestamp};
use tokio::sync::Mutex;

use super::args::FolderArgs;
use super::ask::ask_and_print;
use super::verbs::Verb;
use crate::engine::{EngineHandle, Role};
use crate::store::Shorten;
use pass::Pass;

/// The most days that can be said: a hundred years.
const DAYS_MAX: i64 = 36_525;

/// Whoever reads a whole log while rows leave it would meet its end: archive, backup and verify take turns.
pub static TURN: Mutex<()> = Mutex::const_new(());

#[derive(Debug, Args)]
pub struct ArchiveArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// Commits older than this leave the log; at least 1 / 早于多少天的记录移出日志,至少 1
    #[arg(long, value_name = "N", allow_hyphen_values = true, required_unless_present = "from")]
    older_than_days: Option<i64>,
    /// Only this district; all when left out
    #[arg(long)]
    district: Option<u32>,
    /// Where the files go; the hub itself writes them, so this is a folder on its machine
    #[arg(long, value_name = "FOLDER", required_unless_present = "from")]
    to: Option<PathBuf>,
    /// The other way: make the state that the log begins with again, from all archive files. No hub may run
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["to", "older_than_days"])]
    from: Option<PathBuf>,
}

pub async fn run(args: ArchiveArgs) -> Result<ExitCode> {
    if let Some(from) = &args.from {
        return mend::run(&args.folder, args.district, from).await;
    }
    let days = args.older_than_days.context("--older-than-days N is missing / 缺少 --older-than-days")?;
    let to = std::path::absolute(args.to.context("--to FOLDER is missing / 缺少 --to")?)?;
    ask_and_print(&args.folder, Verb::Archive { days, district: args.district, to }).await
}

/// What is archived of one district.
pub struct Order<'a> {
    pub to: &'a Path,
    /// Whole days.
    pub days: i64,
}

impl<'a> Order<'a> {
    /// # Errors
    /// When the days are none or the folder is not there.
    pub fn checked(to: &'a Path, days: i64) -> Result<Self> {
        ensure!(
            (1..=DAYS_MAX).contains(&days),
            "--older-than-days {days}: a whole number from 1 to {DAYS_MAX} is wanted. Nothing was changed / \
             应为 1 到 {DAYS_MAX} 的整数,什么都没有改动"
        );
        ensure!(
            to.is_dir(),
            "--to {}: there is no such folder on the hub's machine; make it first. Nothing was changed / \
             没有这个文件夹,请先建立,什么都没有改动",
            to.display()
        );
        Ok(Self { to, days })
    }

    /// Archives one district that this hub leads; what is said of it.
    ///
    /// # Errors
    /// What went wrong, and that the log is whole all the same.
    pub async fn carry_out(&self, journal: &impl Shorten, door: &EngineHandle) -> Result<String> {
        let district = door.district();
        leads_here(door)?;
        let (before, held) = self.horizon(door);
        let mut said = Vec::new();
        while let Some(mut pass) = Pass::plan(journal, self.to, district.0, before).await? {
            let file = pass.write().await?;
            pass.found().await?;
            let rows = pass.remove().await?;
            tracing::info!(%district, file = %file.path.display(), rows, "archived");
            said.push(format!(
                "district {district}: {} – {} → {} 已归档并核对,日志自 {} 起 / archived and checked, the log begins at {}",
                file.first,
                file.last,
                file.path.display(),
                file.last + 1,
                file.last + 1
            ));
        }
        if said.is_empty() {
            said.push(format!(
                "district {district}: 没有早于 {0} 天的记录可归档 / nothing older than {0} days is left to archive",
                self.days
            ));
        }
        said.extend(held.map(|incident| {
            format!(
                "  事件 {incident} 尚未归档,它的记录留在日志中 / incident {incident} is not archived yet: its records stay"
            )
        }));
        Ok(said.join("\n"))
    }

    /// Before when commits leave; an incident that people can still look at keeps its timeline whole, and is named when it
    /// is what holds others back.
    fn horizon(&self, door: &EngineHandle) -> (Timestamp, Option<IncidentId>) {
        let old = door.now().minus_ms(self.days.unsigned_abs() * DAY_MS);
        let oldest = door.read(|district| district.incidents().map(|incident| (incident.opened_at, incident.id)).min());
        match oldest.filter(|(opened_at, _)| *opened_at < old) {
            Some((opened_at, incident)) => (opened_at, Some(incident)),
            None => (old, None),
        }
    }
}

/// Only who leads a district knows that nobody else does.
fn leads_here(door: &EngineHandle) -> Result<()> {
    match door.role() {
        Role::Leading => Ok(()),
        Role::Following(Some(leader)) => {
            bail!("{0} leads it: say this on that hub / 由 {0} 主持,请在那里执行", leader.address)
        }
        Role::Following(None) => bail!("nobody leads it now; try again / 暂无主节点,请稍后再试"),
    }
}
