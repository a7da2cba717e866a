//! A district asks its neighbour for aid, and a leader is killed before there is an answer: of the one that asks, or of the
//! one that is asked. Both logs are read afterwards: asked once, answered once, nobody assigned twice, and the time limit is
//! the one that was set, whoever leads when it runs out.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use matcher::{Commit, Event, Timestamp};
use serde_json::{Value, json};
use tests::harness::neighbours::Ground;
use tests::harness::postgres::PostgresServer;
use tokio::time::sleep;
use uuid::Uuid;

use super::checker;
use super::districts::{leads, on};
use super::stage::{PATIENCE, Stage};

const SOUTH: u32 = 8;
const NORTH: u32 = 9;

/// Far longer than another hub needs to take a lead: the answer that comes after that is in time.
const LIMIT_S: u32 = 60;

/// Longer than a kill takes to be noticed, and short enough to be waited for.
const SHORT_LIMIT_S: u32 = 20;

/// How often it is looked: reads have a rate.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// Three hubs, two of which lead a district each, and what the southern one has asked of the northern one.
struct Scene {
    stage: Stage,
    ground: Ground,
    incident: String,
}

/// Which hub leads a district, once one does.
async fn leader_of(stage: &Stage, district: u32) -> Result<usize> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        for (index, _) in stage.hubs.iter().enumerate().filter(|(_, hub)| hub.is_some()) {
            if leads(stage, index).await?.contains(&district.to_string()) {
                return Ok(index);
            }
        }
        sleep(LOOK_EVERY).await;
    }
    anyhow::bail!("nobody leads {district}: {}", stage.logs())
}

impl Scene {
    /// Until the request is in the southern log and the doctor of the north is asked, who has not answered.
    async fn set(limit_s: u32) -> Result<Self> {
        let stage = Stage::set(3, PostgresServer::start(&[])).await?;
        on(&stage, 0, &["district", "add", "8", "--name", "南区", "--lat", "45.76", "--lng", "126.62"]).await?;
        on(&stage, 0, &["district", "add", "9", "--name", "北区", "--lat", "45.86", "--lng", "126.62"]).await?;
        let (south, north) = (leader_of(&stage, SOUTH).await?, leader_of(&stage, NORTH).await?);
        if south == north {
            on(&stage, north, &["district", "move", "9"]).await?;
        }
        let way = stage.way_in(0).await?;
        let ground = Ground::lay(stage.hub(0).data(), way, (SOUTH, NORTH), limit_s).await;
        let mut scene = Scene { ground: ground.with_context(|| stage.logs())?, stage, incident: String::new() };
        scene.say("/v1/duty/start", true, &json!({})).await?;
        let raised = scene.say("/v1/alarms", false, &Ground::alarm()).await?;
        scene.incident = raised["incident"].as_str().context("an incident")?.to_owned();
        scene.offer().await?;
        ensure!(scene.aid().await?["state"] == "asked", "nobody has answered yet");
        ensure!(
            leader_of(&scene.stage, SOUTH).await? != leader_of(&scene.stage, NORTH).await?,
            "each has its own leader"
        );
        Ok(scene)
    }

    /// Says the same under one id until a leader has taken it or refused it: a hub that was killed has refused nothing.
    async fn say(&self, path: &str, is_doctor: bool, body: &Value) -> Result<Value> {
        let token = if is_doctor { &self.ground.doctor } else { &self.ground.desk };
        let (id, begun) = (Uuid::now_v7(), Instant::now());
        loop {
            let said = self.ground.way.post_as(id, path, Some(token), body).await;
            let Err(error) = said else { return said };
            let later = ["no answer", "cut off", "unknown_outcome", "no_leader"];
            let why = format!("{error:#}");
            ensure!(later.iter().any(|words| why.contains(words)) && begun.elapsed() < PATIENCE, "{path}: {why}");
            sleep(LOOK_EVERY).await;
        }
    }

