//! People who live where the calls come from: where many call, many live.

use crowd::model::Temper;
use matcher::{Position, ProviderClass, SkillHeld, Volunteer, VolunteerId};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{DISTRICT, Scene, grids::grid_of, grids::inside};
use crate::calls::Call;

/// Of a hundred people, so many hold each skill of the district.
const HOLDS_PERCENT: u32 = 40;
/// A neighbour of the address, not the address itself: up to this many 1e-7 degrees (about 300 m) off.
const NEIGHBOUR_E7: i32 = 27_000;
/// Homes are kept to about 100 m, as a hub keeps them.
const ROUNDED_E7: i32 = 10_000;

/// One simulated volunteer: what the district knows of him and what he is like.
pub struct Resident {
    pub volunteer: Volunteer,
    pub temper: Temper,
}

/// `count` people of the crowd `seed`; the same seed, file and count give the same people.
pub fn people(calls: &[Call], scene: &Scene, count: usize, seed: u64) -> Vec<Resident> {
    let places = calls.iter().filter_map(|call| call.place);
    // A call taken for another state is no home in this district.
    let homes: Vec<Position> = places.filter(|place| inside(&scene.grids, *place)).collect();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count as u64).map(|index| resident(&homes, scene, index, seed, &mut random)).collect()
}

fn resident(homes: &[Position], scene: &Scene, index: u64, seed: u64, random: &mut impl Rng) -> Resident {
    let near = homes[random.random_range(0..homes.len())];
    let mut shifted =
        |value: i32| (value + random.random_range(-NEIGHBOUR_E7..=NEIGHBOUR_E7)) / ROUNDED_E7 * ROUNDED_E7;
    let home = Position { lat_e7: shifted(near.lat_e7), lng_e7: shifted(near.lng_e7) };
    let skills: Vec<SkillHeld> = skills(scene, random);
    let temper = Temper::of(seed, index);
    let class = match skills.is_empty() {
        true => ProviderClass::GeneralVolunteer,
        false => ProviderClass::SkilledVolunteer,
    };
    let volunteer = Volunteer {
        id: VolunteerId::new(DISTRICT, index + 1),
        class,
        skills,
        home_grid: grid_of(&scene.grids, home),
        home,
        travel: temper.travel,
        team: None,
        capacity: 1,
        alerts_per_day_max: None,
        guest: false,
    };
    Resident { volunteer, temper }
}

fn skills(scene: &Scene, random: &mut impl Rng) -> Vec<SkillHeld> {
    let mut held = Vec::new();
    for skill in &scene.skills {
        if random.random_range(0..100) < HOLDS_PERCENT {
            held.push(SkillHeld { skill: skill.id, until: None });
        }
    }
    held
}
