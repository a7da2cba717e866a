//! Two neighbouring districts: the southern one lacks a doctor and asks the northern one, where a doctor has his telephone on.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use crowd::drive::{Endpoint, Notice, Phone};
use crowd::model::{Pace, Person, Temper};
use matcher::Position;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use uuid::Uuid;

/// Far above what anything here takes: a limit, not a measure.
const PATIENCE: Duration = Duration::from_secs(90);

/// How much faster people live: nine kilometres on foot in some ten seconds.
const PACE: u32 = 600;

/// How often it is looked: reads have a rate.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// The doctor's home, at the southern edge of the northern district, and the place of the alarm, at the northern edge of the
/// southern one.
const HOME: (f64, f64) = (45.851, 126.71);
const PLACE: (f64, f64) = (45.769, 126.71);

/// One grid of each district.
fn grid(south: f64) -> String {
    let north = south + 0.02;
    json!({ "type": "FeatureCollection", "features": [{ "type": "Feature", "properties": { "name": "一网格" },
        "geometry": { "type": "Polygon", "coordinates": [[[126.70, south], [126.74, south], [126.74, north], [126.70, north]]] } }] })
    .to_string()
}

/// A stroke needs a doctor, who may live far away. `step`: what is done when none has come after a second.
fn plan(step: &str) -> String {
    let head = "代码,名称,紧急程度,一级,二级,三级,每轮人数,半径米,最大半径米,每轮扩大百分比,最多轮数,应答秒,本网格优先,\
                合并半径米,合并分钟,升级,接单时限秒,到场时限分,办结时限分,休息分钟,计入每日上限,敏感,给志愿者的话";
    format!("{head}\nstroke,中风,危及生命,医生×1,,,8,600,30000,100,5,60,0,0,0,{step},60,10,120,0,否,否,\n")
}

/// Runs a verb of the hub on a folder.
///
/// # Errors
/// What it printed, when it did not go well.
async fn run(folder: &Path, words: &[&str]) -> Result<String> {
    let output = super::verb(&[words, &["--data", &folder.display().to_string()]].concat()).await?;
    let text = String::from_utf8([output.stdout, output.stderr].concat())?;
    ensure!(output.status.success(), "{words:?}: {text}");
    Ok(text)
}

