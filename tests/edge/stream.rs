//! Streams: snapshot, deltas that follow on each other, resume without a gap, resync, and polling as the same.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use wire::client::StreamPoint;
use wire::server::Role;

use super::person::{Person, Socket};
use super::town::{Town, WEST};

/// Follows a stream as a client must, and fails where one would have to resync.
#[derive(Default)]
pub struct Proof {
    history: Value,
    pub seq: u64,
    pub applied: usize,
}

impl Proof {
    pub fn take(&mut self, frame: &Value) {
        match frame["op"].as_str() {
            Some("snapshot") if frame["last"] == true => {
                (self.history, self.seq) = (frame["history"].clone(), frame["seq"].as_u64().unwrap_or(0));
            }
            Some("delta") => {
                assert_eq!(frame["prev"].as_u64(), Some(self.seq), "a gap: {frame}");
                (self.history, self.seq) = (frame["history"].clone(), frame["seq"].as_u64().unwrap_or(0));
                self.applied += 1;
            }
            _ => {}
        }
    }

    pub fn point(&self) -> Result<StreamPoint> {
        Ok(StreamPoint { history: self.history.as_str().context("a history")?.parse()?, seq: self.seq })
    }
}

async fn follow_until_pong(socket: &mut Socket, proof: &mut Proof) -> Result<Value> {
    socket.say(&json!({ "op": "ping", "at": "2026-01-01T00:00:00Z" })).await?;
    let from = socket.seen.len();
    let pong = socket.op("pong").await?;
    socket.seen[from..].iter().for_each(|frame| proof.take(frame));
    Ok(pong)
}

async fn alarm(person: &Person, step: u32) -> Result<()> {
    let lat = WEST.0 + f64::from(step) * 0.0001;
    let answer =
        person.post("/v1/alarms", None, json!({ "kind": "fall", "place": { "lat": lat, "lng": WEST.1 } })).await?;
    answer.ok::<Value>().map(drop)
}

/// Until what was committed has passed the desk's stream.
async fn settled(socket: &mut Socket, proof: &mut Proof, top: u64) -> Result<()> {
    loop {
        let pong = follow_until_pong(socket, proof).await?;
        if pong["districts"]["1"]["top"].as_u64().is_some_and(|reached| reached >= top) {
            // What was queued before that pong is read by the next.
            follow_until_pong(socket, proof).await?;
            return Ok(());
        }
    }
}

#[tokio::test]
async fn a_client_that_comes_back_misses_nothing() -> Result<()> {
    let town = Town::start().await?;
    let operator = town.account(Role::Operator).await?;
    let seq = || town.engine.handle().read(|district| district.seq);
    let mut proof = Proof::default();
    let mut socket = operator.connect("desk", BTreeMap::new()).await?;
    let welcome = socket.op("welcome").await?;
    assert_eq!(welcome["districts"]["1"]["mode"], "snapshot");
    let last = socket.until(|frame| frame["op"] == "snapshot" && frame["last"] == true).await?;
    proof.take(&last);
    for step in 0..5 {
        alarm(&operator, step).await?;
    }
    settled(&mut socket, &mut proof, seq()).await?;
    let applied = proof.applied;
    assert!(applied >= 5, "{applied} deltas");
    drop(socket);
    for step in 5..9 {
        alarm(&operator, step).await?;
    }
    let resume = BTreeMap::from([("1".to_owned(), Some(proof.point()?))]);
    let mut socket = operator.connect("desk", resume.clone()).await?;
    assert_eq!(socket.op("welcome").await?["districts"]["1"]["mode"], "replay");
    settled(&mut socket, &mut proof, seq()).await?;
    assert!(proof.applied >= applied + 4, "{} deltas", proof.applied);
    assert_eq!(socket.seen.iter().filter(|frame| frame["op"] == "snapshot").count(), 0);
    town.stop().await
}

