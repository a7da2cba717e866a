//! What an office does over HTTP, one at a time: enrols, changes and stands down people, defines teams, plans, the district.

use anyhow::Result;
use reqwest::Method;
use serde_json::{Value, json};
use wire::server::Role;

use super::person::{Answer, Person};
use super::town::{FAR, Town, WEST};

impl Person {
    /// A request with a body and without a key.
    async fn say_by(&self, method: Method, path: &str, body: Value) -> Result<Answer> {
        self.send(self.request(method, path).json(&body)).await
    }
}

fn zhou() -> Value {
    json!({
        "name": "周敏", "number": "V-9", "phone": "138 1234 5678", "class": "skilled_volunteer", "travel": "bicycle",
        "home": { "lat": WEST.0, "lng": WEST.1 }, "skills": [{ "code": "first_aid", "until": "2030-01-01T00:00:00+08:00" }],
        "capacity": 1, "team": "1000000001",
    })
}

#[tokio::test]
async fn one_is_enrolled_changed_stood_down_and_comes_back() -> Result<()> {
    let town = Town::start().await?;
    let operator = town.account(Role::Operator).await?;
    let added = operator.say_by(Method::POST, "/v1/volunteers", zhou()).await?;
    assert_eq!(added.status, 201, "{}", String::from_utf8_lossy(&added.body));
    let id = added.json()["volunteer"].as_str().unwrap_or_default().to_owned();
    let his = format!("/v1/volunteers/{id}");
    let seen = operator.get(&his).await?.json();
    assert_eq!(
        (&seen["volunteer"]["name"], &seen["travel"], &seen["number"]),
        (&json!("周敏"), &json!("bicycle"), &json!("V-9"))
    );
    assert_eq!(seen["skills"][0]["code"], "first_aid");
    assert!(!seen.to_string().contains("5678"), "a number only on click: {seen}");
    assert_eq!(operator.get(&format!("{his}/contact")).await?.json()["phone"], "138 1234 5678");

    let patch = json!({ "capacity": 2, "skills": [], "team": null, "phone": "13912345678" });
    assert_eq!(operator.say_by(Method::PATCH, &his, patch).await?.status, 200);
    let seen = operator.get(&his).await?.json();
    assert_eq!(
        (&seen["volunteer"]["capacity"], &seen["skills"], &seen["volunteer"]["team"]),
        (&json!(2), &json!([]), &Value::Null)
    );
    assert_eq!(seen["volunteer"]["name"], "周敏", "what was left out stays");

    let twice = operator.say_by(Method::POST, "/v1/volunteers", zhou()).await?.problem()?;
    assert_eq!((twice.code.as_str(), twice.pointer.as_deref()), ("number_taken", Some("/number")));
    assert_eq!(operator.send(operator.request(Method::DELETE, &his)).await?.status, 204);
    assert_eq!(operator.get(&his).await?.problem()?.code, "unknown_volunteer");
    let back = operator.say_by(Method::POST, "/v1/volunteers", zhou()).await?.json();
    assert_eq!(back["volunteer"], id, "whoever comes back is who he was");
    town.stop().await
}

/// His socket and his sign-in end with him.
#[tokio::test]
async fn who_is_stood_down_is_out_at_once() -> Result<()> {
    let town = Town::start().await?;
    let admin = town.account(Role::Admin).await?;
    let helper = town.volunteer(2).await?;
    let mut phone = helper.connect("phone", Default::default()).await?;
    phone.op("welcome").await?;
    assert_eq!(admin.send(admin.request(Method::DELETE, "/v1/volunteers/1000000002")).await?.status, 204);
    assert_eq!(phone.closed().await?, Some(4501));
    assert_eq!(helper.get("/v1/grids").await?.problem()?.status, 401);
    town.stop().await
}

#[tokio::test]
async fn a_bad_person_is_refused_by_the_field_and_nothing_is_half_done() -> Result<()> {
    let town = Town::start().await?;
    let operator = town.account(Role::Operator).await?;
    let skills = |count: usize| json!(vec![json!({ "code": "first_aid" }); count]);
    let cases = [
        ("name", json!("  "), "empty", "/name"),
        ("name", json!("长".repeat(200)), "over_limit", "/name"),
        ("name", json!("a\u{7}b"), "bad_character", "/name"),
        ("phone", json!("call me"), "bad_field", "/phone"),
        ("home", json!({ "lat": 95, "lng": 1 }), "out_of_range", "/home"),
        ("home", json!({ "lat": FAR.0, "lng": FAR.1 }), "outside_district", "/home"),
        ("skills", json!([{ "code": "flying" }]), "unknown_skill", "/skills/0/code"),
        ("skills", skills(129), "over_limit", "/skills"),
        ("skills", skills(2), "twice", "/skills"),
        ("grid", json!("1000000099"), "unknown_grid", "/grid"),
        ("team", json!("1000000099"), "unknown_team", "/team"),
        ("capacity", json!(0), "zero", "/capacity"),
        ("capacity", json!(256), "bad_field", "/capacity"),
        ("class", json!("hero"), "bad_field", "/class"),
        ("colour", json!("red"), "unknown_field", "/colour"),
        ("number", json!("W1"), "number_taken", "/number"),
    ];
    let before = town.office.registry(super::town::DISTRICT).await?;
    for (field, value, code, pointer) in cases {
        let mut body = zhou();
        body[field] = value.clone();
        let problem = operator.say_by(Method::POST, "/v1/volunteers", body).await?.problem()?;
        let got = (problem.code.as_str(), problem.pointer.as_deref());
        assert_eq!(got, (code, Some(pointer)), "{field}: {value}: {}", problem.detail);
    }
    let after = town.office.people(super::town::DISTRICT).await?;
    assert_eq!(after, before, "the registry holds nobody whom the district does not");
    town.stop().await
}

