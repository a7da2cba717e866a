//! Who may do what, over the wire: roles by routes, and what each role sees of the same alarm.

use anyhow::Result;
use reqwest::Method;
use serde_json::{Value, json};
use wire::server::Role;

use super::person::{Person, Socket};
use super::town::{EAST, Town, WEST};

const ROLES: [Role; 6] = [Role::Operator, Role::TeamLeader, Role::Reviewer, Role::Wall, Role::Admin, Role::Integration];

/// For each route: which of the roles above, then volunteer and resident, pass. `1` passes, `0` is forbidden.
const ROUTES: [(&str, &str, &str); 11] = [
    //                                             op tl rv wa ad in  vo re
    ("GET", "/v1/incidents", "11000000"),
    ("GET", "/v1/volunteers", "11001000"),
    ("GET", "/v1/teams", "11001000"),
    ("GET", "/v1/grids", "11111111"),
    ("GET", "/v1/plans", "11111111"),
    ("GET", "/v1/skills", "11111111"),
    ("GET", "/v1/menu", "11111111"),
    ("GET", "/v1/users", "00001000"),
    ("GET", "/v1/streams/1", "11010011"),
    ("POST", "/v1/alarms", "11101111"),
    ("POST", "/v1/districts/1/drill", "10001000"),
];

async fn everybody(town: &Town) -> Result<Vec<(String, Person)>> {
    let mut all = Vec::new();
    for role in ROLES {
        all.push((format!("{role:?}"), town.account(role).await?));
    }
    all.push(("Volunteer".into(), town.volunteer(1).await?));
    all.push(("Resident".into(), town.resident().await?));
    Ok(all)
}

#[tokio::test]
async fn every_role_by_every_route() -> Result<()> {
    let town = Town::start().await?;
    let everybody = everybody(&town).await?;
    for (method, path, expected) in ROUTES {
        for ((role, person), pass) in everybody.iter().zip(expected.chars()) {
            let answer = match method {
                "GET" => person.get(path).await?,
                _ => {
                    person
                        .post(path, None, if path.ends_with("drill") { json!({ "on": false }) } else { json!({}) })
                        .await?
                }
            };
            let status = if pass == '1' { 200 } else { 403 };
            assert_eq!(answer.status, status, "{role} {method} {path}: {}", String::from_utf8_lossy(&answer.body));
        }
    }
    let nobody = Person::nobody(&town.base);
    for (method, path, _) in ROUTES {
        let method = if method == "GET" { Method::GET } else { Method::POST };
        assert_eq!(nobody.send(nobody.request(method, path)).await?.problem()?.status, 401, "{path}");
    }
    town.stop().await
}

/// Whether a text stands anywhere in what a socket has heard.
fn heard(socket: &Socket, text: &str) -> bool {
    socket.seen.iter().any(|frame| frame.to_string().contains(text))
}

async fn quiet(socket: &mut Socket) -> Result<()> {
    socket.say(&json!({ "op": "ping", "at": "2026-01-01T00:00:00Z" })).await?;
    socket.op("pong").await.map(drop)
}

