//! What is done for the kinds of call in a file.

use std::collections::BTreeSet;

use crowd::model::Pace;
use matcher::{
    Clocks, GridPreference, HOUR_MS, MINUTE_MS, MergeRule, ResponsePlan, Role, SECOND_MS, Skill, SkillId, Urgency,
    WavePolicy, WaveSize,
};

use crate::calls::{Call, Format};

/// What an ordinary volunteer can learn for the kinds of Montgomery County; the index is the skill's number.
const TAUGHT: [(&str, &str); 3] = [("first_aid", "First aid"), ("fire_safety", "Fire safety"), ("traffic", "Traffic")];

/// How the plans of a run are drawn up.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub format: Format,
    /// People live so many times faster, so every time of a plan is so many times shorter.
    pub pace: Pace,
    /// A second helper for a threat to life and for fires.
    pub second_helper: bool,
    pub wave_size: WaveSize,
    /// Service requests of one kind are collected so long and matched together; 0: one at a time.
    pub batch_ms: u64,
}

/// An offer never stands shorter than this, however fast people live: the network does not live faster.
const DEADLINE_MS_MIN: u64 = 5 * SECOND_MS;

impl Rules {
    pub fn plan(&self, kind: &str) -> ResponsePlan {
        match self.format {
            Format::Montco => self.emergency(kind),
            Format::Boston311 => self.service(kind),
            Format::SfFire => fleet(kind),
        }
    }

    fn emergency(&self, kind: &str) -> ResponsePlan {
        let (skill, urgency) = match kind.split('_').next() {
            Some("ems" | "medical") => (SkillId(0), Urgency::LifeThreat),
            Some("fire" | "structure" | "alarms" | "smoke") => (SkillId(1), Urgency::Urgent),
            _ => (SkillId(2), Urgency::Urgent),
        };
        let mut roles = vec![Role { skill: Some(skill), count: 1 }];
        if self.second_helper && skill != SkillId(2) {
            roles.push(Role { skill: None, count: 1 });
        }
        let merge = MergeRule { radius_m: 100, window_ms: self.pace.of_ms(10 * MINUTE_MS) };
        ResponsePlan { urgency, levels: vec![roles], merge, ..self.ordinary(kind, 45 * SECOND_MS) }
    }

    fn service(&self, kind: &str) -> ResponsePlan {
        self.ordinary(kind, 10 * MINUTE_MS)
    }

    fn ordinary(&self, kind: &str, deadline_ms: u64) -> ResponsePlan {
        ResponsePlan {
            kind: kind.to_owned(),
            name: kind.replace('_', " "),
            urgency: Urgency::Ordinary,
            levels: vec![vec![Role { skill: None, count: 1 }]],
            one_person_several_roles: false,
            wave: WavePolicy {
                size: self.wave_size,
                radius_m: 3_000,
                radius_m_max: 25_000,
                growth_percent: 100,
                waves_max: 6,
                deadline_ms: self.pace.of_ms(deadline_ms).max(DEADLINE_MS_MIN),
            },
            grid_preference: GridPreference::MetresNearer(300),
            merge: MergeRule { radius_m: 0, window_ms: 0 },
            escalation: Vec::new(),
            clocks: Clocks { answer_ms: 0, arrive_ms: 0, close_ms: 0 },
            rest_ms: self.pace.of_ms(10 * MINUTE_MS),
            alert_budget: false,
            sensitive: false,
            words: String::new(),
            batch_ms: self.batch_ms,
        }
    }
}

/// A fire department: whoever of the right type is nearest goes, from anywhere in the city, without rest between calls.
/// Two calls of one kind at one place are two calls: the file says so.
fn fleet(kind: &str) -> ResponsePlan {
    let rules = Rules {
        format: Format::SfFire,
        pace: Pace::LIFE,
        second_helper: false,
        wave_size: WaveSize::Fixed(1),
        batch_ms: 0,
    };
    let wave = WavePolicy {
        size: WaveSize::Fixed(1),
        radius_m: 100_000,
        radius_m_max: 100_000,
        growth_percent: 0,
        waves_max: (24 * HOUR_MS / (30 * SECOND_MS)) as u16,
        deadline_ms: 30 * SECOND_MS,
    };
    let grid_preference = GridPreference::None;
    ResponsePlan { urgency: Urgency::LifeThreat, wave, grid_preference, rest_ms: 0, ..rules.ordinary(kind, 0) }
}

/// The skills of the district: for a fleet its unit types in the order of the alphabet.
pub fn skills(calls: &[Call], format: Format) -> Vec<Skill> {
    let types: BTreeSet<String> = match format {
        Format::SfFire => calls.iter().flat_map(|call| &call.units).map(|unit| unit.unit_type.clone()).collect(),
        Format::Montco | Format::Boston311 => BTreeSet::new(),
    };
    let code = |name: &str| name.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    let named: Vec<(String, String)> = match format {
        Format::SfFire => types.into_iter().map(|name| (code(&name), name)).collect(),
        Format::Montco => TAUGHT.iter().map(|(code, name)| ((*code).to_owned(), (*name).to_owned())).collect(),
        Format::Boston311 => Vec::new(),
    };
    (0..).zip(named).map(|(number, (code, name))| Skill { id: SkillId(number), code, name }).collect()
}
