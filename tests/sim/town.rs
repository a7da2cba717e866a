//! A small town with everything in it that plans can ask for.

use matcher::*;

use super::chance::Chance;

pub const DISTRICT: DistrictId = DistrictId(7);
pub const GRIDS: u64 = 6;
pub const FIRST_AID: SkillId = SkillId(0);
pub const ELECTRICIAN: SkillId = SkillId(1);
pub const DRIVER: SkillId = SkillId(2);

/// Kinds that people report; the last has no plan, so the fallback must serve it.
pub const KINDS: [&str; 6] = ["fall", "choking", "kitchen_smoke", "power_cut", "stall_in_the_way", "something_else"];
/// The kind that is booked from the menu.
pub const MENU_KIND: &str = "haircut";

/// A point `east_m` metres along the one street, which runs through all grids.
pub fn street(east_m: u64) -> Position {
    let lng = 126.6 + east_m as f64 / 77_600.0;
    Position::from_degrees(45.75, lng).expect("the street lies on the globe")
}

pub fn volunteer_id(index: usize) -> VolunteerId {
    VolunteerId::new(DISTRICT, index as u64 + 1)
}

/// What the office defines before anybody calls.
pub fn settings(seed: u64) -> Vec<Command> {
    vec![
        Command::DefineDistrict { name: "道里".into(), centre: street(GRIDS * 250) },
        Command::DefineSkills { skills: skills() },
        Command::DefineTeams {
            teams: vec![Team { id: TeamId::new(DISTRICT, 1), name: "应急队".into(), above: None }]
        },
        Command::DefineGrids { grids: (1..=GRIDS).map(grid).collect() },
        Command::DefinePlans { plans: sized(plans(), seed) },
    ]
}

fn skills() -> Vec<Skill> {
    let skill = |id, code: &str, name: &str| Skill { id, code: code.into(), name: name.into() };
    vec![
        skill(FIRST_AID, "first_aid", "急救"),
        skill(ELECTRICIAN, "electrician", "电工"),
        skill(DRIVER, "driver", "驾驶"),
    ]
}

/// Grid `number` covers 500 m of the street.
fn grid(number: u64) -> Grid {
    let corner = |east_m: u64, lat: f64| Position::from_degrees(lat, street(east_m).lng()).expect("on the globe");
    let (west, east) = ((number - 1) * 500, number * 500);
    let outer = vec![corner(west, 45.74), corner(east, 45.74), corner(east, 45.76), corner(west, 45.76)];
    let shape = vec![Polygon { outer, holes: Vec::new() }];
    let team = (number == 1).then(|| TeamId::new(DISTRICT, 1));
    Grid { id: GridId::new(DISTRICT, number), name: format!("第{number}网格"), shape, minimum_on_duty: 2, team }
}

/// In two worlds of five the waves of some kinds fit, and so everybody's habits are learnt.
fn sized(mut plans: Vec<ResponsePlan>, seed: u64) -> Vec<ResponsePlan> {
    if [1, 2].contains(&(seed % 5)) {
        for plan in plans.iter_mut().filter(|plan| ["fall", "choking", MENU_KIND].contains(&plan.kind.as_str())) {
            plan.wave.size = WaveSize::fitting(800, 8);
        }
    }
    plans
}

fn plans() -> Vec<ResponsePlan> {
    let anybody = |count| Role { skill: None, count };
    let with = |skill, count| Role { skill: Some(skill), count };
    let step = |after_s: u64, always, action| EscalationStep { after_ms: after_s * SECOND_MS, always, action };
    let ambulance = EscalationAction::HandOver {
        service: PublicService::Ambulance,
        clock_ms: 30 * SECOND_MS,
        words: "请保持电话畅通".into(),
    };
    let fall = ResponsePlan {
        escalation: vec![step(40, false, EscalationAction::Widen), step(80, false, EscalationAction::TellSupervisor)],
        ..plan("fall", vec![vec![with(FIRST_AID, 1), anybody(1)]])
    };
    let choking = ResponsePlan {
        urgency: Urgency::LifeThreat,
        one_person_several_roles: true,
        escalation: vec![step(0, true, ambulance), step(30, false, EscalationAction::RaiseLevel)],
        alert_budget: false,
        sensitive: true,
        ..plan("choking", vec![vec![with(FIRST_AID, 2), with(DRIVER, 1)], vec![anybody(2)]])
    };
    let smoke = ResponsePlan {
        grid_preference: GridPreference::StrictlyFirst,
        escalation: vec![
            step(30, true, EscalationAction::RaiseLevel),
            step(50, false, EscalationAction::AddRoles(vec![anybody(1)])),
            step(60, false, EscalationAction::TellSupervisor),
        ],
        ..plan("kitchen_smoke", vec![vec![anybody(2), with(ELECTRICIAN, 1)], vec![anybody(2)]])
    };
    let power_cut = ResponsePlan { urgency: Urgency::Ordinary, ..plan("power_cut", vec![vec![with(ELECTRICIAN, 1)]]) };
    let stall = plan("stall_in_the_way", vec![]);
    let haircut = ResponsePlan { urgency: Urgency::Ordinary, ..plan(MENU_KIND, vec![vec![anybody(1)]]) };
    vec![fall, choking, smoke, power_cut, stall, haircut]
}

fn plan(kind: &str, levels: Vec<Vec<Role>>) -> ResponsePlan {
    ResponsePlan {
        kind: kind.into(),
        name: kind.into(),
        urgency: Urgency::Urgent,
        levels,
        one_person_several_roles: false,
        wave: WavePolicy {
            size: WaveSize::Fixed(3),
            radius_m: 600,
            radius_m_max: 4_000,
            growth_percent: 80,
            waves_max: 4,
            deadline_ms: 15 * SECOND_MS,
        },
        grid_preference: GridPreference::MetresNearer(200),
        merge: MergeRule { radius_m: 80, window_ms: 3 * MINUTE_MS },
        escalation: Vec::new(),
        clocks: Clocks { answer_ms: 45 * SECOND_MS, arrive_ms: 3 * MINUTE_MS, close_ms: 20 * MINUTE_MS },
        rest_ms: 20 * SECOND_MS,
        alert_budget: true,
        sensitive: false,
        words: String::new(),
        batch_ms: 0,
    }
}

/// Somebody who lives on the street; member organisations send two at once.
pub fn volunteer(chance: &mut Chance, index: usize, travel: TravelMode) -> Volunteer {
    let east_m = chance.of(0..=GRIDS * 500 - 1);
    let organisation = chance.permille(100);
    let class = match (organisation, index % 3) {
        (true, _) => ProviderClass::MemberOrganisation,
        (false, 0) => ProviderClass::SkilledVolunteer,
        (false, _) => ProviderClass::GeneralVolunteer,
    };
    let mut skills = Vec::new();
    for skill in [FIRST_AID, ELECTRICIAN, DRIVER] {
        if chance.permille(350) {
            skills.push(SkillHeld { skill, until: None });
        }
    }
    Volunteer {
        id: volunteer_id(index),
        class,
        skills,
        home_grid: GridId::new(DISTRICT, east_m / 500 + 1),
        home: street(east_m),
        travel,
        team: chance.permille(300).then(|| TeamId::new(DISTRICT, 1)),
        capacity: if organisation { 2 } else { 1 },
        alerts_per_day_max: chance.permille(200).then_some(4),
        guest: false,
    }
}
