//! Real traffic against the descriptions: every body of a walk through the interface, and every frame of it.

use anyhow::{Context, Result};
use hub::edge::{asyncapi, openapi};
use serde_json::{Value, json};
use wire::server::Role;

use super::person::{Answer, Person};
use super::town::{Town, WEST};

/// A schema out of a description, with its components beside it.
pub fn schema(document: &Value, pointer: &str) -> jsonschema::Validator {
    let part = document.pointer(pointer).unwrap_or_else(|| panic!("nothing at {pointer}"));
    let whole = json!({ "allOf": [part], "components": document["components"] });
    jsonschema::validator_for(&whole).unwrap_or_else(|e| panic!("{pointer}: {e}"))
}

pub fn fits(validator: &jsonschema::Validator, value: &Value, what: &str) {
    let errors: Vec<String> = validator.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{what} is not as described: {errors:?}\n{value}");
}

struct Described(Value);

impl Described {
    /// Checks an answer against its route, status and content type.
    fn check(&self, method: &str, route: &str, answer: &Answer) {
        let operation = &self.0["paths"][route][method];
        let responses = &operation["responses"];
        let status = answer.status.to_string();
        let status = if responses[&status].is_object() { status.as_str() } else { "default" };
        let escaped = route.replace('/', "~1");
        let kind = if answer.status >= 400 { "application/problem+json" } else { "application/json" };
        let kind = kind.replace('/', "~1");
        let pointer = format!("/paths/{escaped}/{method}/responses/{status}/content/{kind}/schema");
        fits(&schema(&self.0, &pointer), &answer.json(), &format!("{method} {route} {}", answer.status));
    }
}

async fn get(described: &Described, person: &Person, route: &str, id: &str) -> Result<Value> {
    let answer = person.get(&route.replace("{id}", id).replace("{district}", "1")).await?;
    described.check("get", route, &answer);
    Ok(answer.json())
}

async fn post(described: &Described, person: &Person, route: &str, id: &str, body: Value) -> Result<Value> {
    let answer = person.post(&route.replace("{id}", id), None, body.clone()).await?;
    described.check("post", route, &answer);
    let escaped = route.replace('/', "~1");
    let request = format!("/paths/{escaped}/post/requestBody/content/application~1json/schema");
    if answer.status < 300 {
        fits(&schema(&described.0, &request), &body, &format!("the body of {route}"));
    }
    Ok(answer.json())
}

#[tokio::test]
async fn bodies_are_as_described() -> Result<()> {
    let town = Town::start().await?;
    let described = Described(serde_json::from_str(openapi::text())?);
    let (operator, admin) = (town.account(Role::Operator).await?, town.account(Role::Admin).await?);
    let helper = town.volunteer(1).await?;
    let place = json!({ "lat": WEST.0, "lng": WEST.1 });
    post(&described, &helper, "/v1/duty/start", "", json!({ "patrol": true })).await?;
    let body = json!({ "kind": "fall", "place": place, "words": "x", "caller_phone": "139" });
    let raised = post(&described, &operator, "/v1/alarms", "", body).await?;
    let incident = raised["incident"].as_str().context("an incident")?.to_owned();
    let detail = get(&described, &operator, "/v1/incidents/{id}", &incident).await?;
    let offer = detail["offers"][0]["id"].as_str().context("an offer")?.to_owned();
    post(&described, &helper, "/v1/offers/{id}/received", &offer, json!({})).await?;
    post(&described, &helper, "/v1/offers/{id}/seen", &offer, json!({})).await?;
    let taken = post(&described, &helper, "/v1/offers/{id}/accept", &offer, json!({ "eta_min": 3 })).await?;
    let assignment = taken["assignment"].as_str().context("an assignment")?.to_owned();
    post(&described, &helper, "/v1/assignments/{id}/en-route", &assignment, json!({ "tapped_ago_ms": 1_000 })).await?;
    post(&described, &operator, "/v1/incidents/{id}/note", &incident, json!({ "words": "已电话确认" })).await?;
    for route in ["/v1/incidents/{id}/timeline", "/v1/incidents/{id}/explain", "/v1/incidents/{id}/contact"] {
        get(&described, &operator, route, &incident).await?;
    }
    let timeline = get(&described, &operator, "/v1/incidents/{id}/timeline", &incident).await?;
    let kinds: Vec<&str> = timeline.as_array().into_iter().flatten().filter_map(|e| e["type"].as_str()).collect();
    for kind in [
        "incident_opened",
        "wave_sent",
        "offer_received",
        "offer_accepted",
        "volunteer_assigned",
        "milestone_reached",
        "note_added",
    ] {
        assert!(kinds.contains(&kind), "{kind} is not in {kinds:?}");
    }
    for route in [
        "/v1/districts",
        "/v1/incidents",
        "/v1/volunteers",
        "/v1/teams",
        "/v1/plans",
        "/v1/skills",
        "/v1/menu",
        "/v1/streams/{district}",
    ] {
        get(&described, &operator, route, "").await?;
    }
    get(&described, &operator, "/v1/volunteers/{id}", "1000000001").await?;
    get(&described, &operator, "/v1/volunteers/{id}/contact", "1000000001").await?;
    post(&described, &admin, "/v1/teams", "", json!({ "name": "东队" })).await?;
    get(&described, &admin, "/v1/users", "").await?;
    post(&described, &admin, "/v1/users", "", json!({ "account": "li.na", "name": "李娜", "role": "operator" }))
        .await?;
    post(&described, &operator, "/v1/incidents/{id}/close", &incident, json!({ "disposition": "resolved" })).await?;
    post(&described, &operator, "/v1/incidents/{id}/close", &incident, json!({ "disposition": "resolved" })).await?;
    get(&described, &operator, "/v1/incidents/{id}", "1000000999").await?;
    for route in ["/healthz", "/readyz"] {
        get(&described, &operator, route, "").await?;
    }
    town.stop().await
}

