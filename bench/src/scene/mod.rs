//! A district round a file of calls: grids over its area, a plan for each of its kinds, and people who live at its own
//! addresses. Replay gives it to the engine, load imports it into a hub.

mod grids;
mod people;
mod plans;

use std::collections::BTreeSet;

use matcher::{DistrictId, Grid, Position, ResponsePlan, Skill};

pub use grids::{grid_of, inside};
pub use people::{Resident, people};
pub use plans::{Rules, skills};

use crate::calls::{Call, Format};

/// The district of every bench run.
pub const DISTRICT: DistrictId = DistrictId(1);

pub struct Scene {
    pub name: &'static str,
    pub centre: Position,
    pub grids: Vec<Grid>,
    pub skills: Vec<Skill>,
    pub plans: Vec<ResponsePlan>,
}

/// The district of these calls; times of its plans as `rules` say.
///
/// # Errors
/// No call has a place, or there are more kinds than a district may have plans.
pub fn scene(calls: &[Call], format: Format, rules: &Rules) -> anyhow::Result<Scene> {
    let area = grids::area(calls, format)?;
    let kinds: BTreeSet<&str> = calls.iter().map(|call| call.kind.as_str()).collect();
    anyhow::ensure!(
        kinds.len() <= matcher::PLANS_MAX,
        "{} kinds of call, at most {} plans are allowed",
        kinds.len(),
        matcher::PLANS_MAX
    );
    Ok(Scene {
        name: name(format),
        centre: area.centre(),
        grids: area.grids(),
        skills: skills(calls, format),
        plans: kinds.into_iter().map(|kind| rules.plan(kind)).collect(),
    })
}

fn name(format: Format) -> &'static str {
    match format {
        Format::Montco => "Montgomery County",
        Format::Boston311 => "Boston",
        Format::SfFire => "San Francisco",
    }
}
