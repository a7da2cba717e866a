//! Somebody at the demo's desk: hands over to 119 and 120, calls back, and closes what needed nobody. Without him every
//! alarm with a task for the desk would stay open for ever, as it would in life.

use std::time::Duration;

use anyhow::{Context, Result};
use crowd::drive::Endpoint;
use matcher::{DistrictId, MINUTE_MS};
use serde_json::{Value, json};
use tokio::sync::watch;
use wire::Time;
use wire::command::TaskOutcome;
use wire::http::{IncidentDetail, Page};
use wire::rows::{IncidentRow, TaskKind, TaskRow};
use wire::server::Role;

use super::banner;
use crate::records::{LinkFor, Office};

/// How often he looks at his list.
const LOOKS_EACH: Duration = Duration::from_secs(5);
/// From a task's appearing to its being done.
const TASK_TAKES_MS: u64 = 20_000;
/// A stall in the way is warned, and then it is over.
const WARNING_TAKES_MS: u64 = 45_000;
/// After so long without anybody coming he settles it by telephone.
const WAITS_MS: u64 = 10 * MINUTE_MS;
/// Incidents on his list.
const LIST_MAX: usize = 100;
const LINK_MS: u64 = 10 * MINUTE_MS;

/// Works until `stopped`; what the hub refuses is told of and tried again with the next look.
///
/// # Errors
/// When he cannot sign in.
pub async fn sit(
    hub: &Endpoint,
    office: &Office,
    district: DistrictId,
    mut stopped: watch::Receiver<bool>,
) -> Result<()> {
    let account = banner::account(office, district, "demo-desk", "演示调度员", Role::Operator).await?;
    let codes = office.issue_links(vec![LinkFor::Account(account)], LINK_MS).await?;
    let code = codes.first().context("a link for the demo's desk")?;
    let token = hub.sign_in_by_link(code).await?.token;
    loop {
        tokio::select! {
            _ = stopped.changed() => return Ok(()),
            () = tokio::time::sleep(LOOKS_EACH) => {}
        }
        if let Err(error) = look(hub, &token).await {
            tracing::warn!(error = format!("{error:#}"), "the demo's desk could not do something");
        }
    }
}

async fn look(hub: &Endpoint, token: &str) -> Result<()> {
    let list: Page<IncidentRow> = hub.get(&format!("/v1/incidents?limit={LIST_MAX}"), Some(token)).await?;
    for incident in list.items {
        let detail: IncidentDetail = hub.get(&format!("/v1/incidents/{}", incident.id), Some(token)).await?;
        for task in detail.tasks.iter().filter(|task| task.outcome.is_none() && age_ms(task.made_at) > TASK_TAKES_MS) {
            let body = json!({ "outcome": outcome(task) });
            hub.post::<Value>(&format!("/v1/tasks/{}/complete", task.id), Some(token), &body).await?;
        }
        if let Some(disposition) = over(&incident) {
            let body = json!({ "disposition": disposition });
            hub.post::<Value>(&format!("/v1/incidents/{}/close", incident.id), Some(token), &body).await?;
        }
    }
    Ok(())
}

fn age_ms(moment: Time) -> u64 {
    u64::try_from(jiff::Timestamp::now().as_millisecond() - moment.0).unwrap_or_default()
}

fn outcome(task: &TaskRow) -> TaskOutcome {
    match task.kind {
        TaskKind::HandOver110 | TaskKind::HandOver119 | TaskKind::HandOver120 => TaskOutcome::TakenOver,
        TaskKind::CallBack | TaskKind::Supervise => TaskOutcome::Done,
    }
}

/// How an incident ends that nobody goes to.
fn over(incident: &IncidentRow) -> Option<&'static str> {
    let (age_ms, progress) = (age_ms(incident.opened_at), &incident.progress);
    match (progress.needed, progress.filled) {
        (0, _) if age_ms > WARNING_TAKES_MS => Some("no_dispatch_needed"),
        (1.., 0) if age_ms > WAITS_MS => Some("could_not_reach"),
        _ => None,
    }
}
