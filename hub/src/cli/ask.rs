//! Giving a verb to whoever can carry it out: the running hub, or, when none runs, this process on the files.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};

use super::args::FolderArgs;
use super::socket;
use super::verbs::{Reply, Verb};
use crate::boot::{self, DataFolder, Rooms, starter};

/// Whoever carries out verbs on a data folder.
pub enum Asker {
    Hub(PathBuf),
    /// With where the hub will be once it runs: links begin with it.
    Files(Box<Rooms>, String),
}

impl Asker {
    /// # Errors
    /// When no hub runs and the files cannot be opened.
    pub async fn open(folder: &FolderArgs) -> Result<Self> {
        let file = DataFolder::socket(&folder.data);
        if socket::answers(&file).await {
            return Ok(Self::Hub(file));
        }
        let settings = folder.settings()?.checked()?;
        // Opening the store here would take the lead from whichever hub has it.
        ensure!(
            !settings.store.is_shared(),
            "no hub runs on {}: its database is shared with other hubs, so start it, or say this where one runs",
            folder.data.display()
        );
        let rooms = boot::open(&folder.data, &settings).await?;
        for door in rooms.districts.doors().all() {
            starter::begin(door).await?;
        }
        Ok(Self::Files(Box::new(rooms), settings.address()))
    }

    /// Asks, and returns the reply whatever it says.
    ///
    /// # Errors
    /// When the verb could not be carried out, or the hub went away before it had answered.
    pub async fn ask(&self, verb: Verb, file: Vec<u8>) -> Result<Reply> {
        match self {
            Self::Hub(socket) => socket::ask(socket, verb, &file).await?.context("the hub has just gone away"),
            Self::Files(rooms, base) => rooms.verbs(Some(base.clone())).run(verb, file).await,
        }
    }

    pub async fn close(self) -> Result<()> {
        match self {
            Self::Hub(_) => Ok(()),
            Self::Files(rooms, _) => rooms.close().await,
        }
    }
}

/// Asks one verb.
pub async fn ask(folder: &FolderArgs, verb: Verb, file: Vec<u8>) -> Result<Reply> {
    let asker = Asker::open(folder).await?;
    let reply = asker.ask(verb, file).await;
    asker.close().await?;
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
