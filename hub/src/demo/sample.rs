//! The sample district: ten grids of Daoli, its people and its plans, brought in the way an import brings them.

use anyhow::Result;
use matcher::command::ITEMS_PER_COMMAND_MAX;
use matcher::{Command, DistrictId, Grid, GridId, Polygon, Position};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::volunteers::{self, Member};
use super::{SEED, names, plans};
use crate::boot::{Running, Steps};
use crate::records::OfficeChange;

pub const NAME: &str = "道里示范街道";
/// By Sophia Square.
pub const CENTRE: (f64, f64) = (45.7700, 126.6170);
const COLUMNS: usize = 5;
const ROWS: usize = 2;
const CELL_M: f64 = 700.0;
/// How far a corner is moved, so that the grids look like streets and not like a chessboard.
const WOBBLE_M: f64 = 110.0;
const DEGREE_M: f64 = 111_195.0;

/// Who lives in the sample, and where its grids are.
pub struct People {
    pub district: DistrictId,
    pub members: Vec<Member>,
    /// The middle of each grid.
    pub middles: Vec<Position>,
}

/// Brings the sample into an empty district; a second start finds it there.
///
/// # Errors
/// When the office or the journal cannot be written.
pub async fn settle(running: &Running, steps: &mut Steps) -> Result<People> {
    let district = running.rooms.district;
    let grids = grids(district);
    let members = volunteers::all(district, &grids);
    if running.rooms.office.people(district).await?.is_empty() {
        running.bring_in(change(&grids, &members)).await?;
        steps.done(
            "示范街道:10 个网格,800 名志愿者,33 家会员单位",
            "sample district: 10 grids, 800 volunteers, 33 businesses",
        );
    }
    Ok(People { district, members, middles: grids.into_iter().map(|(_, middle)| middle).collect() })
}

fn change(grids: &[(Grid, Position)], members: &[Member]) -> OfficeChange {
    let mut commands = vec![
        Command::DefineSkills { skills: plans::skills() },
        Command::DefineGrids { grids: grids.iter().map(|(grid, _)| grid.clone()).collect() },
        Command::DefinePlans { plans: plans::plans() },
    ];
    for some in members.chunks(ITEMS_PER_COMMAND_MAX) {
        let volunteers = some.iter().map(|member| member.volunteer.clone()).collect();
        commands.push(Command::EnrolVolunteers { volunteers });
    }
    let people = members.iter().map(|member| member.person.clone()).collect();
    OfficeChange { people, commands, ..OfficeChange::default() }
}

/// Ten cells whose common corners are moved together, each with its middle.
fn grids(district: DistrictId) -> Vec<(Grid, Position)> {
    let corners = corners();
    let cell = |index: usize| {
        let (row, column) = (index / COLUMNS, index % COLUMNS);
        let at = |r: usize, c: usize| corners[(row + r) * (COLUMNS + 1) + column + c];
        let outer = vec![at(0, 0), at(0, 1), at(1, 1), at(1, 0)];
        let middle = middle_of(&outer);
        let grid = Grid {
            id: GridId::new(district, index as u64 + 1),
            name: names::COMMUNITIES[index].to_owned(),
            shape: vec![Polygon { outer, holes: Vec::new() }],
            minimum_on_duty: volunteers::PATROLS_PER_GRID as u16,
            team: None,
        };
        (grid, middle)
    };
    (0..ROWS * COLUMNS).map(cell).collect()
}

fn corners() -> Vec<Position> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let mut corner = |row: usize, column: usize| {
        let mut wobble = || rng.random_range(-WOBBLE_M..=WOBBLE_M);
        let north_m = (row as f64 - ROWS as f64 / 2.0) * CELL_M + wobble();
        let east_m = (column as f64 - COLUMNS as f64 / 2.0) * CELL_M + wobble();
        let lat = CENTRE.0 + north_m / DEGREE_M;
        let lng = CENTRE.1 + east_m / DEGREE_M / CENTRE.0.to_radians().cos();
        Position::from_degrees(lat, lng).expect("a place in Harbin")
    };
    (0..=ROWS).flat_map(|row| (0..=COLUMNS).map(move |column| (row, column))).map(|(r, c)| corner(r, c)).collect()
}

fn middle_of(points: &[Position]) -> Position {
    let mean = |of: fn(&Position) -> i32| {
        let sum: i64 = points.iter().map(|point| i64::from(of(point))).sum();
        (sum / points.len() as i64) as i32
    };
    Position { lat_e7: mean(|p| p.lat_e7), lng_e7: mean(|p| p.lng_e7) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_sample_is_what_the_field_has() {
        let grids = grids(DistrictId(1));
        let members = volunteers::all(DistrictId(1), &grids);
        assert_eq!((grids.len(), members.len()), (10, 833));
        for (grid, _) in &grids {
            let patrols = members.iter().filter(|m| m.patrol && m.volunteer.home_grid == grid.id).count();
            assert_eq!(patrols, 3, "{}", grid.name);
        }
        let numbers: BTreeSet<_> = members.iter().map(|m| m.volunteer.id).collect();
        assert_eq!(numbers.len(), members.len(), "every number once");
    }

    #[test]
    fn every_plan_asks_for_somebody_who_is_there() {
        let members = volunteers::all(DistrictId(1), &grids(DistrictId(1)));
        for plan in plans::plans() {
            for role in plan.levels.iter().flatten() {
                let can = |m: &&Member| role.skill.is_none_or(|s| m.volunteer.skills.iter().any(|h| h.skill == s));
                let able = members.iter().filter(can).count();
                assert!(able >= usize::from(role.count) * 8, "{}: {able} for {role:?}", plan.kind);
            }
        }
    }
}
