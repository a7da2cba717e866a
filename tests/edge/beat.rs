//! The dead man's switch: an address outside hears that the hub lives, and the hub does not care whether anybody listens.

use anyhow::{Context, Result, ensure};
use hub::edge::tls::AUTHORITY_FILE;
use serde_json::Value;

use super::village::Village;
use super::wake::{gateway, heard};

/// Of a counter with this label, 0 while it is not there.
async fn counted(village: &Village, outcome: &str) -> Result<u64> {
    let text = tests::harness::http().get(format!("{}/metrics", village.hub.base)).send().await?.text().await?;
    let line = text.lines().find(|line| line.starts_with("baiying_beats_total") && line.contains(outcome));
    line.map_or(Ok(0), |line| Ok(line.rsplit(' ').next().context("a number")?.parse()?))
}

#[tokio::test]
async fn an_address_outside_hears_that_the_hub_lives() -> Result<()> {
    let folder = tempfile::tempdir()?;
    // It refuses the first call: that must not be the last.
    let (url, calls) = gateway(folder.path()).await?;
    let file = folder.path().join("beat.url");
    std::fs::write(&file, format!("{url}\n"))?;
    let authority = folder.path().join(AUTHORITY_FILE);
    let settings = format!("[beat]\nurl_file = {file:?}\nauthority = {authority:?}\nevery_s = 1\n");
    let village = Village::start(&settings).await?;
    let beats = heard(&calls, 3).await?;
    for (_, body) in &beats {
        let said: Value = serde_json::from_slice(body)?;
        ensure!(said["leads"].as_array().is_some_and(|led| led.len() == 1), "which districts it leads: {said}");
    }
    ensure!(counted(&village, "failed").await? == 1, "the refusal is counted");
    ensure!(counted(&village, "sent").await? >= 1, "and so is what was heard");
    ensure!(!village.hub.log().contains(&url), "the address is a secret");
    Ok(())
}
