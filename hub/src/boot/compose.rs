//! Where the rooms meet: files, office, engine, edge, in the order in which each needs the one before.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use matcher::{Command, DistrictId, Position};
use tokio::task::{JoinHandle, JoinSet};

use super::beat;
use super::cluster::{self, Membership};
use super::config::{DistrictSettings, Settings, WakeSettings};
use super::districts::Districts;
use super::door::{Bound, Door};
use super::folder::DataFolder;
use super::refusal::Refusal;
use super::starter;
use super::steps::Steps;
use super::telemetry;
use crate::cli::import;
use crate::cli::socket;
use crate::cli::verbs::Verbs;
use crate::edge::Edge;
use crate::engine::wake::WebhookSettings;
use crate::engine::{EngineHandle, background};
use crate::records::{Office, OfficeChange, mounted_key, own_key};
use crate::store::{ChosenJournal, Journal, PostgresJournal, SqliteJournal};

/// The rooms on one data folder, without a door to the network.
pub struct Rooms {
    pub folder: DataFolder,
    pub office: Office,
    pub journal: ChosenJournal,
    pub districts: Arc<Districts>,
    /// The one that the settings name.
    pub district: DistrictId,
    /// Its place among several hubs, until it serves them.
    membership: Option<Membership>,
}

impl Rooms {
    /// What verbs of the command line work on. `base`: what links begin with.
    pub fn verbs(&self, base: Option<String>) -> Verbs {
        let (office, journal, districts) = (self.office.clone(), self.journal.clone(), self.districts.clone());
        Verbs { office, journal, districts, folder: self.folder.path().to_owned(), base }
    }

    /// The door of the district that the settings name.
    pub fn home(&self) -> &EngineHandle {
        self.districts.home()
    }

    /// Takes no more commands, lets everything in flight end, stores a snapshot, closes the files.
    ///
    /// # Errors
    /// Why a file could not be closed in order; what was acknowledged is durable all the same.
    pub async fn close(self) -> Result<()> {
        let ended = self.districts.stop().await;
        // Its doors hold the journal open.
        drop(self.districts);
        self.journal.close().await;
        self.office.close().await?;
        ended
    }
}

/// Opens the files of `data` and all districts in them; a new folder gets the district of the settings.
///
/// # Errors
/// When a hub runs on it, a file cannot be trusted, or it holds another district than the settings name.
pub async fn open(data: &Path, settings: &Settings) -> Result<Rooms> {
    let folder = DataFolder::open(data)?;
    let journal = journal(folder.path(), settings).await?;
    let district = district_of(&journal, settings).await?;
    let office = office(folder.path(), settings).await?;
    let membership = match &settings.cluster {
        Some(cluster) => Some(Membership::take_up(cluster).await?),
        None => None,
    };
    let hubs = membership.as_ref().map(|it| it.hubs.clone());
    let districts = Districts::open(journal.clone(), office.clone(), settings, hubs).await?;
    Ok(Rooms { folder, office, journal, districts, district, membership })
}

/// The district that the settings name is as they say, and each has all that the office owes it.
///
/// # Errors
/// When it takes no commands.
pub async fn settle(engine: &EngineHandle, office: &Office, settings: &Settings) -> Result<()> {
    if engine.district().0 == settings.district.number {
        define(engine, settings).await?;
    }
    // What cannot be given now stays owed: it must not keep the hub from taking alarms.
    if let Err(error) = import::deliver(office, engine).await {
        tracing::warn!(error = format!("{error:#}"), "what an import owes the district stays owed");
    }
    Ok(())
}

/// The journal that the settings name, else the one in the folder.
///
/// # Errors
/// When it cannot be opened, or the database does not keep what it must.
pub async fn journal(folder: &Path, settings: &Settings) -> Result<ChosenJournal> {
    Ok(match settings.store.postgres()? {
        Some(postgres) => ChosenJournal::Postgres(PostgresJournal::open(postgres).await?),
        None => ChosenJournal::Sqlite(SqliteJournal::open(settings.disk.journal(folder)).await?),
    })
}

/// The office that belongs to the journal: in the same database, else in the folder.
///
/// # Errors
/// When it cannot be opened, or this hub's key is not that of the others.
pub async fn office(folder: &Path, settings: &Settings) -> Result<Office> {
    match settings.store.postgres()? {
        Some(postgres) => {
            let key = match &settings.store.caller_key_file {
                Some(file) => mounted_key(file)?,
                None => own_key(folder)?,
            };
            Office::open_shared(&postgres, key).await
        }
        None => Office::open(folder).await,
    }
}

/// The district of the settings, which a folder that holds any must hold: others may lie beside it.
async fn district_of(journal: &ChosenJournal, settings: &Settings) -> Result<DistrictId> {
    let wanted = settings.district.number;
    let held = journal.districts().await?;
    if held.is_empty() || held.contains(&wanted) || journal.is_shared() {
        return Ok(DistrictId(wanted));
    }
    let why = format!("{wanted}, but this data folder holds the district {held:?}");
    Err(Refusal::new("district.number", why, format!("number = {}", held[0])).into())
}