    /// The doctor's offer, once he is asked.
    async fn offer(&self) -> Result<u64> {
        let begun = Instant::now();
        loop {
            let events = checker::log_of(&self.stage.postgres, NORTH)?.into_iter().flat_map(|commit| commit.events);
            let offers = events.filter_map(|event| {
                let Event::WaveSent { offers, .. } = event else { return None };
                offers.first().map(|offer| offer.id.0)
            });
            if let Some(offer) = offers.last() {
                return Ok(offer);
            }
            ensure!(begun.elapsed() < PATIENCE, "nobody is asked in the north: {}", self.stage.logs());
            sleep(LOOK_EVERY).await;
        }
    }

    /// The request, as the desk of the south sees it.
    async fn aid(&self) -> Result<Value> {
        Ok(self.shown().await?["progress"]["aids"][0].clone())
    }

    async fn shown(&self) -> Result<Value> {
        let path = format!("/v1/incidents/{}", self.incident);
        let detail: Value = self.ground.way.get(&path, Some(&self.ground.desk)).await?;
        Ok(detail["incident"].clone())
    }

    async fn until(&self, is_so: impl Fn(&Value) -> bool) -> Result<()> {
        let begun = Instant::now();
        loop {
            // A hub that dies in the middle of an answer says nothing about the incident.
            let shown = self.shown().await.unwrap_or_default();
            if is_so(&shown) {
                return Ok(());
            }
            ensure!(begun.elapsed() < PATIENCE, "it does not come to that: {shown}: {}", self.stage.logs());
            sleep(LOOK_EVERY).await;
        }
    }

    async fn aid_is(&self, state: &str) -> Result<()> {
        self.until(|incident| incident["progress"]["aids"][0]["state"] == state).await
    }

    /// The hub that leads `district` dies, another leads, and the dead one comes back.
    async fn kill_leader_of(&mut self, district: u32) -> Result<()> {
        let dead = leader_of(&self.stage, district).await?;
        let folder = self.stage.take_out(dead).kill9().await?;
        ensure!(leader_of(&self.stage, district).await? != dead, "another leads");
        self.stage.start(dead, folder).await
    }

    /// The doctor says yes, goes there and does it.
    async fn doctor_helps(&self) -> Result<()> {
        let accept = format!("/v1/offers/{}/accept", self.offer().await?);
        let accepted = self.say(&accept, true, &json!({})).await.with_context(|| self.stage.logs())?;
        self.aid_is("given").await?;
        let assignment = accepted["assignment"].as_str().context("an assignment")?;
        for milestone in ["on-scene", "done"] {
            self.say(&format!("/v1/assignments/{assignment}/{milestone}"), true, &json!({})).await?;
        }
        self.until(|incident| incident["state"] == "closed" && incident["disposition"] == "resolved").await
    }

    fn both_logs(&self) -> Result<(Told, Told)> {
        let log = |district| Ok::<_, anyhow::Error>(Told::of(&checker::legal_log(&self.stage.postgres, district)?));
        Ok((log(SOUTH)?, log(NORTH)?))
    }
}

/// A word of one district to the other: its number, whether it is the last, whether it is a yes, when it was committed.
type Telling = (u32, bool, bool, Timestamp);

/// What a log says of aid and of who was assigned.
#[derive(Debug, Default)]
struct Told {
    /// When it was asked, and until when it could be answered.
    asked: Vec<(Timestamp, Timestamp)>,
    begun: usize,
    given: Vec<Telling>,
    heard: Vec<Telling>,
    expired: Vec<Timestamp>,
    assigned: usize,
}

impl Told {
    fn of(log: &[Commit]) -> Self {
        let mut told = Told::default();
        for (at, event) in log.iter().flat_map(|commit| commit.events.iter().map(|event| (commit.at, event))) {
            if let Event::AidAsked { answer_by, .. } = event {
                told.asked.push((at, *answer_by));
            } else if let Event::AidGiven { filled, over, telling, .. } = event {
                told.given.push((*telling, *over, !filled.is_empty(), at));
            } else if let Event::AidTold { filled, over, telling, .. } = event {
                told.heard.push((*telling, *over, !filled.is_empty(), at));
            } else if let Event::AidExpired { .. } = event {
                told.expired.push(at);
            }
            told.begun += usize::from(matches!(event, Event::AidBegun { .. }));
            told.assigned += usize::from(matches!(event, Event::VolunteerAssigned { .. }));
        }
        told
    }
}

