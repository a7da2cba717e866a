//! Response plans, one a row. Columns that are left out or empty are as in the plan for unknown kinds
//! ([`ResponsePlan::fallback`]).

use std::collections::HashSet;

use matcher::command::ITEMS_PER_COMMAND_MAX;
use matcher::{
    Command, DistrictId, GridPreference, MINUTE_MS, NAME_LENGTH_MAX, PLANS_MAX, ResponsePlan, Role, SECOND_MS,
    SLOTS_MAX, Skill, TARGET_PERMILLE_MAX, Urgency, WAVE_SIZE_MAX, WORDS_LENGTH_MAX, WaveSize,
};

use super::columns::{Line, Sheet};
use super::escalation::{role_skill, steps};
use super::report::{BadRow, Report, sort};
use super::table::Table;
use super::{Kind, Known, Read, cells};
use crate::records::OfficeChange;

/// Metres that a plan may look around, and minutes that one of its clocks may run (31 days).
const RADIUS_M_MAX: u32 = 200_000;
const MINUTES_MAX: u64 = 44_640;

pub fn read(table: Table, known: &Known) -> Result<Read, String> {
    let sheet = Sheet::of(Kind::Plans, table)?;
    let skills: Vec<Skill> = known.district.skills().cloned().collect();
    let mut seen = HashSet::new();
    let (plans, bad) = sort(sheet.lines().map(|line| plan(line, &skills, known.districts, &mut seen)));
    let others = known.district.plans().filter(|plan| !seen.contains(&plan.kind)).count();
    if others + plans.len() > PLANS_MAX {
        return Err(format!("the district would have {} plans, at most {PLANS_MAX} / 预案太多", others + plans.len()));
    }
    let report = Report { good: plans.len(), bad, notes: super::volunteers::unused(&sheet) };
    let commands = plans.chunks(ITEMS_PER_COMMAND_MAX).map(|plans| Command::DefinePlans { plans: plans.to_vec() });
    Ok(Read { change: OfficeChange { commands: commands.collect(), ..OfficeChange::default() }, report })
}

fn plan(
    line: Line,
    skills: &[Skill],
    districts: &[DistrictId],
    seen: &mut HashSet<String>,
) -> Result<ResponsePlan, BadRow> {
    let kind = cells::code(line, "kind")?;
    if !seen.insert(kind.clone()) {
        return Err(line.bad("kind", format!("{kind} stands twice / 重复"), "delete one / 删去一行"));
    }
    let mut plan = ResponsePlan::fallback(&kind);
    plan.name = cells::text(line, "name", NAME_LENGTH_MAX)?.to_owned();
    plan.urgency = cells::word(line, "urgency", URGENCIES, Urgency::Urgent)?;
    plan.levels = levels(line, skills)?;
    plan.words = cells::maybe_text(line, "words", WORDS_LENGTH_MAX)?.unwrap_or_default().to_owned();
    plan.one_person_several_roles = cells::yes_or_no(line, "several_roles", false)?;
    plan.alert_budget = cells::yes_or_no(line, "alert_budget", plan.alert_budget)?;
    plan.sensitive = cells::yes_or_no(line, "sensitive", false)?;
    wave(line, &mut plan)?;
    clocks(line, &mut plan)?;
    let cell = line.get("escalation");
    if !cell.is_empty() {
        let cure = "as 60s 扩大; 120s 上报; 0s! 120 60s 请守住大门";
        plan.escalation = steps(cell, skills).map_err(|why| line.bad("escalation", why, cure))?;
        if let Some((_, missing)) = plan.neighbours().find(|(_, neighbour)| !districts.contains(neighbour)) {
            let why = format!("there is no district {missing} / 没有 {missing} 区");
            return Err(line.bad("escalation", why, "hub district list / 查看各区编号"));
        }
    }
    Ok(plan)
}

const URGENCIES: &[(&str, Urgency)] = &[
    ("普通", Urgency::Ordinary),
    ("ordinary", Urgency::Ordinary),
    ("紧急", Urgency::Urgent),
    ("urgent", Urgency::Urgent),
    ("危及生命", Urgency::LifeThreat),
    ("life_threat", Urgency::LifeThreat),
];

/// Level 1 must be said: a plan that sends nobody says 仅通知.
fn levels(line: Line, skills: &[Skill]) -> Result<Vec<Vec<Role>>, BadRow> {
    let first = line.get("level_1");
    if ["仅通知", "inform", "inform_only"].contains(&first) {
        return Ok(Vec::new());
    }
    if first.is_empty() {
        return Err(line.bad(
            "level_1",
            "it is empty / 空",
            "who is sent (灭火×2、任意×1), or 仅通知 / 填人员,或写 仅通知",
        ));
    }
    let mut levels = Vec::new();
    for key in ["level_1", "level_2", "level_3"] {
        let cell = line.get(key);
        if !cell.is_empty() {
            let cure = "as 灭火×2、任意×1 (first_aid×1; any×2)";
            levels.push(roles_of(cell, skills).map_err(|why| line.bad(key, why, cure))?);
        }
    }
    let people: usize = levels.iter().flatten().map(|role| usize::from(role.count)).sum();
    if people > SLOTS_MAX {
        return Err(line.bad(
            "level_1",
            format!("{people} people in all / 人"),
            format!("at most {SLOTS_MAX} / 最多 {SLOTS_MAX} 人"),
        ));
    }
    Ok(levels)
}

