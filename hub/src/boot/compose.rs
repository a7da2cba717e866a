//! Where the rooms meet: files, office, engine, edge, in the order in which each needs the one before.

use std::path::Path;

use anyhow::Result;
use matcher::DistrictId;
use tokio::task::JoinHandle;

use super::config::Settings;
use super::folder::DataFolder;
use super::steps::Steps;
use crate::cli::socket;
use crate::cli::verbs::Verbs;
use crate::records::Office;

/// The rooms on one data folder, without a door to the network.
pub struct Rooms {
    pub folder: DataFolder,
    pub office: Office,
    pub district: DistrictId,
}

impl Rooms {
    /// What verbs of the command line work on.
    pub fn verbs(&self, base: Option<String>) -> Verbs {
        Verbs { office: self.office.clone(), district: self.district, base }
    }

    /// Lets everything in flight end, and closes the files.
    pub async fn close(self) -> Result<()> {
        self.office.close().await
    }
}

/// Opens the files of `data`, for a verb that finds no hub running.
///
/// # Errors
/// When a hub runs on it after all, or a file cannot be read.
pub async fn open(data: &Path, settings: &Settings) -> Result<Rooms> {
    let folder = DataFolder::open(data)?;
    let office = Office::open(folder.path()).await?;
    Ok(Rooms { folder, office, district: DistrictId(settings.district.number) })
}

/// A hub that runs.
pub struct Running {
    pub rooms: Rooms,
    /// `http://127.0.0.1:8110`
    pub base: String,
    socket: JoinHandle<Result<()>>,
}

/// Starts a hub on `data`.
///
/// # Errors
/// When the folder is taken, a file cannot be read, or the port is not free.
pub async fn start(data: &Path, settings: &Settings, steps: &mut Steps) -> Result<Running> {
    let rooms = open(data, settings).await?;
    steps.done("打开数据", "data opened");
    let base = format!("http://{}:{}", settings.bind, settings.port);
    let verbs = rooms.verbs(Some(base.clone()));
    let file = DataFolder::socket(rooms.folder.path());
    let socket = tokio::spawn(async move { socket::serve(&file, verbs).await });
    Ok(Running { rooms, base, socket })
}

impl Running {
    pub fn verbs(&self) -> Verbs {
        self.rooms.verbs(Some(self.base.clone()))
    }

    /// Tells the phones to come back, lets what is in flight end, closes the files.
    pub async fn stop(self) -> Result<()> {
        self.socket.abort();
        let path = self.rooms.folder.path().to_owned();
        let _ = std::fs::remove_file(DataFolder::socket(&path));
        let _ = std::fs::remove_file(DataFolder::address(&path));
        self.rooms.close().await
    }
}
