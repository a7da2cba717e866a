//! Skills: a code and a name; known ones are found by their code and renamed.

use std::collections::HashSet;

use matcher::{Command, SKILLS_MAX, Skill, SkillId};

use super::columns::{Line, Sheet};
use super::report::{BadRow, Report, sort};
use super::table::Table;
use super::{Kind, Known, Read, cells};
use crate::records::OfficeChange;

pub fn read(table: Table, known: &Known) -> Result<Read, String> {
    let sheet = Sheet::of(Kind::Skills, table)?;
    let mut numbers = Numbers::of(known);
    let (skills, bad) = sort(sheet.lines().map(|line| numbers.skill(line)));
    let report = Report { good: skills.len(), bad, notes: super::volunteers::unused(&sheet) };
    let commands = if skills.is_empty() { Vec::new() } else { vec![Command::DefineSkills { skills }] };
    Ok(Read { change: OfficeChange { commands, ..OfficeChange::default() }, report })
}

/// Which numbers are taken.
struct Numbers {
    known: Vec<Skill>,
    seen: HashSet<String>,
    next: usize,
}

impl Numbers {
    fn of(known: &Known) -> Self {
        let known: Vec<Skill> = known.district.skills().cloned().collect();
        let next = known.iter().map(|skill| usize::from(skill.id.0) + 1).max().unwrap_or(0);
        Self { known, seen: HashSet::new(), next }
    }

    fn skill(&mut self, line: Line) -> Result<Skill, BadRow> {
        let code = cells::code(line, "code")?;
        let name = cells::text(line, "name", matcher::NAME_LENGTH_MAX)?.to_owned();
        if !self.seen.insert(code.clone()) {
            return Err(line.bad("code", format!("{code} stands twice / 重复"), "delete one / 删去一行"));
        }
        if let Some(skill) = self.known.iter().find(|skill| skill.code == code) {
            return Ok(Skill { id: skill.id, code, name });
        }
        if self.next >= SKILLS_MAX {
            let what = format!("it would be skill {}", self.next + 1);
            return Err(line.bad(
                "code",
                what,
                format!("a district has at most {SKILLS_MAX} / 最多 {SKILLS_MAX} 项技能"),
            ));
        }
        self.next += 1;
        Ok(Skill { id: SkillId((self.next - 1) as u8), code, name })
    }
}
