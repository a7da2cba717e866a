//! The drill: everything is written into one file under load, read back elsewhere, and clients go on there.

use anyhow::{Context, Result, ensure};
use tests::harness::{Hub, HubOptions};
use tokio::time::{sleep, timeout};

use super::people::People;
use super::stage::{PATIENCE, PEOPLE, run};
use super::{SOME, checker, stage};

/// The digest that a verb printed.
fn digest(said: &str) -> Result<&str> {
    said.split_once("digest ").and_then(|(_, rest)| rest.get(..16)).with_context(|| format!("no digest: {said}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_is_restored_elsewhere_and_clients_that_know_more_start_anew() -> Result<()> {
    let mut stage = stage().await?;
    let mut people = People::come(&stage).await?;
    people.after(2 * SOME).await?;
    let elsewhere = tempfile::tempdir()?;
    let file = elsewhere.path().join("hub.backup").display().to_string();
    let follower = (stage.leader().await? + 1) % 3;
    let written = run(stage.hub(follower).data(), &["backup", &file]).await?;
    // What is acknowledged from here on is not in the backup, and phones know of it.
    people.after(2 * SOME).await?;
    people.hush().await?;
    checker::intake_is_empty(&stage.postgres).await?;
    checker::check(&stage.postgres, &people.so_far())?;

    // The shared log is verified by a running hub, and by none: the same digest.
    let by_hub = run_on(stage.hub(follower).data()).await?;
    let gone = stage.take_out(follower).terminate().await?;
    let by_none = run_on(gone.path()).await?;
    ensure!(digest(&by_hub)? == digest(&by_none)?, "{by_hub} is not {by_none}");
    stage.start(follower, gone).await?;

    let folder = tempfile::tempdir()?;
    std::fs::write(
        folder.path().join("hub.toml"),
        "[district]\nnumber = 7\nname = \"道里\"\nlat = 45.76\nlng = 126.62\n",
    )?;
    let restored = run(folder.path(), &["restore", &file]).await?;
    ensure!(digest(&restored)? == digest(&written)?, "{written} became {restored}");
    let replayed = run_on(folder.path()).await?;
    ensure!(digest(&replayed)? == digest(&written)?, "{written} replays to {replayed}");

    let hub = Hub::start_in(HubOptions::serve(), folder).await?;
    let before = people.snapshots();
    stage.meet_only(&hub)?;
    for index in 0..3 {
        stage.take_out_quietly(index).kill9().await?;
    }
    let back = async {
        while people.snapshots() < before + PEOPLE || people.online() < PEOPLE {
            sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, back).await.context("not everybody begins anew with a snapshot")?;
    let told = people.go().await?;
    ensure!(told.broken.is_empty(), "streams were broken: {:?}", told.broken);
    Ok(())
}

/// `hub verify` on a folder on which no hub runs.
async fn run_on(folder: &std::path::Path) -> Result<String> {
    let said = tests::harness::verb(&["verify", &folder.display().to_string()]).await?;
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    ensure!(said.status.success(), "{text}{}", String::from_utf8_lossy(&said.stderr));
    Ok(text)
}
