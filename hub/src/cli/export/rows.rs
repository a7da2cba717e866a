//! What is there, as rows of the columns that an import knows.

use std::collections::HashMap;

use matcher::{
    GridPreference, MINUTE_MS, ProviderClass, ResponsePlan, SECOND_MS, Skill, SkillHeld, TravelMode, Urgency,
    Volunteer, VolunteerId,
};
use wire::client::Crs;

use super::grids::degrees;
use super::{Present, Writing};
use crate::cli::import::{Kind, escalation_text, roles_text};
use crate::records::{MenuItem, Person};

type Row = Vec<String>;

pub fn of(writing: &Writing, present: &Present) -> Vec<Row> {
    let skills: Vec<Skill> = present.district.skills().cloned().collect();
    match writing.kind {
        Kind::Grids => Vec::new(),
        Kind::Skills => skills.iter().map(|skill| vec![skill.code.clone(), skill.name.clone()]).collect(),
        Kind::Volunteers => volunteers(writing.crs, present, &skills),
        Kind::Plans => present.district.plans().map(|plan| of_plan(plan, &skills)).collect(),
        Kind::Menu => present.menu.iter().map(of_item).collect(),
    }
}

fn volunteers(crs: Crs, present: &Present, skills: &[Skill]) -> Vec<Row> {
    let people: HashMap<VolunteerId, &Person> = present.people.iter().map(|p| (p.volunteer, p)).collect();
    let enrolled = present.district.volunteers();
    let known = enrolled.filter_map(|record| Some((people.get(&record.profile.id)?, &record.profile)));
    known.map(|(person, volunteer)| of_volunteer(person, volunteer, crs, present, skills)).collect()
}

fn of_volunteer(person: &Person, volunteer: &Volunteer, crs: Crs, present: &Present, skills: &[Skill]) -> Row {
    let (lat, lng) = degrees(person.home, crs);
    let grid = present.district.grid(volunteer.home_grid).map(|grid| grid.name.clone());
    let team = volunteer.team.and_then(|id| present.district.team(id)).map(|team| team.name.clone());
    let held: Vec<String> = volunteer.skills.iter().map(|held| skill_text(held, skills)).collect();
    vec![
        person.name.clone(),
        person.number.clone().unwrap_or_default(),
        person.phone.clone().unwrap_or_default(),
        class_text(volunteer.class).to_owned(),
        held.join("、"),
        lat.to_string(),
        lng.to_string(),
        person.address.clone().unwrap_or_default(),
        grid.unwrap_or_default(),
        travel_text(volunteer.travel).to_owned(),
        team.unwrap_or_default(),
        volunteer.capacity.to_string(),
        volunteer.alerts_per_day_max.map(|max| max.to_string()).unwrap_or_default(),
    ]
}

fn skill_text(held: &SkillHeld, skills: &[Skill]) -> String {
    let name = skills.iter().find(|skill| skill.id == held.skill).map_or("", |skill| skill.name.as_str());
    let last_day = held.until.and_then(|until| {
        let moment = jiff::Timestamp::from_millisecond(until.0 - 1).ok()?;
        Some(jiff::tz::TimeZone::fixed(jiff::tz::offset(8)).to_datetime(moment).date())
    });
    last_day.map_or_else(|| name.to_owned(), |day| format!("{name}@{day}"))
}

fn class_text(class: ProviderClass) -> &'static str {
    match class {
        ProviderClass::SkilledVolunteer => "技能志愿者",
        ProviderClass::MemberOrganisation => "成员单位",
        ProviderClass::GeneralVolunteer => "普通志愿者",
    }
}

fn travel_text(travel: TravelMode) -> &'static str {
    match travel {
        TravelMode::Walk => "步行",
        TravelMode::Bicycle => "自行车",
        TravelMode::Car => "汽车",
    }
}

fn of_plan(plan: &ResponsePlan, skills: &[Skill]) -> Row {
    let level = |index: usize| plan.levels.get(index).map(|roles| roles_text(roles, skills)).unwrap_or_default();
    let first = if plan.inform_only() { "仅通知".to_owned() } else { level(0) };
    let mut row =
        vec![plan.kind.clone(), plan.name.clone(), urgency_text(plan.urgency).to_owned(), first, level(1), level(2)];
    row.extend(wave(plan));
    row.push(escalation_text(&plan.escalation, skills));
    row.push((plan.clocks.answer_ms / SECOND_MS).to_string());
    row.extend([plan.clocks.arrive_ms, plan.clocks.close_ms, plan.rest_ms].map(|ms| (ms / MINUTE_MS).to_string()));
    row.extend([plan.alert_budget, plan.one_person_several_roles, plan.sensitive].map(|yes| yes_text(yes).to_owned()));
    row.push(plan.words.clone());
    row
}

fn wave(plan: &ResponsePlan) -> [String; 9] {
    let wave = &plan.wave;
    let preference = match plan.grid_preference {
        GridPreference::None => "0".to_owned(),
        GridPreference::MetresNearer(metres) => metres.to_string(),
        GridPreference::StrictlyFirst => "先本网格".to_owned(),
    };
    [
        wave.size.to_string(),
        wave.radius_m.to_string(),
        wave.radius_m_max.to_string(),
        wave.growth_percent.to_string(),
        wave.waves_max.to_string(),
        (wave.deadline_ms / SECOND_MS).to_string(),
        preference,
        plan.merge.radius_m.to_string(),
        (plan.merge.window_ms / MINUTE_MS).to_string(),
    ]
}

fn urgency_text(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Ordinary => "普通",
        Urgency::Urgent => "紧急",
        Urgency::LifeThreat => "危及生命",
    }
}

fn yes_text(yes: bool) -> &'static str {
    if yes { "是" } else { "否" }
}

fn of_item(item: &MenuItem) -> Row {
    let fee = format!("{}.{:02}", item.fee_fen / 100, item.fee_fen % 100);
    let review = yes_text(item.review).to_owned();
    vec![
        item.code.clone(),
        item.category.clone(),
        item.name.clone(),
        item.kind.clone(),
        fee,
        review,
        item.words.clone(),
    ]
}
