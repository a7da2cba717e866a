//! The desk's view: everything but sealed text and numbers.

use matcher::state::VolunteerRecord;
use matcher::{Call, Grid, Incident, ResponsePlan, Skill, Team};
use wire::Id;
use wire::rows::{CallRow, DeskRows, GridRow, PlanRow, SkillRow, TeamRow, VolunteerRow};

use super::incident::{assignment_row, call_row, count, incident_row, offer_row, task_row, time};
use super::page::{Cursor, Page};
use super::{View, gone, words};
use crate::engine::touched::{Touched, answers_for};

/// The rows that a commit has changed for the desk; `None` when there is nothing to show.
pub fn desk_rows(view: &View<'_>, touched: &Touched) -> Option<DeskRows> {
    let district = view.district;
    let called = touched.calls.iter().filter_map(|(incident, call)| {
        let incident = district.incident(*incident).filter(|it| answers_for(it, *call, district))?;
        incident.calls.iter().find(|it| it.id == *call).map(|it| call_row(incident.id, it))
    });
    let rows = DeskRows {
        district: touched.district.then(|| view.district_row()),
        gone: gone(&touched.gone),
        skills: touched.skills.iter().filter_map(|&id| district.skill(id)).map(skill_row).collect(),
        teams: touched.teams.iter().filter_map(|&id| district.team(id)).map(team_row).collect(),
        grids: touched.grids.iter().filter_map(|&id| district.grid(id)).map(|it| grid_row(view, it)).collect(),
        plans: touched.plans.iter().filter_map(|kind| district.plan(kind)).map(plan_row).collect(),
        volunteers: touched
            .volunteers
            .iter()
            .filter_map(|&id| district.volunteer(id))
            .map(|it| volunteer_row(view, it))
            .collect(),
        incidents: touched
            .incidents
            .iter()
            .filter_map(|&id| district.incident(id))
            .map(|it| incident_row(view, it))
            .collect(),
        calls: called.collect(),
        offers: touched.offers.iter().filter_map(|&id| district.offer(id)).map(offer_row).collect(),
        assignments: touched.assignments.iter().filter_map(|&id| district.assignment(id)).map(assignment_row).collect(),
        tasks: touched.tasks.iter().filter_map(|&id| district.task(id)).map(task_row).collect(),
    };
    (rows != DeskRows::default()).then_some(rows)
}

/// Writes one part of the desk's snapshot. True when it is the last.
pub fn desk_page(view: &View<'_>, cursor: &mut Cursor, page: &mut Page) -> bool {
    filtered_page(view, cursor, page, |_| true, |_| true, |_| true)
}

/// The desk's snapshot as far as the three tests let rows through.
pub(super) fn filtered_page(
    view: &View<'_>,
    cursor: &mut Cursor,
    page: &mut Page,
    sees_grid: impl Fn(&Grid) -> bool,
    sees_incident: impl Fn(&Incident) -> bool,
    sees_volunteer: impl Fn(&VolunteerRecord) -> bool,
) -> bool {
    let district = view.district;
    let incidents = || district.incidents().filter(|it| sees_incident(it));
    // Calls, offers, assignments and tasks of incidents that have ended are read one by one over HTTP.
    let open = || incidents().filter(|it| !it.state.ended());
    loop {
        let is_through = match cursor.stage {
            0 => {
                page.member("district", &view.district_row());
                true
            }
            1 => page.feed("skills", district.skills().map(skill_row), cursor),
            2 => page.feed("teams", district.teams().map(team_row), cursor),
            3 => page.feed("plans", district.plans().map(plan_row), cursor),
            4 => page.feed("grids", district.grids().filter(|it| sees_grid(it)).map(|it| grid_row(view, it)), cursor),
            5 => page.feed("incidents", incidents().map(|it| incident_row(view, it)), cursor),
            6 => page.feed("calls", open().flat_map(calls_of), cursor),
            7 => {
                let offers = open().flat_map(|it| &it.offers).filter_map(|&id| district.offer(id));
                page.feed("offers", offers.map(offer_row), cursor)
            }
            8 => {
                let assignments = open().flat_map(|it| &it.assignments).filter_map(|&id| district.assignment(id));
                page.feed("assignments", assignments.map(assignment_row), cursor)
            }
            9 => {
                let tasks = open().flat_map(|it| &it.tasks).filter_map(|&id| district.task(id));
                page.feed("tasks", tasks.map(task_row), cursor)
            }
            10 => {
                let volunteers = district.volunteers().filter(|it| sees_volunteer(it));
                page.feed("volunteers", volunteers.map(|it| volunteer_row(view, it)), cursor)
            }
            _ => return true,
        };
        if !is_through {
            return false;
        }
        *cursor = Cursor { stage: cursor.stage + 1, at: 0 };
    }
}

fn calls_of(incident: &Incident) -> impl Iterator<Item = CallRow> + '_ {
    incident.calls.iter().map(|call: &Call| call_row(incident.id, call))
}

fn skill_row(skill: &Skill) -> SkillRow {
    SkillRow { number: skill.id.0, code: skill.code.clone(), name: skill.name.clone() }
}

pub fn team_row(team: &Team) -> TeamRow {
    TeamRow { id: Id(team.id.0), name: team.name.clone(), above: team.above.map(|it| Id(it.0)) }
}

pub fn plan_row(plan: &ResponsePlan) -> PlanRow {
    let needed = plan.levels.first().map_or(0, |level| level.iter().map(|role| usize::from(role.count)).sum());
    PlanRow {
        kind: plan.kind.clone(),
        name: plan.name.clone(),
        urgency: words::urgency(plan.urgency),
        needed: count(needed),
        inform_only: plan.inform_only(),
        sensitive: plan.sensitive,
        words: plan.words.clone(),
    }
}

pub(super) fn grid_row(view: &View<'_>, grid: &Grid) -> GridRow {
    let ring = |points: &Vec<matcher::Position>| points.iter().map(|it| [it.lng(), it.lat()]).collect::<Vec<_>>();
    let rings = |polygon: &matcher::Polygon| {
        std::iter::once(&polygon.outer).chain(&polygon.holes).map(ring).collect::<Vec<_>>()
    };
    GridRow {
        id: Id(grid.id.0),
        name: grid.name.clone(),
        polygons: grid.shape.iter().map(rings).collect(),
        on_duty: view.district.on_duty(grid.id),
        minimum: grid.minimum_on_duty,
        team: grid.team.map(|it| Id(it.0)),
    }
}

pub fn volunteer_row(view: &View<'_>, record: &VolunteerRecord) -> VolunteerRow {
    let profile = &record.profile;
    let code = |held: &matcher::SkillHeld| view.district.skill(held.skill).map(|skill| skill.code.clone());
    VolunteerRow {
        id: Id(profile.id.0),
        name: view.names.name(profile.id).to_owned(),
        class: words::class(profile.class),
        skills: profile.skills.iter().filter_map(code).collect(),
        team: profile.team.map(|it| Id(it.0)),
        home_grid: Id(profile.home_grid.0),
        duty: words::duty(record.duty.status),
        until: record.duty.until.map(time),
        engaged: u8::try_from(record.assignments.len()).unwrap_or(u8::MAX),
        capacity: profile.capacity,
        alerts_today: record.alerts_at(view.district.at),
        checked_in_at: record.checked_in_at.map(time),
    }
}
