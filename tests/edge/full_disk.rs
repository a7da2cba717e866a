//! A disk that is full: the ballast is freed, alarms and their answers go on, the rest is told why not.

use anyhow::Result;
use serde_json::{Value, json};
use wire::server::Role;

use super::town::WEST;
use super::village::{Village, said};

/// Small enough to fill, large enough for what a new district begins with.
const SETTINGS: &str = "[disk]\nballast_bytes = 1048576\nmax_bytes = 3145728\n";
/// More than fit into all of it.
const ALARMS_MAX: usize = 2_000;

#[tokio::test]
async fn alarms_go_on_when_the_disk_is_full() -> Result<()> {
    let village = Village::start(SETTINGS).await?;
    let operator = village.account("wang", Role::Operator).await?;
    let (_, helper) = village.volunteer("周敏").await?;
    let mut phone = helper.connect("phone", Default::default()).await?;
    phone.go_on_duty().await?;
    let ballast = village.hub.data().join("journal.ballast");
    assert!(ballast.exists());

    // One device's calls are merged, so that nobody is asked a thousand times; each is kept all the same.
    let resident = village.resident().await?;
    let body = json!({ "kind": "fall", "place": { "lat": WEST.0, "lng": WEST.1 }, "words": "字".repeat(2_000) });
    let mut raised = Value::Null;
    for _ in 0..ALARMS_MAX {
        raised = resident.post("/v1/alarms", None, body.clone()).await?.ok()?;
        if !ballast.exists() {
            break;
        }
    }
    assert!(!ballast.exists(), "the quota was not filled");
    let incident = raised["incident"].as_str().unwrap_or_default().to_owned();

    let note = operator.post(&format!("/v1/incidents/{incident}/note"), None, json!({ "words": "到了吗" })).await?;
    let problem = note.problem()?;
    assert_eq!((problem.status, problem.code.as_str()), (507, "low_on_space"), "{}", problem.detail);
    assert!(problem.detail.contains("磁盘"), "{}", problem.detail);
    let team = village.admin.post("/v1/teams", None, json!({ "name": "西队" })).await?.problem()?;
    assert_eq!((team.status, team.code.as_str()), (507, "low_on_space"), "{}", team.detail);

    let another = json!({ "kind": "fall", "place": { "lat": WEST.0 + 0.005, "lng": WEST.1 } });
    let taken: Value = village.resident().await?.post("/v1/alarms", None, another).await?.ok()?;
    assert!(taken["incident"].is_string(), "{taken}");
    let offer = phone.offer().await?["id"].clone();
    let accepted = phone.command("accept", json!({ "offer": offer })).await?;
    assert!(accepted["ok"]["assignment"].is_string(), "the answer to an alarm: {accepted}");
    let there = json!({ "assignment": accepted["ok"]["assignment"] });
    assert!(phone.command("on_scene", there).await?["ok"].is_object());
    village.conforms(&[("Volunteer", &phone)]).await?;

    // More room: everything is taken again, and what was owed is delivered.
    let folder = village.hub.terminate().await?;
    std::fs::write(folder.path().join("hub.toml"), SETTINGS.replace("3145728", "33554432"))?;
    let village = Village::on(folder).await?;
    assert!(village.hub.data().join("journal.ballast").exists());
    let operator = operator.at(&village.hub.base);
    let note = operator.post(&format!("/v1/incidents/{incident}/note"), None, json!({ "words": "到了" })).await?;
    assert_eq!(note.status, 200, "{}", String::from_utf8_lossy(&note.body));
    assert!(village.admin.get("/v1/teams").await?.json().to_string().contains("西队"));
    let folder = village.hub.terminate().await?;
    said(&["verify", &folder.path().display().to_string()]).await.map(drop)
}
