//! Incidents as the desk sees them: the list, one with all that belongs to it, its timeline, its explanation, and what
//! its caller said.

use axum::Json;
use axum::extract::State;
use matcher::{District, DistrictId, Incident, IncidentId, VolunteerId};
use serde::Deserialize;
use utoipa::IntoParams;
use wire::Id;
use wire::http::{Contact, Explanation, IncidentDetail, PAGE_ROWS, PAGE_ROWS_MAX, Page, TimelineEntry};
use wire::problem::Problem;
use wire::rows::IncidentRow;

use super::super::Edge;
use super::super::auth::{Verb, allow, may_look};
use super::super::error::{Refusal, Said};
use super::super::resource::{About, resource};
use super::super::{contact, explain, timeline};
use super::answer::{Answered, InLanguage};
use super::take::{Asked, PathId, Who};
use crate::engine::EngineHandle;
use crate::engine::render::{self, View};

/// Which incidents, and from where.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// By number; one's only one when left out.
    pub district: Option<String>,
    /// `true`: also those that have ended, until they are archived.
    #[serde(default)]
    pub ended: bool,
    /// The `next` of the page before.
    pub cursor: Option<String>,
    /// Rows of the page, at most 500.
    pub limit: Option<usize>,
}

/// Incidents, newest first.
#[utoipa::path(get, path = "/v1/incidents", tag = "incidents", params(ListQuery),
    responses((status = 200, body = Page<IncidentRow>),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn list(State(edge): State<Edge>, who: Who, Asked(query): Asked<ListQuery>) -> Answered<Page<IncidentRow>> {
    let list = || {
        let district = edge.visible(&who, Verb::ReadCases, query.district.as_deref())?;
        let before = cursor(query.cursor.as_deref())?;
        let names = edge.office().names();
        let seen = |district: &District| {
            let view = View { district, names: &names };
            let fits = |incident: &&Incident| {
                incident.id.0 < before
                    && (query.ended || !incident.state.ended())
                    && visible(&who, district, incident.id).is_ok()
            };
            let newest_first = district.incidents().collect::<Vec<_>>().into_iter().rev().filter(fits);
            page(newest_first.map(|incident| render::incident_row(&view, incident)), query.limit, |row| row.id)
        };
        Ok::<_, Refusal>(edge.led(district)?.read(seen))
    };
    list().json(who.language)
}

/// The page that `rows` begin with, and the cursor of the next.
pub fn page<R>(rows: impl Iterator<Item = R>, limit: Option<usize>, id: impl Fn(&R) -> Id) -> Page<R> {
    let limit = limit.unwrap_or(PAGE_ROWS).clamp(1, PAGE_ROWS_MAX);
    let mut items: Vec<R> = rows.take(limit + 1).collect();
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|row| id(row).to_string());
    Page { items, next }
}

/// # Errors
/// `bad_cursor`.
pub fn cursor(text: Option<&str>) -> Result<u64, Refusal> {
    text.map_or(Ok(u64::MAX), |text| {
        let en = "the cursor is the `next` of the page before";
        text.parse().map_err(|_| Refusal::bad("bad_cursor", "cursor 不对,应为上一页的 next", en).at("/cursor"))
    })
}

/// Whether `who` may see this incident.
fn visible(who: &Who, district: &District, incident: IncidentId) -> Result<(), Refusal> {
    let resource = resource(district, About::Incident(incident), &who.identity)?;
    if allow(&who.identity, Verb::ReadCases, resource) { Ok(()) } else { Err(Refusal::forbidden()) }
}

impl Edge {
    /// The engine that leads the district of an id.
    pub fn leads(&self, incident: IncidentId) -> Result<&EngineHandle, Refusal> {
        self.engine(incident.district()).ok_or_else(|| Refusal::not_found("incident"))
    }

    /// The district asked for, if `who` may see anything there: each row is asked again.
    ///
    /// # Errors
    /// `unknown_district`, `forbidden`.
    pub fn visible(&self, who: &Who, verb: Verb, said: Option<&str>) -> Result<DistrictId, Refusal> {
        let district = self.named_or_own(who, said)?;
        if may_look(&who.identity, verb, district) { Ok(district) } else { Err(Refusal::forbidden()) }
    }