/// The message of a frame, by its `op` and whose it is.
pub fn message(frame: &Value, view: &str) -> String {
    let op = frame["op"].as_str().unwrap_or_default();
    if op == "snapshot" || op == "delta" { format!("{op}Of{view}") } else { op.to_owned() }
}

#[tokio::test]
async fn frames_are_as_described() -> Result<()> {
    let town = Town::start().await?;
    let document: Value = serde_json::from_str(asyncapi::text())?;
    let operator = town.account(Role::Operator).await?;
    let mut desk = operator.connect("desk", Default::default()).await?;
    let mut wall = town.account(Role::Wall).await?.connect("wall", Default::default()).await?;
    let mut phone = town.volunteer(1).await?.connect("phone", Default::default()).await?;
    let resident = town.resident().await?;
    let mut home = resident.connect("home", Default::default()).await?;
    phone.go_on_duty().await?;
    let fix = json!({ "op": "position", "lat": WEST.0, "lng": WEST.1, "accuracy_m": 8.0, "age_ms": 100 });
    phone.say(&fix).await?;
    let alarm = json!({ "kind": "fall", "place": { "lat": WEST.0, "lng": WEST.1 } });
    let raised = home.command("raise_alarm", alarm).await?;
    let offer = phone.offer().await?["id"].clone();
    phone.command("offer_received", json!({ "offer": offer })).await?;
    let accepted = phone.command("accept", json!({ "offer": offer })).await?;
    phone.command("on_scene", json!({ "assignment": accepted["ok"]["assignment"] })).await?;
    phone.command("accept", json!({ "offer": "7" })).await?;
    desk.command("close", json!({ "incident": raised["ok"]["incident"], "disposition": "resolved" })).await?;
    wall.op("latest").await?;
    for socket in [&mut desk, &mut wall, &mut phone, &mut home] {
        socket.say(&json!({ "op": "ping", "at": "2026-01-01T00:00:00Z" })).await?;
        socket.op("pong").await?;
    }
    let mut checked = std::collections::BTreeSet::new();
    for (view, socket) in [("Desk", &desk), ("Wall", &wall), ("Volunteer", &phone), ("Resident", &home)] {
        for frame in &socket.seen {
            let name = message(frame, view);
            fits(&schema(&document, &format!("/components/messages/{name}/payload")), frame, &name);
            checked.insert(name);
        }
    }
    for name in [
        "welcome",
        "snapshotOfDesk",
        "deltaOfDesk",
        "deltaOfWall",
        "deltaOfVolunteer",
        "deltaOfResident",
        "latest",
        "result",
        "pong",
    ] {
        assert!(checked.contains(name), "no {name} was seen: {checked:?}");
    }
    town.stop().await
}

/// What the tests themselves send is as described too.
#[test]
fn frames_of_a_client_are_as_described() {
    let document: Value = serde_json::from_str(asyncapi::text()).expect("JSON");
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    let frames = [
        ("hello", json!({ "op": "hello", "ticket": "t", "device": "d", "app": "a", "resume": { "1": null } })),
        ("command", json!({ "op": "command", "id": id, "name": "accept", "args": { "offer": "1000000001" } })),
        ("command", json!({ "op": "command", "id": id, "name": "raise_alarm" })),
        ("command", json!({ "op": "command", "id": id, "name": "check_in" })),
        (
            "position",
            json!({ "op": "position", "lat": 45.0, "lng": 126.0, "accuracy_m": 5, "age_ms": 0, "crs": "gcj02" }),
        ),
        ("ping", json!({ "op": "ping", "at": "2026-01-01T08:00:00+08:00" })),
        ("resync", json!({ "op": "resync", "district": "1", "history": id, "seq": 7 })),
    ];
    for (name, frame) in &frames {
        fits(&schema(&document, &format!("/components/messages/{name}/payload")), frame, name);
    }
    let wrong = [
        ("ping", json!({ "op": "ping", "at": "2026-01-01T00:00:00Z", "extra": 1 })),
        ("command", json!({ "op": "command", "id": id, "name": "accept", "args": {} })),
        ("command", json!({ "op": "command", "id": id, "name": "explode", "args": {} })),
    ];
    for (name, frame) in &wrong {
        let validator = schema(&document, &format!("/components/messages/{name}/payload"));
        assert!(!validator.is_valid(frame), "{name} takes {frame}");
    }
}
