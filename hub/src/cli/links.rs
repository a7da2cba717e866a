//! `hub admin-link` and `hub invite`.

use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use super::args::FolderArgs;
use super::ask::{ask, ask_and_print, print};
use super::verbs::Verb;

#[derive(Debug, Args)]
pub struct AdminLinkArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// For which account; the first administrator when left out
    #[arg(long)]
    account: Option<String>,
}

pub async fn admin_link(args: AdminLinkArgs) -> Result<ExitCode> {
    ask_and_print(&args.folder, Verb::AdminLink { account: args.account }).await
}

#[derive(Debug, Args)]
pub struct InviteArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// Of which district; that of the settings when left out
    #[arg(long)]
    district: Option<u32>,
    /// Ids of volunteers; all when left out
    #[arg(long, value_delimiter = ',')]
    volunteers: Vec<u64>,
    /// The CSV to write (0600): volunteer, name, link
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub async fn invite(args: InviteArgs) -> Result<ExitCode> {
    let reply =
        ask(&args.folder, Verb::Invite { district: args.district, volunteers: args.volunteers }, Vec::new()).await?;
    if reply.good {
        write_private(&args.out, &reply.file)?;
    }
    Ok(print(&reply))
}

/// Writes a file that only its owner can read.
pub fn write_private(file: &Path, bytes: &[u8]) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let out = options.write(true).create(true).truncate(true).mode(0o600).open(file);
    let mut out = out.with_context(|| format!("cannot write {}", file.display()))?;
    std::io::Write::write_all(&mut out, bytes).with_context(|| format!("cannot write {}", file.display()))
}
