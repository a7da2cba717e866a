//! Reads the log from outside, by SQL, and compares it with what people were told. Nothing of the hubs is asked.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use crowd::drive::Endpoint;
use matcher::invariants::Auditor;
use matcher::{Answer, Cause, Commit};
use tests::harness::postgres::PostgresServer;
use tokio::time::sleep;
use uuid::Uuid;

use super::people::{People, Told};
use super::stage::{DATABASE, DISTRICT, PATIENCE, Stage};

/// The schema in which the journal lies.
const JOURNAL: &str = "journal";

/// Waits until nothing is left in intake.
pub async fn intake_is_empty(postgres: &PostgresServer) -> Result<()> {
    let began = Instant::now();
    let sql = format!("SELECT count(*) FROM {JOURNAL}.intake WHERE marked_at IS NULL");
    while postgres.sql(DATABASE, &sql) != "0" {
        ensure!(began.elapsed() < PATIENCE, "kept alarms are not decided");
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Waits until each hub shows what was acknowledged last, whoever decided it: who is connected to it hears of everything.
pub async fn every_hub_shows(stage: &Stage, people: &People) -> Result<()> {
    let last = people.last_incident().context("nothing was acknowledged")?;
    for hub in stage.hubs.iter().flatten() {
        let (way, path) = (Endpoint::new(&hub.base)?, format!("/v1/incidents/{last}"));
        let began = Instant::now();
        while way.get::<serde_json::Value>(&path, Some(&stage.desk)).await.is_err() {
            ensure!(began.elapsed() < PATIENCE, "{} does not show {last}", hub.base);
            sleep(Duration::from_millis(200)).await;
        }
    }
    Ok(())
}

/// The whole log of a district, in order of seq.
pub fn log_of(postgres: &PostgresServer, district: u32) -> Result<Vec<Commit>> {
    let sql =
        format!("SELECT convert_from(body, 'UTF8') FROM {JOURNAL}.event WHERE district = {district} ORDER BY seq");
    postgres.sql(DATABASE, &sql).lines().map(|line| serde_json::from_str(line).context("a commit")).collect()
}

/// Under which terms the log of a district was written, in order of seq.
pub fn terms_of(postgres: &PostgresServer, district: u32) -> Result<Vec<u64>> {
    let sql = format!("SELECT term FROM {JOURNAL}.event WHERE district = {district} ORDER BY seq");
    postgres.sql(DATABASE, &sql).lines().map(|line| Ok(line.parse()?)).collect()
}

/// The same of the district in which people call.
pub fn terms(postgres: &PostgresServer) -> Result<Vec<u64>> {
    terms_of(postgres, DISTRICT)
}

/// The log of a district, if it is legal: nobody assigned twice, no term that fell.
pub fn legal_log(postgres: &PostgresServer, district: u32) -> Result<Vec<Commit>> {
    let log = log_of(postgres, district)?;
    let mut auditor = Auditor::new();
    let wrong: Vec<_> = log.iter().flat_map(|commit| auditor.audit(commit)).collect();
    ensure!(wrong.is_empty(), "the log of {district} is not legal: {wrong:#?}");
    let terms = terms_of(postgres, district)?;
    ensure!(terms.is_sorted(), "a term of {district} has fallen: {terms:?}");
    Ok(log)
}

/// Every rule that a run must not break.
pub fn check(postgres: &PostgresServer, told: &Told) -> Result<()> {
    ensure!(told.refused.is_empty(), "alarms were refused: {:?}", told.refused);
    ensure!(told.broken.is_empty(), "streams were broken: {:?}", told.broken);
    every_alarm_is_there(&legal_log(postgres, DISTRICT)?, told)
}

fn every_alarm_is_there(log: &[Commit], told: &Told) -> Result<()> {
    let mut decided: BTreeMap<Uuid, Vec<&Commit>> = BTreeMap::new();
    for commit in log {
        if let Cause::Command { id, .. } = commit.cause {
            decided.entry(Uuid::from_u128(id.0)).or_default().push(commit);
        }
    }
    for (id, outcome) in &told.acknowledged {
        let commits = decided.get(id).with_context(|| format!("{id} was acknowledged and is missing"))?;
        ensure!(commits.len() == 1, "{id} took effect {} times", commits.len());
        let Answer::Opened { incident, .. } = commits[0].answer else { anyhow::bail!("{id} opened nothing") };
        let said = outcome.incident.map(|said| said.0);
        ensure!(said.is_none_or(|said| said == incident.0), "{id} was told {said:?} and is {incident}");
        ensure!(said.is_some() || outcome.pending, "{id} was told nothing");
    }
    Ok(())
}
