//! `hub cluster-keys`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

use crate::cluster::peers;

#[derive(Debug, clap::Args)]
pub struct ClusterKeysArgs {
    /// The folder to write them to; the same three files go to every hub
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

pub fn run(args: &ClusterKeysArgs) -> Result<ExitCode> {
    let files = peers::draw(&args.out)?;
    println!(
        "[cluster]\ncertificate = {:?}\nkey = {:?}\nauthority = {:?}",
        files.certificate, files.key, files.authority
    );
    Ok(ExitCode::SUCCESS)
}