fn wave(line: Line, plan: &mut ResponsePlan) -> Result<(), BadRow> {
    let wave = &mut plan.wave;
    wave.size = wave_size(line, wave.size)?;
    wave.radius_m = cells::number(line, "radius_m", 1..=RADIUS_M_MAX, wave.radius_m)?;
    wave.radius_m_max =
        cells::number(line, "radius_m_max", wave.radius_m..=RADIUS_M_MAX, wave.radius_m_max.max(wave.radius_m))?;
    wave.growth_percent = cells::number(line, "growth_percent", 0..=1000, wave.growth_percent)?;
    wave.waves_max = cells::number(line, "waves_max", 1..=100, wave.waves_max)?;
    wave.deadline_ms =
        cells::number(line, "deadline_s", 5..=MINUTES_MAX * 60, wave.deadline_ms / SECOND_MS)? * SECOND_MS;
    plan.grid_preference = match line.get("grid_preference") {
        "先本网格" | "strict" => GridPreference::StrictlyFirst,
        _ => match cells::number(line, "grid_preference", 0..=RADIUS_M_MAX, 300)? {
            0 => GridPreference::None,
            metres => GridPreference::MetresNearer(metres),
        },
    };
    plan.merge.radius_m = cells::number(line, "merge_radius_m", 0..=10_000, plan.merge.radius_m)?;
    plan.merge.window_ms =
        cells::number(line, "merge_window_min", 0..=1_440, plan.merge.window_ms / MINUTE_MS)? * MINUTE_MS;
    Ok(())
}

/// The most that a wave asks which is to fit, where the cell does not say.
const FIT_MAX: u16 = 24;

/// A number of people, or how sure the wave is to be and the most it asks: `6`, `90%`, `90%/24`.
fn wave_size(line: Line, default: WaveSize) -> Result<WaveSize, BadRow> {
    let cell = line.get("wave_size");
    if cell.is_empty() {
        return Ok(default);
    }
    let size = match cell.split_once(['%', '%']) {
        None => cell.parse().ok().map(WaveSize::Fixed),
        Some((percent, "")) => permille(percent).map(|target| WaveSize::fitting(target, FIT_MAX)),
        Some((percent, max)) => {
            let max = max.strip_prefix(['/', '/']).and_then(|max| max.trim().parse().ok());
            permille(percent).zip(max).map(|(target, max)| WaveSize::fitting(target, max))
        }
    };
    size.filter(|size| (1..=WAVE_SIZE_MAX).contains(&size.max())).ok_or_else(|| {
        let cure = format!("1 to {WAVE_SIZE_MAX} people, or as 90%/24 / 填人数(1 到 {WAVE_SIZE_MAX}),或写成 90%/24");
        line.bad("wave_size", format!("{cell:?}"), cure)
    })
}

/// 90 or 92.5 of a hundred as of a thousand: at least 1, never certain.
fn permille(percent: &str) -> Option<u16> {
    let (whole, tenths) = percent.trim().split_once('.').unwrap_or((percent.trim(), "0"));
    let tenths = tenths.parse::<u16>().ok().filter(|tenths| *tenths < 10)?;
    let permille = whole.parse::<u16>().ok()?.checked_mul(10)?.checked_add(tenths)?;
    Some(permille).filter(|permille| (1..=TARGET_PERMILLE_MAX).contains(permille))
}

fn clocks(line: Line, plan: &mut ResponsePlan) -> Result<(), BadRow> {
    let clocks = &mut plan.clocks;
    clocks.answer_ms = cells::number(line, "answer_s", 0..=MINUTES_MAX * 60, clocks.answer_ms / SECOND_MS)? * SECOND_MS;
    clocks.arrive_ms = cells::number(line, "arrive_min", 0..=MINUTES_MAX, clocks.arrive_ms / MINUTE_MS)? * MINUTE_MS;
    clocks.close_ms = cells::number(line, "close_min", 0..=MINUTES_MAX, clocks.close_ms / MINUTE_MS)? * MINUTE_MS;
    plan.rest_ms = cells::number(line, "rest_min", 0..=MINUTES_MAX, plan.rest_ms / MINUTE_MS)? * MINUTE_MS;
    Ok(())
}

/// 灭火×2、任意×1 or `first_aid*2; any`: a skill by code or name, and how many (1 when not said).
pub fn roles_of(cell: &str, skills: &[Skill]) -> Result<Vec<Role>, String> {
    let roles = cells::pieces(cell).map(|piece| {
        let (name, count) =
            piece.rsplit_once(['×', '*', ':', ':']).map_or((piece, "1"), |(name, count)| (name.trim(), count.trim()));
        let count = count.parse::<u8>().ok().filter(|count| (1..=SLOTS_MAX as u8).contains(count));
        let count = count.ok_or_else(|| format!("{piece:?}: how many, from 1 to {SLOTS_MAX} / 人数不对"))?;
        Ok(Role { count, ..role_skill(name, skills)? })
    });
    roles.collect()
}

/// The cell that [`roles_of`] reads back.
pub fn roles_text(roles: &[Role], skills: &[Skill]) -> String {
    let pieces = roles.iter().map(|role| {
        let named = role.skill.and_then(|id| skills.iter().find(|skill| skill.id == id));
        let name = named.map_or("任意", |skill| skill.name.as_str());
        format!("{name}×{}", role.count)
    });
    pieces.collect::<Vec<_>>().join("、")
}
