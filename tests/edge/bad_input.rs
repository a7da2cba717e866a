//! Bad input over HTTP: a table. Every refusal is a problem that names what is wrong; nothing is half done.

use anyhow::Result;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;
use wire::server::Role;

use super::town::{Town, WEST};

struct Case {
    path: &'static str,
    body: Value,
    status: u16,
    code: &'static str,
    pointer: Option<&'static str>,
}

fn case(path: &'static str, body: Value, status: u16, code: &'static str, pointer: &'static str) -> Case {
    Case { path, body, status, code, pointer: Some(pointer).filter(|pointer| !pointer.is_empty()) }
}

fn of_operator() -> Vec<Case> {
    let (lat, lng) = WEST;
    let place = json!({ "lat": lat, "lng": lng });
    let request = |change: fn(&mut Value)| {
        let mut body = json!({ "kind": "haircut", "place": { "lat": WEST.0, "lng": WEST.1 } });
        change(&mut body);
        body
    };
    vec![
        case("/v1/requests", json!({}), 422, "missing_field", "/kind"),
        case("/v1/requests", json!({ "kind": "haircut" }), 422, "missing_field", "/place"),
        case("/v1/requests", json!({ "kind": 7, "place": place }), 422, "bad_field", "/kind"),
        case("/v1/requests", request(|b| b["colour"] = json!(1)), 422, "unknown_field", "/colour"),
        case("/v1/requests", request(|b| b["place"]["lat"] = json!(91)), 422, "out_of_range", "/place/lat"),
        case("/v1/requests", request(|b| b["place"]["lng"] = json!(-181)), 422, "out_of_range", "/place/lng"),
        case("/v1/requests", request(|b| b["place"]["lat"] = json!("north")), 422, "bad_field", "/place/lat"),
        case(
            "/v1/requests",
            request(|b| b["place"] = json!({ "lat": 31.2, "lng": 121.5 })),
            422,
            "outside_district",
            "/place",
        ),
        case("/v1/requests", request(|b| b["kind"] = json!("juggling")), 422, "unknown_kind", "/kind"),
        case(
            "/v1/requests",
            request(|b| b["roles"] = json!([{ "skill": "magic", "count": 1 }])),
            422,
            "unknown_skill",
            "/roles/0/skill",
        ),
        case("/v1/requests", request(|b| b["roles"] = json!([{ "count": 300 }])), 422, "bad_field", "/roles/0/count"),
        case("/v1/requests", request(|b| b["words"] = json!("字".repeat(2_001))), 422, "over_limit", "/words"),
        case(
            "/v1/requests",
            request(|b| b["caller_phone"] = json!("1".repeat(33))),
            422,
            "over_limit",
            "/caller_phone",
        ),
        case("/v1/requests", request(|b| b["crs"] = json!("mars")), 422, "bad_field", "/crs"),
        case(
            "/v1/incidents/1000000999/close",
            json!({ "disposition": "resolved" }),
            404,
            "unknown_incident",
            "/incident",
        ),
        case("/v1/incidents/1000000999/close", json!({}), 422, "missing_field", "/disposition"),
        case("/v1/incidents/1000000999/close", json!({ "disposition": "lost" }), 422, "bad_field", "/disposition"),
        case("/v1/incidents/one/close", json!({ "disposition": "resolved" }), 400, "bad_id", ""),
        case("/v1/incidents/99000000001/escalate", json!({}), 422, "unknown_district", "/district"),
        case("/v1/assignments/1000000999/en-route", json!({}), 404, "unknown_assignment", "/assignment"),
        case("/v1/tasks/1000000999/complete", json!({ "outcome": "done" }), 404, "unknown_task", "/task"),
        case("/v1/offers/1000000999/accept", json!({ "eta_min": 70_000 }), 422, "bad_field", "/eta_min"),
        case("/v1/districts/7/drill", json!({ "on": true }), 404, "unknown_district", "/district"),
        case("/v1/duty/start", json!({}), 403, "forbidden", ""),
        case("/v1/nothing/here", json!({}), 404, "no_route", ""),
        case("/v1/incidents", json!({}), 405, "no_method", ""),
    ]
}

