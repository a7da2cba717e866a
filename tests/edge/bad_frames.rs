//! Bad input over the WebSocket, and how sockets end.

use anyhow::Result;
use serde_json::{Value, json};
use uuid::Uuid;
use wire::server::Role;

use super::town::Town;

#[tokio::test]
async fn a_bad_command_is_answered_and_the_socket_lives() -> Result<()> {
    let town = Town::start().await?;
    let mut phone = town.volunteer(1).await?.connect("phone", Default::default()).await?;
    let cases: [(&str, Value, &str, &str); 9] = [
        ("explode", json!({}), "unknown_command", "/name"),
        ("accept", json!({}), "missing_field", "/args/offer"),
        ("accept", json!({ "offer": 7 }), "bad_field", "/args/offer"),
        ("accept", json!({ "offer": "1000000777" }), "unknown_offer", "/offer"),
        ("accept", json!({ "offer": "1", "now": true }), "unknown_field", "/args/now"),
        ("go_on_duty", json!({ "until": "2001-01-01T00:00:00Z" }), "in_the_past", "/until"),
        ("go_on_duty", json!({ "until": "tomorrow" }), "bad_field", "/args/until"),
        ("decline", json!({ "offer": "x" }), "bad_field", "/args/offer"),
        ("assign", json!({ "incident": "1000000001", "volunteer": "1000000001" }), "unknown_incident", "/incident"),
    ];
    for (name, args, code, pointer) in cases {
        let result = phone.command(name, args.clone()).await?;
        let got = (result["error"]["code"].as_str(), result["error"]["pointer"].as_str());
        assert_eq!(got, (Some(code), Some(pointer)), "{name} {args}: {result}");
    }
    assert!(phone.command("check_in", json!({})).await?.get("error").is_some() || !phone.seen.is_empty());
    town.stop().await
}

/// What is no frame ends the socket with 4500 and says why.
#[tokio::test]
async fn a_frame_that_cannot_be_read_ends_the_socket() -> Result<()> {
    let town = Town::start().await?;
    let person = town.volunteer(1).await?;
    let deep = format!("{{\"op\":{}1{}}}", "[".repeat(30), "]".repeat(30));
    let frames = [
        json!({ "op": "shout" }).to_string(),
        json!({ "op": "ping", "at": "2026-01-01T00:00:00Z", "extra": 1 }).to_string(),
        "not json".to_owned(),
        deep,
        json!({ "op": "ping", "at": "x".repeat(17_000) }).to_string(),
        json!([1, 2]).to_string(),
    ];
    for frame in frames {
        let mut socket = person.connect("phone", Default::default()).await?;
        socket.op("welcome").await?;
        socket.say_text(frame.clone()).await?;
        assert_eq!(socket.closed().await?, Some(4500), "{}", &frame[..frame.len().min(60)]);
    }
    for (what, frame) in [("not UTF-8", vec![b'"', 0xc3, 0x28, b'"']), ("huge", vec![b' '; 80_000])] {
        let mut socket = person.connect("phone", Default::default()).await?;
        socket.op("welcome").await?;
        socket.say_raw(frame).await?;
        assert_eq!(socket.closed().await?, Some(4500), "{what}");
    }
    let mut rude = person.open().await?;
    rude.say(&json!({ "op": "ping", "at": "2026-01-01T00:00:00Z" })).await?;
    assert_eq!(rude.closed().await?, Some(4504), "no hello");
    town.stop().await
}

#[tokio::test]
async fn the_newest_socket_of_a_device_wins() -> Result<()> {
    let town = Town::start().await?;
    let person = town.volunteer(1).await?;
    let mut old = person.connect("phone", Default::default()).await?;
    old.op("welcome").await?;
    let mut tablet = person.connect("tablet", Default::default()).await?;
    tablet.op("welcome").await?;
    let mut new = person.connect("phone", Default::default()).await?;
    new.op("welcome").await?;
    assert_eq!(old.closed().await?, Some(4509));
    for socket in [&mut tablet, &mut new] {
        socket.say(&json!({ "op": "ping", "at": "2026-01-01T00:00:00Z" })).await?;
        socket.op("pong").await?;
    }
    town.stop().await
}

/// Revoked means closed: signed out, disabled.
#[tokio::test]
async fn a_revoked_sign_in_loses_its_socket() -> Result<()> {
    let town = Town::start().await?;
    let person = town.volunteer(1).await?;
    let mut socket = person.connect("phone", Default::default()).await?;
    socket.op("welcome").await?;
    let gone = person.send(person.request(reqwest::Method::DELETE, "/v1/sessions")).await?;
    assert_eq!(gone.status, 204);
    assert_eq!(socket.closed().await?, Some(4501));
    assert_eq!(person.get("/v1/grids").await?.problem()?.status, 401);
    town.stop().await
}

/// A page of a stranger's origin cannot open a socket; the hub's own and those listed can; a program has none.
#[tokio::test]
async fn origins_are_exact() -> Result<()> {
    let town = Town::start().await?;
    let person = town.account(Role::Wall).await?;
    let own = town.base.clone();
    let cases = [
        (own.as_str(), 101),
        ("https://help.example.org", 101),
        ("https://evil.example.org", 403),
        ("https://help.example.org.evil.com", 403),
        ("null", 403),
    ];
    for (origin, status) in cases {
        let request = person
            .request(reqwest::Method::GET, "/v1/ws")
            .header("Origin", origin)
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
            .header("Sec-WebSocket-Protocol", wire::SUBPROTOCOL);
        // Only the head: an upgraded connection has no body that ends.
        assert_eq!(request.send().await?.status().as_u16(), status, "{origin}");
    }
    town.stop().await
}

/// A hub that goes tells every phone, then closes with 4001.
#[tokio::test]
async fn a_hub_that_goes_says_so() -> Result<()> {
    let town = Town::start().await?;
    let mut phone = town.volunteer(1).await?.connect("phone", Default::default()).await?;
    phone.op("welcome").await?;
    let stopping = tokio::spawn(town.stop());
    let go = phone.op("go").await?;
    assert!(go["after_ms"].as_u64().is_some_and(|ms| ms > 0), "{go}");
    assert_eq!(phone.closed().await?, Some(4001));
    stopping.await?
}

/// A ticket is used once.
#[tokio::test]
async fn a_ticket_opens_one_socket() -> Result<()> {
    let town = Town::start().await?;
    let person = town.volunteer(1).await?;
    let ticket = person.post("/v1/ws-tickets", None, json!({})).await?.json()["ticket"].clone();
    let hello = json!({ "op": "hello", "ticket": ticket, "device": Uuid::new_v4(), "app": "tests" });
    let (mut first, mut second) = (person.open().await?, person.open().await?);
    first.say(&hello).await?;
    first.op("welcome").await?;
    second.say(&hello).await?;
    assert_eq!(second.closed().await?, Some(4012));
    town.stop().await
}
