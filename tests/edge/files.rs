//! Grids as GeoJSON and people as a table, over HTTP: in, out, and refused by the row.

use anyhow::Result;
use reqwest::Method;
use serde_json::{Value, json};
use wire::server::Role;

use super::person::{Answer, Person};
use super::town::{Town, WEST};

async fn send(person: &Person, path: &str, kind: &str, body: Vec<u8>) -> Result<Answer> {
    person.send(person.request(Method::POST, path).header("Content-Type", kind).body(body)).await
}

const GEOJSON: &str = "application/geo+json";

#[tokio::test]
async fn grids_go_out_and_come_in_as_geojson() -> Result<()> {
    let town = Town::start().await?;
    let admin = town.account(Role::Admin).await?;
    let mut document = admin.get("/v1/grids").await?.json();
    assert_eq!(document["features"].as_array().map(Vec::len), Some(2), "{document}");
    document["features"][0]["properties"]["minimum_on_duty"] = json!(3);
    let answer = send(&admin, "/v1/grids?crs=wgs84", GEOJSON, document.to_string().into_bytes()).await?;
    assert_eq!(answer.json()["good"], 2, "{}", String::from_utf8_lossy(&answer.body));
    assert_eq!(admin.get("/v1/grids").await?.json(), document, "the same, and changed where it was");
    town.stop().await
}

#[tokio::test]
async fn a_file_that_is_no_good_is_refused_by_its_row() -> Result<()> {
    let town = Town::start().await?;
    let (admin, operator) = (town.account(Role::Admin).await?, town.account(Role::Operator).await?);
    let line = json!({ "type": "FeatureCollection", "features": [{ "type": "Feature", "properties": { "name": "线" },
        "geometry": { "type": "LineString", "coordinates": [[126.6, 45.7], [126.7, 45.7]] } }] });
    let cases: [(&str, &str, Vec<u8>, &str); 5] = [
        ("/v1/grids?crs=wgs84", GEOJSON, line.to_string().into_bytes(), "bad_rows"),
        ("/v1/grids", GEOJSON, line.to_string().into_bytes(), "bad_file"),
        ("/v1/grids?crs=wgs84", GEOJSON, b"a,b\n1,2\n".to_vec(), "bad_file"),
        ("/v1/grids?crs=wgs84", "image/png", Vec::new(), "wrong_content_type"),
        ("/v1/volunteers?crs=wgs84", "text/csv", vec![0xff, 0xfe, 0x00], "bad_file"),
    ];
    for (path, kind, body, code) in cases {
        let problem = send(&admin, path, kind, body).await?.problem()?;
        assert_eq!(problem.code, code, "{path} {kind}: {}", problem.detail);
    }
    let skills: String = (1..=129).map(|number| format!("skill_{number},技能{number}\n")).collect();
    let skills = format!("代码,名称\n{skills}").into_bytes();
    let problem = send(&admin, "/v1/skills", "text/csv", skills).await?.problem()?;
    assert_eq!(problem.code, "bad_rows", "one skill is there, so the 129th row is too many: {}", problem.detail);
    assert!(problem.detail.contains("128") && problem.pointer.is_some(), "{}", problem.detail);
    let refused = send(&operator, "/v1/grids?crs=wgs84", GEOJSON, b"{}".to_vec()).await?;
    assert_eq!(refused.problem()?.status, 403);
    town.stop().await
}

#[tokio::test]
async fn a_table_of_volunteers_is_taken() -> Result<()> {
    let town = Town::start().await?;
    let operator = town.account(Role::Operator).await?;
    let table = format!("编号,姓名,类别,技能,纬度,经度\nV-77,孙丽,技能志愿者,急救,{},{}\n", WEST.0, WEST.1);
    let answer = send(&operator, "/v1/volunteers?crs=wgs84", "text/csv", table.into_bytes()).await?;
    let imported: Value = answer.ok()?;
    assert_eq!((&imported["good"], &imported["refused"]), (&json!(1), &json!([])), "{imported}");
    let listed = operator.get("/v1/volunteers").await?.json();
    assert!(listed["items"].to_string().contains("孙丽"), "{listed}");
    town.stop().await
}
