//! From an alarm to an accepted offer; and that an alarm is taken whatever form it comes in.

use anyhow::Result;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::town::{EAST, FAR, Town, WEST};
use wire::server::Role;

fn place((lat, lng): (f64, f64)) -> Value {
    json!({ "lat": lat, "lng": lng })
}

#[tokio::test]
async fn an_alarm_reaches_a_phone_and_its_yes_comes_back() -> Result<()> {
    let town = Town::start().await?;
    let resident = town.resident().await?;
    let mut phone = town.volunteer(1).await?.connect("phone", Default::default()).await?;
    phone.go_on_duty().await?;

    let key = Uuid::now_v7();
    let body = json!({ "kind": "fall", "place": place(WEST), "words": "奶奶摔倒了" });
    let raised = resident.post("/v1/alarms", Some(key), body.clone()).await?.json();
    assert_eq!(raised["asked"], 1, "{raised}");

    let offer = phone.offer().await?;
    assert_eq!(offer["incident"], raised["incident"]);
    assert_eq!(phone.seen.last().map(|frame| frame["trace"].clone()), Some(json!(key)), "one trace from tap to frame");
    let offer = &offer["id"];
    let received = phone.command("offer_received", json!({ "offer": offer })).await?;
    assert!(received["ok"].is_object(), "{received}");
    let accepted = phone.command("accept", json!({ "offer": offer, "eta_min": 4 })).await?;
    assert_eq!(accepted["ok"]["incident"], raised["incident"], "{accepted}");
    let twice = phone.command("accept", json!({ "offer": offer })).await?;
    assert_eq!(twice["ok"]["assignment"], accepted["ok"]["assignment"], "a second yes is the same yes: {twice}");

    let again = resident.post("/v1/alarms", Some(key), body).await?.json();
    assert_eq!((&again["incident"], &again["call"]), (&raised["incident"], &raised["call"]), "the same answer");
    let other = resident.post("/v1/alarms", Some(key), json!({ "kind": "fall" })).await?.problem()?;
    assert_eq!((other.status, other.code.as_str()), (409, "idempotency_conflict"));
    town.stop().await
}

/// Form never refuses an alarm of a known device: what cannot be read is named.
#[tokio::test]
async fn an_alarm_is_taken_in_any_form() -> Result<()> {
    let town = Town::start().await?;
    let huge = "x".repeat(10 * 1024 * 1024).into_bytes();
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500)).into_bytes();
    let bodies: [(&str, Vec<u8>, &str); 8] = [
        ("empty", Vec::new(), ""),
        ("huge", huge, "body"),
        ("deep", deep, "body"),
        ("not UTF-8", vec![b'{', 0xff, b'}'], "body"),
        ("not JSON", b"help!".to_vec(), "body"),
        ("a list", b"[1]".to_vec(), "args"),
        ("absurd place", br#"{"place":{"lat":999,"lng":1}}"#.to_vec(), "place"),
        ("unknown field", br#"{"colour":"red","kind":"fall"}"#.to_vec(), "colour"),
    ];
    for (what, body, dropped) in bodies {
        // A device of its own each: a fourth alarm of one device would be merged.
        let resident = town.resident().await?;
        let request =
            resident.request(Method::POST, "/v1/alarms").header("Idempotency-Key", Uuid::now_v7().to_string());
        let answer = resident.send(request.header("Content-Type", "text/plain").body(body)).await?;
        assert_eq!(answer.status, 200, "{what}: {}", String::from_utf8_lossy(&answer.body));
        let taken = answer.json();
        assert!(taken["incident"].is_string(), "{what}: {taken}");
        assert_eq!(taken["dropped"][0].as_str().unwrap_or(""), dropped, "{what}: {taken}");
    }
    town.stop().await
}

#[tokio::test]
async fn an_alarm_without_a_place_or_outside_is_flagged() -> Result<()> {
    let town = Town::start().await?;
    for body in [json!({}), json!({ "place": place(FAR) })] {
        let taken = town.resident().await?.post("/v1/alarms", None, body.clone()).await?.json();
        assert_eq!(taken["place_unsure"], true, "{body}: {taken}");
    }
    let nobody = super::person::Person::nobody(&town.base);
    let refused = nobody.post("/v1/alarms", None, json!({})).await?.problem()?;
    assert_eq!((refused.status, refused.code.as_str()), (401, "unauthenticated"));
    town.stop().await
}

/// Hundreds at once from one device: every one is answered, none with 429.
#[tokio::test]
async fn a_flood_of_alarms_is_answered_one_by_one() -> Result<()> {
    let town = Town::start().await?;
    let resident = town.resident().await?;
    for _ in 0..200 {
        let answer = resident.post("/v1/alarms", None, json!({ "kind": "fall", "place": place(EAST) })).await?;
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    }
    let operator = town.account(Role::Operator).await?;
    let listed = operator.get("/v1/incidents").await?.json();
    let incidents = listed["items"].as_array().map_or(0, Vec::len);
    assert!((1..=4).contains(&incidents), "they are merged: {incidents}");
    town.stop().await
}

/// The same by the socket, beyond every limit of commands.
#[tokio::test]
async fn a_socket_takes_alarms_beyond_its_rate() -> Result<()> {
    let town = Town::start().await?;
    let mut phone = town.volunteer(2).await?.connect("phone", Default::default()).await?;
    phone.op("welcome").await?;
    let mut refused = 0;
    for _ in 0..60 {
        let result = phone.command("check_in", json!({})).await?;
        refused += u32::from(result["error"]["code"] == "rate");
    }
    assert!(refused > 0, "the rate holds for other commands");
    for _ in 0..40 {
        let result = phone.command("raise_alarm", json!({ "kind": "fall", "place": place(WEST) })).await?;
        assert!(result["ok"]["incident"].is_string(), "{result}");
    }
    town.stop().await
}
