//! A visitor's phone in the demo, from going on duty to a red button pressed by mistake; wall and desk see the same.

use anyhow::{Context, Result, ensure};

use super::chrome::Page;
use super::layout::fits;
use super::relay::Relay;
use super::{LONG_ENOUGH, TOO_SHORT, demo, is_gone, is_there, open_desk, open_wall};

/// Who the visitor is.
const VISITOR: &str = "1000000001";
const NAME: &str = "王秀英";

#[tokio::test]
async fn a_phone_answers_survives_a_dead_spot_and_raises_an_alarm() -> Result<()> {
    let (hub, chrome) = demo().await?;
    let relay = Relay::to(&hub.base).await?;
    let (wall, desk) = (open_wall(&chrome, &hub, &hub.base).await?, open_desk(&chrome, &hub).await?);
    let link = hub.printed_link("phone").await?.replace(&hub.base, &relay.base);
    let phone = chrome.open(&link, 360, 640).await?;

    go_on_duty(&phone).await?;
    decline_with_a_reason(&phone, &desk).await?;
    let incident = accept_the_next_offer(&phone).await?;
    wall.until(&is_there(&on_wall(&incident, ""))).await.context("the wall shows him")?;
    set_out(&phone).await?;
    wall.until(&is_there(&on_wall(&incident, "[data-state=en_route]"))).await?;
    arrive_in_a_dead_spot(&phone, &relay).await?;
    wall.until(&is_there(&on_wall(&incident, "[data-state=on_scene]"))).await?;
    phone.click("[data-do=done]").await?;
    phone.until(&is_gone(".task")).await.context("done, and gone from the phone")?;
    wall.until(&is_gone(&on_wall(&incident, ""))).await?;

    raise_and_take_back_an_alarm(&phone, &wall).await?;
    let asked = phone.value("window.positionsAsked").await?;
    ensure!(asked == 0, "a demo must not ask where its visitor really is: asked {asked} times");
    Ok(())
}

/// The visitor in the wall's list of who comes to an incident.
fn on_wall(incident: &str, state: &str) -> String {
    format!("[data-volunteer='{VISITOR}'][data-for='{incident}']{state}")
}

async fn go_on_duty(phone: &Page) -> Result<()> {
    phone.until(&is_there(".connection.is-online[role=status]")).await?;
    phone.until(&format!("document.querySelector('h1').innerText === '{NAME}'")).await?;
    fits(phone, "off duty").await?;
    phone.picture("phone-off-duty").await?;
    phone.click("[data-do=go-on-duty]").await?;
    phone.until(&is_there("[data-do=go-off-duty]")).await?;
    fits(phone, "on duty").await
}

/// One tap says no; the reason follows, and the desk sees it.
async fn decline_with_a_reason(phone: &Page, desk: &Page) -> Result<()> {
    phone.until(&is_there(".offer")).await?;
    phone.picture("phone-offer").await?;
    fits(phone, "an offer").await?;
    phone.click("[data-do=decline]").await?;
    let incident = phone.until("document.querySelector('[data-declined]')?.dataset.declined").await?;
    let incident = incident.as_str().context("an incident's id")?;
    fits(phone, "why not").await?;
    phone.click("[data-reason=too_far]").await?;
    phone.until(&is_gone("[data-declined]")).await?;
    let row = format!("[data-incident='{incident}'] [data-asked='{VISITOR}'][data-state=declined]");
    desk.click(&format!("[data-incident='{incident}'] .line")).await?;
    desk.until(&format!("document.querySelector(\"{row}\")?.innerText.includes('太远')")).await.map(|_| ())
}

/// Returns the incident that was accepted. Others are asked too and may be quicker: then the next offer is taken.
async fn accept_the_next_offer(phone: &Page) -> Result<String> {
    let left = phone.until("Number(document.querySelector('.time-left[role=timer] b')?.innerText)").await?;
    phone.until(&format!("Number(document.querySelector('.time-left b')?.innerText ?? 0) < {left}")).await?;
    loop {
        let task_or_offer =
            "document.querySelector('.task')?.dataset.incident ?? (document.querySelector('.offer') && 'offer')";
        let found = phone.until(task_or_offer).await?;
        match found.as_str() {
            Some("offer") => phone.click_if_there("[data-do=accept]").await?,
            incident => return Ok(incident.context("an incident's id")?.to_owned()),
        }
    }
}

/// A step can be taken back for 5 s; then it is written once.
async fn set_out(phone: &Page) -> Result<()> {
    fits(phone, "a task").await?;
    phone.click("[data-do=en_route]").await?;
    phone.click(".noted [data-do=undo]").await?;
    phone.until(&is_there("[data-do=en_route]")).await.context("the step was taken back")?;
    ensure!(phone.value(&is_there(".task[data-state=assigned]")).await? == true);
    phone.click("[data-do=en_route]").await?;
    fits(phone, "a step that may be taken back").await?;
    phone.until(&is_there(".task[data-state=en_route]")).await?;
    phone.picture("phone-task").await
}

/// The tap counts while nothing can be sent, and arrives once something can.
async fn arrive_in_a_dead_spot(phone: &Page, relay: &Relay) -> Result<()> {
    relay.cut();
    phone.until(&is_gone(".connection.is-online")).await?;
    phone.click("[data-do=on_scene]").await?;
    phone.until("document.querySelector('.noted')?.innerText.includes('待发送')").await?;
    phone.picture("phone-offline").await?;
    ensure!(phone.value("document.querySelector('.task').dataset.state").await? == "en_route");
    relay.mend();
    phone.until(&is_there(".task[data-state=on_scene]")).await.map(|_| ())
}

async fn raise_and_take_back_an_alarm(phone: &Page, wall: &Page) -> Result<()> {
    phone.hold(".hold.red", TOO_SHORT).await?;
    ensure!(phone.value(&is_gone("[data-alarm]")).await? == true, "a short press is no alarm");
    phone.hold(".hold.red", LONG_ENOUGH).await?;
    let incident = phone.until("document.querySelector('.alarm-sent')?.dataset.incident").await?;
    let card = format!(".card[data-incident='{}']", incident.as_str().context("an incident's id")?);
    wall.until(&is_there(&card)).await?;
    phone.until("/已发出 · \\d+ 人收到/.test(document.querySelector('.alarm-sent').innerText)").await?;
    fits(phone, "an alarm sent").await?;
    phone.picture("phone-alarm").await?;
    phone.hold(".hold.mistake", LONG_ENOUGH).await?;
    phone.until(&is_there(".hold.red")).await?;
    wall.until(&format!("(document.querySelector(\"{card}\")?.dataset.state ?? 'cancelled') === 'cancelled'"))
        .await
        .map(|_| ())
}
