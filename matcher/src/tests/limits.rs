//! Every field of every definition has a limit and a typed no that names it.

use super::town::{Town, alarm, at, grid, grid_id, person, plan, role, volunteer_id};
use crate::command::{Field, Why};
use crate::*;

fn invalid(field: Field, why: Why) -> Rejection {
    Rejection::Invalid { field, why }
}

fn over(field: Field, got: u64, max: u64) -> Rejection {
    Rejection::OverLimit { field, got, max }
}

fn check(table: Vec<(Command, Rejection)>) {
    let mut town = Town::with_plans(vec![plan("fall", vec![vec![role(None, 1)]])]);
    town.people(vec![person(1, 0.0, &[])]);
    let before = town.state.district.digest();
    for (command, expected) in table {
        let what = format!("{command:.200?}");
        assert_eq!(town.must_be_refused(command), expected, "{what}");
    }
    assert_eq!(town.state.district.digest(), before, "a refused command changed something");
}

#[test]
fn volunteers() {
    let one = || person(2, 0.0, &[]);
    let enrol = |volunteer: Volunteer| Command::EnrolVolunteers { volunteers: vec![volunteer] };
    let held = |skill| SkillHeld { skill: SkillId(skill), until: None };
    let nowhere = Position { lat_e7: 900_000_001, lng_e7: 0 };
    check(vec![
        (Command::EnrolVolunteers { volunteers: vec![] }, invalid(Field::Volunteers, Why::Empty)),
        (Command::EnrolVolunteers { volunteers: vec![one(); 501] }, over(Field::Volunteers, 501, 500)),
        (Command::EnrolVolunteers { volunteers: vec![one(); 2] }, invalid(Field::Volunteers, Why::Twice)),
        (enrol(Volunteer { id: VolunteerId(5), ..one() }), invalid(Field::Volunteers, Why::OtherDistrict)),
        (enrol(Volunteer { id: volunteer_id(0), ..one() }), invalid(Field::Volunteers, Why::Zero)),
        (enrol(Volunteer { capacity: 0, ..one() }), invalid(Field::Capacity, Why::Zero)),
        (enrol(Volunteer { capacity: 100, ..one() }), over(Field::Capacity, 100, 99)),
        (enrol(Volunteer { skills: vec![held(2)], ..one() }), Rejection::UnknownSkill(2)),
        (enrol(Volunteer { skills: vec![held(128)], ..one() }), Rejection::UnknownSkill(128)),
        (enrol(Volunteer { skills: vec![held(0), held(0)], ..one() }), invalid(Field::Skills, Why::Twice)),
        (enrol(Volunteer { home: nowhere, ..one() }), over(Field::Position, 900_000_001, 900_000_000)),
        (
            enrol(Volunteer { home_grid: grid_id(77), ..one() }),
            Rejection::Unknown { what: Field::Grid, id: grid_id(77).0 },
        ),
        (enrol(Volunteer { team: Some(TeamId(3)), ..one() }), Rejection::Unknown { what: Field::Team, id: 3 }),
        (
            Command::RetireVolunteers { volunteers: vec![volunteer_id(9)] },
            Rejection::Unknown { what: Field::Volunteer, id: volunteer_id(9).0 },
        ),
    ]);
}

#[test]
fn the_map() {
    let define = |grid: Grid| Command::DefineGrids { grids: vec![grid] };
    let ring = |outer: Vec<Position>| vec![Polygon { outer, holes: vec![] }];
    let long = "长".repeat(61);
    let team = |number: u64, above: Option<u64>| Team {
        id: TeamId::new(DistrictId(7), number),
        name: "队".into(),
        above: above.map(|number| TeamId::new(DistrictId(7), number)),
    };
    let many = (0..10_001).map(|n| at(f64::from(n))).collect();
    check(vec![
        (define(Grid { name: " ".into(), ..grid(1) }), invalid(Field::Name, Why::Empty)),
        (define(Grid { name: long.clone(), ..grid(1) }), over(Field::Name, 61, 60)),
        (define(Grid { name: "a\u{0}".into(), ..grid(1) }), invalid(Field::Name, Why::Character)),
        (define(Grid { shape: vec![], ..grid(1) }), invalid(Field::Shape, Why::Empty)),
        (
            define(Grid { shape: ring(vec![at(0.0), at(1.0), at(0.0)]), ..grid(1) }),
            invalid(Field::Shape, Why::TooFewPoints),
        ),
        (define(Grid { shape: ring(many), ..grid(1) }), over(Field::Shape, 10_001, 10_000)),
        (Command::RemoveGrids { grids: vec![grid_id(1)] }, invalid(Field::Grids, Why::InUse)),
        (Command::DefineTeams { teams: vec![team(1, Some(1))] }, invalid(Field::Team, Why::Circle)),
        (Command::DefineTeams { teams: vec![team(1, Some(2)), team(2, Some(1))] }, invalid(Field::Team, Why::Circle)),
        (
            Command::DefineTeams { teams: vec![team(1, Some(5))] },
            Rejection::Unknown { what: Field::Team, id: TeamId::new(DistrictId(7), 5).0 },
        ),
        (Command::DefineDistrict { name: String::new(), centre: at(0.0) }, invalid(Field::Name, Why::Empty)),
    ]);
}

