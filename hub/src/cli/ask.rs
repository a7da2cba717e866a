//! Giving a verb to whoever can carry it out: the running hub, or, when none runs, this process on the files.

use std::process::ExitCode;

use anyhow::Result;

use super::args::FolderArgs;
use super::socket;
use super::verbs::{Reply, Verb};
use crate::boot;

/// Asks, and returns the reply whatever it says.
pub async fn ask(folder: &FolderArgs, verb: Verb, file: Vec<u8>) -> Result<Reply> {
    let socket = boot::DataFolder::socket(&folder.data);
    if let Some(reply) = socket::ask(&socket, verb.clone(), &file).await? {
        return Ok(reply);
    }
    let settings = folder.settings()?.checked()?;
    let rooms = boot::open(&folder.data, &settings).await?;
    let reply = rooms.verbs(None).run(verb, file).await;
    rooms.close().await?;
    reply
}

/// Asks, and prints what it says.
pub async fn ask_and_print(folder: &FolderArgs, verb: Verb) -> Result<ExitCode> {
    Ok(print(&ask(folder, verb, Vec::new()).await?))
}

/// Prints a reply where it belongs; the exit code tells whether it is good.
pub fn print(reply: &Reply) -> ExitCode {
    if reply.good {
        println!("{}", reply.text);
        return ExitCode::SUCCESS;
    }
    eprintln!("hub: {}", reply.text);
    ExitCode::FAILURE
}
