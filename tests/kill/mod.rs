//! `bench kill` on a small town: kill -9 under load, twice. That it loses nothing a hundred times is for the operator to
//! measure; that it still kills, restarts, verifies and counts is kept here.

use std::fmt::Write;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tests::harness::binary;
use tokio::process::Command;

const KILLS: u64 = 2;

/// Calls of one evening in a small town, in the form of the county's file.
fn calls() -> String {
    let titles = ["EMS: FALL VICTIM", "Fire: GAS-ODOR/LEAK", "EMS: CARDIAC EMERGENCY"];
    (0..300).fold(String::from("lat,lng,title,timeStamp\n"), |mut rows, number: u32| {
        let (lat, lng) = (40.10 + f64::from(number % 17) * 1e-3, -75.30 + f64::from(number % 23) * 1e-3);
        let (hour, minute) = (18 + number / 60, number % 60);
        let title = titles[number as usize % titles.len()];
        writeln!(rows, "{lat:.7},{lng:.7},{title},2016-01-10 {hour}:{minute:02}:00").expect("to a string");
        rows
    })
}

#[tokio::test]
async fn what_was_acknowledged_survives_two_kills_under_load() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("calls.csv");
    std::fs::write(&file, calls())?;
    let said = Command::new(binary("bench")?)
        .args(["kill", "--format", "montco", "--phones", "100", "--alarms-per-second", "2", "--json", "--runs"])
        .arg(KILLS.to_string())
        .args(["--calls", &file.display().to_string()])
        .output()
        .await?;
    let words = || String::from_utf8_lossy(&said.stderr).into_owned();
    ensure!(said.status.success(), "{}", words());
    let figures: Value = serde_json::from_slice(&said.stdout).with_context(words)?;
    ensure!(figures["runs"] == KILLS && figures["alarms_lost"] == 0 && figures["answers_changed"] == 0, "{figures}");
    ensure!(figures["acknowledged"].as_u64().is_some_and(|count| count > 0), "nothing was acknowledged: {figures}");
    Ok(())
}
