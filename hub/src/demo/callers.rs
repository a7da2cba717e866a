//! Elders with a red button, who press it now and then.

use std::time::Duration;

use anyhow::{Context, Result};
use crowd::drive::Endpoint;
use matcher::Position;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use tokio::sync::watch;
use wire::server::Outcome;

use super::sample::People;
use super::{SEED, volunteers};
use crate::records::{Device, Office};

/// Elders who have a button.
const ELDERS: usize = 60;
/// From the start to the first alarm, and from one to the next.
const FIRST_AFTER: Duration = Duration::from_secs(3);
const NEXT_AFTER_S: std::ops::RangeInclusive<u64> = 15..=40;
/// Every so-manyth alarm is near the visitor's home, so that whoever opens the phone page is soon asked.
const NEAR_VISITOR_EVERY: usize = 2;

/// What they call for, in turn: the common things more often.
const KINDS: [(&str, &str); 8] = [
    ("kitchen_smoke", "厨房烟道冒烟,味道很大"),
    ("elder_fall", "在卫生间滑倒,起不来"),
    ("power_cut", "家里突然停电"),
    ("elder_choking", "吃饭噎住了,说不出话"),
    ("stall_in_the_way", "摊位把消防通道堵了"),
    ("elder_fall", "下楼崴了脚"),
    ("sos", "按了红色按钮,没有说话"),
    ("power_cut", "走廊灯不亮,老人不敢出门"),
];

struct Elder {
    token: String,
    home: Position,
}

/// Presses a button every now and then until `stopped`.
///
/// # Errors
/// When the elders' buttons cannot be made known to the hub.
pub async fn call_now_and_then(
    hub: &Endpoint,
    people: &People,
    office: &Office,
    mut stopped: watch::Receiver<bool>,
) -> Result<()> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED + 1);
    let elders = elders(people, office, &mut rng).await?;
    let mut wait = FIRST_AFTER;
    for turn in 0.. {
        tokio::select! {
            _ = stopped.changed() => return Ok(()),
            () = tokio::time::sleep(wait) => {}
        }
        let (kind, words) = KINDS[turn % KINDS.len()];
        let elder = &elders[pick(turn, elders.len())];
        press(hub, elder, kind, words).await;
        wait = Duration::from_secs(rng.random_range(NEXT_AFTER_S));
    }
    Ok(())
}

/// The first half of the elders lives near the visitor.
fn pick(turn: usize, elders: usize) -> usize {
    let half = elders / 2;
    let within = (turn / NEAR_VISITOR_EVERY) * 7 % half;
    if turn.is_multiple_of(NEAR_VISITOR_EVERY) { within } else { half + within }
}

async fn elders(people: &People, office: &Office, rng: &mut ChaCha8Rng) -> Result<Vec<Elder>> {
    let visitor = people.members[volunteers::VISITOR as usize - 1].person.home;
    let district = people.members[0].volunteer.id.district();
    let mut elders = Vec::with_capacity(ELDERS);
    for index in 0..ELDERS {
        let middle = if index < ELDERS / 2 { visitor } else { people.middles[index % people.middles.len()] };
        let home = volunteers::near(middle, 260.0, rng);
        let device =
            Device { district, name: format!("{}奶奶", ["赵", "钱", "孙", "李"][index % 4]), home: Some(home) };
        let token = office.register_device(device, None).await.context("an elder's button")?.token;
        elders.push(Elder { token, home });
    }
    Ok(elders)
}

async fn press(hub: &Endpoint, elder: &Elder, kind: &str, words: &str) {
    let place = json!({ "lat": elder.home.lat(), "lng": elder.home.lng() });
    let body = json!({ "kind": kind, "place": place, "words": words });
    match hub.post::<Outcome>("/v1/alarms", Some(&elder.token), &body).await {
        Ok(outcome) => {
            tracing::info!(kind, incident = ?outcome.incident, asked = ?outcome.asked, "an elder of the demo called")
        }
        Err(error) => tracing::warn!(kind, error = format!("{error:#}"), "an elder's call was not taken"),
    }
}
