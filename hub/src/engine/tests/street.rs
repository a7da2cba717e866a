//! A street to test in: one grid of a kilometre, one plan that asks two people, some who live there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use matcher::{
    Actor, Answer, BodyHash, CallSource, Clocks, Command, CommandId, DistrictId, DutyStatus, Grid, GridId,
    GridPreference, IncidentId, MergeRule, NewIncident, Polygon, Position, ProviderClass, Request, ResponsePlan, Role,
    SECOND_MS, TravelMode, Urgency, Volunteer, VolunteerId, WavePolicy, WaveSize,
};

use crate::engine::{Committed, Engine, EngineHandle, EngineSettings, SubmitError};
use crate::records::NameBook;
use crate::store::{Journal, MemoryJournal};

pub const DISTRICT: DistrictId = DistrictId(7);
pub const KIND: &str = "fall";

pub fn volunteer_id(number: u64) -> VolunteerId {
    VolunteerId::new(DISTRICT, number)
}

/// `east_m` metres along the street.
pub fn at(east_m: f64) -> Position {
    Position::from_degrees(45.75, 126.6 + east_m / 77_600.0).expect("the street lies on the globe")
}

fn grid() -> Grid {
    let corner = |east_m, north| Position::from_degrees(45.75 + north, at(east_m).lng()).expect("on the globe");
    let outer = vec![corner(0.0, -0.01), corner(1_000.0, -0.01), corner(1_000.0, 0.01), corner(0.0, 0.01)];
    let shape = vec![Polygon { outer, holes: Vec::new() }];
    Grid { id: GridId::new(DISTRICT, 1), name: "第1网格".into(), shape, minimum_on_duty: 0, team: None }
}

fn plan() -> ResponsePlan {
    ResponsePlan {
        kind: KIND.into(),
        name: "跌倒".into(),
        urgency: Urgency::Urgent,
        levels: vec![vec![Role { skill: None, count: 1 }]],
        one_person_several_roles: false,
        wave: WavePolicy {
            size: WaveSize::Fixed(2),
            radius_m: 2_000,
            radius_m_max: 4_000,
            growth_percent: 100,
            waves_max: 3,
            deadline_ms: 30 * SECOND_MS,
        },
        grid_preference: GridPreference::None,
        merge: MergeRule { radius_m: 0, window_ms: 0 },
        escalation: Vec::new(),
        clocks: Clocks { answer_ms: 0, arrive_ms: 0, close_ms: 0 },
        rest_ms: 0,
        alert_budget: false,
        sensitive: false,
        words: "带上急救包".into(),
        batch_ms: 0,
    }
}

fn person(number: u64) -> Volunteer {
    Volunteer {
        id: volunteer_id(number),
        class: ProviderClass::GeneralVolunteer,
        skills: Vec::new(),
        home_grid: GridId::new(DISTRICT, 1),
        home: at(100.0 * number as f64),
        travel: TravelMode::Walk,
        team: None,
        capacity: 1,
        alerts_per_day_max: None,
        guest: false,
    }
}

/// What makes the street: district, grid, plan, `people` on duty.
pub fn founding(people: u64) -> Vec<Command> {
    let ids = (1..=people).map(volunteer_id);
    let duty = |volunteer| Command::GoOnDuty { volunteer, status: DutyStatus::Available, until: None };
    let mut commands = vec![
        Command::DefineDistrict { name: "道里".into(), centre: at(500.0) },
        Command::DefineGrids { grids: vec![grid()] },
        Command::DefinePlans { plans: vec![plan()] },
    ];
    if people > 0 {
        commands.push(Command::EnrolVolunteers { volunteers: (1..=people).map(person).collect() });
    }
    commands.extend(ids.map(duty));
    commands
}

pub fn alarm(east_m: f64) -> Command {
    Command::RaiseAlarm(NewIncident {
        kind: KIND.into(),
        source: CallSource::Button,
        position: Some(at(east_m)),
        fallback: None,
        caller: None,
        raised_by: None,
        sealed: None,
        drill: false,
        roles: None,
    })
}

pub fn request(actor: Actor, command: Command) -> Request {
    static LAST: AtomicU64 = AtomicU64::new(1);
    let id = CommandId(u128::from(LAST.fetch_add(1, Ordering::Relaxed)));
    Request { id, body_hash: BodyHash(0), actor, command }
}

pub fn by_system(command: Command) -> Request {
    request(Actor::System, command)
}

pub fn settings() -> EngineSettings {
    let book = Arc::new(NameBook::default());
    EngineSettings { district: DISTRICT, names: Arc::new(move || book.clone()), webhook: None, aid: None, hubs: None }
}

/// A street with its engine on a journal in memory.
pub async fn street(people: u64) -> (Engine, EngineHandle) {
    street_on(MemoryJournal::new(), people, settings()).await
}

pub async fn street_on<J: Journal>(journal: J, people: u64, settings: EngineSettings) -> (Engine, EngineHandle) {
    let engine = Engine::start(journal, settings).await.expect("the engine starts");
    let handle = engine.handle();
    for command in founding(people) {
        submit(&handle, command).await.expect("the street is founded");
    }
    (engine, handle)
}

pub async fn submit(handle: &EngineHandle, command: Command) -> Result<Committed, SubmitError> {
    handle.submit(by_system(command), None).await
}

pub async fn raise(handle: &EngineHandle, east_m: f64) -> IncidentId {
    match submit(handle, alarm(east_m)).await.expect("an alarm is never refused").answer {
        Answer::Opened { incident, .. } => incident,
        other => panic!("an alarm was answered {other:?}"),
    }
}
