//! `hub import` and `hub export`: files in, files out.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use wire::client::Crs;

use super::args::FolderArgs;
use super::ask::{Asker, ask, print};
use super::export::Writing;
use super::import::{Kind, Reading};
use super::links::write_private;
use super::verbs::Verb;

/// The datum of coordinates in a file.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum CrsArg {
    /// GPS, OpenStreetMap
    Wgs84,
    /// AMap, Tencent, most Chinese maps and phones
    Gcj02,
}

impl From<CrsArg> for Crs {
    fn from(crs: CrsArg) -> Self {
        match crs {
            CrsArg::Wgs84 => Self::Wgs84,
            CrsArg::Gcj02 => Self::Gcj02,
        }
    }
}

#[derive(Debug, Args)]
pub struct ImportArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// Into which district; that of the settings when left out
    #[arg(long)]
    district: Option<u32>,
    /// What the file holds
    kind: Kind,
    /// Grids: GeoJSON; the rest: CSV or XLSX, UTF-8 or GBK, headers in Chinese or English
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The datum of the coordinates; must be said where there are any
    #[arg(long)]
    crs: Option<CrsArg>,
    /// Take the good rows although there are bad ones
    #[arg(long)]
    skip_bad: bool,
    /// Read and report, change nothing
    #[arg(long)]
    try_only: bool,
    /// Write every bad row here, as CSV
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

pub async fn import(args: ImportArgs) -> Result<ExitCode> {
    let bytes = std::fs::read(&args.file).with_context(|| format!("cannot read {}", args.file.display()))?;
    let crs = args.crs.map(Crs::from);
    let reading = Reading { kind: args.kind, name: name_of(&args.file), crs, skip_bad: args.skip_bad };
    let reply =
        ask(&args.folder, Verb::Import { district: args.district, reading, try_only: args.try_only }, bytes).await?;
    if let Some(report) = args.report.filter(|_| !reply.file.is_empty()) {
        write_private(&report, &reply.file)?;
    }
    Ok(print(&reply))
}

/// What can be exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    Grids,
    Skills,
    Volunteers,
    Plans,
    Menu,
    /// One commit a line, which `hub verify` reads
    Journal,
}

#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// Of which district; that of the settings when left out
    #[arg(long)]
    district: Option<u32>,
    what: What,
    /// The file to write (0600); its ending says the form: .csv, .xlsx, .geojson, .jsonl
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The datum to write coordinates in
    #[arg(long, default_value = "wgs84")]
    crs: CrsArg,
    /// Only the columns and an example row, to be filled in
    #[arg(long)]
    template: bool,
}

pub async fn export(args: ExportArgs) -> Result<ExitCode> {
    let kind = match args.what {
        What::Grids => Kind::Grids,
        What::Skills => Kind::Skills,
        What::Volunteers => Kind::Volunteers,
        What::Plans => Kind::Plans,
        What::Menu => Kind::Menu,
        What::Journal => return journal(&args).await,
    };
    let writing = Writing { kind, name: name_of(&args.out), crs: args.crs.into(), template: args.template };
    let reply = ask(&args.folder, Verb::Export { district: args.district, writing }, Vec::new()).await?;
    if reply.good {
        write_private(&args.out, &reply.file)?;
    }
    Ok(print(&reply))
}

/// A thousand commits at a time, so that a long log needs little memory and the hub is never held up.
async fn journal(args: &ExportArgs) -> Result<ExitCode> {
    write_private(&args.out, b"")?;
    let mut out = std::fs::OpenOptions::new().append(true).open(&args.out)?;
    let asker = Asker::open(&args.folder).await?;
    let (mut begins_at, mut after_seq) = (None, 0);
    loop {
        let reply = asker.ask(Verb::ExportJournal { district: args.district, after_seq }, Vec::new()).await?;
        ensure!(reply.good, "{}", reply.text);
        if reply.file.is_empty() {
            break;
        }
        out.write_all(&reply.file).with_context(|| format!("cannot write {}", args.out.display()))?;
        let (first, last) = reply.text.split_once(' ').context("the hub did not say which commits these are")?;
        after_seq = last.parse().context("the hub did not say which commit was the last")?;
        begins_at = begins_at.or(Some(first.parse::<u64>()?));
    }
    asker.close().await?;
    match begins_at.unwrap_or(1) {
        1 => println!("{after_seq} 条提交 / commits"),
        first => println!(
            "{} 条提交 / commits, {first} – {after_seq}: 更早的已归档 / earlier ones are in archive files",
            after_seq + 1 - first
        ),
    }
    Ok(ExitCode::SUCCESS)
}

fn name_of(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