/// Another history, or a seq from the future, gets a snapshot and never a part.
#[tokio::test]
async fn who_cannot_be_replayed_gets_a_snapshot() -> Result<()> {
    let town = Town::start().await?;
    let operator = town.account(Role::Operator).await?;
    let mut socket = operator.connect("desk", BTreeMap::new()).await?;
    let history: uuid::Uuid = serde_json::from_value(socket.op("welcome").await?["districts"]["1"]["history"].clone())?;
    for point in [StreamPoint { history: uuid::Uuid::nil(), seq: 1 }, StreamPoint { history, seq: 1_000_000 }] {
        let resume = BTreeMap::from([("1".to_owned(), Some(point))]);
        let mut socket = operator.connect("desk", resume).await?;
        assert_eq!(socket.op("welcome").await?["districts"]["1"]["mode"], "snapshot", "{point:?}");
        socket.until(|frame| frame["op"] == "snapshot" && frame["last"] == true).await?;
    }
    town.stop().await
}

#[tokio::test]
async fn a_resync_is_answered() -> Result<()> {
    let town = Town::start().await?;
    let operator = town.account(Role::Operator).await?;
    let mut socket = operator.connect("desk", BTreeMap::new()).await?;
    let last = socket.until(|frame| frame["op"] == "snapshot" && frame["last"] == true).await?;
    alarm(&operator, 0).await?;
    let first = socket.op("delta").await?;
    let resync = json!({ "op": "resync", "district": "1", "history": last["history"], "seq": last["seq"] });
    socket.say(&resync).await?;
    let again = socket.until(|frame| frame["op"] == "delta" && frame["seq"] == first["seq"]).await?;
    assert_eq!((&again["prev"], &again["data"]), (&last["seq"], &first["data"]));
    town.stop().await
}

/// Polling: a snapshot, then what has happened since, frame by frame the same.
#[tokio::test]
async fn polling_is_a_full_fallback() -> Result<()> {
    let town = Town::start().await?;
    let operator = town.account(Role::Operator).await?;
    let mut proof = Proof::default();
    let mut polled = operator.get("/v1/streams/1").await?.json();
    assert_eq!(polled["mode"], "snapshot");
    for round in 0..4 {
        polled["frames"].as_array().into_iter().flatten().for_each(|frame| proof.take(frame));
        alarm(&operator, round).await?;
        let path =
            format!("/v1/streams/1?history={}&after={}", polled["history"].as_str().unwrap_or(""), polled["seq"]);
        polled = operator.get(&path).await?.json();
        assert_eq!(polled["mode"], "replay", "{polled}");
    }
    assert!(proof.applied >= 3);
    assert_eq!(operator.get("/v1/streams/9").await?.problem()?.status, 404);
    assert_eq!(operator.get("/v1/streams/1?since=1").await?.problem()?.code, "bad_query");
    town.stop().await
}

/// A snapshot larger than one part comes in parts of at most 32 KiB.
#[tokio::test]
async fn large_snapshots_come_in_parts() -> Result<()> {
    let town = Town::start().await?;
    let operator = town.account(Role::Operator).await?;
    // Further apart than calls that are merged.
    for step in 0..144 {
        let (north, east) = (f64::from(step / 12) - 5.5, f64::from(step % 12) - 5.5);
        let place = json!({ "lat": WEST.0 + north * 0.0016, "lng": WEST.1 + east * 0.0016 });
        operator.post("/v1/alarms", None, json!({ "kind": "fall", "place": place })).await?.ok::<Value>()?;
    }
    let mut socket = operator.connect("desk", BTreeMap::new()).await?;
    socket.until(|frame| frame["op"] == "snapshot" && frame["last"] == true).await?;
    let parts: Vec<&Value> = socket.seen.iter().filter(|frame| frame["op"] == "snapshot").collect();
    assert!(parts.len() > 1, "{} parts", parts.len());
    for (index, part) in parts.iter().enumerate() {
        assert_eq!(part["part"].as_u64(), Some(index as u64));
        assert!(part.to_string().len() <= wire::SNAPSHOT_PART_BYTES_MAX + 4_096, "{}", part.to_string().len());
    }
    town.stop().await
}
