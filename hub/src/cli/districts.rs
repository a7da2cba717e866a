//! `hub district add|list|move`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::args::FolderArgs;
use super::ask::ask_and_print;
use super::verbs::Verb;

#[derive(Debug, Args)]
pub struct DistrictArgs {
    #[command(flatten)]
    folder: FolderArgs,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, clap::Subcommand)]
enum Act {
    /// Make one more district in the store; every hub on it serves it within seconds
    Add {
        number: u32,
        #[arg(long)]
        name: String,
        /// Its middle in WGS-84 degrees
        #[arg(long, allow_hyphen_values = true)]
        lat: f64,
        #[arg(long, allow_hyphen_values = true)]
        lng: f64,
    },
    /// All districts: number, commits, who leads, name
    List,
    /// Let another hub lead a district than the one that does; said on any hub
    Move { number: u32 },
}

pub async fn run(args: DistrictArgs) -> Result<ExitCode> {
    let verb = match args.act {
        Act::Add { number, name, lat, lng } => Verb::DistrictAdd { number, name, lat, lng },
        Act::List => Verb::DistrictList,
        Act::Move { number } => Verb::DistrictMove { number },
    };
    ask_and_print(&args.folder, verb).await
}
