//! What the office defines: the district, its skills, grids, teams and plans.

use super::draft::Draft;
use super::limits::{self, at_most, ensure, items, no_twice};
use super::{MERGE_RADIUS_M_MAX, POLYGONS_MAX, RADIUS_M_MAX};
use crate::command::{Answer, Field, Rejection, Why};
use crate::event::Event;
use crate::model::*;
use crate::state::District;

pub fn define(draft: &mut Draft<'_>, name: &str, centre: Position) -> Result<Answer, Rejection> {
    limits::name(Field::Name, name)?;
    limits::position(Field::Centre, centre)?;
    draft.push(Event::DistrictDefined { name: name.to_owned(), centre });
    Ok(Answer::Done)
}

pub fn set_drill(draft: &mut Draft<'_>, on: bool) -> Result<Answer, Rejection> {
    if draft.state.district.drill() == on {
        return Ok(Answer::NothingToDo);
    }
    draft.push(Event::DrillSet { on });
    Ok(Answer::Done)
}

pub fn resume_service(draft: &mut Draft<'_>, gap_ms: u64) -> Result<Answer, Rejection> {
    draft.push(Event::ServiceResumed { gap_ms });
    Ok(Answer::Done)
}

pub fn define_skills(draft: &mut Draft<'_>, skills: &[Skill]) -> Result<Answer, Rejection> {
    items(Field::Skills, skills.len())?;
    no_twice(Field::Skills, skills.iter().map(|skill| skill.id))?;
    no_twice(Field::Code, skills.iter().map(|skill| &skill.code))?;
    for skill in skills {
        at_most(Field::Skills, u64::from(skill.id.0), SKILLS_MAX as u64 - 1)?;
        limits::code(Field::Code, &skill.code)?;
        limits::name(Field::Name, &skill.name)?;
        let taken = draft.state.district.skills().any(|known| known.code == skill.code && known.id != skill.id);
        ensure(!taken, Field::Code, Why::Twice)?;
    }
    draft.push(Event::SkillsDefined { skills: skills.to_vec() });
    Ok(Answer::Done)
}

pub fn define_grids(draft: &mut Draft<'_>, grids: &[Grid]) -> Result<Answer, Rejection> {
    let district = &draft.state.district;
    items(Field::Grids, grids.len())?;
    no_twice(Field::Grids, grids.iter().map(|grid| grid.id))?;
    let new = grids.iter().filter(|grid| district.grid(grid.id).is_none()).count();
    at_most(Field::Grids, (district.grids().count() + new) as u64, GRIDS_MAX as u64)?;
    for grid in grids {
        check_grid(district, grid)?;
    }
    draft.push(Event::GridsDefined { grids: grids.to_vec() });
    Ok(Answer::Done)
}

fn check_grid(district: &District, grid: &Grid) -> Result<(), Rejection> {
    limits::own(district, Field::Grids, grid.id.0)?;
    limits::name(Field::Name, &grid.name)?;
    ensure(!grid.shape.is_empty(), Field::Shape, Why::Empty)?;
    at_most(Field::Shape, grid.shape.len() as u64, POLYGONS_MAX as u64)?;
    let rings = || grid.shape.iter().flat_map(|polygon| std::iter::once(&polygon.outer).chain(&polygon.holes));
    at_most(Field::Shape, rings().map(|ring| ring.len() as u64).sum(), GRID_VERTICES_MAX as u64)?;
    for ring in rings() {
        let different: std::collections::BTreeSet<&Position> = ring.iter().collect();
        ensure(different.len() >= 3, Field::Shape, Why::TooFewPoints)?;
        ring.iter().try_for_each(|&point| limits::position(Field::Shape, point))?;
    }
    match grid.team.filter(|&team| district.team(team).is_none()) {
        Some(team) => Err(Rejection::Unknown { what: Field::Team, id: team.0 }),
        None => Ok(()),
    }
}

/// A grid that somebody lives on, or where something is going on, is still in use.
pub fn remove_grids(draft: &mut Draft<'_>, grids: &[GridId]) -> Result<Answer, Rejection> {
    let district = &draft.state.district;
    items(Field::Grids, grids.len())?;
    no_twice(Field::Grids, grids.iter())?;
    for &grid in grids {
        if district.grid(grid).is_none() {
            return Err(Rejection::Unknown { what: Field::Grid, id: grid.0 });
        }
    }
    let lived_on = district.volunteers().any(|record| grids.contains(&record.profile.home_grid));
    let alive = |incident: &Incident| !incident.state.ended() && grids.contains(&incident.place.grid);
    ensure(!lived_on && !district.incidents().any(alive), Field::Grids, Why::InUse)?;
    draft.push(Event::GridsRemoved { grids: grids.to_vec() });
    Ok(Answer::Done)
}

