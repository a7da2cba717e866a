//! Skills and response plans of the sample district, after real cases of the field: smoke from a kitchen duct, an elder who
//! chokes, a stall in the way, a fall, a power cut.

use matcher::{
    Clocks, EscalationAction, EscalationStep, GridPreference, HOUR_MS, MINUTE_MS, MergeRule, PublicService,
    ResponsePlan, Role, SECOND_MS, Skill, SkillId, Urgency, WavePolicy, WaveSize,
};

pub const FIRST_AID: SkillId = SkillId(0);
pub const DOCTOR: SkillId = SkillId(1);
pub const FIRE: SkillId = SkillId(2);
pub const ELECTRICIAN: SkillId = SkillId(3);
pub const PLUMBER: SkillId = SkillId(4);
pub const LOCKSMITH: SkillId = SkillId(5);
pub const COMFORT: SkillId = SkillId(6);

pub fn skills() -> Vec<Skill> {
    let named = [
        (FIRST_AID, "first_aid", "急救"),
        (DOCTOR, "doctor", "医生"),
        (FIRE, "fire", "消防"),
        (ELECTRICIAN, "electrician", "电工"),
        (PLUMBER, "plumber", "水工"),
        (LOCKSMITH, "locksmith", "开锁"),
        (COMFORT, "comfort", "陪伴"),
    ];
    named.map(|(id, code, name)| Skill { id, code: code.to_owned(), name: name.to_owned() }).to_vec()
}

/// Everything but the kind's own settings, for each of them to say what is different.
fn plan(kind: &str, name: &str, urgency: Urgency, roles: &[(Option<SkillId>, u8)]) -> ResponsePlan {
    ResponsePlan {
        kind: kind.to_owned(),
        name: name.to_owned(),
        urgency,
        levels: vec![roles.iter().map(|&(skill, count)| Role { skill, count }).collect()],
        one_person_several_roles: false,
        wave: WavePolicy {
            size: WaveSize::Fixed(8),
            radius_m: 600,
            radius_m_max: 5_000,
            growth_percent: 80,
            waves_max: 5,
            deadline_ms: 30 * SECOND_MS,
        },
        grid_preference: GridPreference::MetresNearer(200),
        merge: MergeRule { radius_m: 80, window_ms: 5 * MINUTE_MS },
        escalation: vec![step(2 * MINUTE_MS, false, EscalationAction::TellSupervisor)],
        clocks: Clocks { answer_ms: MINUTE_MS, arrive_ms: 15 * MINUTE_MS, close_ms: 2 * HOUR_MS },
        rest_ms: 2 * MINUTE_MS,
        alert_budget: false,
        sensitive: false,
        words: String::new(),
        batch_ms: 0,
    }
}

fn step(after_ms: u64, always: bool, action: EscalationAction) -> EscalationStep {
    EscalationStep { after_ms, always, action }
}

fn hand_over(after_ms: u64, service: PublicService, words: &str) -> EscalationStep {
    step(after_ms, true, EscalationAction::HandOver { service, clock_ms: 2 * MINUTE_MS, words: words.to_owned() })
}

pub fn plans() -> Vec<ResponsePlan> {
    vec![sos(), kitchen_smoke(), elder_choking(), elder_fall(), power_cut(), stall_in_the_way()]
}

/// The red button with nothing said.
fn sos() -> ResponsePlan {
    ResponsePlan {
        words: "先打招呼,看看老人需要什么".to_owned(),
        ..plan("sos", "紧急求助", Urgency::LifeThreat, &[(None, 2)])
    }
}

fn kitchen_smoke() -> ResponsePlan {
    let base = plan("kitchen_smoke", "厨房冒烟", Urgency::LifeThreat, &[(Some(FIRE), 1), (None, 2)]);
    ResponsePlan {
        levels: vec![base.levels[0].clone(), vec![Role { skill: None, count: 3 }]],
        escalation: vec![
            hand_over(15 * SECOND_MS, PublicService::Fire, "请离开厨房,关上门,不要坐电梯,消防员在路上"),
            step(45 * SECOND_MS, false, EscalationAction::RaiseLevel),
            step(2 * MINUTE_MS, false, EscalationAction::TellSupervisor),
        ],
        words: "带灭火器,先关火关气,疏散邻居".to_owned(),
        ..base
    }
}

fn elder_choking() -> ResponsePlan {
    let base = plan("elder_choking", "老人噎食", Urgency::LifeThreat, &[(Some(DOCTOR), 1), (Some(FIRST_AID), 1)]);
    ResponsePlan {
        one_person_several_roles: true,
        wave: WavePolicy { radius_m: 1_200, ..base.wave },
        escalation: vec![
            hand_over(10 * SECOND_MS, PublicService::Ambulance, "让老人身体前倾,用力拍背五次,急救车在路上"),
            step(30 * SECOND_MS, false, EscalationAction::Widen),
            step(2 * MINUTE_MS, false, EscalationAction::TellSupervisor),
        ],
        sensitive: true,
        words: "海姆立克急救,带急救包".to_owned(),
        ..base
    }
}

fn elder_fall() -> ResponsePlan {
    ResponsePlan {
        sensitive: true,
        words: "不要急着扶,先问哪里疼".to_owned(),
        ..plan("elder_fall", "老人摔倒", Urgency::Urgent, &[(Some(FIRST_AID), 1), (None, 1)])
    }
}

fn power_cut() -> ResponsePlan {
    let base = plan("power_cut", "家中停电", Urgency::Ordinary, &[(Some(ELECTRICIAN), 1)]);
    ResponsePlan {
        wave: WavePolicy { size: WaveSize::fitting(900, 12), radius_m: 1_500, deadline_ms: MINUTE_MS, ..base.wave },
        clocks: Clocks { answer_ms: 10 * MINUTE_MS, arrive_ms: 2 * HOUR_MS, close_ms: 24 * HOUR_MS },
        words: "带验电笔,先查总闸".to_owned(),
        ..base
    }
}

/// Warned, nobody dispatched.
fn stall_in_the_way() -> ResponsePlan {
    ResponsePlan { escalation: Vec::new(), ..plan("stall_in_the_way", "摊位占道", Urgency::Ordinary, &[]) }
}
