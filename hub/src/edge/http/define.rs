//! What an office defines of a district, one at a time: its name, teams, a response plan; a grid taken away.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use matcher::{Command, CommandId, DistrictId, GridId, Team, TeamId};
use uuid::Uuid;
use wire::Id;
use wire::office::{DistrictBody, DistrictDetail, PlanBody, TeamBody, TeamMade};
use wire::problem::Problem;
use wire::twin::Taken;

use super::super::Edge;
use super::super::auth::{Resource, Verb, allow};
use super::super::command::out_of_range;
use super::super::error::{Refusal, Said};
use super::super::resource::unknown;
use super::super::submit::Definition;
use super::super::{datum, plan};
use super::answer::{Answered, InLanguage};
use super::files::{bring_in, finish};
use super::settings::OfDistrict;
use super::take::{Asked, Exactly, MaybeKey, PathId, Who, key};
use super::twins::keyed;
use crate::engine::render;
use crate::records::{AuditEntry, Import, OfficeChange};

/// Under the caller's own key, if he sent one: what is put twice is put.
async fn define(
    edge: &Edge,
    who: &Who,
    headers: &HeaderMap,
    district: DistrictId,
    name: &'static str,
    command: Command,
) -> Result<Taken, Refusal> {
    if !allow(&who.identity, Verb::Define, Resource::of(district)) {
        return Err(Refusal::forbidden());
    }
    let id = match headers.contains_key("idempotency-key") {
        true => key(headers)?,
        false => CommandId(Uuid::now_v7().as_u128()),
    };
    edge.limits().command(who.identity.session)?;
    keyed(edge.define(&who.identity, Definition { id, district, name, command }).await)
}

