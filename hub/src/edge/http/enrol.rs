//! Enrolling, changing and standing down one of those who help, and how to reach him.

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use matcher::{Command, District, DistrictId, Rejection, VolunteerId};
use serde_json::Value;
use wire::Id;
use wire::http::Imported;
use wire::office::{Enrolled, VolunteerBody, VolunteerContact, VolunteerDetail};
use wire::problem::Problem;

use super::super::Edge;
use super::super::auth::{Resource, Verb, allow};
use super::super::enrol::{self, Member};
use super::super::error::{Refusal, Said};
use super::super::{parse, resource};
use super::answer::{Answered, InLanguage};
use super::files::{self, FileQuery, bring_in};
use super::take::{Asked, BODY_BYTES_MAX, Exactly, MaybeKey, PathId, Who, content_type, json_body};
use crate::cli::import::Kind;
use crate::engine::render::{self, View};
use crate::records::{AuditEntry, Import, OfficeChange, Once, Person, Subject};

/// Volunteers: one as JSON (201, with his number), or many as CSV or XLSX, found again by their registry number.
#[utoipa::path(post, path = "/v1/volunteers", tag = "people",
    params(FileQuery, ("Idempotency-Key" = Option<Uuid>, Header)),
    request_body(content((VolunteerBody = "application/json"), (String = "text/csv"))),
    responses((status = 200, body = Imported), (status = 201, body = Enrolled),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn add(
    State(edge): State<Edge>,
    who: Who,
    key: MaybeKey,
    Asked(query): Asked<FileQuery>,
    request: Request,
) -> Result<Response, Said> {
    if content_type(request.headers()) != "application/json" {
        let imported = files::imported(&edge, &who, Kind::Volunteers, query, key, request).await;
        return imported.said(who.language).map(|imported| Json(imported).into_response());
    }
    let Exactly(body) = Exactly::<VolunteerBody>::from_request(request, &edge).await?;
    let one = enrolled(&edge, &who, key, query.district.as_deref(), body).await.said(who.language)?;
    Ok((StatusCode::CREATED, Json(one)).into_response())
}

async fn enrolled(
    edge: &Edge,
    who: &Who,
    key: MaybeKey,
    said: Option<&str>,
    body: VolunteerBody,
) -> Result<Enrolled, Refusal> {
    let district = edge.permitted(who, Verb::Enrol, said)?;
    let once = key.once(Some(who), "/v1/volunteers", &body);
    // From here to the end, so that no two are given one number.
    let _turn = edge.office().registering().await?;
    if let Some((import, said)) = edge.office().recall(once.clone()).await? {
        return one_of(files::finish(edge, district, import, said).await?);
    }
    let known = known(edge, district, body.number.as_deref()).await?;
    let registry = edge.office().registry(district).await?;
    let registered = registry.iter().map(|person| person.volunteer.number()).max().unwrap_or(0);
    let member = edge.led(district)?.read(|district| {
        let enrolled = district.volunteers().map(|record| record.profile.id.number()).max().unwrap_or(0);
        let id = known.unwrap_or_else(|| VolunteerId::new(district.id, registered.max(enrolled) + 1));
        enrol::meant(district, id, body)
    })?;
    let volunteer = Id(member.1.id.0);
    keep(edge, who, member, once, Enrolled { volunteer }).await
}

/// Who had this registry number before he was stood down: whoever comes back is who he was.
///
/// # Errors
/// `number_taken` when somebody has it now.
async fn known(edge: &Edge, district: DistrictId, number: Option<&str>) -> Result<Option<VolunteerId>, Refusal> {
    let Some(number) = number else { return Ok(None) };
    let has_it = |people: Vec<Person>| {
        people.into_iter().find(|person| person.number.as_deref() == Some(number)).map(|person| person.volunteer)
    };
    match has_it(edge.office().people(district).await?) {
        Some(taken) => Err(number_taken(taken)),
        None => Ok(has_it(edge.office().registry(district).await?)),
    }
}

fn number_taken(by: VolunteerId) -> Refusal {
    let en = format!("/number: volunteer {by} has it; change him (PATCH), or correct the number");
    Refusal::field("/number", "number_taken", format!("/number:{by} 号志愿者已有这个编号"), en)
}

/// A change of one command: taken, or refused by it.
fn one_of<T>((said, refused): (T, Vec<Rejection>)) -> Result<T, Refusal> {
    refused.into_iter().next().map_or(Ok(said), |rejection| Err(rejection.into()))
}

async fn keep<T>(edge: &Edge, who: &Who, (person, volunteer): Member, once: Option<Once>, said: T) -> Result<T, Refusal>
where
    T: serde::Serialize + serde::de::DeserializeOwned + Send + 'static,
{
    let (id, district) = (volunteer.id, volunteer.id.district());
    let commands = vec![Command::EnrolVolunteers { volunteers: vec![volunteer] }];
    let change = OfficeChange { people: vec![person], commands, ..OfficeChange::default() };
    let entry = Some(entry(who, "enrol", id));
    one_of(bring_in(edge, Import { district, change, entry, once }, said).await?)
}

fn entry(who: &Who, verb: &'static str, id: VolunteerId) -> AuditEntry {
    AuditEntry { actor: who.identity.actor, verb, resource: format!("volunteer/{id}"), detail: String::new() }
}

impl Edge {
    /// One volunteer, if `who` may `verb` him.
    fn volunteer<T>(
        &self,
        who: &Who,
        verb: Verb,
        id: VolunteerId,
        look: impl FnOnce(&District, &matcher::state::VolunteerRecord) -> T,
    ) -> Result<T, Refusal> {
        let engine = self.engine(id.district()).ok_or_else(|| resource::unknown("volunteer", "志愿者", id.0))?;
        engine.read(|district| {
            let owner = resource::of_volunteer(district, id, &who.identity);
            if !allow(&who.identity, verb, Resource::owned(district.id, owner)) {
                return Err(Refusal::forbidden());
            }
            let record = district.volunteer(id).ok_or_else(|| resource::unknown("volunteer", "志愿者", id.0))?;
            Ok(look(district, record))
        })
    }
}

/// One of those who help.
#[utoipa::path(get, path = "/v1/volunteers/{id}", tag = "people", params(("id" = String, Path)),
    responses((status = 200, body = VolunteerDetail),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn one(State(edge): State<Edge>, who: Who, PathId(id): PathId) -> Answered<VolunteerDetail> {
    let one = async {
        let id = VolunteerId(id.0);
        let names = edge.office().names();
        let seen = edge.volunteer(&who, Verb::ReadVolunteers, id, |district, record| VolunteerDetail {
            volunteer: render::volunteer_row(&View { district, names: &names }, record),
            number: None,
            skills: enrol::skills_said(district, &record.profile),
            travel: render::words::travel(record.profile.travel),
            alerts_per_day_max: record.profile.alerts_per_day_max,
        })?;
        let number = edge.office().person(id).await?.number;
        Ok::<_, Refusal>(VolunteerDetail { number, ..seen })
    };
    one.await.json(who.language)
}

/// His phone number and address. Each look is audited.
#[utoipa::path(get, path = "/v1/volunteers/{id}/contact", tag = "people", params(("id" = String, Path)),
    responses((status = 200, body = VolunteerContact),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn contact(State(edge): State<Edge>, who: Who, PathId(id): PathId) -> Answered<VolunteerContact> {
    let contact = async {
        let id = VolunteerId(id.0);
        edge.volunteer(&who, Verb::ReadContact, id, |_, _| ())?;
        edge.office().audit(entry(&who, "show_phone", id)).await?;
        let person = edge.office().person(id).await?;
        let (name, phone, address) = (person.name, person.phone, person.address);
        Ok::<_, Refusal>(VolunteerContact { volunteer: Id(id.0), name, phone, address })
    };
    contact.await.json(who.language)
}

/// Change one of those who help: a merge patch (RFC 7396) of what enrolled him. What is left out stays, `null` takes out.
#[utoipa::path(patch, path = "/v1/volunteers/{id}", tag = "people", request_body = Object,
    params(("id" = String, Path)),
    responses((status = 200, body = Enrolled),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn change(State(edge): State<Edge>, who: Who, PathId(id): PathId, request: Request) -> Answered<Enrolled> {
    let change = async {
        let id = VolunteerId(id.0);
        edge.volunteer(&who, Verb::Enrol, id, |_, _| ())?;
        let patch = json_body(request, BODY_BYTES_MAX).await?;
        let _turn = edge.office().registering().await?;
        let person = edge.office().person(id).await?;
        let member = edge.volunteer(&who, Verb::Enrol, id, |district, record| {
            let mut body = serde_json::to_value(enrol::said(district, &person, &record.profile)).expect("it is JSON");
            merge(&mut body, patch);
            enrol::meant(district, id, parse::exactly(body, "")?)
        })??;
        free(&edge, &member).await?;
        keep(&edge, &who, member, None, Enrolled { volunteer: Id(id.0) }).await
    };
    change.await.json(who.language)
}

/// Whether nobody else has his number.
async fn free(edge: &Edge, (person, _): &Member) -> Result<(), Refusal> {
    let Some(number) = &person.number else { return Ok(()) };
    let registry = edge.office().registry(person.volunteer.district()).await?;
    let other = registry.iter().find(|p| p.volunteer != person.volunteer && p.number.as_ref() == Some(number));
    other.map_or(Ok(()), |other| Err(number_taken(other.volunteer)))
}

/// RFC 7396, section 2. Its depth is that of the patch, which is bounded.
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(fields) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    for (name, value) in fields {
        if value.is_null() {
            target.as_object_mut().and_then(|it| it.remove(&name));
        } else {
            merge(&mut target[name], value);
        }
    }
}

/// Stand one down for good: his offers are withdrawn, others are asked in his place, his sessions end.
#[utoipa::path(delete, path = "/v1/volunteers/{id}", tag = "people", params(("id" = String, Path)),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn stand_down(State(edge): State<Edge>, who: Who, PathId(id): PathId) -> Result<StatusCode, Said> {
    let stand_down = async {
        let id = VolunteerId(id.0);
        edge.volunteer(&who, Verb::Enrol, id, |_, _| ())?;
        let commands = vec![Command::RetireVolunteers { volunteers: vec![id] }];
        let change = OfficeChange { retired: vec![id], commands, ..OfficeChange::default() };
        let import = Import { district: id.district(), change, entry: Some(entry(&who, "retire", id)), once: None };
        let taken = bring_in(&edge, import, ()).await;
        // Whatever became of the command: who is off the roll has no session.
        edge.office().end_all(Subject::Volunteer(id)).await?;
        one_of(taken?)
    };
    stand_down.await.said(who.language).map(|()| StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The examples of RFC 7396, appendix A, that a JSON object can be patched by.
    #[test]
    fn patches_merge_as_the_standard_says() {
        let cases = [
            (json!({ "a": "b" }), json!({ "a": "c" }), json!({ "a": "c" })),
            (json!({ "a": "b" }), json!({ "b": "c" }), json!({ "a": "b", "b": "c" })),
            (json!({ "a": "b", "b": "c" }), json!({ "a": null }), json!({ "b": "c" })),
            (json!({ "a": ["b"] }), json!({ "a": "c" }), json!({ "a": "c" })),
            (json!({ "a": { "b": "c" } }), json!({ "a": { "b": "d", "c": null } }), json!({ "a": { "b": "d" } })),
            (json!({ "a": [{ "b": "c" }] }), json!({ "a": [1] }), json!({ "a": [1] })),
            (json!({ "e": null }), json!({ "a": 1 }), json!({ "e": null, "a": 1 })),
            (json!({}), json!({ "a": { "bb": { "ccc": null } } }), json!({ "a": { "bb": {} } })),
        ];
        for (mut target, patch, expected) in cases {
            merge(&mut target, patch.clone());
            assert_eq!(target, expected, "{patch}");
        }
    }
}