/// One alarm with a caller's name, number and words: no stream carries them, and a wall sees neither names nor the place
/// of a sensitive kind.
#[tokio::test]
async fn views_are_masked() -> Result<()> {
    let town = Town::start().await?;
    let (operator, wall) = (town.account(Role::Operator).await?, town.account(Role::Wall).await?);
    let mut desk = operator.connect("desk", Default::default()).await?;
    let mut screen = wall.connect("wall", Default::default()).await?;
    let mut asked = town.volunteer(1).await?.connect("phone", Default::default()).await?;
    let mut other = town.volunteer(4).await?.connect("phone", Default::default()).await?;
    asked.go_on_duty().await?;
    let body = json!({
        "kind": "cardiac", "place": { "lat": 45.75123, "lng": 126.61045 }, "caller_name": "赵大爷",
        "caller_phone": "13912345678", "address": "经纬街9号", "words": "胸口疼",
    });
    let raised = operator.post("/v1/alarms", None, body).await?.json();
    let incident = raised["incident"].clone();
    asked.offer().await?;
    let opened = |frame: &Value| frame["op"] == "delta" && frame["data"]["incidents"].is_array();
    let row = screen.until(opened).await?["data"]["incidents"][0].clone();
    assert_eq!(row["kind_name"], "求助", "{row}");
    assert_ne!(row["place"]["lat"], 45.75123, "{row}");
    desk.until(opened).await?;
    for socket in [&mut desk, &mut screen, &mut asked, &mut other] {
        quiet(socket).await?;
        for secret in ["赵大爷", "13912345678", "经纬街", "胸口疼"] {
            assert!(!heard(socket, secret), "{secret} was sent");
        }
    }
    assert!(heard(&desk, "王建国") && !heard(&screen, "王建国"), "names are for the desk");
    assert!(heard(&screen, "王师傅"));
    let number = incident.as_str().unwrap_or_default();
    assert!(!heard(&other, number), "who was not asked hears nothing");
    town.stop().await
}

/// What the caller said: for the desk, and for who goes, from his yes; not for others.
#[tokio::test]
async fn a_contact_is_shown_to_who_goes() -> Result<()> {
    let town = Town::start().await?;
    let operator = town.account(Role::Operator).await?;
    let helper = town.volunteer(1).await?;
    let mut phone = helper.connect("phone", Default::default()).await?;
    phone.go_on_duty().await?;
    let body = json!({ "kind": "fall", "place": { "lat": WEST.0, "lng": WEST.1 }, "caller_phone": "13912345678" });
    let raised = operator.post("/v1/alarms", None, body).await?.json();
    let path = format!("/v1/incidents/{}/contact", raised["incident"].as_str().unwrap_or_default());
    let offer = phone.offer().await?;
    assert_eq!(helper.get(&path).await?.problem()?.status, 403, "not before his yes");
    phone.command("accept", json!({ "offer": offer["id"] })).await?;
    for (who, person) in [("helper", &helper), ("operator", &operator)] {
        let contact = person.get(&path).await?.json();
        assert_eq!(contact["calls"][0]["phone"], "13912345678", "{who}: {contact}");
    }
    for (who, person) in [("volunteer", town.volunteer(2).await?), ("wall", town.account(Role::Wall).await?)] {
        assert_eq!(person.get(&path).await?.problem()?.status, 403, "{who}");
    }
    town.stop().await
}

/// A team leader: his team and its grids, not the rest.
#[tokio::test]
async fn a_team_leader_sees_his_own() -> Result<()> {
    let town = Town::start().await?;
    let operator = town.account(Role::Operator).await?;
    let leader = town.account(Role::TeamLeader).await?;
    let mut incidents = Vec::new();
    for (lat, lng) in [WEST, EAST] {
        let body = json!({ "kind": "fall", "place": { "lat": lat, "lng": lng } });
        incidents.push(operator.post("/v1/alarms", None, body).await?.json()["incident"].clone());
    }
    let listed = leader.get("/v1/incidents").await?.json();
    let ids: Vec<&Value> = listed["items"].as_array().into_iter().flatten().map(|row| &row["id"]).collect();
    assert_eq!(ids, [&incidents[0]]);
    let people = leader.get("/v1/volunteers").await?.json();
    assert_eq!(people["items"].as_array().map(Vec::len), Some(2), "{people}");
    for (incident, status) in incidents.iter().zip([200, 403]) {
        let id = incident.as_str().unwrap_or_default();
        assert_eq!(leader.get(&format!("/v1/incidents/{id}")).await?.status, status);
        let noted = leader.post(&format!("/v1/incidents/{id}/note"), None, json!({ "words": "已联系" })).await?;
        assert_eq!(noted.status, status, "{}", String::from_utf8_lossy(&noted.body));
    }
    town.stop().await
}