/// The gateway that wakes closed phones.
///
/// # Errors
/// A file that cannot be read.
pub fn webhook(wake: &WakeSettings) -> Result<WebhookSettings> {
    let secret =
        std::fs::read(&wake.secret_file).with_context(|| format!("cannot read {}", wake.secret_file.display()))?;
    let authority = match &wake.authority {
        Some(file) => Some(std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?),
        None => None,
    };
    Ok(WebhookSettings { url: wake.url.clone(), secret: secret.trim_ascii().to_vec(), authority })
}

/// A new district is defined; a changed name or middle is taken over.
async fn define(engine: &EngineHandle, settings: &Settings) -> Result<()> {
    let wanted = &settings.district;
    let centre = Position::from_degrees(wanted.lat, wanted.lng).context("district.lat and lng are no place")?;
    let is_new = engine.read(|district| district.seq == 0);
    let is_same = engine.read(|district| district.name() == wanted.name && district.centre() == Some(centre));
    let unsaid = *wanted == DistrictSettings { number: wanted.number, ..DistrictSettings::default() };
    if is_new || !(is_same || unsaid) {
        starter::give(engine, Command::DefineDistrict { name: wanted.name.clone(), centre }).await?;
    }
    Ok(())
}

/// A hub that runs.
pub struct Running {
    pub rooms: Rooms,
    /// How people reach it: `http://127.0.0.1:8110`.
    pub base: String,
    /// The same for programs of this machine: always plain HTTP on loopback.
    pub local: String,
    /// Where a phone learns to trust the hub's own certificate authority, when it has one.
    pub trust: Option<String>,
    door: Door,
    socket: JoinHandle<Result<()>>,
    /// What is done beside serving, in one of several hubs.
    beside: JoinSet<()>,
}

/// What kind of hub is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Service,
    /// Every page says that nothing here is real.
    Demo,
}

/// Starts a hub on `data`.
///
/// # Errors
/// When the folder is taken, a file cannot be read, or the port is not free.
pub async fn start(data: &Path, settings: &Settings, purpose: Purpose, steps: &mut Steps) -> Result<Running> {
    let metrics = telemetry::metrics()?;
    background::begin().context("no threads for walls")?;
    let mut rooms = open(data, settings).await?;
    steps.done("打开数据", "data opened");
    if purpose == Purpose::Service {
        if rooms.membership.is_none() {
            for door in rooms.districts.doors().all() {
                starter::begin(door).await?;
            }
        }
        starter::first_account(&rooms.office, rooms.district).await?;
    }
    let bound = Bound::new(data, settings).await?;
    let (base, local) = (bound.base.clone(), bound.local.clone());
    let about = bound.about(data, settings, purpose == Purpose::Demo, metrics);
    let trust = about.authority.is_some().then(|| format!("{base}/trust"));
    // Before the door: whoever finds the hub ready can give it verbs.
    let listener = socket::bind(&DataFolder::socket(rooms.folder.path()))?;
    let socket = tokio::spawn(socket::serve(listener, rooms.verbs(Some(base.clone()))));
    let mut beside = JoinSet::new();
    beside.spawn(rooms.districts.clone().watch());
    let (doors, office) = (rooms.districts.doors().clone(), rooms.office.clone());
    let edge = match rooms.membership.take() {
        Some(membership) => {
            beside.spawn(cluster::keep_house(doors.clone(), office.clone(), settings.clone()));
            membership.open(doors, office, about, &mut beside)
        }
        None => Edge::among(doors, office, about, None),
    };
    if let Some(beat) = &settings.beat {
        beside.spawn(beat::beats(beat, rooms.districts.doors().clone())?);
    }
    rooms.districts.connect(edge.clone());
    let door = Door::open(bound, data, edge)?;
    steps.done("开始服务", "listening");
    Ok(Running { rooms, base, local, trust, door, socket, beside })
}

impl Running {
    /// Whether it listens to more than this machine: then there is an address to scan.
    pub fn on_the_network(&self) -> bool {
        self.base != self.local
    }

    pub fn verbs(&self) -> Verbs {
        self.rooms.verbs(Some(self.base.clone()))
    }

    /// Brings a change into the office and, by its outbox, into the district; returns when the last command is taken.
    ///
    /// # Errors
    /// When a command is refused or the district takes none.
    pub async fn bring_in(&self, change: OfficeChange) -> Result<()> {
        let import = self.rooms.office.import(self.rooms.district, change).await?;
        import::deliver(&self.rooms.office, self.rooms.home()).await?;
        let refused = self.rooms.office.refused(import).await?;
        refused.first().map_or(Ok(()), |why| anyhow::bail!("refused: {why}"))
    }

    /// Tells the phones to come back, lets what is in flight end, closes the files.
    ///
    /// # Errors
    /// Why a file could not be closed in order; what was acknowledged is durable all the same.
    pub async fn stop(mut self) -> Result<()> {
        self.socket.abort();
        // Another hub leads from now on; phones are told to go while this one still passes on what they say.
        self.rooms.districts.hand_over().await;
        let path = self.rooms.folder.path().to_owned();
        let _ = std::fs::remove_file(DataFolder::socket(&path));
        let _ = std::fs::remove_file(DataFolder::address(&path));
        let closed = self.door.close().await;
        self.beside.shutdown().await;
        self.rooms.close().await.and(closed)
    }
}