/// Brings a file in, once the district has the skills that it begins with.
async fn import(folder: &Path, district: u32, kind: &str, name: &str, text: &str) -> Result<()> {
    let files = tempfile::tempdir()?;
    let file = files.path().join(name);
    std::fs::write(&file, text)?;
    let (file, number, begun) = (file.display().to_string(), district.to_string(), Instant::now());
    loop {
        match run(folder, &["import", "--district", &number, kind, &file, "--crs", "wgs84"]).await {
            Ok(_) => return Ok(()),
            Err(error) => ensure!(begun.elapsed() < PATIENCE, "{error:#}"),
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// The two districts, filled, and who is signed in.
pub struct Ground {
    /// To the hubs.
    pub way: Endpoint,
    /// The district that asks.
    pub south: u32,
    /// The one that is asked.
    pub north: u32,
    /// Of an operator of both.
    pub desk: String,
    /// Of the doctor.
    pub doctor: String,
}

impl Ground {
    /// Fills two districts that are there, by the verbs of the hub on `folder`. The southern one asks a second after an
    /// alarm, and waits `limit_s` for an answer.
    ///
    /// # Errors
    /// When a verb is refused.
    pub async fn lay(folder: &Path, way: Endpoint, (south, north): (u32, u32), limit_s: u32) -> Result<Self> {
        let (lat, lng) = HOME;
        let doctor = format!("姓名,编号,电话,技能,纬度,经度\n林医生,D1,13900000001,医生,{lat},{lng}\n");
        import(folder, north, "grids", "g.geojson", &grid(45.85)).await?;
        import(folder, north, "plans", "p.csv", &plan("")).await?;
        import(folder, north, "volunteers", "v.csv", &doctor).await?;
        import(folder, south, "grids", "g.geojson", &grid(45.75)).await?;
        import(folder, south, "plans", "p.csv", &plan(&format!("1s 求援 {north} {limit_s}s; 900s 上报"))).await?;
        let both = format!("{south},{north}");
        let printed = run(folder, &["user", "add", "both", "--role", "operator", "--districts", &both]).await?;
        let desk = way.sign_in_by_link(&code(&printed)?).await?.token;
        let links = tempfile::tempdir()?;
        let out = links.path().join("links.csv");
        run(folder, &["invite", "--district", &north.to_string(), "--out", &out.display().to_string()]).await?;
        let doctor = way.sign_in_by_link(&code(&std::fs::read_to_string(out)?)?).await?.token;
        Ok(Ground { way, south, north, desk, doctor })
    }

    /// What the desk raises in the south.
    pub fn alarm() -> Value {
        json!({ "kind": "stroke", "place": { "lat": PLACE.0, "lng": PLACE.1 } })
    }
}

/// Who plays in it.
pub struct Neighbours {
    ground: Ground,
    stop: watch::Sender<bool>,
    phone: JoinHandle<Result<crowd::drive::Farewell>>,
}

impl Neighbours {
    /// Fills two districts that are there, by the verbs of the hub on `folder`, and switches the doctor's telephone on.
    ///
    /// # Errors
    /// When a verb is refused, or nobody comes online.
    pub async fn settle(folder: &Path, way: Endpoint, south: u32, north: u32) -> Result<Self> {
        let ground = Ground::lay(folder, way, (south, north), 60).await?;
        let (stop, stopped) = watch::channel(false);
        let (online, mut is_online) = watch::channel(false);
        let home = Position::from_degrees(HOME.0, HOME.1).context("a place")?;
        let person = Person::new(Temper::of(1, 1).always_comes(), home, Pace(PACE));
        let witness = Arc::new(move |_, notice| {
            if let Notice::Online { .. } = notice {
                online.send_replace(true);
            }
        });
        let phone = Phone::new(1, ground.way.clone(), ground.doctor.clone(), person).witness(witness).run(stopped);
        let phone = tokio::spawn(phone);
        tokio::time::timeout(PATIENCE, is_online.wait_for(|is| *is)).await.context("the doctor is not online")??;
        let neighbours = Neighbours { ground, stop, phone };
        neighbours.doctor_is_on_duty().await?;
        Ok(neighbours)
    }

    /// Raises an alarm in the south and waits until the doctor of the north has done it; says what both desks see.
    ///
    /// # Errors
    /// When it does not come to that.
    pub async fn help(&self) -> Result<()> {
        let Ground { way, south, north, desk, .. } = &self.ground;
        let (south, north) = (south.to_string(), north.to_string());
        let told: Value = way.post_as(Uuid::now_v7(), "/v1/alarms", Some(desk), &Ground::alarm()).await?;
        let path = format!("/v1/incidents/{}", told["incident"].as_str().context("an incident")?);
        let given = self.until(&path, |incident| incident["progress"]["aids"][0]["state"] == "given").await?;
        let aid = &given["progress"]["aids"][0];
        ensure!(aid["district"] == north && aid["people"] == 1, "{aid}");
        ensure!(aid["answered_at"].is_string() && given["progress"]["shortfall"].is_null(), "{given}");
        let done = self.until(&path, |incident| incident["state"] == "closed").await?;
        ensure!(done["disposition"] == "resolved" && done["progress"]["aids"][0]["state"] == "ended", "{done}");
        let list = format!("/v1/incidents?district={north}&ended=true");
        let there: Value = way.get(&list, Some(desk)).await?;
        let there = &there["items"][0];
        ensure!(there["progress"]["aid_for"] == south, "{there}");
        ensure!(there["disposition"] == "resolved" && there["progress"]["aids"].is_null(), "{there}");
        Ok(())
    }

    async fn doctor_is_on_duty(&self) -> Result<()> {
        let Ground { way, north, desk, .. } = &self.ground;
        let (path, begun) = (format!("/v1/volunteers?district={north}"), Instant::now());
        loop {
            let people: Value = way.get(&path, Some(desk)).await?;
            if people["items"][0]["duty"] != "off_duty" {
                return Ok(());
            }
            ensure!(begun.elapsed() < PATIENCE, "the doctor does not come on duty: {people}");
            sleep(LOOK_EVERY).await;
        }
    }

    async fn until(&self, path: &str, is_so: impl Fn(&Value) -> bool) -> Result<Value> {
        let begun = Instant::now();
        loop {
            let detail: Value = self.ground.way.get(path, Some(&self.ground.desk)).await?;
            if is_so(&detail["incident"]) {
                return Ok(detail["incident"].clone());
            }
            ensure!(begun.elapsed() < PATIENCE, "it does not come to that: {detail}");
            sleep(LOOK_EVERY).await;
        }
    }

    /// The telephone is switched off.
    ///
    /// # Errors
    /// When it has not heard all that it was sent.
    pub async fn go(self) -> Result<()> {
        self.stop.send_replace(true);
        let farewell = self.phone.await??;
        ensure!(farewell.complete != Some(false), "the phone has missed something");
        Ok(())
    }
}

fn code(text: &str) -> Result<String> {
    let code = text.split_once('#').context("no link")?.1.split([',', ' ', '\n', '"']).next();
    Ok(code.context("no code")?.trim().to_owned())
}
