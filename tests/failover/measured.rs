//! `bench failover` itself, on a small scale: what it measures is for the operator, that it kills, counts and finds nothing
//! missing is kept here. 2,000 sockets come back here, 10,000 in the bench: the machine is shared with other suites.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tests::harness::binary;
use tokio::process::Command;

const SOCKETS: u64 = 2_000;

async fn bench(words: &[&str]) -> Result<Value> {
    let said = Command::new(binary("bench")?).args(["failover", "--json"]).args(words).output().await?;
    let told = || String::from_utf8_lossy(&said.stderr).into_owned();
    ensure!(said.status.success(), "{}\n{}", String::from_utf8_lossy(&said.stdout), told());
    serde_json::from_slice(&said.stdout).with_context(told)
}

#[tokio::test]
async fn the_bench_kills_a_leader_and_finds_every_alarm() -> Result<()> {
    let words =
        ["--only", "kill,freeze", "--runs", "1", "--freezes", "1", "--phones", "150", "--alarms-per-second", "10"];
    let figures = bench(&words).await?;
    ensure!(figures["runs"] == 1 && figures["first_dispatch_ms"]["max"].is_u64(), "{figures}");
    ensure!(figures["alarms"].as_u64().is_some_and(|alarms| alarms > 10), "nobody called: {figures}");
    ensure!(figures["sigstop"]["fenced"] == 1, "{figures}");
    for zero in ["alarms_lost", "alarms_refused", "alarms_doubled", "double_assignments", "rules_broken"] {
        ensure!(figures[zero] == 0, "{zero}: {figures}");
    }
    Ok(())
}

#[tokio::test]
async fn two_thousand_sockets_of_a_killed_hub_come_back_without_a_gap() -> Result<()> {
    let figures = bench(&["--only", "sockets", "--sockets", &SOCKETS.to_string()]).await?;
    let sockets = &figures["sockets"];
    ensure!(sockets["gaps"] == 0, "{figures}");
    let back = sockets["resumed"].as_u64().zip(sockets["with_snapshot"].as_u64()).context("who came back")?;
    ensure!(back.0 + back.1 >= SOCKETS, "{figures}");
    Ok(())
}