#[tokio::test]
async fn every_refusal_names_what_is_wrong() -> Result<()> {
    let town = Town::start().await?;
    let operator = town.account(Role::Operator).await?;
    let before = town.engine.handle().read(|district| district.seq);
    for Case { path, body, status, code, pointer } in of_operator() {
        let answer = operator.post(path, None, body.clone()).await?;
        let problem = answer.problem().map_err(|e| e.context(format!("{path} {body}")))?;
        let got = (problem.status, problem.code.as_str(), problem.pointer.as_deref());
        assert_eq!(got, (status, code, pointer), "{path} {body}: {}", problem.detail);
    }
    assert_eq!(town.engine.handle().read(|district| district.seq), before, "nothing was half done");
    town.stop().await
}

/// Bodies that are no JSON at all.
#[tokio::test]
async fn broken_bodies_are_problems_too() -> Result<()> {
    let town = Town::start().await?;
    let operator = town.account(Role::Operator).await?;
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200)).into_bytes();
    let cases: [(&str, Vec<u8>, u16, &str); 6] = [
        ("application/json", b"{\"kind\":".to_vec(), 400, "bad_json"),
        ("application/json", vec![b'"', 0xc3, 0x28, b'"'], 400, "invalid_utf8"),
        ("application/json", deep, 400, "too_deep"),
        ("application/json", vec![b' '; 10 * 1024 * 1024], 413, "body_too_large"),
        ("text/plain", b"{}".to_vec(), 415, "wrong_content_type"),
        ("application/json", Vec::new(), 422, "missing_field"),
    ];
    for (kind, body, status, code) in cases {
        let request = operator.request(Method::POST, "/v1/requests").header("Content-Type", kind);
        let request = request.header("Idempotency-Key", Uuid::now_v7().to_string()).body(body);
        let problem = operator.send(request).await?.problem()?;
        assert_eq!((problem.status, problem.code.as_str()), (status, code), "{}", problem.detail);
    }
    town.stop().await
}

#[tokio::test]
async fn keys_tokens_and_tickets_are_checked() -> Result<()> {
    let town = Town::start().await?;
    let operator = town.account(Role::Operator).await?;
    let without = operator.send(operator.request(Method::POST, "/v1/requests").json(&json!({}))).await?;
    assert_eq!(without.problem()?.code, "idempotency_key_missing");
    let odd = operator.request(Method::POST, "/v1/requests").header("Idempotency-Key", "seven").json(&json!({}));
    assert_eq!(operator.send(odd).await?.problem()?.code, "bad_idempotency_key");

    let mut stranger = operator.clone();
    if let Some(session) = &mut stranger.session {
        session.token = "x".repeat(43);
    }
    let refused = stranger.get("/v1/incidents").await?;
    assert_eq!((refused.problem()?.status, refused.headers.contains_key("www-authenticate")), (401, true));

    let mut socket = operator.open().await?;
    socket.say(&json!({ "op": "hello", "ticket": "x".repeat(43), "device": "a", "app": "b" })).await?;
    assert_eq!(socket.closed().await?, Some(4012));
    town.stop().await
}

/// The reader's language, and Chinese when he names none.
#[tokio::test]
async fn details_are_in_the_callers_language() -> Result<()> {
    let town = Town::start().await?;
    let operator = town.account(Role::Operator).await?;
    let said = async |wish: &'static str| {
        let request = operator.request(Method::GET, "/v1/incidents/1000000999").header("Accept-Language", wish);
        Ok::<_, anyhow::Error>(operator.send(request).await?.problem()?.detail)
    };
    assert!(said("en-GB,en;q=0.9,zh;q=0.1").await?.is_ascii());
    for wish in ["zh-CN,zh;q=0.9", "fr"] {
        let detail = said(wish).await?;
        assert!(detail.contains("没有"), "{wish}: {detail}");
    }
    town.stop().await
}

#[tokio::test]
async fn answers_carry_the_headers_that_protect_a_page() -> Result<()> {
    let town = Town::start().await?;
    let nobody = super::person::Person::nobody(&town.base);
    for path in ["/", "/wall", "/healthz", "/no/such"] {
        let answer = nobody.get(path).await?;
        for header in ["content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy"] {
            assert!(answer.headers.contains_key(header), "{path} has no {header}");
        }
    }
    town.stop().await
}
