//! The districts of the store, each with an engine of its own in this hub: those that are there at the start, and those that
//! come while it runs. What goes wrong with one is not the others' business.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use futures_util::future::join_all;
use matcher::{Command, DISTRICT_MAX, DistrictId};
use tokio::sync::Mutex;
use tokio::task::AbortHandle;
use tokio::time::sleep;
use uuid::Uuid;

use super::compose;
use super::config::Settings;
use crate::cli::import;
use crate::edge::Edge;
use crate::engine::hubs::spread::Spread;
use crate::engine::wake::AidRoad;
use crate::engine::{DISTRICTS_MAX, Doors, Engine, EngineHandle, EngineSettings, Hubs, Leader, Role};
use crate::records::{Office, OfficeChange};
use crate::store::{ChosenJournal, Journal};

/// How often the store is asked for districts that another hub, or a verb, has made.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How often it is looked whether a district has ended by itself.
const ENDED_EVERY: Duration = Duration::from_millis(250);

/// How long another hub may take to lead a district that was handed to it.
const MOVED_WITHIN: Duration = Duration::from_secs(10);

/// How long a district that could not be opened is left alone.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Where districts reach each other, if that is open.
type Way = Arc<std::sync::Mutex<Option<Edge>>>;

/// Every district of a store, as this hub serves it.
pub struct Districts {
    journal: ChosenJournal,
    office: Office,
    settings: Settings,
    hubs: Option<Hubs>,
    doors: Doors,
    engines: Mutex<Vec<Engine>>,
    /// What spreads them over several hubs.
    spread: Option<AbortHandle>,
    /// Where districts reach each other, once it is open.
    edge: Way,
}

impl Districts {
    /// Opens the district of the settings and every other that the store holds.
    ///
    /// # Errors
    /// When the district of the settings cannot be served; of another, the operator is told and it is tried again later.
    pub async fn open(
        journal: ChosenJournal,
        office: Office,
        settings: &Settings,
        hubs: Option<Hubs>,
    ) -> Result<Arc<Self>> {
        let (settings, doors, engines) = (settings.clone(), Doors::default(), Mutex::default());
        let spreading = hubs.clone().map(|hubs| tokio::spawn(Spread::new(hubs, doors.clone()).run()));
        let spread = spreading.map(|task| task.abort_handle());
        let edge = Arc::default();
        let districts = Arc::new(Districts { journal, office, settings, hubs, doors, engines, spread, edge });
        districts.open_one(districts.home_id()).await?;
        districts.open_new(&mut BTreeSet::new()).await?;
        Ok(districts)
    }

    fn home_id(&self) -> DistrictId {
        DistrictId(self.settings.district.number)
    }

    /// From now on districts are told what others have for them.
    pub fn connect(&self, edge: Edge) {
        *self.edge.lock().unwrap_or_else(PoisonError::into_inner) = Some(edge);
    }

    /// What is for another district waits in the outbox until there is a way.
    fn road(&self) -> AidRoad {
        let edge = self.edge.clone();
        Arc::new(move |order| {
            let edge = edge.clone();
            Box::pin(async move {
                let edge = edge.lock().unwrap_or_else(PoisonError::into_inner).clone();
                match edge {
                    Some(edge) => edge.tell_district(order).await,
                    None => Err("this hub is starting".to_owned()),
                }
            })
        })
    }

    /// The doors to all of them.
    pub fn doors(&self) -> &Doors {
        &self.doors
    }

    /// The door of the district that the settings name.
    pub fn home(&self) -> &EngineHandle {
        self.doors.of(self.home_id()).expect("it was opened first")
    }

    /// Makes a district in the store and opens it: its log, its name and its middle.
    ///
    /// # Errors
    /// When there is one of this number, or no room for it.
    pub async fn add(&self, number: u32, definition: Command) -> Result<&EngineHandle> {
        ensure!((1..=DISTRICT_MAX).contains(&number), "{number} is not in 1 ..= {DISTRICT_MAX}");
        let held = self.journal.districts().await?;
        ensure!(!held.contains(&number), "district {number} is there already / 该区已存在");
        ensure!(held.len() < DISTRICTS_MAX, "a hub serves at most {DISTRICTS_MAX} districts");
        self.journal.claim(number, Uuid::new_v4()).await?;
        self.open_new(&mut BTreeSet::new()).await?;
        let door = self.doors.of(DistrictId(number)).context("it was not opened; see the hub's log")?;
        let change = OfficeChange { commands: vec![definition], ..OfficeChange::default() };
        self.office.import(DistrictId(number), change).await?;
        import::deliver(&self.office, door).await?;
        Ok(door)
    }

