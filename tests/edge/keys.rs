//! A POST under an `Idempotency-Key` takes effect once: the same again is answered the same, another body is refused.

use anyhow::{Context, Result};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;
use wire::server::Role;

use super::person::{Answer, Person};
use super::town::{DISTRICT, Town, WEST};

/// The same twice under one key, then something else under it.
async fn once(person: &Person, path: &str, body: Value, other: Value) -> Result<Answer> {
    let key = Uuid::now_v7();
    let first = person.post(path, Some(key), body.clone()).await?;
    anyhow::ensure!(first.status < 300, "{path}: {}", String::from_utf8_lossy(&first.body));
    let second = person.post(path, Some(key), body).await?;
    assert_eq!((second.status, second.json()), (first.status, first.json()), "{path}");
    let conflict = person.post(path, Some(key), other).await?.problem()?;
    assert_eq!((conflict.status, conflict.code.as_str()), (409, "idempotency_conflict"), "{path}");
    Ok(first)
}

#[tokio::test]
async fn what_an_office_does_it_does_once() -> Result<()> {
    let town = Town::start().await?;
    let (admin, nobody) = (town.account(Role::Admin).await?, Person::nobody(&town.base));
    let home = json!({ "district": "1", "home": { "lat": WEST.0, "lng": WEST.1 } });
    let device = once(&nobody, "/v1/devices", json!({ "district": "1" }), home).await?;
    let token = device.json()["token"].as_str().context("a token")?.to_owned();

    let user = |account: &str| json!({ "account": account, "name": "李娜", "role": "operator" });
    let link = once(&admin, "/v1/users", user("li.na"), user("li.na2")).await?.json();
    let code = |code: &Value| json!({ "link": { "code": code } });
    let session = once(&nobody, "/v1/sessions", code(&link["code"]), code(&json!("A".repeat(43)))).await?;
    assert_eq!(session.json()["role"], "operator");
    let used = nobody.post("/v1/sessions", None, code(&link["code"])).await?.problem()?;
    assert_eq!(used.code, "link_over", "under another key it is another sign-in");

    let team = |name: &str| json!({ "name": name });
    once(&admin, "/v1/teams", team("一队"), team("二队")).await?;
    let teams = admin.get("/v1/teams").await?.json();
    assert_eq!(teams.as_array().map(Vec::len), Some(2), "one was made, beside the one that was there: {teams}");

    let person = |name: &str| {
        json!({ "name": name, "number": "V-1", "class": "general_volunteer", "travel": "walk", "capacity": 1,
            "home": { "lat": WEST.0, "lng": WEST.1 } })
    };
    once(&admin, "/v1/volunteers", person("周敏"), person("周民")).await?;
    assert_eq!(town.office.people(DISTRICT).await?.len(), super::town::VOLUNTEERS as usize + 1);
    assert!(!kept(&town)?.contains(&token), "a token is nowhere in the clear");
    town.stop().await
}

/// All that the office has on disk.
fn kept(town: &Town) -> Result<String> {
    let files = std::fs::read_dir(town.folder())?.map(|file| Ok(std::fs::read(file?.path())?));
    let bytes = files.collect::<Result<Vec<_>>>()?.concat();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[tokio::test]
async fn a_file_is_brought_in_once() -> Result<()> {
    let town = Town::start().await?;
    let operator = town.account(Role::Operator).await?;
    // Without a number and a phone, so that each time somebody new would come of it.
    let table = |name: &str| format!("姓名,纬度,经度\n{name},{},{}\n", WEST.0, WEST.1);
    let send = async |key: Uuid, name: &str| {
        let request = operator.request(Method::POST, "/v1/volunteers?crs=wgs84").header("Content-Type", "text/csv");
        operator.send(request.header("Idempotency-Key", key.to_string()).body(table(name))).await
    };
    let key = Uuid::now_v7();
    let (first, second) = (send(key, "孙丽").await?, send(key, "孙丽").await?);
    assert_eq!((first.status, first.json()), (second.status, second.json()));
    assert_eq!(town.office.people(DISTRICT).await?.len(), super::town::VOLUNTEERS as usize + 1, "once");
    assert_eq!(send(key, "孙力").await?.problem()?.code, "idempotency_conflict");
    assert_eq!(send(Uuid::now_v7(), "孙丽").await?.status, 200);
    assert_eq!(town.office.people(DISTRICT).await?.len(), super::town::VOLUNTEERS as usize + 2);
    town.stop().await
}

/// A key is its owner's: another's is another key.
#[tokio::test]
async fn a_key_is_its_owners() -> Result<()> {
    let town = Town::start().await?;
    let (one, other) = (town.account(Role::Admin).await?, town.account(Role::Admin).await?);
    let key = Uuid::now_v7();
    let first = one.post("/v1/teams", Some(key), json!({ "name": "甲队" })).await?.json();
    let second = other.post("/v1/teams", Some(key), json!({ "name": "乙队" })).await?.json();
    assert_ne!(first["team"], second["team"], "{first} {second}");
    town.stop().await
}
