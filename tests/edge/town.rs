//! A small town in memory: a district of two grids, a plan, volunteers, one account of each role, and its edge on a free
//! port. Real sockets, the real engine; only the journal is in memory.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use hub::edge::serve::serve;
use hub::edge::{About, Edge};
use hub::engine::{Engine, EngineSettings};
use hub::records::{LinkFor, NewAccount, Office, OfficeChange, Person as Registered};
use hub::store::MemoryJournal;
use matcher::{
    Actor, BodyHash, Command, CommandId, DistrictId, Grid, GridId, Polygon, Position, ProviderClass, Request,
    ResponsePlan, Role as PlanRole, Skill, SkillHeld, SkillId, Team, TeamId, TravelMode, Volunteer, VolunteerId,
};
use tokio::sync::oneshot;
use uuid::Uuid;
use wire::http::Session;
use wire::server::Role;

use super::person::Person;

pub const DISTRICT: DistrictId = DistrictId(1);
/// The middle of the western grid, of the eastern, and a place on neither.
pub const WEST: (f64, f64) = (45.75, 126.61);
pub const EAST: (f64, f64) = (45.75, 126.63);
pub const FAR: (f64, f64) = (31.2, 121.5);
pub const TEAM_WEST: TeamId = TeamId::new(DISTRICT, 1);
const FIRST_AID: SkillId = SkillId(0);

/// Volunteers 1 and 2 live in the west and belong to its team, 3 and 4 in the east; 1 and 3 know first aid.
pub const VOLUNTEERS: u64 = 4;

pub fn volunteer(number: u64) -> VolunteerId {
    VolunteerId::new(DISTRICT, number)
}

pub struct Town {
    pub base: String,
    pub office: Office,
    pub engine: Engine,
    stop: Option<oneshot::Sender<()>>,
    served: tokio::task::JoinHandle<std::io::Result<()>>,
    folder: tempfile::TempDir,
}

impl Town {
    pub async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let office = Office::open(folder.path()).await?;
        let names = office.clone();
        let settings = EngineSettings {
            district: DISTRICT,
            names: Arc::new(move || names.names()),
            webhook: None,
            aid: None,
            hubs: None,
        };
        let engine = Engine::start(MemoryJournal::default(), settings).await?;
        let town = Self::serving(folder, office, engine).await?;
        town.define().await?;
        Ok(town)
    }

    async fn serving(folder: tempfile::TempDir, office: Office, engine: Engine) -> Result<Self> {
        let tcp = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let base = format!("http://{}", tcp.local_addr()?);
        let about = About { origins: vec!["https://help.example.org".into()], ..About::default() };
        let edge = Edge::new([engine.handle()], office.clone(), about);
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(serve(edge, tcp, None, async move {
            let _ = stopped.await;
        }));
        Ok(Self { base, office, engine, stop: Some(stop), served, folder })
    }

    async fn define(&self) -> Result<()> {
        self.command(Command::DefineDistrict { name: "道里".into(), centre: at(WEST) }).await?;
        let skill = Skill { id: FIRST_AID, code: "first_aid".into(), name: "急救".into() };
        self.command(Command::DefineSkills { skills: vec![skill] }).await?;
        let team = Team { id: TEAM_WEST, name: "西队".into(), above: None };
        self.command(Command::DefineTeams { teams: vec![team] }).await?;
        self.command(Command::DefineGrids { grids: vec![grid(1, WEST, Some(TEAM_WEST)), grid(2, EAST, None)] }).await?;
        self.command(Command::DefinePlans { plans: plans() }).await?;
        let people = (1..=VOLUNTEERS).map(registered).collect();
        self.office.import(DISTRICT, OfficeChange { people, ..OfficeChange::default() }).await?;
        let volunteers = (1..=VOLUNTEERS).map(enrolled).collect();
        self.command(Command::EnrolVolunteers { volunteers }).await
    }

    /// A command of the hub itself.
    pub async fn command(&self, command: Command) -> Result<()> {
        let id = CommandId(Uuid::now_v7().as_u128());
        let request = Request { id, body_hash: BodyHash(0), actor: Actor::System, command };
        self.engine.handle().submit(request, []).await.context("the town's own command")?;
        Ok(())
    }

    /// Somebody with an account of this role.
    pub async fn account(&self, role: Role) -> Result<Person> {
        let name = format!("{role:?}-{}", &Uuid::new_v4().simple().to_string()[..8]).to_lowercase();
        let account = NewAccount {
            name,
            display: "值班员".into(),
            role,
            districts: vec![DISTRICT],
            team: (role == Role::TeamLeader).then_some(TEAM_WEST),
            password: None,
        };
        let id = self.office.add_account(account).await?;
        self.by_link(LinkFor::Account(id)).await
    }

    pub async fn volunteer(&self, number: u64) -> Result<Person> {
        self.by_link(LinkFor::Volunteer(volunteer(number))).await
    }

    async fn by_link(&self, whom: LinkFor) -> Result<Person> {
        let links = self.office.issue_links(vec![whom], 60_000).await?;
        let code = links.first().context("one link")?;
        let nobody = Person::nobody(&self.base);
        let answer = nobody.post("/v1/sessions", None, serde_json::json!({ "link": { "code": code } })).await?;
        let session: Session = answer.ok()?;
        Ok(nobody.signed_in(session))
    }

    /// A resident's phone.
    pub async fn resident(&self) -> Result<Person> {
        let nobody = Person::nobody(&self.base);
        let session: Session = nobody.post("/v1/devices", None, serde_json::json!({ "district": "1" })).await?.ok()?;
        Ok(nobody.signed_in(session))
    }

    /// Where the office has its files.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Tells everybody to come back, and ends.
    pub async fn stop(mut self) -> Result<()> {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        self.served.await??;
        self.engine.stop().await
    }
}

