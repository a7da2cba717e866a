//! Several real hubs on real PostgreSQL and Redis, and what may happen to them. Each test lets people call and answer while
//! something dies, then reads the log from outside: no acknowledged alarm missing, none refused, none twice, nobody
//! assigned twice, every stream without a gap or begun anew.

mod aid;
mod backup;
mod checker;
mod database;
mod districts;
mod front;
mod measured;
mod people;
mod rolling;
mod soft;
mod stage;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tests::harness::postgres::PostgresServer;
use tokio::time::sleep;

use people::People;
use stage::Stage;

/// Alarms acknowledged before and after what happens.
const SOME: usize = 10;

async fn stage() -> Result<Stage> {
    Stage::set(3, PostgresServer::start(&[])).await
}

/// Everybody is heard, nothing waits, nothing is wrong.
async fn heals(stage: &Stage, mut people: People) -> Result<()> {
    people.after(SOME).await.with_context(|| stage.logs())?;
    people.hush().await.with_context(|| stage.logs())?;
    checker::intake_is_empty(&stage.postgres).await.with_context(|| stage.logs())?;
    checker::every_hub_shows(stage, &people).await.with_context(|| stage.logs())?;
    let told = people.go().await?;
    ensure!(!told.offered.is_empty(), "nobody was asked");
    checker::check(&stage.postgres, &told).with_context(|| stage.logs())
}

fn signal(stage: &Stage, index: usize, name: &str) -> Result<()> {
    let pid = stage.hub(index).pid().to_string();
    ensure!(std::process::Command::new("kill").args([name, &pid]).status()?.success(), "could not signal the hub");
    Ok(())
}

/// The number of terms under which the log was written says whether the lead has changed.
fn changes_of_lead(stage: &Stage) -> Result<usize> {
    let mut terms = checker::terms(&stage.postgres)?;
    terms.dedup();
    Ok(terms.len() - 1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_follower_is_told_the_leader_decides() -> Result<()> {
    let stage = stage().await?;
    let leader = stage.leader().await?;
    for index in (0..3).filter(|index| *index != leader) {
        let way = crowd::drive::Endpoint::new(&stage.hub(index).base)?;
        let told = people::raise(&way, &stage.desk, uuid::Uuid::now_v7(), &people::alarm(index)).await?;
        ensure!(told.incident.is_some() && !told.pending, "it is decided, not kept: {told:?}: {}", stage.logs());
        let path = format!("/v1/incidents/{}", told.incident.context("an incident")?);
        let shown: serde_json::Value = way.get(&path, Some(&stage.desk)).await?;
        ensure!(shown.is_object(), "and shown where it was said");
        // Whoever leads asks for himself what the sender may do; this hub has not.
        let escalate = format!("{path}/escalate");
        let forbidden =
            way.post::<serde_json::Value>(&escalate, Some(&stage.volunteers[0]), &serde_json::json!({})).await;
        ensure!(forbidden.is_err_and(|why| format!("{why:#}").contains("403")), "a volunteer may not escalate");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_leader_is_killed() -> Result<()> {
    let mut stage = stage().await?;
    let people = People::come(&stage).await?;
    people.after(SOME).await?;
    let leader = stage.leader().await?;
    let folder = stage.take_out(leader).kill9().await?;
    let next = stage.leader().await?;
    ensure!(next != leader, "another leads");
    people.after(SOME).await?;
    stage.start(leader, folder).await?;
    heals(&stage, people).await?;
    ensure!(changes_of_lead(&stage)? >= 1, "the lead has changed");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_is_killed() -> Result<()> {
    let mut stage = stage().await?;
    let people = People::come(&stage).await?;
    people.after(SOME).await?;
    let leader = stage.leader().await?;
    let folder = stage.take_out((leader + 1) % 3).kill9().await?;
    people.after(SOME).await?;
    ensure!(stage.leader().await? == leader, "the leader does not care");
    stage.start((leader + 1) % 3, folder).await?;
    heals(&stage, people).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_froze_past_its_lease_is_fenced_when_it_thaws() -> Result<()> {
    let stage = stage().await?;
    let people = People::come(&stage).await?;
    people.after(SOME).await?;
    let leader = stage.leader().await?;
    stage.hide(leader);
    signal(&stage, leader, "-STOP")?;
    let other = async {
        loop {
            let now = stage.leader().await?;
            if now != leader {
                return anyhow::Ok(now);
            }
        }
    };
    let next = other.await?;
    people.after(SOME).await?;
    signal(&stage, leader, "-CONT")?;
    stage.show(leader)?;
    // It has a second to believe that it still leads.
    sleep(Duration::from_secs(1)).await;
    ensure!(stage.leader().await? == next, "the lead does not go back");
    ensure!(stage.hub(leader).log().contains("this hub follows"), "the thawed one steps down");
    heals(&stage, people).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_leader_is_asked_to_stop() -> Result<()> {
    let mut stage = stage().await?;
    let people = People::come(&stage).await?;
    people.after(SOME).await?;
    let leader = stage.leader().await?;
    let folder = stage.take_out(leader).terminate().await?;
    ensure!(stage.leader().await? != leader, "another leads");
    people.after(SOME).await?;
    stage.start(leader, folder).await?;
    heals(&stage, people).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_hub_is_replaced_one_after_the_other() -> Result<()> {
    let mut stage = stage().await?;
    let people = People::come(&stage).await?;
    for index in 0..3 {
        people.after(SOME).await?;
        let folder = stage.take_out(index).terminate().await?;
        stage.start(index, folder).await?;
        stage.leader().await?;
    }
    heals(&stage, people).await
}
