//! Baiying on real calls: replay on virtual time, load over real sockets.

mod calls;
mod replay;
mod scene;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// A whole file of calls through the engine, in process, on virtual time
    Replay(replay::Options),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().verb {
        Verb::Replay(options) => replay::run(&options),
    }
}
