//! The verbs of the command line. A verb that changes or reads data speaks to the hub that runs on the data folder, and
//! opens the files itself only when none runs; either way the same code carries it out ([`verbs`]).
//!
//! Absent here: what the verbs do to a district (that is `matcher`, by the engine's one door) or to the office's tables.

pub mod archive;
mod args;
mod ask;
pub mod backup;
mod cluster_keys;
#[cfg(feature = "demo")]
mod demo;
mod districts;
mod doctor;
pub mod export;
mod files;
pub mod import;
mod links;
mod serve;
pub mod socket;
mod users;
pub mod verbs;
pub mod verify;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use args::{Arguments, Subcommand};

use crate::engine::slices::{self, Slices};

/// Runs the command line to its end. Failures go to standard error with their chain, for the operator.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Before there are threads, so that all that come have short slices. A system that does not let them serves on all the
    // same, an alarm now and then a few milliseconds later.
    drop(slices::take(Slices::Short));
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    match runtime.block_on(run(arguments)) {
        Ok(code) => code,
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("hub: {error:#}");
    ExitCode::FAILURE
}

async fn run(arguments: Arguments) -> Result<ExitCode> {
    match arguments.verb {
        Subcommand::Serve(args) => serve::run(args).await,
        #[cfg(feature = "demo")]
        Subcommand::Demo(args) => demo::run(args).await,
        Subcommand::User(args) => users::run(args).await,
        Subcommand::AdminLink(args) => links::admin_link(args).await,
        Subcommand::Invite(args) => links::invite(args).await,
        Subcommand::District(args) => districts::run(args).await,
        Subcommand::Import(args) => files::import(args).await,
        Subcommand::Export(args) => files::export(args).await,
        Subcommand::Verify(args) => verify::run(args).await,
        Subcommand::ClusterKeys(args) => cluster_keys::run(&args),
        Subcommand::Backup(args) => backup::backup(args).await,
        Subcommand::Restore(args) => backup::restore(args).await,
        Subcommand::Archive(args) => archive::run(args).await,
        Subcommand::Doctor(args) => doctor::run(args).await,
    }
}
