//! The command line against a real hub: an office brings its files in, people sign in by links, the data comes out again.

mod checks;
mod districts;
mod lan;
mod tables;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::harness::{Hub, HubOptions, verb};

const GRIDS: &str = r#"{"type":"FeatureCollection","features":[
    {"type":"Feature","properties":{"name":"一网格"},"geometry":{"type":"Polygon","coordinates":[[[126.60,45.75],[126.62,45.75],[126.62,45.77],[126.60,45.77]]]}},
    {"type":"Feature","properties":{"name":"二网格"},"geometry":{"type":"Polygon","coordinates":[[[126.62,45.75],[126.64,45.75],[126.64,45.77],[126.62,45.77]]]}}]}"#;
const VOLUNTEERS: &str =
    "姓名,编号,电话,技能,纬度,经度\n王建国,A1,13800000001,急救,45.76,126.61\n李明,A2,13800000002,,45.76,126.63\n";

/// Runs a verb on the hub's folder; what it prints, and whether it went well.
async fn run(hub: &Path, args: &[&str]) -> Result<(bool, String)> {
    let data = hub.display().to_string();
    let output = verb(&[args, &["--data", &data]].concat()).await?;
    let text = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8(text)?))
}

/// The same, and it must go well.
async fn good(hub: &Path, args: &[&str]) -> Result<String> {
    let (good, text) = run(hub, args).await?;
    ensure!(good, "{args:?}: {text}");
    Ok(text)
}

fn written(folder: &Path, name: &str, text: &str) -> Result<String> {
    let path = folder.join(name);
    std::fs::write(&path, text)?;
    Ok(path.display().to_string())
}

/// Signs in by the link that a verb printed.
async fn sign_in(hub: &Hub, printed: &str) -> Result<reqwest::Response> {
    let code = printed.split_once('#').context("no link")?.1.split_whitespace().next().context("no code")?;
    let body = json!({ "link": { "code": code } });
    Ok(tests::harness::http().post(format!("{}/v1/sessions", hub.base)).json(&body).send().await?)
}

#[tokio::test]
async fn an_office_brings_its_files_in_while_the_hub_runs() -> Result<()> {
    let hub = Hub::start(HubOptions::serve()).await?;
    let files = tempfile::tempdir()?;
    let grids = written(files.path(), "g.geojson", GRIDS)?;
    let (taken, words) = run(hub.data(), &["import", "grids", &grids]).await?;
    ensure!(!taken && words.contains("--crs gcj02"), "the datum must be said: {words}");
    good(hub.data(), &["import", "grids", &grids, "--crs", "wgs84"]).await?;

    let bad = written(files.path(), "bad.csv", &VOLUNTEERS.replace("急救", "飞行"))?;
    let report = files.path().join("report.csv").display().to_string();
    let import = ["import", "volunteers", &bad, "--crs", "wgs84", "--report", &report];
    let (taken, words) = run(hub.data(), &import).await?;
    ensure!(!taken && words.contains("row 2"), "{words}");
    ensure!(std::fs::read_to_string(&report)?.contains("飞行"), "the report names what was wrong");
    let list = good(hub.data(), &["export", "volunteers", "--out", &report]).await?;
    ensure!(std::fs::read_to_string(&report)?.lines().count() == 1, "nothing was taken: {list}");

    let volunteers = written(files.path(), "v.csv", VOLUNTEERS)?;
    good(hub.data(), &["import", "volunteers", &volunteers, "--crs", "wgs84"]).await?;
    good(hub.data(), &["export", "volunteers", "--out", &report]).await?;
    let exported = std::fs::read_to_string(&report)?;
    ensure!(exported.contains("王建国") && exported.contains("一网格"), "{exported}");
    verified(hub.data()).await?;
    verified(hub.terminate().await?.path()).await
}

/// Whether the hub runs or not.
async fn verified(data: &Path) -> Result<()> {
    let output = verb(&["verify", &data.display().to_string()]).await?;
    ensure!(output.status.success(), "{}", String::from_utf8([output.stdout, output.stderr].concat())?);
    Ok(())
}

#[tokio::test]
async fn links_sign_in_once_and_a_disabled_account_is_out() -> Result<()> {
    let hub = Hub::start(HubOptions::serve()).await?;
    let printed = good(hub.data(), &["user", "add", "wang", "--role", "operator"]).await?;
    let first = sign_in(&hub, &printed).await?;
    ensure!(first.status().is_success(), "{:?}", first.text().await);
    let session: Value = first.json().await?;
    ensure!(session["role"] == "operator", "{session}");
    ensure!(!sign_in(&hub, &printed).await?.status().is_success(), "a link is good once");

    let incidents = format!("{}/v1/incidents", hub.base);
    let token = session["token"].as_str().context("a token")?;
    let read = || tests::harness::http().get(&incidents).bearer_auth(token).send();
    ensure!(read().await?.status().is_success());
    good(hub.data(), &["user", "disable", "wang"]).await?;
    ensure!(read().await?.status() == 401, "a disabled account is out at once");
    let printed = good(hub.data(), &["admin-link"]).await?;
    let admin: Value = sign_in(&hub, &printed).await?.json().await?;
    ensure!(admin["role"] == "admin", "{admin}");
    Ok(())
}

#[tokio::test]
async fn verbs_work_on_the_files_when_no_hub_runs_and_the_hub_finds_what_they_did() -> Result<()> {
    let folder = Hub::start(HubOptions::serve()).await?.terminate().await?;
    let files = tempfile::tempdir()?;
    let grids = written(files.path(), "g.geojson", GRIDS)?;
    good(folder.path(), &["import", "grids", &grids, "--crs", "wgs84"]).await?;
    let volunteers = written(files.path(), "v.csv", VOLUNTEERS)?;
    good(folder.path(), &["import", "volunteers", &volunteers, "--crs", "wgs84"]).await?;
    let links = files.path().join("links.csv").display().to_string();
    good(folder.path(), &["invite", "--out", &links]).await?;
    let hub = Hub::start_in(HubOptions::serve(), folder).await?;
    let links = std::fs::read_to_string(&links)?;
    let wang = links.lines().find(|line| line.contains("王建国")).context("a link for each")?;
    let session: Value = sign_in(&hub, wang).await?.json().await?;
    ensure!(session["role"] == "volunteer" && session["name"] == "王建国", "{session}");
    hub.terminate().await?;
    Ok(())
}

#[tokio::test]
async fn a_setting_that_is_wrong_is_refused_by_name() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for (text, name) in [("prot = 1\n", "port = 8110"), ("bind = \"0.0.0.0\"\n", "tls.mode")] {
        written(folder.path(), "hub.toml", text)?;
        let (started, words) = run(folder.path(), &["serve", "--port", "0"]).await?;
        ensure!(!started && words.contains(name) && words.contains("write instead"), "{words}");
    }
    Ok(())
}
