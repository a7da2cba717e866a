//! What everybody may know of a district: grids as GeoJSON, plans, skills, the menu.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use matcher::DistrictId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wire::office::PlanDetail;
use wire::problem::Problem;

use super::super::Edge;
use super::super::auth::{Resource, Verb, allow};
use super::super::error::{Refusal, Said};
use super::super::{geojson, plan};
use super::answer::{Answered, InLanguage, typed};
use super::take::{Asked, Who};
use crate::records::MenuItem;

/// Which district; one's only one when left out.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct OfDistrict {
    /// By number.
    pub district: Option<String>,
}

impl Edge {
    /// The district asked for, if `who` may `verb` there.
    ///
    /// # Errors
    /// `unknown_district`, `forbidden`.
    pub fn permitted(&self, who: &Who, verb: Verb, said: Option<&str>) -> Result<DistrictId, Refusal> {
        let district = self.named_or_own(who, said)?;
        if allow(&who.identity, verb, Resource::of(district)) { Ok(district) } else { Err(Refusal::forbidden()) }
    }

    /// # Errors
    /// `unknown_district`.
    pub fn named_or_own(&self, who: &Who, said: Option<&str>) -> Result<DistrictId, Refusal> {
        match said {
            Some(text) => self.district_named(text),
            None => who.identity.districts.first().copied().ok_or_else(Refusal::forbidden),
        }
    }
}

/// The grids, as a GeoJSON FeatureCollection (RFC 7946, WGS-84).
#[utoipa::path(get, path = "/v1/grids", tag = "district", params(OfDistrict),
    responses((status = 200, body = Object, content_type = "application/geo+json"),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn grids(State(edge): State<Edge>, who: Who, Asked(of): Asked<OfDistrict>) -> Result<Response, Said> {
    let district = edge.permitted(&who, Verb::ReadPlan, of.district.as_deref()).said(who.language)?;
    let engine = edge.led(district).said(who.language)?;
    let document = engine.read(geojson::collection);
    Ok(typed("application/geo+json", document.to_string()))
}

/// The response plans, whole.
#[utoipa::path(get, path = "/v1/plans", tag = "district", params(OfDistrict),
    responses((status = 200, body = Vec<PlanDetail>),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn plans(State(edge): State<Edge>, who: Who, Asked(of): Asked<OfDistrict>) -> Answered<Vec<PlanDetail>> {
    let district = edge.permitted(&who, Verb::ReadPlan, of.district.as_deref()).said(who.language)?;
    let engine = edge.led(district).said(who.language)?;
    Ok(Json(engine.read(|district| district.plans().map(|it| plan::told(district, it)).collect())))
}

/// A skill, by the code that commands name it by.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SkillBody {
    pub code: String,
    pub name: String,
}

/// The skills of a district.
#[utoipa::path(get, path = "/v1/skills", tag = "district", params(OfDistrict),
    responses((status = 200, body = Vec<SkillBody>),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn skills(State(edge): State<Edge>, who: Who, Asked(of): Asked<OfDistrict>) -> Answered<Vec<SkillBody>> {
    let district = edge.permitted(&who, Verb::ReadPlan, of.district.as_deref()).said(who.language)?;
    let engine = edge.led(district).said(who.language)?;
    let skills = engine.read(|district| {
        district.skills().map(|skill| SkillBody { code: skill.code.clone(), name: skill.name.clone() }).collect()
    });
    Ok(Json(skills))
}

/// One item of the menu.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct MenuRow {
    pub code: String,
    pub category: String,
    pub name: String,
    /// The plan that a request for it follows.
    pub kind: String,
    /// Hundredths of a yuan; 0 is free.
    pub fee_fen: u32,
    pub words: String,
}

/// The menu of services.
#[utoipa::path(get, path = "/v1/menu", tag = "district", params(OfDistrict),
    responses((status = 200, body = Vec<MenuRow>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn menu(State(edge): State<Edge>, who: Who, Asked(of): Asked<OfDistrict>) -> Answered<Vec<MenuRow>> {
    let district = edge.permitted(&who, Verb::ReadPlan, of.district.as_deref()).said(who.language)?;
    let items = edge.office().menu(district).await.said(who.language)?;
    let row = |item: MenuItem| MenuRow {
        code: item.code,
        category: item.category,
        name: item.name,
        kind: item.kind,
        fee_fen: item.fee_fen,
        words: item.words,
    };
    Ok(Json(items.into_iter().map(row).collect()))
}
