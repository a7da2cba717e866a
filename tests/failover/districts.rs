//! Two districts on two hubs: each hub leads one; when one goes the other leads both, and when it is back it gets one.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tests::harness::neighbours::Neighbours;
use tests::harness::postgres::PostgresServer;
use tests::harness::{http, verb};
use tokio::time::sleep;

use super::people::People;
use super::stage::{PATIENCE, Stage};
use super::{SOME, heals};

/// Runs a verb on the folder of a hub.
pub async fn on(stage: &Stage, hub: usize, words: &[&str]) -> Result<String> {
    let folder = stage.hub(hub).data().display().to_string();
    let output = verb(&[words, &["--data", &folder]].concat()).await?;
    let text = String::from_utf8([output.stdout, output.stderr].concat())?;
    ensure!(output.status.success(), "{words:?}: {text}: {}", stage.logs());
    Ok(text)
}

/// Which districts a hub leads, as it says itself.
pub async fn leads(stage: &Stage, hub: usize) -> Result<Vec<String>> {
    let asked = http().get(format!("{}/readyz", stage.hub(hub).base)).send().await?;
    let told: Value = asked.json().await?;
    serde_json::from_value(told["leads"].clone()).context("it says what it leads")
}

/// Waits until the hubs lead so many districts each.
async fn until(stage: &Stage, wanted: &[(usize, usize)]) -> Result<()> {
    let began = Instant::now();
    loop {
        let mut found = Vec::new();
        for &(hub, _) in wanted {
            found.push((hub, leads(stage, hub).await?.len()));
        }
        if found == wanted {
            return Ok(());
        }
        ensure!(began.elapsed() < PATIENCE, "{found:?} instead of {wanted:?}: {}", stage.logs());
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn districts_are_spread_over_hubs_and_again_when_one_has_come_back() -> Result<()> {
    let mut stage = Stage::set(2, PostgresServer::start(&[])).await?;
    on(&stage, 0, &["district", "add", "8", "--name", "南岗", "--lat", "45.90", "--lng", "126.62"]).await?;
    until(&stage, &[(0, 1), (1, 1)]).await?;
    let people = People::come(&stage).await?;
    people.after(SOME).await?;
    let folder = stage.take_out(0).terminate().await?;
    until(&stage, &[(1, 2)]).await?;
    people.after(SOME).await?;
    stage.start(0, folder).await?;
    until(&stage, &[(0, 1), (1, 1)]).await?;
    people.after(SOME).await?;
    let leader = usize::from(!leads(&stage, 0).await?.contains(&"8".to_owned()));
    on(&stage, leader, &["district", "move", "8"]).await?;
    until(&stage, &[(leader, 0), (1 - leader, 2)]).await?;
    // Said on a hub that follows, it is sent on to the one that leads.
    let said = on(&stage, leader, &["district", "move", "8"]).await?;
    ensure!(said.contains("本机"), "the hub that was asked has taken it itself: {said}");
    until(&stage, &[(leader, 1), (1 - leader, 1)]).await?;
    nobody_is_moved_by_the_dead(&mut stage, leader).await?;
    heals(&stage, people).await
}

/// Whoever leads is dead, or there is nobody else to lead: it says so, and the district goes on being led.
async fn nobody_is_moved_by_the_dead(stage: &mut Stage, alive: usize) -> Result<()> {
    let dead = stage.take_out(1 - alive).kill9().await?;
    let folder = stage.hub(alive).data().display().to_string();
    let output = verb(&["district", "move", "7", "--data", &folder]).await?;
    let text = String::from_utf8([output.stdout, output.stderr].concat())?;
    let words = [("does not answer", "没有应答"), ("nobody leads", "暂无"), ("no other hub", "没有其他服务器")];
    let is_said = words.iter().any(|(en, zh)| text.contains(en) && text.contains(zh));
    ensure!(!output.status.success() && is_said, "{text}");
    until(stage, &[(alive, 2)]).await?;
    stage.start(1 - alive, dead).await
}

/// Each hub leads one of the two: what they have to say to each other goes from hub to hub.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aid_is_asked_of_a_district_that_another_hub_leads() -> Result<()> {
    let stage = Stage::set(2, PostgresServer::start(&[])).await?;
    on(&stage, 0, &["district", "add", "8", "--name", "南区", "--lat", "45.76", "--lng", "126.62"]).await?;
    on(&stage, 0, &["district", "add", "9", "--name", "北区", "--lat", "45.86", "--lng", "126.62"]).await?;
    // Seven is led by the one that has run longest; of the other two each hub leads one.
    let begun = Instant::now();
    while leads(&stage, 0).await?.len() + leads(&stage, 1).await?.len() < 3 {
        ensure!(begun.elapsed() < PATIENCE, "not every district is led: {}", stage.logs());
        sleep(Duration::from_millis(100)).await;
    }
    if leads(&stage, 0).await?.contains(&"8".to_owned()) == leads(&stage, 0).await?.contains(&"9".to_owned()) {
        let leader = usize::from(!leads(&stage, 0).await?.contains(&"9".to_owned()));
        on(&stage, leader, &["district", "move", "9"]).await?;
    }
    let south = usize::from(!leads(&stage, 0).await?.contains(&"8".to_owned()));
    ensure!(!leads(&stage, south).await?.contains(&"9".to_owned()), "each leads one of the two");
    let way = stage.way_in(south).await?;
    let neighbours = Neighbours::settle(stage.hub(0).data(), way, 8, 9).await.with_context(|| stage.logs())?;
    neighbours.help().await.with_context(|| stage.logs())?;
    neighbours.go().await
}