pub fn at((lat, lng): (f64, f64)) -> Position {
    Position::from_degrees(lat, lng).expect("a place")
}

fn grid(number: u64, middle: (f64, f64), team: Option<TeamId>) -> Grid {
    let corner = |north: f64, east: f64| at((middle.0 + north, middle.1 + east));
    let outer = vec![corner(-0.01, -0.01), corner(-0.01, 0.01), corner(0.01, 0.01), corner(0.01, -0.01)];
    let shape = vec![Polygon { outer, holes: Vec::new() }];
    let name = if number == 1 { "西网格" } else { "东网格" };
    Grid { id: GridId::new(DISTRICT, number), name: name.into(), shape, minimum_on_duty: 0, team }
}

/// `fall` asks for one who knows first aid; `cardiac` is sensitive; `haircut` is a service.
fn plans() -> Vec<ResponsePlan> {
    let plan = |kind: &str, name: &str, skill| ResponsePlan {
        name: name.into(),
        levels: vec![vec![PlanRole { skill, count: 1 }]],
        ..ResponsePlan::fallback(kind)
    };
    let cardiac = ResponsePlan { sensitive: true, ..plan("cardiac", "心脏骤停", Some(FIRST_AID)) };
    vec![plan("fall", "老人跌倒", Some(FIRST_AID)), cardiac, plan("haircut", "上门理发", None)]
}

fn home(number: u64) -> (f64, f64) {
    let middle = if number <= 2 { WEST } else { EAST };
    (middle.0 + 0.001 * number as f64, middle.1)
}

fn enrolled(number: u64) -> Volunteer {
    let skill = SkillHeld { skill: FIRST_AID, until: None };
    Volunteer {
        id: volunteer(number),
        class: ProviderClass::SkilledVolunteer,
        skills: if number % 2 == 1 { vec![skill] } else { Vec::new() },
        home_grid: GridId::new(DISTRICT, if number <= 2 { 1 } else { 2 }),
        home: at(home(number)),
        travel: TravelMode::Walk,
        team: (number <= 2).then_some(TEAM_WEST),
        capacity: 1,
        alerts_per_day_max: None,
        guest: false,
    }
}

fn registered(number: u64) -> Registered {
    Registered {
        volunteer: volunteer(number),
        number: Some(format!("W{number}")),
        name: ["王建国", "李秀英", "张伟", "刘洋"][number as usize - 1].into(),
        phone: Some(format!("1380000000{number}")),
        address: None,
        home: at(home(number)),
        class: ProviderClass::SkilledVolunteer,
    }
}