    /// Has whoever leads a district leave the lead to another hub, this one or any other; says who leads afterwards.
    ///
    /// # Errors
    /// When there is no other hub, when nobody leads or he cannot be reached, or when nobody else takes it.
    pub async fn move_away(&self, door: &EngineHandle) -> Result<String> {
        let Some(hubs) = &self.hubs else { bail!("this hub is alone: there is no other / 只有一台服务器") };
        let before = door.role();
        match &before {
            Role::Leading => door.move_away(),
            Role::Following(Some(leader)) => self.ask_to_leave(leader, door.district()).await?,
            Role::Following(None) => {
                bail!(
                    "nobody leads district {0} now, so nothing was moved: look again with `hub district list` / {0} 区暂无服务器负责,稍后再看",
                    door.district()
                )
            }
        }
        let begun = Instant::now();
        while begun.elapsed() < MOVED_WITHIN {
            let now = door.role();
            if owner(&now, hubs).is_some_and(|owner_now| Some(owner_now) != owner(&before, hubs)) {
                return Ok(if let Role::Following(Some(leader)) = now {
                    leader.address
                } else {
                    "本机 here".to_owned()
                });
            }
            sleep(ENDED_EVERY).await;
        }
        bail!("no other hub has taken it: is one running? / 没有其他服务器接手")
    }

    async fn ask_to_leave(&self, leader: &Leader, district: DistrictId) -> Result<()> {
        let edge = self.edge.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let edge = edge.context("this hub is starting / 本机正在启动")?;
        let address = &leader.address;
        ensure!(
            edge.ask_to_leave(leader, district).await,
            "{address}, which leads district {district}, does not answer or leads no more: nothing was moved; \
             if it is dead another hub leads in seconds, see `hub district list` / 负责该区的 {address} 没有应答,未移交"
        );
        Ok(())
    }

    /// Opens what comes, until it is dropped.
    pub async fn watch(self: Arc<Self>) {
        let mut refused = BTreeSet::new();
        let mut waited = Duration::ZERO;
        loop {
            sleep(LOOK_EVERY).await;
            waited += LOOK_EVERY;
            if waited >= AGAIN_AFTER {
                (refused, waited) = (BTreeSet::new(), Duration::ZERO);
            }
            if let Err(error) = self.open_new(&mut refused).await {
                tracing::warn!(error = format!("{error:#}"), "the store does not say which districts there are");
            }
        }
    }

    /// Opens every district of the store that has no door yet. `refused`: not to be tried; grows by what fails.
    async fn open_new(&self, refused: &mut BTreeSet<u32>) -> Result<()> {
        for number in self.journal.districts().await? {
            if self.doors.of(DistrictId(number)).is_some() || refused.contains(&number) {
                continue;
            }
            if let Err(error) = self.open_one(DistrictId(number)).await {
                refused.insert(number);
                tracing::error!(district = number, error = format!("{error:#}"), "a district cannot be served here");
            }
        }
        Ok(())
    }

    async fn open_one(&self, district: DistrictId) -> Result<()> {
        // Held throughout: two that open at once would open one district twice.
        let mut engines = self.engines.lock().await;
        if self.doors.of(district).is_some() {
            return Ok(());
        }
        let names = self.office.clone();
        let settings = EngineSettings {
            district,
            names: Arc::new(move || names.names()),
            webhook: self.settings.wake.as_ref().map(compose::webhook).transpose()?,
            aid: Some(self.road()),
            hubs: self.hubs.clone(),
        };
        let engine = Engine::start(self.journal.clone(), settings).await?;
        // One of several hubs does this whenever it leads.
        if self.hubs.is_none() {
            compose::settle(&engine.handle(), &self.office, &self.settings).await?;
        }
        ensure!(self.doors.open(engine.handle()), "a hub serves at most {DISTRICTS_MAX} districts");
        engines.push(engine);
        Ok(())
    }

    /// Waits until the last district has ended, which one does by itself only when its log cannot be trusted. The others
    /// are served meanwhile.
    ///
    /// # Errors
    /// Why it ended.
    pub async fn ended(&self) -> Result<()> {
        loop {
            sleep(ENDED_EVERY).await;
            let mut engines = self.engines.lock().await;
            while let Some(at) = engines.iter().position(Engine::is_over) {
                let mut engine = engines.remove(at);
                let (district, why) = (engine.handle().district(), engine.ended().await);
                if engines.is_empty() {
                    return why;
                }
                let error = why.err().map(|error| format!("{error:#}"));
                tracing::error!(%district, error, "a district is closed; the others go on");
            }
        }
    }

    /// Leaves the lead of every district to other hubs, and counts as a hub no more.
    pub async fn hand_over(&self) {
        if let (Some(spread), Some(hubs)) = (&self.spread, &self.hubs) {
            spread.abort();
            // Unreachable: it is forgotten by itself.
            hubs.election.leave(hubs.owner).await.ok();
        }
        let engines = self.engines.lock().await;
        join_all(engines.iter().map(Engine::hand_over)).await;
    }

    /// Takes no more commands, lets everything in flight end, stores snapshots.
    ///
    /// # Errors
    /// Why a district could not end in order; what was acknowledged is durable all the same.
    pub async fn stop(&self) -> Result<()> {
        // It holds the doors, and they the journal.
        self.edge.lock().unwrap_or_else(PoisonError::into_inner).take();
        let engines = std::mem::take(&mut *self.engines.lock().await);
        let ended = join_all(engines.into_iter().map(Engine::stop)).await;
        ended.into_iter().collect()
    }
}

/// The process that leads.
fn owner(role: &Role, hubs: &Hubs) -> Option<Uuid> {
    match role {
        Role::Leading => Some(hubs.owner),
        Role::Following(leader) => leader.as_ref().map(|leader| leader.owner),
    }
}
