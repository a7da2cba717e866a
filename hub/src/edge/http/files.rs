//! Files of an office over HTTP: the same as `hub import`, so grids as GeoJSON, the rest as CSV or XLSX. All or nothing,
//! unless the good rows are asked for.

use axum::extract::{Request, State};
use matcher::{District, DistrictId, Rejection};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use uuid::Uuid;
use wire::client::Crs;
use wire::http::Imported;
use wire::problem::Problem;

use super::super::Edge;
use super::super::auth::Verb;
use super::super::error::Refusal;
use super::answer::{Answered, InLanguage};
use super::take::{Asked, MaybeKey, Who, content_type, whole, wrong_content_type};
use crate::cli::import::{self, Kind, Known, Reading};
use crate::engine::SubmitError;
use crate::records::{AuditEntry, Import};

/// Bytes of a file.
const FILE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// How to read the file.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct FileQuery {
    /// By number; one's only one when left out.
    pub district: Option<String>,
    /// The datum of its coordinates: `wgs84` or `gcj02`. Must be said where there are any.
    #[param(value_type = Option<String>)]
    pub crs: Option<Crs>,
    /// Take the good rows although there are bad ones.
    #[serde(default)]
    pub skip_bad: bool,
}

/// What a file of this media type is called; `sniff` looks at what it is.
fn name(kind: &str) -> Result<&'static str, Refusal> {
    match kind {
        "application/geo+json" | "application/json" => Ok("file.geojson"),
        "text/csv" => Ok("file.csv"),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => Ok("file.xlsx"),
        other => Err(wrong_content_type(other, "application/geo+json, text/csv or XLSX")),
    }
}

/// Reads a file and brings it in.
pub async fn imported(
    edge: &Edge,
    who: &Who,
    kind: Kind,
    query: FileQuery,
    key: MaybeKey,
    request: Request,
) -> Result<Imported, Refusal> {
    let verb = if kind == Kind::Volunteers { Verb::Enrol } else { Verb::Define };
    let district = edge.permitted(who, verb, query.district.as_deref())?;
    let name = name(&content_type(request.headers()))?.to_owned();
    let reading = Reading { kind, name, crs: query.crs, skip_bad: query.skip_bad };
    let file = whole(request.into_body(), FILE_BYTES_MAX).await?;
    let once = key.once_bytes(Some(who), &format!("{reading:?} of {district}"), &file);
    let _turn = edge.office().registering().await?;
    if let Some((import, said)) = edge.office().recall(once.clone()).await? {
        return Ok(report(finish(edge, district, import, said).await?));
    }
    let read = read(edge, district, reading, file.to_vec()).await?;
    let told = (read.report.good, read.report.bad.len(), read.report.notes);
    let entry = AuditEntry {
        actor: who.identity.actor,
        verb: "import",
        resource: format!("district/{district}"),
        detail: format!("{kind:?}"),
    };
    let import = Import { district, change: read.change, entry: Some(entry), once };
    Ok(report(bring_in(edge, import, told).await?))
}

/// Rows taken and left out, and notes.
type Told = (usize, usize, Vec<String>);

fn report(((good, bad, notes), refused): (Told, Vec<Rejection>)) -> Imported {
    Imported { good, bad, notes, refused: refused.iter().map(ToString::to_string).collect() }
}

/// Changes the office, and gives the district what it is owed. `said` is what the caller is told, now and when he asks again.
///
/// # Errors
/// `idempotency_conflict`; that the district takes nothing now: then it is owed.
pub async fn bring_in<T>(edge: &Edge, import: Import, said: T) -> Result<(T, Vec<Rejection>), Refusal>
where
    T: Serialize + DeserializeOwned + Send + 'static,
{
    let district = import.district;
    let (import, said) = edge.office().import_once(import, said).await?;
    finish(edge, district, import, said).await
}

/// The second half of [`bring_in`], also of one that was begun before.
pub async fn finish<T>(
    edge: &Edge,
    district: DistrictId,
    import: Uuid,
    said: T,
) -> Result<(T, Vec<Rejection>), Refusal> {
    import::deliver(edge.office(), edge.led(district)?).await.map_err(undelivered)?;
    Ok((said, edge.office().refused(import).await?))
}

fn undelivered(error: anyhow::Error) -> Refusal {
    error.downcast::<SubmitError>().map_or_else(|error| Refusal::failed(&error), Refusal::from)
}

/// Reading a spreadsheet is work for a thread of its own: sockets are served meanwhile.
async fn read(edge: &Edge, district: DistrictId, reading: Reading, file: Vec<u8>) -> Result<import::Read, Refusal> {
    let (people, menu) = (edge.office().registry(district).await?, edge.office().menu(district).await?);
    let district = edge.led(district)?.read(District::clone);
    let districts: Vec<DistrictId> = edge.engines().map(|(district, _)| district).collect();
    let skip_bad = reading.skip_bad;
    let work = move || {
        let known = Known { district: &district, people: &people, menu: &menu, districts: &districts };
        import::read(&reading, &file, &known)
    };
    let read = tokio::task::spawn_blocking(work).await.map_err(|e| Refusal::failed(&e.into()))?;
    let read = read.map_err(|why| Refusal::field("", "bad_file", why.clone(), why))?;
    match read.report.bad.first() {
        Some(bad) if !skip_bad => {
            let text = read.report.text();
            Err(Refusal::field(&format!("/{}/{}", bad.row, bad.column), "bad_rows", text.clone(), text))
        }
        _ => Ok(read),
    }
}

macro_rules! files {
    ($($(#[doc = $doc:literal])+ $handler:ident $path:literal $media:literal $kind:expr;)*) => {$(
        $(#[doc = $doc])+
        #[utoipa::path(post, path = $path, tag = "files",
            params(FileQuery, ("Idempotency-Key" = Option<Uuid>, Header)),
            request_body(content = String, content_type = $media),
            responses((status = 200, body = Imported),
                (status = "default", body = Problem, content_type = "application/problem+json")))]
        pub async fn $handler(
            State(edge): State<Edge>,
            who: Who,
            key: MaybeKey,
            Asked(query): Asked<FileQuery>,
            request: Request,
        ) -> Answered<Imported> {
            imported(&edge, &who, $kind, query, key, request).await.json(who.language)
        }
    )*};
}

files! {
    /// Grids: a GeoJSON FeatureCollection of polygons, found again by `properties.name`.
    grids "/v1/grids" "application/geo+json" Kind::Grids;
    /// Skills: CSV or XLSX.
    skills "/v1/skills" "text/csv" Kind::Skills;
    /// Response plans: CSV or XLSX.
    plans "/v1/plans" "text/csv" Kind::Plans;
    /// The menu: CSV or XLSX.
    menu "/v1/menu" "text/csv" Kind::Menu;
}
