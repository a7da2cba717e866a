//! An upgrade without stopping: hubs of this version beside hubs that are told to read and write one version less.

use std::time::Duration;

use anyhow::{Result, ensure};
use tests::harness::postgres::PostgresServer;
use tests::harness::{Hub, HubOptions};
use tokio::time::{sleep, timeout};

use super::people::People;
use super::stage::{DATABASE, DISTRICT, PATIENCE, Stage};
use super::{SOME, heals};

/// What makes a hub of this version one of the version before.
const VERSION_BEFORE: &str = "format_max = 1\n";

fn form(stage: &Stage) -> Result<u32> {
    Ok(stage.postgres.sql(DATABASE, &format!("SELECT format FROM journal.head WHERE district = {DISTRICT}")).parse()?)
}

/// Rows without an answer: only the newer form has them.
fn of_the_newer_form(stage: &Stage) -> Result<u64> {
    let sql = "SELECT count(*) FROM journal.event WHERE convert_from(body, 'UTF8') NOT LIKE '%\"answer\"%'";
    Ok(stage.postgres.sql(DATABASE, sql).parse()?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_form_of_rows_rises_only_when_every_live_hub_reads_it() -> Result<()> {
    let postgres = PostgresServer::start(&[]);
    postgres.create_database(DATABASE);
    let mut stage = Stage::set_on(3, postgres, None, VERSION_BEFORE).await?;
    let people = People::come(&stage).await?;
    stage.store = "";
    for index in 0..3 {
        // Long enough for every hub to have said several times what it reads.
        people.after(4 * SOME).await?;
        ensure!(form(&stage)? == 1 && of_the_newer_form(&stage)? == 0, "a hub of the version before lives");
        let folder = stage.take_out(index).terminate().await?;
        stage.write_settings(index, folder.path())?;
        stage.start(index, folder).await?;
        stage.leader().await?;
    }
    let risen = async {
        while of_the_newer_form(&stage)? == 0 {
            sleep(Duration::from_millis(100)).await;
        }
        anyhow::Ok(())
    };
    timeout(PATIENCE, risen).await??;
    ensure!(form(&stage)? == 2, "the head says so");
    too_late_for_the_version_before(&mut stage).await?;
    heals(&stage, people).await
}

/// There is no way back any more, and a hub that tries says so.
async fn too_late_for_the_version_before(stage: &mut Stage) -> Result<()> {
    let follower = (stage.leader().await? + 1) % 3;
    let folder = stage.take_out(follower).terminate().await?;
    let old = tempfile::tempdir()?;
    std::fs::copy(folder.path().join("caller.key"), old.path().join("caller.key"))?;
    stage.store = VERSION_BEFORE;
    stage.write_settings(follower, old.path())?;
    let refused = Hub::start_in(HubOptions::serve(), old).await.err().map(|why| format!("{why:#}")).unwrap_or_default();
    ensure!(refused.contains("format 2"), "it says why it does not start: {refused}");
    stage.start(follower, folder).await
}
