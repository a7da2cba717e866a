//! A hub that stops, or is killed, and comes back: the same log, and whoever followed it misses nothing.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use uuid::Uuid;
use wire::server::Role;

use super::person::{Person, Socket};
use super::stream::Proof;
use super::town::WEST;
use super::village::Village;

async fn alarm(person: &Person, step: u32) -> Result<Value> {
    let lat = WEST.0 + f64::from(step) * 0.002;
    let body = json!({ "kind": "fall", "place": { "lat": lat, "lng": WEST.1 } });
    person.post("/v1/alarms", Some(Uuid::from_u128(0x1000 + u128::from(step))), body).await?.ok()
}

/// Reads until the proof says that it is enough, and proves each step.
async fn follow(socket: &mut Socket, proof: &mut Proof, enough: impl Fn(&Proof) -> bool) -> Result<()> {
    let mut read = 0;
    while !enough(proof) {
        socket.until(|frame| ["delta", "snapshot"].iter().any(|op| frame["op"] == *op)).await?;
        socket.seen[read..].iter().for_each(|frame| proof.take(frame));
        read = socket.seen.len();
    }
    Ok(())
}

async fn top(person: &Person) -> Result<u64> {
    person.get("/readyz").await?.json()["districts"]["1"].as_u64().context("a seq")
}

/// The states of the offers that a phone was told of, in order.
fn offers(socket: &Socket) -> Vec<Value> {
    let rows = socket.seen.iter().filter(|frame| frame["op"] == "delta").map(|frame| frame["data"]["offers"].clone());
    rows.flat_map(|rows| rows.as_array().cloned().unwrap_or_default()).map(|row| row["state"].clone()).collect()
}

/// A phone and a desk follow; the hub goes while they are away, and comes back.
async fn across(kill: bool) -> Result<()> {
    let village = Village::start("").await?;
    let operator = village.account("wang", Role::Operator).await?;
    let (_, helper) = village.volunteer("周敏").await?;
    let (mut his, mut desks) = (Proof::default(), Proof::default());
    let mut phone = helper.connect("phone", BTreeMap::new()).await?;
    phone.go_on_duty().await?;
    let mut desk = operator.connect("desk", BTreeMap::new()).await?;
    let raised = alarm(&operator, 0).await?;
    phone.offer().await?;
    phone.seen.iter().for_each(|frame| his.take(frame));
    let seen = top(&operator).await?;
    follow(&mut desk, &mut desks, |proof| proof.seq >= seen).await?;
    village.conforms(&[("Desk", &desk), ("Volunteer", &phone)]).await?;
    let (phone_at, desk_at, applied) = (his.point()?, desks.point()?, his.applied);

    // Away: the offer is withdrawn, and the hub goes and comes back. Then there is another.
    drop((phone, desk));
    let cancel = format!("/v1/incidents/{}/cancel", raised["incident"].as_str().context("an incident")?);
    operator.post(&cancel, None, json!({})).await?.ok::<Value>()?;
    let folder = if kill { village.hub.kill9().await? } else { village.hub.terminate().await? };
    let village = Village::on(folder).await?;
    let (operator, helper) = (operator.at(&village.hub.base), helper.at(&village.hub.base));
    alarm(&operator, 1).await?;

    let resume = |point| BTreeMap::from([("1".to_owned(), Some(point))]);
    let mut phone = helper.connect("phone", resume(phone_at)).await?;
    let welcome = phone.op("welcome").await?;
    assert_eq!(welcome["districts"]["1"]["history"], json!(phone_at.history), "the log is the same one");
    // An orderly stop stores a snapshot, and the log before it is not read again: then he is sent the whole.
    if kill {
        assert_eq!(welcome["districts"]["1"]["mode"], "replay", "{welcome}");
        follow(&mut phone, &mut his, |proof| proof.applied >= applied + 2).await?;
        assert_eq!(offers(&phone), ["withdrawn", "made"], "what he missed, once and in order");
    } else {
        let stands_at = welcome["districts"]["1"]["seq"].as_u64().context("a seq")?;
        follow(&mut phone, &mut his, |proof| proof.seq >= stands_at).await?;
    }

    // A desk is given a snapshot of the same log when nobody was there to see what it missed; and no gap follows.
    let mut desk = operator.connect("desk", resume(desk_at)).await?;
    assert_eq!(desk.op("welcome").await?["districts"]["1"]["history"], json!(desk_at.history));
    alarm(&operator, 2).await?;
    let seen = top(&operator).await?;
    follow(&mut desk, &mut desks, |proof| proof.seq >= seen).await?;
    village.conforms(&[("Desk", &desk), ("Volunteer", &phone)]).await?;

    let again = alarm(&operator, 0).await?;
    assert_eq!(again["incident"], raised["incident"], "the same id has the same answer after a restart");
    village.hub.terminate().await?;
    Ok(())
}

#[tokio::test]
async fn who_followed_resumes_across_an_orderly_restart() -> Result<()> {
    across(false).await
}

#[tokio::test]
async fn who_followed_resumes_across_a_kill() -> Result<()> {
    across(true).await
}