/// Teams, a plan out and in, the district, a grid taken away; and who may.
#[tokio::test]
async fn an_office_defines_its_district() -> Result<()> {
    let town = Town::start().await?;
    let (admin, operator) = (town.account(Role::Admin).await?, town.account(Role::Operator).await?);
    let team = admin.say_by(Method::POST, "/v1/teams", json!({ "name": "东队", "above": "1000000001" })).await?;
    assert_eq!(team.status, 201, "{}", String::from_utf8_lossy(&team.body));
    let path = format!("/v1/teams/{}", team.json()["team"].as_str().unwrap_or_default());
    assert_eq!(admin.say_by(Method::PUT, &path, json!({ "name": "东一队" })).await?.status, 200);
    let circle = json!({ "name": "东一队", "above": team.json()["team"] });
    assert_eq!(admin.say_by(Method::PUT, &path, circle).await?.problem()?.code, "circle");
    assert!(admin.get("/v1/teams").await?.json().to_string().contains("东一队"));

    let plans = admin.get("/v1/plans").await?.json();
    let fall = plans.as_array().into_iter().flatten().find(|plan| plan["kind"] == "fall").cloned().unwrap_or_default();
    assert_eq!(fall["plan"]["levels"], json!([[{ "skill": "first_aid", "count": 1 }]]), "{fall}");
    let mut body = fall["plan"].clone();
    body["wave"]["size"] = json!(12);
    assert_eq!(admin.say_by(Method::PUT, "/v1/plans/fall", body.clone()).await?.status, 200);
    body["wave"]["size"] = json!({ "fit": { "target_permille": 1_000, "max": 24 } });
    let certain = admin.say_by(Method::PUT, "/v1/plans/fall", body.clone()).await?.problem()?;
    assert_eq!((certain.code.as_str(), certain.pointer.as_deref()), ("over_limit", Some("/wave")));
    body["wave"]["size"] = json!({ "fit": { "target_permille": 900, "max": 24 } });
    assert_eq!(admin.say_by(Method::PUT, "/v1/plans/fall", body.clone()).await?.status, 200);
    let again = admin.get("/v1/plans").await?.json();
    let changed =
        again.as_array().into_iter().flatten().find(|plan| plan["kind"] == "fall").cloned().unwrap_or_default();
    assert_eq!(changed["plan"], body, "what went in comes out");
    body["levels"][0][0]["skill"] = json!("magic");
    let problem = admin.say_by(Method::PUT, "/v1/plans/fall", body.clone()).await?.problem()?;
    assert_eq!((problem.code.as_str(), problem.pointer.as_deref()), ("unknown_skill", Some("/levels/0/0/skill")));
    assert_eq!(operator.say_by(Method::PUT, "/v1/plans/fall", fall["plan"].clone()).await?.problem()?.status, 403);

    let district = json!({ "name": "道里区", "centre": { "lat": WEST.0, "lng": WEST.1 } });
    assert_eq!(admin.say_by(Method::PUT, "/v1/districts/1", district).await?.status, 200);
    assert_eq!(admin.get("/v1/districts").await?.json()[0]["name"], "道里区");
    let lived_on = admin.send(admin.request(Method::DELETE, "/v1/grids/1000000001")).await?.problem()?;
    assert_eq!(lived_on.code, "in_use");
    town.stop().await
}

/// A page may read what it needs, and poll; a program gone wild is told to wait. Alarms pass no limiter.
#[tokio::test]
async fn reads_have_a_rate_and_alarms_have_none() -> Result<()> {
    let town = Town::start().await?;
    let resident = town.resident().await?;
    let (mut read, mut refused) = (0, None);
    for _ in 0..100 {
        let answer = resident.get("/v1/streams/1").await?;
        match answer.status {
            200 => read += 1,
            _ => refused = Some(answer),
        }
    }
    let refused = refused.expect("a hundred polls in a moment are too many");
    let problem = refused.problem()?;
    assert_eq!(
        (problem.status, problem.code.as_str(), refused.headers.contains_key("retry-after")),
        (429, "rate", true)
    );
    assert!(read >= 20, "a page that opens polls freely: {read}");
    for _ in 0..3 {
        assert_eq!(resident.post("/v1/alarms", None, json!({})).await?.status, 200);
    }
    town.stop().await
}
