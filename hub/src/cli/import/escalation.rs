//! Steps of escalation in one cell: `60s 扩大; 90s 升级; 120s 上报; 0s! 119 120s 请撤到楼下`.
//!
//! A step is when (`60s`, `2m`, from opening; `!` when it is taken even if enough have accepted), then what: 扩大 `widen`,
//! 二级 or 升级 `level`, 上报 `supervisor`, 增加 `add` with roles, 求援 `neighbour` with the number of a district and its clock, or 110, 119, 120 with the clock of the desk's task and the
//! words for the caller.

use matcher::{DistrictId, EscalationAction, EscalationStep, MINUTE_MS, PublicService, Role, SECOND_MS, Skill};

use super::plans::{roles_of, roles_text};

/// All steps of a cell.
///
/// # Errors
/// What is wrong with which step, in both languages.
pub fn steps(cell: &str, skills: &[Skill]) -> Result<Vec<EscalationStep>, String> {
    let pieces = cell.split([';', ';', '\n']).map(str::trim).filter(|piece| !piece.is_empty());
    pieces.map(|piece| step(piece, skills).map_err(|why| format!("{piece:?}: {why}"))).collect()
}

fn step(piece: &str, skills: &[Skill]) -> Result<EscalationStep, String> {
    let (when, what) = piece.split_once(char::is_whitespace).ok_or("when and what are needed / 要写时间和动作")?;
    let always = when.ends_with('!') || when.ends_with('!');
    let after_ms = duration_ms(when.trim_end_matches(['!', '!']))?;
    Ok(EscalationStep { after_ms, always, action: action(what.trim(), skills)? })
}

fn action(what: &str, skills: &[Skill]) -> Result<EscalationAction, String> {
    let (word, rest) = what.split_once(char::is_whitespace).unwrap_or((what, ""));
    let service = match word {
        "扩大" | "widen" => return Ok(EscalationAction::Widen),
        "升级" | "二级" | "三级" | "level" => return Ok(EscalationAction::RaiseLevel),
        "上报" | "supervisor" => return Ok(EscalationAction::TellSupervisor),
        "增加" | "add" => return roles_of(rest, skills).map(EscalationAction::AddRoles),
        "求援" | "neighbour" => return ask_neighbour(rest),
        "110" => PublicService::Police,
        "119" => PublicService::Fire,
        "120" => PublicService::Ambulance,
        _ => {
            return Err(
                "扩大 | 升级 | 上报 | 增加 | 求援 | 110 | 119 | 120 (widen | level | supervisor | add | neighbour)"
                    .to_owned(),
            );
        }
    };
    let (clock, words) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
    Ok(EscalationAction::HandOver { service, clock_ms: duration_ms(clock)?, words: words.trim().to_owned() })
}

/// The number of the district, and how long it has to answer: `求援 2 60s`.
fn ask_neighbour(rest: &str) -> Result<EscalationAction, String> {
    let (number, clock) = rest.trim().split_once(char::is_whitespace).ok_or("求援 2 60s (neighbour 2 60s)")?;
    let district = number.parse().map(DistrictId).map_err(|_| format!("{number:?} is no district / 不是区的编号"))?;
    Ok(EscalationAction::AskNeighbour { district, clock_ms: duration_ms(clock.trim())? })
}

/// `90s`, `2m`, 90秒, 2分.
fn duration_ms(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match &text[digits.len()..] {
        "s" | "秒" => SECOND_MS,
        "m" | "min" | "分" | "分钟" => MINUTE_MS,
        _ => return Err(format!("{text:?} is no time, write 90s or 2m / 时间写成 90s 或 2m")),
    };
    let number = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    number
        .filter(|ms| *ms <= matcher::PLAN_DURATION_MS_MAX)
        .ok_or_else(|| format!("{text:?}: at most 31 days / 最长 31 天"))
}

/// The cell that [`steps`] reads back.
pub fn text_of(steps: &[EscalationStep], skills: &[Skill]) -> String {
    let pieces = steps.iter().map(|step| {
        let always = if step.always { "!" } else { "" };
        format!("{}s{always} {}", step.after_ms / SECOND_MS, action_text(&step.action, skills))
    });
    pieces.collect::<Vec<_>>().join("; ")
}

fn action_text(action: &EscalationAction, skills: &[Skill]) -> String {
    match action {
        EscalationAction::Widen => "扩大".to_owned(),
        EscalationAction::RaiseLevel => "升级".to_owned(),
        EscalationAction::TellSupervisor => "上报".to_owned(),
        EscalationAction::AskNeighbour { district, clock_ms } => format!("求援 {district} {}s", clock_ms / SECOND_MS),
        EscalationAction::AddRoles(roles) => format!("增加 {}", roles_text(roles, skills)),
        EscalationAction::HandOver { service, clock_ms, words } => {
            let number = match service {
                PublicService::Police => "110",
                PublicService::Fire => "119",
                PublicService::Ambulance => "120",
            };
            format!("{number} {}s {words}", clock_ms / SECOND_MS).trim_end().to_owned()
        }
    }
}

/// Skills by code or name; `None` is anybody.
pub fn role_skill(name: &str, skills: &[Skill]) -> Result<Role, String> {
    if ["任意", "任何人", "any", "anybody"].contains(&name) {
        return Ok(Role { skill: None, count: 1 });
    }
    let skill = skills.iter().find(|skill| skill.code == name || skill.name == name);
    let skill =
        skill.ok_or_else(|| format!("unknown skill {name:?}: define it first (`hub import skills`) / 没有这项技能"))?;
    Ok(Role { skill: Some(skill.id), count: 1 })
}
