//! A hub as a process of its own, set up as an operator would: by its verbs, its settings file and HTTP.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tests::harness::{Hub, HubOptions, verb};
use wire::server::Role;

use super::conformity::{fits, message, schema};
use super::person::{Person, Socket};
use super::town::WEST;

pub struct Village {
    pub hub: Hub,
    pub admin: Person,
}

/// One grid about [`WEST`].
fn grids() -> Value {
    let (lat, lng) = WEST;
    let ring = [[-0.01, -0.01], [0.01, -0.01], [0.01, 0.01], [-0.01, 0.01], [-0.01, -0.01]];
    let ring: Vec<[f64; 2]> = ring.iter().map(|[north, east]| [lng + east, lat + north]).collect();
    json!({ "type": "FeatureCollection", "features": [{ "type": "Feature", "properties": { "name": "西网格" },
        "geometry": { "type": "Polygon", "coordinates": [ring] } }] })
}

impl Village {
    /// With these settings beside the usual ones.
    pub async fn start(settings: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("hub.toml"), settings)?;
        let village = Self::on(folder).await?;
        let admin = &village.admin;
        let request = admin.request(Method::POST, "/v1/grids?crs=wgs84").header("Content-Type", "application/geo+json");
        admin.send(request.body(grids().to_string())).await?.ok::<Value>()?;
        let place = json!({ "name": "西区", "centre": { "lat": WEST.0, "lng": WEST.1 } });
        let named = admin.send(admin.request(Method::PUT, "/v1/districts/1").json(&place)).await?;
        named.ok::<Value>()?;
        Ok(village)
    }

    /// On the folder of one that was.
    pub async fn on(folder: tempfile::TempDir) -> Result<Self> {
        let hub = Hub::start_in(HubOptions::serve(), folder).await?;
        let printed = said(&["admin-link", "--data", &hub.data().display().to_string()]).await?;
        let admin = by_link(&hub, &printed).await?;
        Ok(Self { hub, admin })
    }

    pub async fn account(&self, name: &str, role: Role) -> Result<Person> {
        let user = json!({ "account": name, "name": name, "role": role });
        let made: Value = self.admin.post("/v1/users", None, user).await?.ok()?;
        by_link(&self.hub, made["path"].as_str().context("a path")?).await
    }

    pub async fn resident(&self) -> Result<Person> {
        let nobody = Person::nobody(&self.hub.base);
        let session = nobody.post("/v1/devices", None, json!({ "district": "1" })).await?.ok()?;
        Ok(nobody.signed_in(session))
    }

    /// Enrols somebody who can do anything the starting plans ask for, and signs him in; his number and himself.
    pub async fn volunteer(&self, name: &str) -> Result<(String, Person)> {
        let body = json!({ "name": name, "class": "general_volunteer", "travel": "walk", "capacity": 1,
            "home": { "lat": WEST.0, "lng": WEST.1 } });
        let enrolled: Value = self.admin.post("/v1/volunteers", None, body).await?.ok()?;
        let id = enrolled["volunteer"].as_str().context("his number")?.to_owned();
        let links = self.hub.data().join(format!("links-{id}.csv")).display().to_string();
        said(&["invite", "--volunteers", &id, "--out", &links, "--data", &self.hub.data().display().to_string()])
            .await?;
        let his = std::fs::read_to_string(&links)?;
        let his = his.lines().find(|line| line.contains(name)).context("a link for him")?;
        Ok((id, by_link(&self.hub, his).await?))
    }

    /// Every frame that was heard is as the hub itself describes it.
    pub async fn conforms(&self, sockets: &[(&str, &Socket)]) -> Result<()> {
        let document = self.admin.get("/asyncapi.json").await?.json();
        for (view, socket) in sockets {
            for frame in &socket.seen {
                let name = message(frame, view);
                fits(&schema(&document, &format!("/components/messages/{name}/payload")), frame, &name);
            }
        }
        Ok(())
    }
}

/// What a verb says; it must go well.
pub async fn said(args: &[&str]) -> Result<String> {
    let output = verb(args).await?;
    let text = String::from_utf8([output.stdout, output.stderr].concat())?;
    ensure!(output.status.success(), "{args:?}: {text}");
    Ok(text)
}

async fn by_link(hub: &Hub, printed: &str) -> Result<Person> {
    let code = printed.split_once('#').context("no link")?.1.split_whitespace().next().context("no code")?;
    let nobody = Person::nobody(&hub.base);
    let session = nobody.post("/v1/sessions", None, json!({ "link": { "code": code } })).await?.ok()?;
    Ok(nobody.signed_in(session))
}

/// Changes a file of the office as nobody but a test would, beside the running hub.
pub async fn tamper(folder: &Path, file: &str, sql: &'static str) -> Result<u64> {
    use sqlx::ConnectOptions;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.join(file));
    let mut conn = options.connect().await?;
    Ok(sqlx::query(sql).execute(&mut conn).await?.rows_affected())
}
