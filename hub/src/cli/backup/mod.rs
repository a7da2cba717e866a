//! `hub backup` and `hub restore`: everything of one hub in one file, beside a running hub, for either store.
//!
//! A backup is lines of JSON: how it begins, the keys of the folder, the office as it was at one moment, then of each
//! district the log up to one commit with the digest of the state there, commits and sealed rows by turns, and what waits in
//! intake, and a sum over all of it. The office is read first: what it owes the log is then sent again under ids that the log knows. Being rows and
//! not files of a database, it can be restored into the other kind of store.

mod line;
mod restore;
#[cfg(test)]
mod tests;
mod write;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::args::FolderArgs;
use super::ask::ask_and_print;
use super::verbs::Verb;
use crate::boot::DataFolder;
pub use restore::into;
pub use write::{Source, write};

#[derive(Debug, Args)]
pub struct BackupArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// Where to write; the hub itself writes it, so this is a path on its machine. It holds names, numbers and keys
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// A file that `hub backup` has written
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    folder: FolderArgs,
}

pub async fn backup(args: BackupArgs) -> Result<ExitCode> {
    let file = std::path::absolute(&args.file)?;
    ask_and_print(&args.folder, Verb::Backup { file }).await
}

pub async fn restore(args: RestoreArgs) -> Result<ExitCode> {
    let settings = args.folder.settings()?.checked()?;
    let folder = DataFolder::open(&args.folder.data)?;
    let done = into(&args.file, folder.path(), &settings).await?;
    let done: Vec<String> = done.iter().map(ToString::to_string).collect();
    let done = done.join("; ");
    println!("已恢复 / restored: {done}\n客户端会重新取快照 / every client starts anew with a snapshot");
    Ok(ExitCode::SUCCESS)
}
