//! CAP over the wire: in as an alarm, out as an alert, back in as the same.

use anyhow::Result;
use reqwest::Method;
use serde_json::json;
use wire::server::Role;

use super::person::{Answer, Person};
use super::town::{Town, WEST};

async fn send(person: &Person, body: &str) -> Result<Answer> {
    let request = person.request(Method::POST, "/v1/cap").header("Content-Type", "application/cap+xml");
    person.send(request.body(body.to_owned())).await
}

fn alert(msg_type: &str, more: &str) -> String {
    format!(
        "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>K-1</identifier><sender>weather@example.org</sender>\
         <sent>2026-11-22T08:00:00+08:00</sent><status>Actual</status><msgType>{msg_type}</msgType><scope>Public</scope>{more}</alert>"
    )
}

#[tokio::test]
async fn an_alert_comes_in_once_and_goes_out_again() -> Result<()> {
    let town = Town::start().await?;
    let partner = town.account(Role::Integration).await?;
    let info = format!(
        "<info><category>Safety</category><event>老人跌倒</event><urgency>Immediate</urgency><severity>Severe</severity>\
         <certainty>Observed</certainty><area><areaDesc>经纬街</areaDesc><circle>{},{} 0.1</circle></area></info>",
        WEST.0, WEST.1
    );
    let taken = send(&partner, &alert("Alert", &info)).await?.json();
    let again = send(&partner, &alert("Alert", &info)).await?.json();
    assert_eq!((&taken["incident"], &taken["call"]), (&again["incident"], &again["call"]));
    let id = taken["incident"].as_str().unwrap_or_default();
    let out = partner.get(&format!("/v1/cap/{id}")).await?;
    let text = String::from_utf8_lossy(&out.body).into_owned();
    assert_eq!(out.headers["content-type"], "application/cap+xml");
    assert!(text.contains("<event>老人跌倒</event>") && text.contains("<msgType>Alert</msgType>"), "{text}");

    let cancel = alert("Cancel", "<references>weather@example.org,K-1,2026-11-22T08:00:00+08:00</references>");
    assert_eq!(send(&partner, &cancel.replace("K-1</identifier>", "K-2</identifier>")).await?.status, 200);
    let ended = String::from_utf8_lossy(&partner.get(&format!("/v1/cap/{id}")).await?.body).into_owned();
    assert!(ended.contains("<msgType>Cancel</msgType>"), "{ended}");
    assert_eq!(send(&partner, &text).await?.status, 200, "what goes out can come in");

    let json = partner.post("/v1/cap", None, json!({})).await?.problem()?;
    assert_eq!(json.code, "wrong_content_type");
    let refused = town.volunteer(1).await?;
    assert_eq!(send(&refused, &alert("Alert", &info)).await?.problem()?.status, 403);
    town.stop().await
}
