//! The log, read by SQL and judged by an auditor that shares no code with the engine: nothing is asked of the hubs.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use anyhow::{Context, Result};
use matcher::invariants::Auditor;
use matcher::{Answer, Cause, Commit};
use uuid::Uuid;

use super::callers::Told;
use super::postgres::PostgresServer;
use crate::load::ledger::Ledger;
use crate::scene::DISTRICT;

/// The database of the hubs.
pub const DATABASE: &str = "baiying";
/// Commits read at once.
const PAGE: usize = 10_000;
/// Of a new term, so many commits are looked at for its first dispatch.
const FIRST_COMMITS: usize = 1_000;

/// What is wrong with a log, counted.
#[derive(Debug, Default)]
pub struct Judgement {
    /// Acknowledged and not in the log, or told another incident than the log has.
    pub alarms_lost: usize,
    /// In the log more than once.
    pub alarms_doubled: usize,
    /// What the auditor objects to, double assignments among it.
    pub broken: Vec<String>,
}

/// The term under which the district is led.
///
/// # Errors
/// There is no such log.
pub fn term(postgres: &PostgresServer) -> Result<u64> {
    one(postgres, &format!("SELECT term FROM journal.head WHERE district = {}", DISTRICT.0))
}

/// Commits of `term` that came after the first commit of a later one.
///
/// # Errors
/// The database does not answer with a number.
pub fn stale_commits(postgres: &PostgresServer, term: u64) -> Result<u64> {
    let district = DISTRICT.0;
    one(
        postgres,
        &format!(
            "SELECT count(*) FROM journal.event WHERE district = {district} AND term <= {term} AND seq > \
             (SELECT min(seq) FROM journal.event WHERE district = {district} AND term > {term})"
        ),
    )
}

fn one(postgres: &PostgresServer, sql: &str) -> Result<u64> {
    let said = postgres.sql(DATABASE, sql);
    said.parse().with_context(|| format!("{sql}: {said:?}"))
}

/// When the first offer that was decided after `term` reached a phone.
///
/// # Errors
/// A commit cannot be read.
pub fn first_dispatch_after(postgres: &PostgresServer, term: u64, ledger: &Ledger) -> Result<Option<Instant>> {
    let filter = format!("term > {term} ORDER BY seq LIMIT {FIRST_COMMITS}");
    let commits = commits(postgres, &filter)?;
    Ok(commits.iter().filter_map(alarm_of).filter_map(|(id, _)| ledger.first_offer(id)).min())
}

fn commits(postgres: &PostgresServer, filter: &str) -> Result<Vec<Commit>> {
    let sql =
        format!("SELECT convert_from(body, 'UTF8') FROM journal.event WHERE district = {} AND {filter}", DISTRICT.0);
    postgres.sql(DATABASE, &sql).lines().map(|line| serde_json::from_str(line).context("a commit")).collect()
}

/// The alarm that a commit has decided, and into which incident.
fn alarm_of(commit: &Commit) -> Option<(Uuid, u64)> {
    match (&commit.cause, &commit.answer) {
        (Cause::Command { id, .. }, Answer::Opened { incident, .. }) => Some((Uuid::from_u128(id.0), incident.0)),
        _ => None,
    }
}

/// The whole log against the rules, and against what callers were told.
///
/// # Errors
/// A commit cannot be read.
pub fn judge(postgres: &PostgresServer, told: &Told) -> Result<Judgement> {
    let (mut auditor, mut judgement) = (Auditor::new(), Judgement::default());
    let mut decided: HashMap<Uuid, Vec<u64>> = HashMap::new();
    let mut after = 0;
    loop {
        let page = commits(postgres, &format!("seq > {after} ORDER BY seq LIMIT {PAGE}"))?;
        for commit in &page {
            judgement.broken.extend(auditor.audit(commit).iter().map(|wrong| format!("{wrong:?}")));
            decided_by(commit, &mut decided);
        }
        after = page.last().map_or(after, |commit| commit.seq);
        if page.len() < PAGE {
            break;
        }
    }
    compare(&decided, &told.acknowledged, &mut judgement);
    Ok(judgement)
}

fn decided_by(commit: &Commit, decided: &mut HashMap<Uuid, Vec<u64>>) {
    if let Some((id, incident)) = alarm_of(commit) {
        decided.entry(id).or_default().push(incident);
    }
}

fn compare(decided: &HashMap<Uuid, Vec<u64>>, told: &BTreeMap<Uuid, Option<u64>>, judgement: &mut Judgement) {
    for (id, said) in told {
        match decided.get(id).map_or(&[][..], Vec::as_slice) {
            [incident] if said.is_none_or(|said| said == *incident) => {}
            [] | [_] => judgement.alarms_lost += 1,
            [..] => judgement.alarms_doubled += 1,
        }
    }
}