/// Asked once, for as long as the plan says, and begun once.
fn asked_once(south: &Told, north: &Told, limit_s: u32) -> Result<Timestamp> {
    ensure!(south.asked.len() == 1 && north.begun == 1, "{south:?} {north:?}");
    let (asked_at, answer_by) = south.asked[0];
    ensure!(answer_by == asked_at.plus_ms(u64::from(limit_s) * 1_000), "{south:?}");
    Ok(answer_by)
}

/// One person has come, with the consent of both: each word was said once and heard once, the yes within the limit.
fn answered_once(south: &Told, north: &Told) -> Result<()> {
    let answer_by = asked_once(south, north, LIMIT_S)?;
    let words =
        |tellings: &[Telling]| tellings.iter().map(|&(number, over, yes, _)| (number, over, yes)).collect::<Vec<_>>();
    ensure!(words(&north.given) == [(1, false, true), (2, true, true)], "{north:?}");
    ensure!(words(&south.heard) == words(&north.given), "{south:?} {north:?}");
    ensure!(south.heard[0].3 <= answer_by && south.expired.is_empty(), "in time: {south:?}");
    ensure!((south.assigned, north.assigned) == (0, 1), "one person, by one log: {south:?} {north:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_leader_of_the_district_that_asks_for_aid_is_killed() -> Result<()> {
    let mut scene = Scene::set(LIMIT_S).await?;
    scene.kill_leader_of(SOUTH).await?;
    scene.doctor_helps().await?;
    let (south, north) = scene.both_logs()?;
    answered_once(&south, &north)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_leader_of_the_district_that_is_asked_for_aid_is_killed() -> Result<()> {
    let mut scene = Scene::set(LIMIT_S).await?;
    scene.kill_leader_of(NORTH).await?;
    scene.doctor_helps().await?;
    let (south, north) = scene.both_logs()?;
    answered_once(&south, &north)
}

/// Nobody answers: the limit runs out under another leader, once, and whoever says yes afterwards is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_time_limit_of_aid_holds_although_both_leaders_were_killed() -> Result<()> {
    let mut scene = Scene::set(SHORT_LIMIT_S).await?;
    let accept = format!("/v1/offers/{}/accept", scene.offer().await?);
    scene.kill_leader_of(SOUTH).await?;
    scene.kill_leader_of(NORTH).await?;
    scene.aid_is("expired").await?;
    let begun = Instant::now();
    while checker::log_of(&scene.stage.postgres, NORTH)?.iter().all(|commit| !commit.events.iter().any(is_cancelled)) {
        ensure!(begun.elapsed() < PATIENCE, "the north is not told that it is over: {}", scene.stage.logs());
        sleep(LOOK_EVERY).await;
    }
    let late = scene.say(&accept, true, &json!({})).await.err().context("too late")?;
    ensure!(format!("{late:#}").contains("409"), "refused because it is over: {late:#}");
    let (south, north) = scene.both_logs()?;
    let answer_by = asked_once(&south, &north, SHORT_LIMIT_S)?;
    ensure!(south.expired.len() == 1 && south.expired[0] >= answer_by, "once, and not before: {south:?}");
    ensure!(
        south.heard.iter().all(|&(_, _, yes, _)| !yes) && south.assigned + north.assigned == 0,
        "{south:?} {north:?}"
    );
    let terms = checker::terms_of(&scene.stage.postgres, SOUTH)?;
    ensure!(terms.first() < terms.last(), "another leader let it run out");
    Ok(())
}

fn is_cancelled(event: &Event) -> bool {
    matches!(event, Event::IncidentCancelled { .. } | Event::IncidentClosed { .. })
}
