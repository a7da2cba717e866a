//! What happens to PostgreSQL, or to the lines to it: while it is away nothing is acknowledged, and nothing that was is lost.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tests::harness::postgres::PostgresServer;
use tokio::time::{sleep, timeout};

use super::people::People;
use super::stage::{DATABASE, PATIENCE, Stage};
use super::{SOME, checker, heals, stage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_is_restarted() -> Result<()> {
    let mut stage = stage().await?;
    let people = People::come(&stage).await?;
    people.after(SOME).await?;
    stage.postgres.kill();
    sleep(Duration::from_secs(2)).await;
    stage.postgres.start_again();
    heals(&stage, people).await
}

/// The primary dies with its disk, the standby that confirmed every commit takes over, and the hubs find it by themselves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_fails_over_to_its_synchronous_standby() -> Result<()> {
    let primary = PostgresServer::start(&["synchronous_standby_names = 'one'"]);
    // Made before there is a standby to wait for.
    let standby = primary.standby("one", &["synchronous_standby_names = ''"]);
    primary.create_database(DATABASE);
    let mut stage = Stage::set_on(3, primary, Some(standby), "").await?;
    let people = People::come(&stage).await?;
    people.after(2 * SOME).await?;
    stage.postgres.kill();
    let standby = stage.standby.take().context("a standby")?;
    standby.promote();
    let dead = std::mem::replace(&mut stage.postgres, standby);
    people.after(2 * SOME).await.with_context(|| stage.logs())?;
    drop(dead);
    heals(&stage, people).await
}

/// Whether another than `hub` leads, once one does.
async fn another_leads(stage: &Stage, hub: usize) -> Result<()> {
    let another = async {
        while stage.leader().await? == hub {
            sleep(Duration::from_millis(100)).await;
        }
        anyhow::Ok(())
    };
    timeout(PATIENCE, another).await.with_context(|| stage.logs())?
}

/// One way: what the leader writes does not arrive; it arrives when another has led for long, and is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_leader_writes_arrives_too_late() -> Result<()> {
    let stage = stage().await?;
    let people = People::come(&stage).await?;
    people.after(SOME).await?;
    let leader = stage.leader().await?;
    stage.hide(leader);
    stage.lines[leader].postgres[0].cut_requests();
    another_leads(&stage, leader).await?;
    people.after(2 * SOME).await?;
    stage.lines[leader].postgres[0].heal();
    stage.show(leader)?;
    heals(&stage, people).await
}

/// One way: what the leader writes is written, and it never hears so: it must not believe that it was not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_leader_does_not_hear_what_became_of_its_writes() -> Result<()> {
    let stage = stage().await?;
    let people = People::come(&stage).await?;
    people.after(SOME).await?;
    let leader = stage.leader().await?;
    stage.lines[leader].postgres[0].cut_answers();
    stage.hide(leader);
    another_leads(&stage, leader).await?;
    people.after(2 * SOME).await?;
    stage.lines[leader].postgres[0].heal();
    stage.show(leader)?;
    heals(&stage, people).await?;
    let terms = checker::terms(&stage.postgres)?;
    ensure!(terms.first() < terms.last(), "the lead has changed");
    Ok(())
}