/// The districts of this hub that are one's own.
#[utoipa::path(get, path = "/v1/districts", tag = "district",
    responses((status = 200, body = Vec<DistrictDetail>),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn districts(State(edge): State<Edge>, who: Who) -> Json<Vec<DistrictDetail>> {
    let mine = edge.engines().filter(|(id, _)| allow(&who.identity, Verb::ReadPlan, Resource::of(*id)));
    let detail = |(_, engine): (DistrictId, &crate::engine::EngineHandle)| {
        engine.read(|district| DistrictDetail {
            district: district.id.to_string(),
            name: district.name().to_owned(),
            centre: district.centre().map_or(wire::Place { lat: 0.0, lng: 0.0 }, render::exact),
            drill: district.drill(),
        })
    };
    Json(mine.map(detail).collect())
}

/// Name and middle of a district.
#[utoipa::path(put, path = "/v1/districts/{district}", tag = "district", request_body = DistrictBody,
    params(("district" = u32, Path), ("Idempotency-Key" = Option<Uuid>, Header)),
    responses((status = 200, body = Taken), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn district(
    State(edge): State<Edge>,
    who: Who,
    headers: HeaderMap,
    Path(district): Path<String>,
    Exactly(body): Exactly<DistrictBody>,
) -> Answered<Taken> {
    let put = async {
        let district = edge.district_named(&district)?;
        let centre = datum::position(body.centre.lat, body.centre.lng, body.crs);
        let centre = centre.ok_or_else(|| out_of_range(body.centre).at("/centre"))?;
        let command = Command::DefineDistrict { name: body.name, centre };
        define(&edge, &who, &headers, district, "define_district", command).await
    };
    put.await.json(who.language)
}

/// A response plan, whole. What is asked already goes on as it was asked.
#[utoipa::path(put, path = "/v1/plans/{kind}", tag = "district", request_body = PlanBody,
    params(("kind" = String, Path, description = "a-z, 0-9, `_`; at most 40."), OfDistrict,
        ("Idempotency-Key" = Option<Uuid>, Header)),
    responses((status = 200, body = Taken), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn plan(
    State(edge): State<Edge>,
    who: Who,
    headers: HeaderMap,
    Path(kind): Path<String>,
    Asked(of): Asked<OfDistrict>,
    Exactly(body): Exactly<PlanBody>,
) -> Answered<Taken> {
    let put = async {
        let district = edge.permitted(&who, Verb::Define, of.district.as_deref())?;
        let plan = edge.led(district)?.read(|district| plan::meant(district, kind, body))?;
        plan::neighbours_are_there(&plan, |neighbour| edge.engine(neighbour).is_some())?;
        let command = Command::DefinePlans { plans: vec![plan] };
        define(&edge, &who, &headers, district, "define_plans", command).await
    };
    put.await.json(who.language)
}

/// A new team.
#[utoipa::path(post, path = "/v1/teams", tag = "people", request_body = TeamBody,
    params(OfDistrict, ("Idempotency-Key" = Option<Uuid>, Header)),
    responses((status = 201, body = TeamMade), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn add_team(
    State(edge): State<Edge>,
    who: Who,
    key: MaybeKey,
    Asked(of): Asked<OfDistrict>,
    Exactly(body): Exactly<TeamBody>,
) -> Result<(StatusCode, Json<TeamMade>), Said> {
    let made = new_team(&edge, &who, key, of.district.as_deref(), body).await.said(who.language)?;
    Ok((StatusCode::CREATED, Json(made)))
}

async fn new_team(
    edge: &Edge,
    who: &Who,
    key: MaybeKey,
    said: Option<&str>,
    body: TeamBody,
) -> Result<TeamMade, Refusal> {
    let district = edge.permitted(who, Verb::Define, said)?;
    let once = key.once(Some(who), "/v1/teams", &body);
    // From here to the end, so that no two are given one number.
    let _turn = edge.office().registering().await?;
    let made = match edge.office().recall(once.clone()).await? {
        Some((import, said)) => finish(edge, district, import, said).await?,
        None => {
            let last = edge.led(district)?.read(|d| d.teams().map(|team| team.id.number()).max().unwrap_or(0));
            let team = team(TeamId::new(district, last + 1), body);
            let said = TeamMade { team: Id(team.id.0) };
            let resource = format!("team/{}", team.id);
            let change =
                OfficeChange { commands: vec![Command::DefineTeams { teams: vec![team] }], ..OfficeChange::default() };
            let actor = who.identity.actor;
            let entry = Some(AuditEntry { actor, verb: "define", resource, detail: String::new() });
            bring_in(edge, Import { district, change, entry, once }, said).await?
        }
    };
    let (made, refused) = made;
    refused.into_iter().next().map_or(Ok(made), |rejection| Err(rejection.into()))
}

fn team(id: TeamId, body: TeamBody) -> Team {
    Team { id, name: body.name, above: body.above.map(|above| TeamId(above.0)) }
}

/// Name of a team, and what stands above it.
#[utoipa::path(put, path = "/v1/teams/{id}", tag = "people", request_body = TeamBody,
    params(("id" = String, Path), ("Idempotency-Key" = Option<Uuid>, Header)),
    responses((status = 200, body = Taken), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn put_team(
    State(edge): State<Edge>,
    who: Who,
    headers: HeaderMap,
    PathId(id): PathId,
    Exactly(body): Exactly<TeamBody>,
) -> Answered<Taken> {
    let put = async {
        let id = TeamId(id.0);
        if edge.engine(id.district()).is_none_or(|engine| engine.read(|district| district.team(id).is_none())) {
            return Err(unknown("team", "队伍", id.0));
        }
        let command = Command::DefineTeams { teams: vec![team(id, body)] };
        define(&edge, &who, &headers, id.district(), "define_teams", command).await
    };
    put.await.json(who.language)
}

/// Take a grid away on which nobody lives and nothing is going on.
#[utoipa::path(delete, path = "/v1/grids/{id}", tag = "district",
    params(("id" = String, Path), ("Idempotency-Key" = Option<Uuid>, Header)),
    responses((status = 200, body = Taken), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn remove_grid(
    State(edge): State<Edge>,
    who: Who,
    headers: HeaderMap,
    PathId(id): PathId,
) -> Answered<Taken> {
    let id = GridId(id.0);
    let command = Command::RemoveGrids { grids: vec![id] };
    define(&edge, &who, &headers, id.district(), "remove_grids", command).await.json(who.language)
}