    /// An incident's engine, if `who` may see the incident.
    fn case(&self, who: &Who, incident: IncidentId) -> Result<&EngineHandle, Refusal> {
        if !may_look(&who.identity, Verb::ReadCases, incident.district()) {
            return Err(Refusal::forbidden());
        }
        let engine = self.leads(incident)?;
        engine.read(|district| visible(who, district, incident))?;
        Ok(engine)
    }
}

/// One incident with its calls, offers, assignments and tasks.
#[utoipa::path(get, path = "/v1/incidents/{id}", tag = "incidents", params(("id" = String, Path)),
    responses((status = 200, body = IncidentDetail),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn one(State(edge): State<Edge>, who: Who, PathId(id): PathId) -> Answered<IncidentDetail> {
    let names = edge.office().names();
    let read = edge
        .case(&who, IncidentId(id.0))
        .and_then(|engine| engine.read(|district| detail(&View { district, names: &names }, IncidentId(id.0))));
    read.json(who.language)
}

fn detail(view: &View<'_>, id: IncidentId) -> Result<IncidentDetail, Refusal> {
    let district = view.district;
    let incident = district.incident(id).ok_or_else(|| Refusal::not_found("incident"))?;
    Ok(IncidentDetail {
        incident: render::incident_row(view, incident),
        calls: incident.calls.iter().map(|call| render::call_row(id, call)).collect(),
        offers: incident.offers.iter().filter_map(|id| district.offer(*id)).map(render::offer_row).collect(),
        assignments: incident
            .assignments
            .iter()
            .filter_map(|id| district.assignment(*id))
            .map(render::assignment_row)
            .collect(),
        tasks: incident.tasks.iter().filter_map(|id| district.task(*id)).map(render::task_row).collect(),
    })
}

/// Everything that happened, oldest first.
#[utoipa::path(get, path = "/v1/incidents/{id}/timeline", tag = "incidents", params(("id" = String, Path)),
    responses((status = 200, body = Vec<TimelineEntry>),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn timeline(State(edge): State<Edge>, who: Who, PathId(id): PathId) -> Answered<Vec<TimelineEntry>> {
    let timeline = async {
        let incident = IncidentId(id.0);
        let engine = edge.case(&who, incident)?;
        let commits = engine.commits_about(incident, 0, TIMELINE_COMMITS_MAX).await;
        Ok::<_, Refusal>(timeline::entries(incident, &commits.map_err(|e| Refusal::failed(&e.into()))?))
    };
    timeline.await.json(who.language)
}

/// Commits of one timeline; what is beyond is in the log.
const TIMELINE_COMMITS_MAX: usize = 1_000;

/// Whom the explanation is about.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ExplainQuery {
    /// What the waves say of this volunteer.
    pub volunteer: Option<String>,
}

/// Why these, and why not that one.
#[utoipa::path(get, path = "/v1/incidents/{id}/explain", tag = "incidents", params(("id" = String, Path), ExplainQuery),
    responses((status = 200, body = Explanation),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn explain(
    State(edge): State<Edge>,
    who: Who,
    PathId(id): PathId,
    Asked(query): Asked<ExplainQuery>,
) -> Answered<Explanation> {
    let explain = || {
        let engine = edge.case(&who, IncidentId(id.0))?;
        let volunteer = query.volunteer.as_deref().map(volunteer_id).transpose()?;
        let names = edge.office().names();
        Ok::<_, Refusal>(engine.read(|district| {
            explain::explanation(&View { district, names: &names }, IncidentId(id.0), volunteer, who.language)
        }))
    };
    explain().json(who.language)
}

fn volunteer_id(text: &str) -> Result<VolunteerId, Refusal> {
    text.parse().map(VolunteerId).map_err(|_| {
        Refusal::bad("bad_id", "volunteer 不是编号", "volunteer is not an id: a string of digits").at("/volunteer")
    })
}

/// A caller's words, number and address. An operator's look is audited; a volunteer sees them from his yes until 24 h
/// after the incident has ended.
#[utoipa::path(get, path = "/v1/incidents/{id}/contact", tag = "incidents", params(("id" = String, Path)),
    responses((status = 200, body = Contact),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn contact(State(edge): State<Edge>, who: Who, PathId(id): PathId) -> Result<Json<Contact>, Said> {
    contact::read(&edge, &who.identity, IncidentId(id.0)).await.json(who.language)
}