pub fn define_teams(draft: &mut Draft<'_>, teams: &[Team]) -> Result<Answer, Rejection> {
    let district = &draft.state.district;
    items(Field::Teams, teams.len())?;
    no_twice(Field::Teams, teams.iter().map(|team| team.id))?;
    for team in teams {
        limits::own(district, Field::Teams, team.id.0)?;
        limits::name(Field::Name, &team.name)?;
        check_above(district, teams, team)?;
    }
    draft.push(Event::TeamsDefined { teams: teams.to_vec() });
    Ok(Answer::Done)
}

/// Four levels at most, known ones, and no circle.
fn check_above(district: &District, teams: &[Team], team: &Team) -> Result<(), Rejection> {
    const LEVELS_MAX: usize = 4;
    let find = |id: TeamId| teams.iter().find(|team| team.id == id).or_else(|| district.team(id));
    let mut at = team;
    for _ in 0..LEVELS_MAX {
        let Some(above) = at.above else { return Ok(()) };
        at = find(above).ok_or(Rejection::Unknown { what: Field::Team, id: above.0 })?;
    }
    ensure(false, Field::Team, Why::Circle)
}

pub fn define_plans(draft: &mut Draft<'_>, plans: &[ResponsePlan]) -> Result<Answer, Rejection> {
    let district = &draft.state.district;
    items(Field::Plans, plans.len())?;
    no_twice(Field::Kind, plans.iter().map(|plan| &plan.kind))?;
    let new = plans.iter().filter(|plan| district.plan(&plan.kind).is_none()).count();
    at_most(Field::Plans, (district.plans().count() + new) as u64, PLANS_MAX as u64)?;
    for plan in plans {
        check_plan(district, plan)?;
    }
    draft.push(Event::PlansDefined { plans: plans.to_vec() });
    Ok(Answer::Done)
}

fn check_plan(district: &District, plan: &ResponsePlan) -> Result<(), Rejection> {
    limits::code(Field::Kind, &plan.kind)?;
    limits::name(Field::Name, &plan.name)?;
    limits::words(Field::Words, &plan.words, WORDS_LENGTH_MAX)?;
    let mut people = 0;
    for level in &plan.levels {
        people += limits::roles(district, level)?;
    }
    at_most(Field::Roles, people as u64, SLOTS_MAX as u64)?;
    check_wave(&plan.wave)?;
    at_most(Field::Wave, u64::from(plan.merge.radius_m), u64::from(MERGE_RADIUS_M_MAX))?;
    at_most(Field::Escalation, plan.escalation.len() as u64, ESCALATION_STEPS_MAX as u64)?;
    let clocks = [plan.clocks.answer_ms, plan.clocks.arrive_ms, plan.clocks.close_ms];
    let durations = clocks.into_iter().chain([plan.rest_ms, plan.batch_ms, plan.merge.window_ms]);
    durations.into_iter().try_for_each(|ms| at_most(Field::Plans, ms, PLAN_DURATION_MS_MAX))?;
    plan.escalation.iter().try_for_each(|step| check_step(district, step))
}

fn check_wave(wave: &WavePolicy) -> Result<(), Rejection> {
    let target_permille = wave.size.fit().map_or(1, |fit| fit.target_permille);
    let numbers = [u64::from(wave.size.max()), u64::from(target_permille), wave.radius_m.into(), wave.waves_max.into()];
    ensure(numbers.iter().all(|&number| number > 0) && wave.deadline_ms > 0, Field::Wave, Why::Zero)?;
    at_most(Field::Wave, u64::from(target_permille), u64::from(TARGET_PERMILLE_MAX))?;
    at_most(Field::Wave, u64::from(wave.size.max()), u64::from(WAVE_SIZE_MAX))?;
    at_most(Field::Wave, u64::from(wave.radius_m_max), u64::from(RADIUS_M_MAX))?;
    at_most(Field::Wave, u64::from(wave.radius_m), u64::from(wave.radius_m_max))?;
    at_most(Field::Wave, wave.deadline_ms, PLAN_DURATION_MS_MAX)
}

fn check_step(district: &District, step: &EscalationStep) -> Result<(), Rejection> {
    at_most(Field::Escalation, step.after_ms, PLAN_DURATION_MS_MAX)?;
    match &step.action {
        EscalationAction::AddRoles(roles) => limits::roles(district, roles).map(|_| ()),
        EscalationAction::HandOver { clock_ms, words, .. } => {
            at_most(Field::Escalation, *clock_ms, PLAN_DURATION_MS_MAX)?;
            limits::words(Field::Words, words, WORDS_LENGTH_MAX)
        }
        EscalationAction::AskNeighbour { district: neighbour, clock_ms } => {
            ensure((1..=DISTRICT_MAX).contains(&neighbour.0), Field::Escalation, Why::OtherDistrict)?;
            ensure(*neighbour != district.id, Field::Escalation, Why::Itself)?;
            ensure(*clock_ms > 0, Field::Escalation, Why::Zero)?;
            at_most(Field::Escalation, *clock_ms, PLAN_DURATION_MS_MAX)
        }
        EscalationAction::Widen | EscalationAction::RaiseLevel | EscalationAction::TellSupervisor => Ok(()),
    }
}
