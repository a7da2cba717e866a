//! 800 volunteers and 33 member businesses: who they are, where they live, what they can do.

use matcher::{
    DistrictId, Grid, GridId, Position, ProviderClass, SkillHeld, SkillId, TravelMode, Volunteer, VolunteerId,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{SEED, names, plans};
use crate::records::Person;

pub const VOLUNTEERS: usize = 800;
pub const BUSINESSES: usize = 33;
pub const PATROLS_PER_GRID: usize = 3;
/// Whoever opens the phone page is this one; no simulated phone is his.
pub const VISITOR: u64 = 1;

/// Metres of a degree of latitude.
const DEGREE_M: f64 = 111_195.0;

/// A member of the sample: what the office knows and what the live half knows.
pub struct Member {
    pub person: Person,
    pub volunteer: Volunteer,
    /// One of three who patrol their grid.
    pub patrol: bool,
}

/// Everybody, by number: the visitor, then three patrols a grid, then the rest, then the businesses.
pub fn all(district: DistrictId, grids: &[(Grid, Position)]) -> Vec<Member> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    (0..VOLUNTEERS + BUSINESSES).map(|index| member(district, grids, index, &mut rng)).collect()
}

fn member(district: DistrictId, grids: &[(Grid, Position)], index: usize, rng: &mut ChaCha8Rng) -> Member {
    let number = index as u64 + 1;
    let (grid, middle) = &grids[grid_of(index, grids.len())];
    let reach_m = if number == VISITOR { 60.0 } else { 320.0 };
    let home = near(*middle, reach_m, rng);
    let business = index >= VOLUNTEERS;
    let skills = if business { trade_skills(index - VOLUNTEERS) } else { skills_of(index, rng) };
    let id = VolunteerId::new(district, number);
    let class = class_of(business, &skills);
    Member {
        person: Person {
            volunteer: id,
            number: Some(format!("DL{number:06}")),
            name: if business { names::of_business(index - VOLUNTEERS) } else { names::of_person(index) },
            phone: Some(format!("1990000{number:04}")),
            address: Some(format!("{}{}号楼", grid.name, index % 40 + 1)),
            home,
            class,
        },
        volunteer: volunteer(id, class, &skills, grid.id, home, business, rng),
        patrol: (1..=grids.len() * PATROLS_PER_GRID).contains(&index),
    }
}

fn volunteer(
    id: VolunteerId,
    class: ProviderClass,
    skills: &[SkillId],
    home_grid: GridId,
    home: Position,
    business: bool,
    rng: &mut ChaCha8Rng,
) -> Volunteer {
    let travel = if business || rng.random_ratio(1, 4) { TravelMode::Bicycle } else { TravelMode::Walk };
    Volunteer {
        id,
        class,
        skills: skills.iter().map(|&skill| SkillHeld { skill, until: None }).collect(),
        home_grid,
        // To about 100 m: the exact home stays in the office.
        home: Position { lat_e7: round_e7(home.lat_e7), lng_e7: round_e7(home.lng_e7) },
        travel,
        team: None,
        capacity: if business { 3 } else { 1 },
        alerts_per_day_max: None,
        guest: false,
    }
}

fn round_e7(degrees_e7: i32) -> i32 {
    (degrees_e7 + 5_000).div_euclid(10_000) * 10_000
}

/// The visitor lives in the middle of the district, where the most is asked.
fn grid_of(index: usize, grids: usize) -> usize {
    if index == 0 { grids / 2 } else { (index - 1) % grids }
}

fn class_of(business: bool, skills: &[SkillId]) -> ProviderClass {
    match (business, skills.is_empty()) {
        (true, _) => ProviderClass::MemberOrganisation,
        (false, false) => ProviderClass::SkilledVolunteer,
        (false, true) => ProviderClass::GeneralVolunteer,
    }
}

/// The visitor can do what most alarms ask for; a third of the patrol is trained in first aid, a fifth of them at fires.
fn skills_of(index: usize, rng: &mut ChaCha8Rng) -> Vec<SkillId> {
    if index as u64 + 1 == VISITOR {
        return vec![plans::FIRST_AID, plans::DOCTOR, plans::FIRE, plans::ELECTRICIAN];
    }
    let chances = [
        (plans::FIRST_AID, 0.25),
        (plans::DOCTOR, 0.06),
        (plans::FIRE, 0.15),
        (plans::ELECTRICIAN, 0.08),
        (plans::PLUMBER, 0.06),
        (plans::COMFORT, 0.20),
    ];
    chances.into_iter().filter(|&(_, chance)| rng.random_bool(chance)).map(|(skill, _)| skill).collect()
}

/// By the trade in the name of the business.
fn trade_skills(business: usize) -> Vec<SkillId> {
    match business % 11 {
        0 | 4 => vec![plans::PLUMBER],
        1 | 2 | 10 => vec![plans::ELECTRICIAN],
        3 => vec![plans::LOCKSMITH],
        6 => vec![plans::FIRST_AID],
        7 => vec![plans::DOCTOR, plans::FIRST_AID],
        9 => vec![plans::ELECTRICIAN, plans::PLUMBER],
        _ => vec![plans::COMFORT],
    }
}

/// Somewhere within `reach_m` of `middle`, evenly over the square.
pub fn near(middle: Position, reach_m: f64, rng: &mut ChaCha8Rng) -> Position {
    let mut off = || rng.random_range(-reach_m..=reach_m) / DEGREE_M;
    let (lat, lng) = (middle.lat() + off(), middle.lng() + off() / middle.lat().to_radians().cos());
    Position::from_degrees(lat, lng).unwrap_or(middle)
}
