//! Volunteers and teams.

use axum::Json;
use axum::extract::State;
use matcher::state::VolunteerRecord;
use serde::Deserialize;
use utoipa::IntoParams;
use wire::http::Page;
use wire::problem::Problem;
use wire::rows::{TeamRow, VolunteerRow};

use super::super::Edge;
use super::super::auth::{Resource, Verb, allow};
use super::super::error::Refusal;
use super::super::resource;
use super::answer::{Answered, InLanguage};
use super::incidents::{cursor, page};
use super::settings::OfDistrict;
use super::take::{Asked, Who};
use crate::engine::render::{self, View};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PeopleQuery {
    /// By number; one's only one when left out.
    pub district: Option<String>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
    /// Rows of the page, at most 500.
    pub limit: Option<usize>,
}

/// Volunteers, newest first.
#[utoipa::path(get, path = "/v1/volunteers", tag = "people", params(PeopleQuery),
    responses((status = 200, body = Page<VolunteerRow>),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn volunteers(
    State(edge): State<Edge>,
    who: Who,
    Asked(query): Asked<PeopleQuery>,
) -> Answered<Page<VolunteerRow>> {
    let list = || {
        let district = edge.visible(&who, Verb::ReadVolunteers, query.district.as_deref())?;
        let before = cursor(query.cursor.as_deref())?;
        let names = edge.office().names();
        Ok::<_, Refusal>(edge.led(district)?.read(|district| {
            let view = View { district, names: &names };
            let seen = |record: &&VolunteerRecord| {
                let owner = resource::of_volunteer(district, record.profile.id, &who.identity);
                record.profile.id.0 < before
                    && allow(&who.identity, Verb::ReadVolunteers, Resource::owned(district.id, owner))
            };
            let mut all: Vec<_> = district.volunteers().filter(seen).collect();
            all.sort_unstable_by_key(|record| std::cmp::Reverse(record.profile.id));
            page(all.into_iter().map(|record| render::volunteer_row(&view, record)), query.limit, |row| row.id)
        }))
    };
    list().json(who.language)
}

/// Teams and what stands above them.
#[utoipa::path(get, path = "/v1/teams", tag = "people", params(OfDistrict),
    responses((status = 200, body = Vec<TeamRow>),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn teams(State(edge): State<Edge>, who: Who, Asked(of): Asked<OfDistrict>) -> Answered<Vec<TeamRow>> {
    let district = edge.visible(&who, Verb::ReadVolunteers, of.district.as_deref()).said(who.language)?;
    let engine = edge.led(district).said(who.language)?;
    Ok(Json(engine.read(|district| district.teams().map(render::team_row).collect())))
}
