//! The state that a log begins with, made again from its archive files.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use matcher::{District, DistrictId};
use uuid::Uuid;

use super::files;
use crate::boot::{self, DataFolder};
use crate::cli::args::FolderArgs;
use crate::cli::socket;
use crate::cli::verify::Replay;
use crate::store::rows::READ_ROWS_MAX;
use crate::store::{Head, Journal, recovery, snapshots};

/// A leader that has beaten within this time leads.
const SILENT_MS_MIN: u64 = 5_000;

/// On the files of a hub that does not run: it cannot start without that state.
pub async fn run(folder: &FolderArgs, district: Option<u32>, from: &Path) -> Result<ExitCode> {
    ensure!(
        !socket::answers(&DataFolder::socket(&folder.data)).await,
        "a hub runs on {}: stop it first; nothing was changed / 请先停止 hub,什么都没有改动",
        folder.data.display()
    );
    let settings = folder.settings()?.checked()?;
    let data = DataFolder::open(&folder.data)?;
    let journal = boot::journal(data.path(), &settings).await?;
    let mended = of_journal(&journal, district, from).await;
    journal.close().await;
    println!("{}", mended?.join("\n"));
    Ok(ExitCode::SUCCESS)
}

async fn of_journal(journal: &impl Journal, only: Option<u32>, from: &Path) -> Result<Vec<String>> {
    let mut said = Vec::new();
    for district in journal.districts().await?.into_iter().filter(|it| only.is_none_or(|only| only == *it)) {
        let head = journal.head(district).await?.with_context(|| format!("district {district} has no log"))?;
        said.push(of_log(journal, &head, from).await?);
    }
    ensure!(!said.is_empty(), "there is no such district in the store / 没有这个区");
    Ok(said)
}

/// Both states that a recovery looks for: the one that the log begins with, and the one at its end.
pub(super) async fn of_log(journal: &impl Journal, head: &Head, from: &Path) -> Result<String> {
    let district = head.district;
    let first = journal.first_seq(district).await?.unwrap_or(1);
    if first == 1 {
        return Ok(format!(
            "district {district}: 日志完整,不需要归档文件 / the log has its first commit, no file is needed"
        ));
    }
    let silent_ms = journal.pulse(district).await?.silent_ms;
    ensure!(
        silent_ms.is_none_or(|silent| silent >= SILENT_MS_MIN),
        "district {district} is led by a hub elsewhere: it needs no files; nothing was changed / 该区正由其他 hub 主持,什么都没有改动"
    );
    let base = replayed(from.to_owned(), district, first - 1).await?;
    let end = evolved(journal, head, base.clone()).await?;
    let fence = journal.claim(district, Uuid::new_v4()).await?.fence();
    snapshots::store_base(journal, fence, (base.seq, base.at.0), base).await?;
    let seq = end.seq;
    snapshots::store(journal, fence, (seq, end.at.0), end).await?;
    Ok(format!(
        "district {district}: 已由归档文件重建第 {0} 条与第 {seq} 条提交处的状态 / the states at commits {0} and {seq} were made again",
        first - 1
    ))
}

async fn replayed(from: PathBuf, district: u32, to_seq: u64) -> Result<District> {
    let replay = move || {
        let mut replay = Replay::of(DistrictId(district));
        files::replay(&from, district, to_seq, &mut replay)?;
        let state = replay.district().cloned();
        let faults = replay.verdict().faults;
        ensure!(faults.is_empty(), "nothing was changed / 什么都没有改动: {}", faults.join("; "));
        state.context("nothing could be replayed")
    };
    tokio::task::spawn_blocking(replay).await?
}

async fn evolved(journal: &impl Journal, head: &Head, mut state: District) -> Result<District> {
    while state.seq < head.last_seq {
        let rows = journal.read(head.district, state.seq, READ_ROWS_MAX).await?;
        ensure!(!rows.is_empty(), "the log ends at {}, its head says {}", state.seq, head.last_seq);
        for row in &rows {
            state.evolve(&recovery::decode(head.district, row)?);
        }
    }
    Ok(state)
}
