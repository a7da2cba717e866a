//! Response plans between the wire and the core: skills by code outside, by number inside.

use matcher::{Clocks, District, DistrictId, Fit, PublicService, ResponsePlan, Role, WavePolicy, WaveSize};
use wire::command::RoleArgs;
use wire::office as said;

use super::command::skilled;
use super::error::Refusal;
use crate::engine::render::words;

/// A plan as it is told.
pub fn told(district: &District, plan: &ResponsePlan) -> said::PlanDetail {
    let wave = plan.wave;
    let body = said::PlanBody {
        name: plan.name.clone(),
        urgency: words::urgency(plan.urgency),
        levels: plan.levels.iter().map(|level| roles_told(district, level)).collect(),
        one_person_several_roles: plan.one_person_several_roles,
        wave: said::WaveBody {
            size: match wave.size {
                WaveSize::Fixed(size) => said::WaveSize::Fixed(size),
                WaveSize::Fitting { fit: Fit { target_permille, max } } => {
                    said::WaveSize::Fitting { fit: said::Fit { target_permille, max } }
                }
            },
            radius_m: wave.radius_m,
            radius_m_max: wave.radius_m_max,
            growth_percent: wave.growth_percent,
            waves_max: wave.waves_max,
            deadline_ms: wave.deadline_ms,
        },
        grid_preference: match plan.grid_preference {
            matcher::GridPreference::None => said::GridPreference::None,
            matcher::GridPreference::MetresNearer(metres) => said::GridPreference::MetresNearer(metres),
            matcher::GridPreference::StrictlyFirst => said::GridPreference::StrictlyFirst,
        },
        merge: said::MergeRule { radius_m: plan.merge.radius_m, window_ms: plan.merge.window_ms },
        escalation: plan.escalation.iter().map(|step| step_told(district, step)).collect(),
        clocks: said::ClocksBody {
            answer_ms: plan.clocks.answer_ms,
            arrive_ms: plan.clocks.arrive_ms,
            close_ms: plan.clocks.close_ms,
        },
        rest_ms: plan.rest_ms,
        alert_budget: plan.alert_budget,
        sensitive: plan.sensitive,
        words: plan.words.clone(),
        batch_ms: plan.batch_ms,
    };
    said::PlanDetail { kind: plan.kind.clone(), plan: body }
}

fn roles_told(district: &District, roles: &[Role]) -> Vec<RoleArgs> {
    let code = |role: &Role| role.skill.and_then(|id| district.skill(id)).map(|skill| skill.code.clone());
    roles.iter().map(|role| RoleArgs { skill: code(role), count: role.count }).collect()
}

fn step_told(district: &District, step: &matcher::EscalationStep) -> said::EscalationStep {
    let action = match &step.action {
        matcher::EscalationAction::Widen => said::EscalationAction::Widen,
        matcher::EscalationAction::RaiseLevel => said::EscalationAction::RaiseLevel,
        matcher::EscalationAction::AddRoles(roles) => said::EscalationAction::AddRoles(roles_told(district, roles)),
        matcher::EscalationAction::TellSupervisor => said::EscalationAction::TellSupervisor,
        matcher::EscalationAction::AskNeighbour { district, clock_ms } => {
            said::EscalationAction::AskNeighbour { district: district.to_string(), clock_ms: *clock_ms }
        }
        matcher::EscalationAction::HandOver { service, clock_ms, words } => said::EscalationAction::HandOver {
            service: match service {
                PublicService::Police => said::PublicService::Police,
                PublicService::Fire => said::PublicService::Fire,
                PublicService::Ambulance => said::PublicService::Ambulance,
            },
            clock_ms: *clock_ms,
            words: words.clone(),
        },
    };
    said::EscalationStep { after_ms: step.after_ms, always: step.always, action }
}

/// A plan as it is meant. Its limits are the core's to judge.
///
/// # Errors
/// `unknown_skill` with the pointer of the role.
pub fn meant(district: &District, kind: String, body: said::PlanBody) -> Result<ResponsePlan, Refusal> {
    let level = |(index, roles)| skilled(roles, district, &format!("/levels/{index}"));
    let step = |(index, step)| step_meant(district, index, step);
    Ok(ResponsePlan {
        kind,
        name: body.name,
        urgency: match body.urgency {
            wire::rows::Urgency::Ordinary => matcher::Urgency::Ordinary,
            wire::rows::Urgency::Urgent => matcher::Urgency::Urgent,
            wire::rows::Urgency::LifeThreat => matcher::Urgency::LifeThreat,
        },
        levels: body.levels.into_iter().enumerate().map(level).collect::<Result<_, _>>()?,
        one_person_several_roles: body.one_person_several_roles,
        wave: WavePolicy {
            size: match body.wave.size {
                said::WaveSize::Fixed(size) => WaveSize::Fixed(size),
                said::WaveSize::Fitting { fit } => WaveSize::fitting(fit.target_permille, fit.max),
            },
            radius_m: body.wave.radius_m,
            radius_m_max: body.wave.radius_m_max,
            growth_percent: body.wave.growth_percent,
            waves_max: body.wave.waves_max,
            deadline_ms: body.wave.deadline_ms,
        },
        grid_preference: match body.grid_preference {
            said::GridPreference::None => matcher::GridPreference::None,
            said::GridPreference::MetresNearer(metres) => matcher::GridPreference::MetresNearer(metres),
            said::GridPreference::StrictlyFirst => matcher::GridPreference::StrictlyFirst,
        },
        merge: matcher::MergeRule { radius_m: body.merge.radius_m, window_ms: body.merge.window_ms },
        escalation: body.escalation.into_iter().enumerate().map(step).collect::<Result<_, _>>()?,
        clocks: Clocks {
            answer_ms: body.clocks.answer_ms,
            arrive_ms: body.clocks.arrive_ms,
            close_ms: body.clocks.close_ms,
        },
        rest_ms: body.rest_ms,
        alert_budget: body.alert_budget,
        sensitive: body.sensitive,
        words: body.words,
        batch_ms: body.batch_ms,
    })
}

