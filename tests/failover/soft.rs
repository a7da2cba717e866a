//! What happens to Redis, or to the lines to it: it costs freshness, never an alarm.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::time::{sleep, timeout};

use super::people::People;
use super::stage::PATIENCE;
use super::{SOME, changes_of_lead, checker, heals, stage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_is_flushed_and_the_leader_keeps_the_lead() -> Result<()> {
    let stage = stage().await?;
    let people = People::come(&stage).await?;
    people.after(SOME).await?;
    let (leader, before) = (stage.leader().await?, changes_of_lead(&stage)?);
    for _ in 0..4 {
        stage.redis.order("FLUSHALL");
        people.after(SOME).await?;
    }
    ensure!(stage.leader().await? == leader && changes_of_lead(&stage)? == before, "an empty Redis deposes nobody");
    heals(&stage, people).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_is_killed_and_comes_back_empty() -> Result<()> {
    let mut stage = stage().await?;
    let people = People::come(&stage).await?;
    people.after(SOME).await?;
    let before = changes_of_lead(&stage)?;
    stage.redis.kill();
    // Far longer than a lease: whoever leads goes on, because SQL says so.
    people.after(5 * SOME).await?;
    ensure!(changes_of_lead(&stage)? == before, "a silent Redis deposes nobody");
    stage.redis.start_again();
    people.after(SOME).await?;
    ensure!(changes_of_lead(&stage)? == before, "nor does one that comes back empty");
    heals(&stage, people).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_freezes_and_thaws() -> Result<()> {
    let stage = stage().await?;
    let people = People::come(&stage).await?;
    people.after(SOME).await?;
    stage.redis.freeze();
    people.after(5 * SOME).await?;
    stage.redis.thaw();
    heals(&stage, people).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_and_the_leader_are_gone_together() -> Result<()> {
    let mut stage = stage().await?;
    let people = People::come(&stage).await?;
    people.after(SOME).await?;
    let leader = stage.leader().await?;
    stage.redis.kill();
    let folder = stage.take_out(leader).kill9().await?;
    let next = stage.leader().await.context("a hub takes the term by SQL alone")?;
    ensure!(next != leader);
    people.after(SOME).await?;
    stage.redis.start_again();
    stage.start(leader, folder).await?;
    heals(&stage, people).await
}

/// One way: what the leader says to Redis does not arrive, so its lease runs out although it lives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_leaders_words_no_longer_reach_redis() -> Result<()> {
    let stage = stage().await?;
    let people = People::come(&stage).await?;
    people.after(SOME).await?;
    let leader = stage.leader().await?;
    stage.lines[leader].redis.cut_requests();
    // Whoever bids next takes the term; the old leader learns it from SQL, which is all it needs.
    let others = async {
        while checker::terms(&stage.postgres)?.last() == checker::terms(&stage.postgres)?.first() {
            sleep(Duration::from_millis(100)).await;
        }
        anyhow::Ok(())
    };
    timeout(PATIENCE, others).await.with_context(|| stage.logs())??;
    people.after(3 * SOME).await?;
    stage.lines[leader].redis.heal();
    heals(&stage, people).await
}

/// One way: Redis hears the leader and the leader hears nothing: the lease stays its own, and it goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_is_no_longer_heard_by_any_hub() -> Result<()> {
    let stage = stage().await?;
    let people = People::come(&stage).await?;
    people.after(SOME).await?;
    stage.lines.iter().for_each(|line| line.redis.cut_answers());
    // Longer than a lease: alarms are acknowledged all the while.
    people.after(5 * SOME).await?;
    stage.lines.iter().for_each(|line| line.redis.heal());
    heals(&stage, people).await
}