#[test]
fn skills_and_plans() {
    let skill = |id, code: &str| Skill { id: SkillId(id), code: code.into(), name: "名".into() };
    let skills = |skills| Command::DefineSkills { skills };
    let base = || plan("fall", vec![vec![role(None, 1)]]);
    let define = |plan: ResponsePlan| Command::DefinePlans { plans: vec![plan] };
    let wave = base().wave;
    let sized = |size| ResponsePlan { wave: WavePolicy { size, ..wave }, ..base() };
    let step = |action| vec![EscalationStep { after_ms: 0, always: true, action }];
    check(vec![
        (skills(vec![skill(128, "x")]), over(Field::Skills, 128, 127)),
        (skills(vec![skill(5, "X")]), invalid(Field::Code, Why::Character)),
        (skills(vec![skill(5, &"x".repeat(41))]), over(Field::Code, 41, 40)),
        (skills(vec![skill(5, "doctor")]), invalid(Field::Code, Why::Twice)),
        (define(ResponsePlan { kind: String::new(), ..base() }), invalid(Field::Kind, Why::Empty)),
        (define(ResponsePlan { levels: vec![vec![role(None, 0)]], ..base() }), invalid(Field::Roles, Why::Zero)),
        (
            define(ResponsePlan { levels: vec![vec![role(None, 20)], vec![role(None, 20)]], ..base() }),
            over(Field::Roles, 40, 32),
        ),
        (define(sized(WaveSize::Fixed(0))), invalid(Field::Wave, Why::Zero)),
        (define(sized(WaveSize::Fixed(201))), over(Field::Wave, 201, 200)),
        (define(sized(WaveSize::fitting(0, 24))), invalid(Field::Wave, Why::Zero)),
        (define(sized(WaveSize::fitting(900, 0))), invalid(Field::Wave, Why::Zero)),
        (define(sized(WaveSize::fitting(1_000, 24))), over(Field::Wave, 1_000, 999)),
        (define(sized(WaveSize::fitting(900, 201))), over(Field::Wave, 201, 200)),
        (
            define(ResponsePlan { wave: WavePolicy { radius_m: 5_000, ..wave }, ..base() }),
            over(Field::Wave, 5_000, 4_000),
        ),
        (define(ResponsePlan { words: "字".repeat(501), ..base() }), over(Field::Words, 501, 500)),
        (
            define(ResponsePlan { rest_ms: PLAN_DURATION_MS_MAX + 1, ..base() }),
            over(Field::Plans, PLAN_DURATION_MS_MAX + 1, PLAN_DURATION_MS_MAX),
        ),
        (
            define(ResponsePlan {
                escalation: step(EscalationAction::AddRoles(vec![role(Some(SkillId(9)), 1)])),
                ..base()
            }),
            Rejection::UnknownSkill(9),
        ),
    ]);
}

#[test]
fn answers() {
    let mut town = Town::with_plans(vec![plan("fall", vec![vec![role(None, 1)]])]);
    town.people(vec![person(1, 0.0, &[])]);
    let incident = town.raise(alarm("fall", 0.0));
    let offer = town.offer_to(1);
    let late = town.must_be_refused(Command::Accept { offer, eta_min: Some(1_441) });
    assert_eq!(late, over(Field::EtaMin, 1_441, 1_440));
    let stranger = town.give(Actor::Volunteer(volunteer_id(2)), Command::Accept { offer, eta_min: None });
    assert_eq!(stranger, Err(Rejection::NotYours));
    let Answer::Assigned { assignment, .. } = town.accept(1) else { panic!("he was free") };
    let step = MilestoneStep::EnRoute;
    let tapped = Command::ReachMilestone { assignment, step, tapped_ago_ms: DAY_MS + 1, sheet: None };
    assert_eq!(town.must_be_refused(tapped), over(Field::TappedAgoMs, DAY_MS + 1, DAY_MS));
    let itself = town.must_be_refused(Command::Merge { duplicate: incident, into: incident });
    assert_eq!(itself, invalid(Field::Into, Why::Itself));
}
