//! `hub verify`: reads a store or a journal file from its first commit (where older ones were archived: from the files, or
//! from the state that the log begins with), and says whether it can be trusted.
//!
//! The checks share no code with `decide`: each commit is looked at by an auditor with a small model of its own, the
//! state that `evolve` makes is checked as a whole, its digest is compared with the stored snapshot's, and the audit
//! chain is followed from its first row.

mod replay;
mod store;
#[cfg(test)]
pub(crate) mod tests;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Args;
use matcher::Commit;

use super::archive::files;
use super::socket;
use super::verbs::{Reply, Verb};
use crate::boot::{self, DataFolder, Settings};
use crate::records::{AuditFault, Office};
pub use replay::{Replay, Verdict};
pub use store::of_journal;

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// A data folder, or a journal file (one commit a line)
    #[arg(value_name = "DIR|FILE")]
    path: PathBuf,
    /// Where archive files lie: what was archived is replayed from them first / 归档文件所在文件夹
    #[arg(long, value_name = "FOLDER")]
    archive: Option<PathBuf>,
}

pub async fn run(args: VerifyArgs) -> Result<ExitCode> {
    let archive = args.archive.as_deref().map(std::path::absolute).transpose()?;
    let reply = if args.path.is_dir() {
        let socket = DataFolder::socket(&args.path);
        match socket::ask(&socket, Verb::Verify { archive: archive.clone() }, &[]).await? {
            Some(reply) => reply,
            None => of_folder(&args.path, archive.as_deref()).await?,
        }
    } else {
        reply(vec![of_file(&args.path)?], Vec::new())
    };
    Ok(super::ask::print(&reply))
}

/// A folder on which no hub runs.
pub async fn of_folder(path: &Path, archive: Option<&Path>) -> Result<Reply> {
    let settings = path.join("hub.toml");
    if settings.exists() {
        let settings = Settings::read(&settings)?.checked()?;
        if settings.store.is_shared() {
            return of_database(path, &settings, archive).await;
        }
    }
    ensure!(path.join("journal.db").is_file(), "{} holds no journal.db: is it a data folder?", path.display());
    let folder = DataFolder::open(path)?;
    let verdicts = store::of_folder(folder.path(), archive).await?;
    Ok(reply(verdicts, audit_chain(folder.path()).await?))
}

/// What several hubs share. It is read as it stands and nobody's lead is taken, whether or not hubs run elsewhere.
async fn of_database(path: &Path, settings: &Settings, archive: Option<&Path>) -> Result<Reply> {
    let folder = DataFolder::open(path)?;
    let journal = boot::journal(folder.path(), settings).await?;
    let verdicts = store::of_journal(&journal, archive).await;
    journal.close().await;
    let office = boot::office(folder.path(), settings).await?;
    let chain = chain_words(office.check_audit().await?);
    office.close().await?;
    Ok(reply(verdicts?, chain))
}

/// The words about the audit chain; `bad` in front when it breaks.
pub async fn audit_chain(folder: &Path) -> Result<Vec<(bool, String)>> {
    if !folder.join("office.db").is_file() {
        return Ok(Vec::new());
    }
    Ok(chain_words(Office::verify_audit(folder).await?))
}

/// What is said of a chain that was followed.
pub fn chain_words(followed: std::result::Result<u64, AuditFault>) -> Vec<(bool, String)> {
    vec![match followed {
        Ok(rows) => (true, format!("审计链完整 / audit chain holds: {rows} rows")),
        Err(fault) => (false, format!("审计链断开 / {fault}")),
    }]
}

/// A journal file, one commit a line, packed by gzip or not.
pub fn of_file(path: &Path) -> Result<Verdict> {
    let mut replay = None;
    for (index, line) in files::lines(path)?.enumerate() {
        let line = line.with_context(|| format!("{} cannot be read at line {}", path.display(), index + 1))?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let replay = match &mut replay {
            Some(replay) => replay,
            none => match begun(&line, path) {
                replay if replay.is_sound() => none.insert(replay),
                replay => return Ok(replay.verdict()),
            },
        };
        if !replay.take_bytes(&line, &format!("line {}", index + 1)) {
            break;
        }
    }
    Ok(replay.with_context(|| format!("{} is empty", path.display()))?.verdict())
}

/// A later file cannot be replayed alone.
fn begun(line: &[u8], path: &Path) -> Replay {
    let mut replay = Replay::unnamed();
    // A line that is no commit is told by the replay.
    if let Ok(Commit { seq, .. }) = serde_json::from_slice(line)
        && seq != 1
    {
        replay.fault(format!(
            "{} begins at commit {seq} and follows on what is in other files: `hub verify DIR --archive FOLDER` replays all \
             of them / 该文件从第 {seq} 条提交开始,请用 hub verify DIR --archive 文件夹 一并校验",
            path.display()
        ));
    }
    replay
}

/// What is said of all that was looked at.
pub fn reply(verdicts: Vec<Verdict>, chain: Vec<(bool, String)>) -> Reply {
    let good = verdicts.iter().all(|verdict| verdict.faults.is_empty()) && chain.iter().all(|(good, _)| *good);
    let lines = verdicts.iter().map(Verdict::to_string).chain(chain.into_iter().map(|(_, text)| text));
    let end = if good { "通过 / verified" } else { "有问题 / NOT verified" };
    let text = lines.chain([end.to_owned()]).collect::<Vec<_>>().join("\n");
    Reply { text, file: Vec::new(), good }
}
