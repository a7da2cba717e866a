//! Why a hub ends a socket, tried from outside: too slow, silent, signed out, over, replaced, a ticket that is no good.

use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::Method;
use serde_json::{Value, json};
use wire::server::Role;

use super::person::Person;
use super::village::{Village, said, tamper};

/// A client that asks and does not listen fills its queue, and is let go; it may come back at once.
#[tokio::test]
async fn who_does_not_read_is_closed_with_4008() -> Result<()> {
    let village = Village::start("").await?;
    let wall = village.account("wall-1", Role::Wall).await?;
    let mut socket = wall.connect("wall", Default::default()).await?;
    socket.op("welcome").await?;
    socket.flood(&json!({ "op": "ping", "at": "2026-01-01T00:00:00Z" })).await?;
    let closed = async |reason: &str| {
        let metrics = String::from_utf8_lossy(&wall.get("/metrics").await?.body).into_owned();
        Ok::<_, anyhow::Error>(metrics.contains(&format!("baiying_sockets_closed_total{{reason=\"{reason}\"}}")))
    };
    while !closed("slow").await? {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(socket.closed().await?, Some(4008));
    let mut back = wall.connect("wall", Default::default()).await?;
    back.op("welcome").await?;
    village.conforms(&[("Wall", &socket), ("Wall", &back)]).await
}

#[tokio::test]
async fn who_is_silent_is_closed_with_4009() -> Result<()> {
    let village = Village::start("").await?;
    let wall = village.account("wall-1", Role::Wall).await?;
    let mut socket = wall.connect("wall", Default::default()).await?;
    assert_eq!(socket.op("welcome").await?["heartbeat_ms"], wire::HEARTBEAT_ACTIVE_MS);
    assert_eq!(socket.closed().await?, Some(4009));
    village.conforms(&[("Wall", &socket)]).await
}

/// Signed out elsewhere, disabled by a verb, over by the clock: the socket ends at once, not at the next heartbeat.
#[tokio::test]
async fn a_socket_does_not_outlive_its_sign_in() -> Result<()> {
    let village = Village::start("").await?;
    let operator = village.account("wang", Role::Operator).await?;
    let mut desk = operator.connect("desk", Default::default()).await?;
    desk.op("welcome").await?;
    let data = village.hub.data().display().to_string();
    said(&["user", "disable", "wang", "--data", &data]).await?;
    assert_eq!(desk.closed().await?, Some(4501));
    assert_eq!(operator.get("/v1/incidents").await?.problem()?.status, 401);

    let (_, helper) = village.volunteer("周敏").await?;
    let soon = "UPDATE session SET expires_at = (unixepoch() + 3) * 1000 WHERE volunteer IS NOT NULL";
    assert_eq!(tamper(village.hub.data(), "office.db", soon).await?, 1);
    let mut phone = helper.connect("phone", Default::default()).await?;
    let began = phone.op("welcome").await?["heartbeat_ms"].as_u64().context("a heartbeat")?;
    assert!(began > 20_000, "a heartbeat would be too late: {began}");
    assert_eq!(phone.closed().await?, Some(4012));
    village.conforms(&[("Desk", &desk), ("Volunteer", &phone)]).await?;

    // Over but not revoked: good for an alarm, flagged, and for nothing else.
    let refused = helper.post("/v1/duty/start", None, json!({})).await?.problem()?;
    assert_eq!((refused.status, refused.code.as_str()), (401, "session_over"));
    let taken: Value = helper.post("/v1/alarms", None, json!({ "kind": "fall" })).await?.ok()?;
    assert!(taken["incident"].is_string() && taken["dropped"][0] == "token", "{taken}");
    Ok(())
}

/// Once, within half a minute, and the newest socket of a device wins.
#[tokio::test]
async fn a_ticket_is_good_once_and_not_for_long() -> Result<()> {
    let village = Village::start("").await?;
    let resident = village.resident().await?;
    let ticket = async |person: &Person| {
        Ok::<_, anyhow::Error>(person.post("/v1/ws-tickets", None, json!({})).await?.json()["ticket"].clone())
    };
    let hello = |ticket: &Value| json!({ "op": "hello", "ticket": ticket, "device": "phone", "app": "tests" });
    let (late, used) = (ticket(&resident).await?, ticket(&resident).await?);
    let (mut first, mut second) = (resident.open().await?, resident.open().await?);
    first.say(&hello(&used)).await?;
    first.op("welcome").await?;
    second.say(&hello(&used)).await?;
    assert_eq!(second.closed().await?, Some(4012), "used twice");
    let mut newer = resident.connect("phone", Default::default()).await?;
    newer.op("welcome").await?;
    assert_eq!(first.closed().await?, Some(4509), "the newest wins");

    tokio::time::sleep(Duration::from_millis(u64::from(hub::records::TICKET_TTL_MS)) + Duration::from_secs(1)).await;
    let mut third = resident.open().await?;
    third.say(&hello(&late)).await?;
    assert_eq!(third.closed().await?, Some(4012), "too late");
    assert_eq!(resident.send(resident.request(Method::DELETE, "/v1/sessions")).await?.status, 204);
    assert_eq!(newer.closed().await?, Some(4501));
    village.conforms(&[("Resident", &first), ("Resident", &newer)]).await
}

/// Whoever says nothing at all was given his time, while the hub listened.
#[tokio::test]
async fn who_says_no_hello_is_closed_with_4504() -> Result<()> {
    let village = Village::start("").await?;
    let mut mute = village.resident().await?.open().await?;
    assert_eq!(mute.closed().await?, Some(4504));
    Ok(())
}
