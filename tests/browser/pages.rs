//! The demo's wall and a visitor's phone, as they would be used.

use std::time::Duration;

use anyhow::{Context, Result};
use tests::harness::{Hub, HubOptions};

use super::chrome::{Chrome, Page};
use super::relay::Relay;

/// The red button acts after 1.5 s: one hold is shorter, one longer.
const TOO_SHORT: Duration = Duration::from_millis(500);
const LONG_ENOUGH: Duration = Duration::from_millis(2_500);

/// The one-time link of a role, as the demo prints it.
fn link(hub: &Hub, role: &str) -> Result<String> {
    let log = hub.log();
    let line = log.lines().find(|line| line.contains(role) && line.contains("/sign-in#"));
    let line = line.with_context(|| format!("the demo prints no link for {role}:\n{log}"))?;
    Ok(line.split_whitespace().last().context("a link")?.to_owned())
}

async fn open_wall(chrome: &Chrome, hub: &Hub) -> Result<Page> {
    let wall = chrome.open(&link(hub, "wall")?, 1920, 1080).await?;
    wall.until("location.pathname === '/wall' && document.querySelector('.bar h1').innerText").await?;
    Ok(wall)
}

#[tokio::test]
async fn a_wall_shows_alarms_being_answered() -> Result<()> {
    let hub = Hub::start(HubOptions::demo()).await?;
    let chrome = Chrome::start().await?;
    let wall = open_wall(&chrome, &hub).await?;
    wall.until("document.body.innerText.includes('演示数据,不会通知任何真人')").await?;
    wall.until("document.querySelector('.card[data-incident]') !== null").await?;
    wall.until("document.querySelector('.card:is([data-state=assigned], [data-state=en_route], [data-state=on_scene])') !== null")
        .await?;
    wall.until(&drawn("[24, 34, 51]")).await.context("the ground of a grid")?;
    wall.until(&drawn("[88, 183, 234]")).await.context("somebody on the way")?;
    assert_eq!(wall.value("document.querySelector('.feed-age')").await?, serde_json::Value::Null);
    wall.picture("wall-zh").await?;
    wall.click(".bar .plain[aria-label='Switch to English']").await?;
    wall.until("document.body.innerText.includes('On duty')").await?;
    wall.picture("wall-en").await
}

/// Whether the map has pixels of a colour.
fn drawn(colour: &str) -> String {
    format!(
        "(() => {{ const c = document.querySelector('.map canvas'); const [r, g, b] = {colour}; \
         const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; \
         for (let i = 0; i < d.length; i += 4) if (d[i] === r && d[i + 1] === g && d[i + 2] === b) return true; \
         return false; }})()"
    )
}

#[tokio::test]
async fn a_phone_answers_survives_a_dead_spot_and_raises_an_alarm() -> Result<()> {
    let hub = Hub::start(HubOptions::demo()).await?;
    let relay = Relay::to(&hub.base).await?;
    let chrome = Chrome::start().await?;
    let wall = open_wall(&chrome, &hub).await?;
    let phone = chrome.open(&link(&hub, "phone")?.replace(&hub.base, &relay.base), 360, 740).await?;

    go_on_duty(&phone).await?;
    let incident = accept_the_next_offer(&phone).await?;
    wall.until(&format!("document.querySelector('[data-incident=\"{incident}\"]') !== null")).await?;
    phone.click("[data-do=en_route]").await?;
    phone.until("document.querySelector('.task[data-state=en_route]') !== null").await?;
    phone.picture("phone-task").await?;

    arrive_in_a_dead_spot(&phone, &relay).await?;
    raise_and_take_back_an_alarm(&phone, &wall).await
}

async fn go_on_duty(phone: &Page) -> Result<()> {
    phone.until("document.querySelector('.connection.is-online') !== null").await?;
    phone.picture("phone-off-duty").await?;
    phone.click("[data-do=go-on-duty]").await?;
    phone.until("document.querySelector('[data-do=go-off-duty]') !== null").await.map(|_| ())
}

/// Returns the incident that was accepted. Others are asked too and may be quicker: then the next offer is taken.
async fn accept_the_next_offer(phone: &Page) -> Result<String> {
    let left = phone.until("Number(document.querySelector('.time-left b')?.innerText)").await?;
    phone.picture("phone-offer").await?;
    phone.until(&format!("Number(document.querySelector('.time-left b')?.innerText ?? 0) < {left}")).await?;
    loop {
        let task_or_offer =
            "document.querySelector('.task')?.dataset.incident ?? (document.querySelector('.offer') && 'offer')";
        let found = phone.until(task_or_offer).await?;
        match found.as_str() {
            Some("offer") => phone.click("[data-do=accept]").await?,
            incident => return Ok(incident.context("an incident's id")?.to_owned()),
        }
    }
}

/// The tap counts while nothing can be sent, and arrives once something can.
async fn arrive_in_a_dead_spot(phone: &Page, relay: &Relay) -> Result<()> {
    relay.cut();
    phone.until("document.querySelector('.connection.is-online') === null").await?;
    phone.click("[data-do=on_scene]").await?;
    phone.until("document.querySelector('.noted')?.innerText.includes('待发送')").await?;
    phone.picture("phone-offline").await?;
    assert_eq!(phone.value("document.querySelector('.task').dataset.state").await?, "en_route");
    relay.mend();
    phone.until("document.querySelector('.task[data-state=on_scene]') !== null").await.map(|_| ())
}

async fn raise_and_take_back_an_alarm(phone: &Page, wall: &Page) -> Result<()> {
    phone.hold(".hold.red", TOO_SHORT).await?;
    assert_eq!(phone.value("document.querySelector('[data-alarm]')").await?, serde_json::Value::Null);
    phone.hold(".hold.red", LONG_ENOUGH).await?;
    let incident = phone.until("document.querySelector('.alarm-sent')?.dataset.incident").await?;
    let incident = incident.as_str().context("an incident's id")?;
    let card = format!(".card[data-incident=\"{incident}\"]");
    wall.until(&format!("document.querySelector('{card}') !== null")).await?;
    phone.picture("phone-alarm").await?;
    phone.hold(".hold.mistake", LONG_ENOUGH).await?;
    phone.until("document.querySelector('.hold.red') !== null").await?;
    wall.until(&format!("(document.querySelector('{card}')?.dataset.state ?? 'cancelled') === 'cancelled'"))
        .await
        .map(|_| ())
}