fn step_meant(
    district: &District,
    index: usize,
    step: said::EscalationStep,
) -> Result<matcher::EscalationStep, Refusal> {
    let action = match step.action {
        said::EscalationAction::Widen => matcher::EscalationAction::Widen,
        said::EscalationAction::RaiseLevel => matcher::EscalationAction::RaiseLevel,
        said::EscalationAction::AddRoles(roles) => {
            let at = format!("/escalation/{index}/action/add_roles");
            matcher::EscalationAction::AddRoles(skilled(roles, district, &at)?)
        }
        said::EscalationAction::TellSupervisor => matcher::EscalationAction::TellSupervisor,
        said::EscalationAction::AskNeighbour { district: number, clock_ms } => {
            let unknown = || {
                let at = format!("/escalation/{index}/action/ask_neighbour/district");
                let en = format!("{number:?} is no number of a district");
                Refusal::field(&at, "unknown_district", format!("“{number}”不是区的编号"), en)
            };
            let district = number.parse().map(matcher::DistrictId).map_err(|_| unknown())?;
            matcher::EscalationAction::AskNeighbour { district, clock_ms }
        }
        said::EscalationAction::HandOver { service, clock_ms, words } => matcher::EscalationAction::HandOver {
            service: match service {
                said::PublicService::Police => PublicService::Police,
                said::PublicService::Fire => PublicService::Fire,
                said::PublicService::Ambulance => PublicService::Ambulance,
            },
            clock_ms,
            words,
        },
    };
    Ok(matcher::EscalationStep { after_ms: step.after_ms, always: step.always, action })
}

/// A plan may ask only neighbours that are served beside it.
pub fn neighbours_are_there(plan: &ResponsePlan, is_there: impl Fn(DistrictId) -> bool) -> Result<(), Refusal> {
    match plan.neighbours().find(|&(_, neighbour)| !is_there(neighbour)) {
        None => Ok(()),
        Some((step, neighbour)) => {
            let at = format!("/escalation/{step}/action/ask_neighbour/district");
            let en = format!("there is no district {neighbour} here");
            Err(Refusal::field(&at, "unknown_district", format!("没有 {neighbour} 区"), en))
        }
    }
}

#[cfg(test)]
mod tests {
    use matcher::SECOND_MS;

    use super::*;

    #[test]
    fn a_neighbour_that_is_not_there_is_refused_by_the_name_of_its_field() {
        let step = |district| matcher::EscalationStep {
            after_ms: SECOND_MS,
            always: false,
            action: matcher::EscalationAction::AskNeighbour { district: DistrictId(district), clock_ms: SECOND_MS },
        };
        let plan = ResponsePlan { escalation: vec![step(2), step(3)], ..ResponsePlan::fallback("fall") };
        assert!(neighbours_are_there(&plan, |_| true).is_ok());
        let refused = neighbours_are_there(&plan, |district| district == DistrictId(2)).expect_err("there is no 3");
        let field = refused.pointer.as_deref();
        assert_eq!((refused.code, field), ("unknown_district", Some("/escalation/1/action/ask_neighbour/district")));
    }

    /// What is told is what is meant, whatever a plan has in it.
    #[test]
    fn a_plan_comes_back_as_it_went_out() {
        let district = District::new(DistrictId(1));
        let step = |action| matcher::EscalationStep { after_ms: 60 * SECOND_MS, always: true, action };
        let words = "请守住大门".to_owned();
        let service = PublicService::Fire;
        let plan = ResponsePlan {
            levels: vec![vec![Role { skill: None, count: 2 }], vec![Role { skill: None, count: 5 }]],
            escalation: vec![
                step(matcher::EscalationAction::Widen),
                step(matcher::EscalationAction::RaiseLevel),
                step(matcher::EscalationAction::AddRoles(vec![Role { skill: None, count: 1 }])),
                step(matcher::EscalationAction::TellSupervisor),
                step(matcher::EscalationAction::AskNeighbour { district: DistrictId(2), clock_ms: 60_000 }),
                step(matcher::EscalationAction::HandOver { service, clock_ms: 9_000, words }),
            ],
            grid_preference: matcher::GridPreference::StrictlyFirst,
            sensitive: true,
            ..ResponsePlan::fallback("kitchen_smoke")
        };
        for size in [WaveSize::Fixed(6), WaveSize::fitting(900, 24)] {
            let plan = ResponsePlan { wave: WavePolicy { size, ..plan.wave }, ..plan.clone() };
            let said = told(&district, &plan);
            let read = serde_json::from_str(&serde_json::to_string(&said.plan).unwrap()).unwrap();
            assert_eq!(meant(&district, said.kind, read), Ok(plan));
        }
    }
}
