//! A scene as the files that a hub imports: GeoJSON and CSV, as a community would send them.

use std::path::{Path, PathBuf};

use anyhow::Context;
use matcher::{Grid, ResponsePlan, Role, SECOND_MS, Skill, TravelMode, Urgency, Volunteer};
use serde_json::json;

use crate::scene::Scene;

/// The kinds of file in the order of their import, and where each lies.
pub struct Files(pub Vec<(&'static str, PathBuf)>);

/// Writes all files of a scene into `folder`.
///
/// # Errors
/// The folder cannot be written.
pub fn write(folder: &Path, scene: &Scene, volunteers: &[&Volunteer]) -> anyhow::Result<Files> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let grids = folder.join("grids.geojson");
    std::fs::write(&grids, serde_json::to_vec(&geojson(&scene.grids))?)?;
    let mut files = vec![("grids", grids)];
    if !scene.skills.is_empty() {
        files.push(("skills", table(&folder.join("skills.csv"), &["code", "name"], scene.skills.iter().map(skill))?));
    }
    let plans = scene.plans.iter().map(|row| plan(row, scene));
    files.push(("plans", table(&folder.join("plans.csv"), PLAN_COLUMNS, plans)?));
    let people = volunteers.iter().map(|row| volunteer(row, scene));
    files.push(("volunteers", table(&folder.join("volunteers.csv"), PERSON_COLUMNS, people)?));
    Ok(Files(files))
}

fn table<const N: usize>(
    path: &Path,
    header: &[&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> anyhow::Result<PathBuf> {
    let mut csv = csv::Writer::from_path(path).with_context(|| format!("cannot write {}", path.display()))?;
    csv.write_record(header)?;
    for row in rows {
        csv.write_record(row)?;
    }
    csv.flush()?;
    Ok(path.to_owned())
}

fn geojson(grids: &[Grid]) -> serde_json::Value {
    let ring = |grid: &Grid| {
        let outer = &grid.shape[0].outer;
        let closed = outer.iter().chain(outer.first());
        closed.map(|corner| [corner.lng(), corner.lat()]).collect::<Vec<_>>()
    };
    let feature = |grid: &Grid| {
        json!({
            "type": "Feature",
            "properties": { "name": grid.name, "minimum": grid.minimum_on_duty },
            "geometry": { "type": "Polygon", "coordinates": [ring(grid)] },
        })
    };
    json!({ "type": "FeatureCollection", "features": grids.iter().map(feature).collect::<Vec<_>>() })
}

fn skill(skill: &Skill) -> [String; 2] {
    [skill.code.clone(), skill.name.clone()]
}

const PERSON_COLUMNS: &[&str; 8] = &["name", "number", "skills", "lat", "lng", "grid", "travel", "class"];

fn volunteer(volunteer: &Volunteer, scene: &Scene) -> [String; 8] {
    let number = volunteer.id.number();
    let skills: Vec<&str> = volunteer.skills.iter().filter_map(|held| code(scene, held.skill)).collect();
    let grid = scene.grids.iter().find(|grid| grid.id == volunteer.home_grid);
    let travel = match volunteer.travel {
        TravelMode::Walk => "步行",
        TravelMode::Bicycle => "自行车",
        TravelMode::Car => "汽车",
    };
    let class = if skills.is_empty() { "普通志愿者" } else { "技能志愿者" };
    [
        format!("Neighbour {number}"),
        format!("B-{number:06}"),
        skills.join("; "),
        format!("{:.7}", volunteer.home.lat()),
        format!("{:.7}", volunteer.home.lng()),
        grid.map(|grid| grid.name.clone()).unwrap_or_default(),
        travel.to_owned(),
        class.to_owned(),
    ]
}

const PLAN_COLUMNS: &[&str; 18] = &[
    "kind",
    "name",
    "urgency",
    "level_1",
    "wave_size",
    "radius_m",
    "radius_m_max",
    "growth_percent",
    "waves_max",
    "deadline_s",
    "grid_preference",
    "merge_radius_m",
    "merge_window_min",
    "rest_min",
    "alert_budget",
    "answer_s",
    "arrive_min",
    "close_min",
];

fn plan(plan: &ResponsePlan, scene: &Scene) -> [String; 18] {
    let role = |role: &Role| {
        let skill = role.skill.and_then(|skill| code(scene, skill)).unwrap_or("任意");
        format!("{skill}×{}", role.count)
    };
    let roles: Vec<String> = plan.levels.first().into_iter().flatten().map(role).collect();
    let urgency = match plan.urgency {
        Urgency::Ordinary => "普通",
        Urgency::Urgent => "紧急",
        Urgency::LifeThreat => "危及生命",
    };
    // The file's clocks are whole minutes: a window that fast people would have shorter is a minute.
    let window_min = if plan.merge.window_ms == 0 { 0 } else { (plan.merge.window_ms / matcher::MINUTE_MS).max(1) };
    [
        plan.kind.clone(),
        plan.name.clone(),
        urgency.to_owned(),
        roles.join("、"),
        plan.wave.size.to_string(),
        plan.wave.radius_m.to_string(),
        plan.wave.radius_m_max.to_string(),
        plan.wave.growth_percent.to_string(),
        plan.wave.waves_max.to_string(),
        plan.wave.deadline_ms.div_ceil(SECOND_MS).to_string(),
        "300".to_owned(),
        plan.merge.radius_m.to_string(),
        window_min.to_string(),
        (plan.rest_ms / matcher::MINUTE_MS).to_string(),
        "否".to_owned(),
        "0".to_owned(),
        "0".to_owned(),
        "0".to_owned(),
    ]
}

fn code(scene: &Scene, skill: matcher::SkillId) -> Option<&str> {
    scene.skills.iter().find(|known| known.id == skill).map(|known| known.code.as_str())
}
