//! What the office defines. Definitions are added or replaced by id; nothing else is touched.

use std::sync::Arc;

use super::learning;
use crate::model::*;
use crate::state::geometry::Bounds;
use crate::state::records::{GridRecord, IncidentRecord};
use crate::state::world::World;

/// However long the gap in service was, an offer is not kept alive for longer than this.
pub const RESUMED_MOVES_MAX_MS: u64 = 30 * SECOND_MS;

pub fn district_defined(world: &mut impl World, name: &str, centre: Position) {
    let settings = world.settings_mut();
    settings.name = name.to_owned();
    settings.centre = Some(centre);
}

pub fn skills_defined(world: &mut impl World, skills: &[Skill]) {
    let known = Arc::make_mut(&mut world.settings_mut().skills);
    known.extend(skills.iter().map(|skill| (skill.id, skill.clone())));
}

pub fn teams_defined(world: &mut impl World, teams: &[Team]) {
    let known = Arc::make_mut(&mut world.settings_mut().teams);
    known.extend(teams.iter().map(|team| (team.id, team.clone())));
}

/// What is going on is answered by the new plan from now on: its clocks are looked at anew.
pub fn plans_defined(world: &mut impl World, plans: &[ResponsePlan]) {
    let known = Arc::make_mut(&mut world.settings_mut().plans);
    known.extend(plans.iter().map(|plan| (plan.kind.clone(), plan.clone())));
    learning::plans_defined(world);
    for incident in world.live() {
        let kind = &world.must::<IncidentRecord>(incident.0).incident.kind;
        if plans.iter().any(|plan| plan.kind == *kind) {
            world.must_mut::<IncidentRecord>(incident.0);
        }
    }
}

/// A grid is defined before anybody can live on it, so a new one starts with nobody on duty.
pub fn grids_defined(world: &mut impl World, grids: &[Grid]) {
    for grid in grids {
        let bounds = Bounds::of(grid);
        match world.get_mut::<GridRecord>(grid.id.0) {
            Some(record) => (record.grid, record.bounds) = (grid.clone(), bounds),
            None => world.put(GridRecord { grid: grid.clone(), bounds, on_duty: 0, under_minimum: false }),
        }
    }
}

pub fn grids_removed(world: &mut impl World, grids: &[GridId]) {
    for grid in grids {
        world.take::<GridRecord>(grid.0);
    }
}

/// Nobody could answer during the gap, so standing offers get that time back; the clocks of escalation do not stop.
pub fn service_resumed(world: &mut impl World, at: Timestamp, gap_ms: u64) {
    world.settings_mut().resumed_at = at;
    let moved_ms = gap_ms.min(RESUMED_MOVES_MAX_MS);
    for incident in world.live() {
        let record = world.must_mut::<IncidentRecord>(incident.0);
        record.incident.next_wave_at = record.incident.next_wave_at.map(|moment| moment.plus_ms(moved_ms));
        for offer in record.standing.clone() {
            let offer = world.must_mut::<Offer>(offer.0);
            offer.deadline = offer.deadline.plus_ms(moved_ms);
        }
    }
}
