//! The city that the index is measured on: 30 x 30 km, 200 communities, 64 skills held by 30 % down to 0.1 %, 60 % of the
//! people available.

use matcher::select::{Availability, Entry};
use matcher::{DistrictId, Grid, GridId, Polygon, Position, SkillId, SkillSet, TravelMode, VolunteerId};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub const SKILLS: u8 = 64;
/// Metres of one degree of latitude.
pub const DEGREE_M: f64 = 111_195.0;
pub const CENTRE: Position = Position { lat_e7: 457_550_000, lng_e7: 1_266_170_000 };
const DISTRICT: DistrictId = DistrictId(1);
pub const SIDE_M: f64 = 30_000.0;
const COMMUNITIES: usize = 200;
/// People of a community live about this far from its middle.
const SPREAD_M: f64 = 300.0;
const MOST_HELD: f64 = 0.30;
const LEAST_HELD: f64 = 0.001;
const AVAILABLE: f64 = 0.60;

/// A repeatable city and the people, calls and steps drawn in it.
pub struct City {
    communities: Vec<(f64, f64)>,
    random: ChaCha8Rng,
}

impl City {
    pub fn new(seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let half = SIDE_M / 2.0;
        let communities =
            (0..COMMUNITIES).map(|_| (random.random_range(-half..half), random.random_range(-half..half))).collect();
        Self { communities, random }
    }

    /// `count` people, numbered from 1.
    pub fn people(&mut self, count: usize) -> Vec<Entry> {
        (1..=count as u64).map(|number| self.person(number)).collect()
    }

    fn person(&mut self, number: u64) -> Entry {
        let (position, grid) = self.address();
        let travel = [TravelMode::Walk, TravelMode::Walk, TravelMode::Bicycle, TravelMode::Car];
        Entry {
            volunteer: VolunteerId::new(DISTRICT, number),
            position,
            skills: (0..SKILLS).filter(|&skill| self.random.random_bool(held(skill))).map(SkillId).collect(),
            travel: travel[self.random.random_range(0..travel.len())],
            grid,
            availability: match self.random.random_bool(AVAILABLE) {
                true => Availability::Ready,
                false => Availability::OffDuty,
            },
            reachable: true,
        }
    }

    /// Somewhere that people live, and the grid it belongs to.
    pub fn address(&mut self) -> (Position, GridId) {
        let community = self.random.random_range(0..COMMUNITIES);
        let (x, y) = self.communities[community];
        let (east, north) = (self.normal(), self.normal());
        (place(x + east * SPREAD_M, y + north * SPREAD_M), grid_of(community))
    }

    /// The grids, each a square about either of its communities; nearly every address lies on one, some on two.
    pub fn grids(&self) -> Vec<Grid> {
        let grid = |(number, two): (usize, &[(f64, f64)])| {
            let id = grid_of(2 * number);
            let shape = two.iter().map(|&middle| square_about(middle)).collect();
            Grid { id, name: format!("grid {}", id.number()), shape, minimum_on_duty: 0, team: None }
        };
        self.communities.chunks(2).enumerate().map(grid).collect()
    }

    /// A skill, each as often as any other.
    pub fn skill(&mut self) -> SkillSet {
        SkillSet::only(SkillId(self.random.random_range(0..SKILLS)))
    }

    /// The next fix of somebody on duty (the others send none): about `step_m` from the last along each axis.
    pub fn step(&mut self, people: &mut [Entry], step_m: f64) -> (VolunteerId, Position) {
        let who = loop {
            let who = self.random.random_range(0..people.len());
            if people[who].availability == Availability::Ready {
                break who;
            }
        };
        let e7 = step_m * 1e7 / DEGREE_M;
        let (north, east) = ((self.normal() * e7) as i32, (self.normal() * e7) as i32);
        let before = people[who].position;
        let after = Position { lat_e7: before.lat_e7 + north, lng_e7: before.lng_e7 + east };
        people[who].position = after;
        (people[who].volunteer, after)
    }

    /// Box and Muller (1958).
    fn normal(&mut self) -> f64 {
        let (radius, turn): (f64, f64) = (self.random.random_range(1e-12..1.0), self.random.random_range(0.0..1.0));
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * turn).cos()
    }
}

/// The share of people who hold a skill: a geometric row.
fn held(skill: u8) -> f64 {
    MOST_HELD * (LEAST_HELD / MOST_HELD).powf(f64::from(skill) / f64::from(SKILLS - 1))
}

/// Two communities share one.
fn grid_of(community: usize) -> GridId {
    GridId::new(DISTRICT, 1 + community as u64 / 2)
}

fn square_about((x, y): (f64, f64)) -> Polygon {
    const HALF_SIDE_M: f64 = 3.5 * SPREAD_M;
    let corner = |east: f64, north: f64| place(x + east * HALF_SIDE_M, y + north * HALF_SIDE_M);
    Polygon {
        outer: vec![corner(-1.0, -1.0), corner(1.0, -1.0), corner(1.0, 1.0), corner(-1.0, 1.0)],
        holes: Vec::new(),
    }
}

fn place(east_m: f64, north_m: f64) -> Position {
    let east = east_m / (DEGREE_M * CENTRE.lat().to_radians().cos());
    Position { lat_e7: CENTRE.lat_e7 + (north_m / DEGREE_M * 1e7) as i32, lng_e7: CENTRE.lng_e7 + (east * 1e7) as i32 }
}
