//! A phone without a socket is reached by the operator's own gateway: HTTPS under his own authority, signed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use bytes::Bytes;
use hub::edge::tls::{AUTHORITY_FILE, TlsListener, self_made};
use serde_json::{Value, json};

use super::town::WEST;
use super::village::Village;

const SECRET: &str = "sixteen bytes or more, please";
/// Loopback delivers in milliseconds; a limit, not a measure.
const PATIENCE: Duration = Duration::from_secs(30);

pub type Calls = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// Takes every call; says no to the first, so that it must come again.
async fn take(State(calls): State<Calls>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut calls = calls.lock().expect("no panic while the calls are held");
    calls.push((headers, body));
    if calls.len() == 1 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
}

/// A gateway whose certificate nobody knows but whoever has its authority's file.
pub async fn gateway(folder: &std::path::Path) -> Result<(String, Calls)> {
    let config = self_made(folder, &[], &[[127, 0, 0, 1].into()])?;
    let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("https://{}/wake", tcp.local_addr()?);
    let calls = Calls::default();
    let app = axum::Router::new().route("/wake", post(take)).with_state(calls.clone());
    let listener = TlsListener::new(tcp, config)?;
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok((url, calls))
}

pub async fn heard(calls: &Calls, count: usize) -> Result<Vec<(HeaderMap, Bytes)>> {
    let wait = async {
        loop {
            let so_far = calls.lock().expect("no panic while the calls are held").clone();
            if so_far.len() >= count {
                return so_far;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.context("the gateway hears nothing")
}

#[tokio::test]
async fn a_closed_phone_is_woken_through_a_signed_webhook() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (url, calls) = gateway(folder.path()).await?;
    let secret = folder.path().join("wake.secret");
    std::fs::write(&secret, format!("{SECRET}\n"))?;
    let authority = folder.path().join(AUTHORITY_FILE);
    let settings = format!(
        "[wake]\nurl = {url:?}\nsecret_file = {:?}\nauthority = {:?}\n",
        secret.display().to_string(),
        authority.display().to_string()
    );
    let village = Village::start(&settings).await?;
    let (id, helper) = village.volunteer("周敏").await?;
    helper.post("/v1/duty/start", None, json!({})).await?.ok::<Value>()?;
    let place = json!({ "lat": WEST.0, "lng": WEST.1 });
    let key = uuid::Uuid::now_v7();
    let raised = village.resident().await?.post("/v1/alarms", Some(key), json!({ "place": place })).await?;
    let raised: Value = raised.ok()?;

    let calls = heard(&calls, 2).await?;
    let now_s = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs().cast_signed();
    for (headers, body) in &calls {
        let signature = headers["baiying-signature"].to_str()?;
        assert!(signed(signature, body, now_s), "{signature}");
        assert!(!signed(signature, b"{}", now_s), "another body is not signed by it");
    }
    assert_eq!(calls[0].0["baiying-delivery"], calls[1].0["baiying-delivery"], "tried again under its own name");
    let wake: Value = serde_json::from_slice(&calls[1].1)?;
    assert_eq!((&wake["volunteer"], &wake["incident"]), (&json!(id), &raised["incident"]), "{wake}");
    assert_eq!(wake["trace"], json!(key), "one trace from tap to gateway");
    assert!(!wake.to_string().contains("周敏"), "no name leaves the hub: {wake}");
    Ok(())
}

/// As a gateway's author would check it.
fn signed(header: &str, body: &[u8], now_s: i64) -> bool {
    hub::engine::wake::signature::is_signed(SECRET.as_bytes(), header, body, now_s, 300)
}
