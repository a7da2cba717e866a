//! Whom the matcher is measured against: the same city, the same questions, the same moves, one thread.
//!
//! Every side answers "the three nearest available with the skill within 5 km" and keeps up with people who move. In process:
//! [`Ours`], [`KdTrees`] (kiddo, one tree for each skill), [`OneTree`] (rstar and a filter), [`Scan`]. Over a socket: [`Server`],
//! Redis GEOSEARCH or any server of its protocol that speaks NEARBY. `bench peers` runs them alone, `bench matcher` beside ours.

mod kd_trees;
mod one_tree;
mod ours;
mod resp;
mod scan;
mod server;

use matcher::select::{Availability, Entry};
use matcher::{Position, SkillId, VolunteerId};

pub use kd_trees::KdTrees;
pub use one_tree::OneTree;
pub use ours::Ours;
pub use scan::Scan;
pub use server::{Dialect, Server};

use crate::matcher::{CENTRE, DEGREE_M};

/// How many are wanted, and how near.
pub const COUNT: usize = 3;
pub const RADIUS_M: u32 = 5_000;

/// Numbers of volunteers, nearest first; zero where there are no more.
pub type Found = [u32; COUNT];

/// One thing to do.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    Move { volunteer: VolunteerId, position: Position },
    Ask { at: Position, skill: SkillId },
}

/// One engine with the whole city in it.
pub trait Side {
    fn name(&self) -> &'static str;
    /// Does all steps in order; appends one answer for each `Ask`, in order.
    ///
    /// # Errors
    /// A server is gone or says something unexpected.
    fn run(&mut self, steps: &[Step], answers: &mut Vec<Found>) -> anyhow::Result<()>;
}

/// Whom a query may find, and their skills.
fn findable(people: &[Entry]) -> impl Iterator<Item = (&Entry, SkillId)> {
    let ready = people.iter().filter(|person| person.availability == Availability::Ready);
    ready.flat_map(|person| skills_of(person.skills.0).map(move |skill| (person, skill)))
}

fn skills_of(mut set: u128) -> impl Iterator<Item = SkillId> {
    std::iter::from_fn(move || {
        let skill = (set != 0).then(|| SkillId(set.trailing_zeros() as u8));
        set &= set.saturating_sub(1);
        skill
    })
}

/// Metres east and north of the middle of the city: what those who know no sphere are given (wrong by less than 3 m in 5 km).
fn plane_m(position: Position) -> [f32; 2] {
    let degrees = |from: i32, to: i32| f64::from(to.wrapping_sub(from)) * 1e-7;
    let (north, east) = (degrees(CENTRE.lat_e7, position.lat_e7), degrees(CENTRE.lng_e7, position.lng_e7));
    [(east * east_degree_m()) as f32, (north * DEGREE_M) as f32]
}

/// Metres of one degree of longitude in the middle of the city.
fn east_degree_m() -> f64 {
    static DEGREE: std::sync::LazyLock<f64> = std::sync::LazyLock::new(|| DEGREE_M * CENTRE.lat().to_radians().cos());
    *DEGREE
}

/// The first [`COUNT`] numbers.
fn found(numbers: impl Iterator<Item = u32>) -> Found {
    let mut found = [0; COUNT];
    found.iter_mut().zip(numbers).for_each(|(place, number)| *place = number);
    found
}
