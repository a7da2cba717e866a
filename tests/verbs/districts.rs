//! Two districts in one store: each with its own log, people and incidents, one office.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::harness::neighbours::Neighbours;
use tests::harness::{Hub, HubOptions, http, verb};

use super::{GRIDS, VOLUNTEERS, good, run, sign_in, verified, written};

/// The district beside that of [`GRIDS`]: everything a tenth of a degree to the north.
fn north(text: &str) -> String {
    text.replace("45.75", "45.85").replace("45.77", "45.87").replace("45.76", "45.86")
}

const NORTH: [&str; 9] = ["district", "add", "2", "--name", "北区", "--lat", "45.86", "--lng", "126.62"];

/// Grids and volunteers of both districts.
async fn fill(hub: &Hub) -> Result<()> {
    let files = tempfile::tempdir()?;
    for (district, move_to) in [("1", str::to_owned as fn(&str) -> String), ("2", north)] {
        let grids = written(files.path(), "g.geojson", &move_to(GRIDS))?;
        good(hub.data(), &["import", "--district", district, "grids", &grids, "--crs", "wgs84"]).await?;
        let people = written(files.path(), "v.csv", &move_to(VOLUNTEERS))?;
        good(hub.data(), &["import", "--district", district, "volunteers", &people, "--crs", "wgs84"]).await?;
    }
    Ok(())
}

async fn operator(hub: &Hub) -> Result<String> {
    let printed = good(hub.data(), &["user", "add", "wang", "--role", "operator", "--districts", "1,2"]).await?;
    let session: Value = sign_in(hub, &printed).await?.json().await?;
    Ok(session["token"].as_str().context("a token")?.to_owned())
}

/// Raises an alarm at a latitude; the district of the incident that it opened.
async fn alarm(hub: &Hub, token: &str, lat: f64) -> Result<u64> {
    let body = json!({ "kind": "kitchen_smoke", "place": { "lat": lat, "lng": 126.61 } });
    let key = uuid::Uuid::now_v7().to_string();
    let asked = http().post(format!("{}/v1/alarms", hub.base)).header("Idempotency-Key", key).bearer_auth(token);
    let told: Value = asked.json(&body).send().await?.json().await?;
    let incident: u64 = told["incident"].as_str().with_context(|| told.to_string())?.parse()?;
    Ok(incident / 1_000_000_000)
}

async fn ready(hub: &Hub) -> Result<Value> {
    Ok(http().get(format!("{}/readyz", hub.base)).send().await?.json().await?)
}

#[tokio::test]
async fn a_second_district_is_made_filled_and_served_beside_the_first() -> Result<()> {
    let hub = Hub::start(HubOptions::serve()).await?;
    good(hub.data(), &NORTH).await?;
    let (taken, words) = run(hub.data(), &NORTH).await?;
    ensure!(!taken && words.contains("already"), "{words}");
    fill(&hub).await?;
    let token = operator(&hub).await?;
    ensure!(alarm(&hub, &token, 45.76).await? == 1 && alarm(&hub, &token, 45.86).await? == 2, "its place decides");
    let told = ready(&hub).await?;
    ensure!(told["leads"] == json!(["1", "2"]) && told["closed"] == json!([]), "{told}");
    let metrics = http().get(format!("{}/metrics", hub.base)).send().await?.text().await?;
    for district in ["1", "2"] {
        ensure!(metrics.contains(&format!("baiying_leads{{district=\"{district}\"}} 1")), "{metrics}");
    }
    let list = good(hub.data(), &["district", "list"]).await?;
    ensure!(list.lines().count() == 2 && list.contains("北区"), "{list}");
    let (moved, words) = run(hub.data(), &["district", "move", "2"]).await?;
    ensure!(!moved && words.contains("alone"), "{words}");
    let hub = hub.restart().await?;
    ensure!(alarm(&hub, &token, 45.85).await? == 2, "both are there again after kill -9");
    verified(hub.data()).await?;
    hub.terminate().await?;
    Ok(())
}

#[tokio::test]
async fn a_backup_holds_every_district() -> Result<()> {
    let hub = Hub::start(HubOptions::serve()).await?;
    good(hub.data(), &NORTH).await?;
    fill(&hub).await?;
    let elsewhere = tempfile::tempdir()?;
    let file = elsewhere.path().join("backup").display().to_string();
    let said = good(hub.data(), &["backup", &file]).await?;
    let folder = elsewhere.path().join("data");
    let restored = verb(&["restore", &file, "--data", &folder.display().to_string()]).await?;
    let words = String::from_utf8([restored.stdout, restored.stderr].concat())?;
    ensure!(restored.status.success(), "{words}");
    for district in ["district 1:", "district 2:"] {
        let digest = |text: &str| Some(text.split(district).nth(1)?.split("digest ").nth(1)?.get(..16)?.to_owned());
        ensure!(digest(&said).is_some() && digest(&said) == digest(&words), "{said}\n{words}");
    }
    verified(&folder).await
}

/// Two districts in one hub: one asks, the other decides and sends its own, and both logs are sound.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_district_that_lacks_a_doctor_is_sent_its_neighbours() -> Result<()> {
    let hub = Hub::start(HubOptions::serve()).await?;
    good(hub.data(), &NORTH).await?;
    let way = crowd::drive::Endpoint::new(&hub.base)?;
    let neighbours = Neighbours::settle(hub.data(), way, 1, 2).await?;
    neighbours.help().await?;
    neighbours.go().await?;
    verified(hub.data()).await?;
    hub.terminate().await?;
    Ok(())
}
