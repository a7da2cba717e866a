//! Those who have no order to answer: a resident with a red button, an operator with a list, an administrator with the
//! first link of all, whoever is lost at `/`.

use anyhow::{Context, Result, ensure};

use tests::harness::{Hub, HubOptions};

use super::chrome::Chrome;
use super::layout::fits;
use super::{LONG_ENOUGH, demo, is_gone, is_there, open_desk};

/// By keyboard alone, without a sign-in, without being asked where he is.
#[tokio::test]
async fn a_resident_calls_for_help_and_the_desk_ends_it() -> Result<()> {
    let (hub, chrome) = demo().await?;
    let desk = open_desk(&chrome, &hub).await?;
    let resident = chrome.open(&format!("{}/resident", hub.base), 360, 640).await?;
    resident.until(&is_there(".connection.is-online")).await?;
    fits(&resident, "nothing asked").await?;
    resident.tab_to(".hold.red").await?;
    resident.key("Enter", "Enter", LONG_ENOUGH).await?;
    let incident = resident.until("document.querySelector('.alarm-sent')?.dataset.incident").await?;
    let incident = incident.as_str().context("an incident's id")?.to_owned();
    fits(&resident, "help is called").await?;
    resident.picture("resident-alarm").await?;

    desk.click(&format!("[data-incident='{incident}'] .line")).await?;
    desk.picture("desk").await?;
    desk.click(&format!("[data-incident='{incident}'] [data-close=false_alarm]")).await?;
    desk.until(&is_gone(&format!("[data-incident='{incident}']"))).await?;
    resident
        .until(&is_there("[data-call][data-state=closed]"))
        .await
        .context("the caller is told that it has ended")?;
    resident.until(&is_there(".hold.red")).await?;
    let asked = resident.value("window.positionsAsked").await?;
    ensure!(asked == 0, "a demo must not ask where its visitor really is: asked {asked} times");
    Ok(())
}

#[tokio::test]
async fn the_signpost_leads_somewhere_in_both_languages() -> Result<()> {
    let (hub, chrome) = demo().await?;
    let home = chrome.open(&hub.base, 800, 900).await?;
    home.until("document.body.innerText.includes('Demo data') && document.body.innerText.includes('演示数据')").await?;
    let addresses = home.value("[...document.querySelectorAll('li a')].map((sign) => sign.href)").await?;
    let addresses = addresses.as_array().context("a list")?;
    ensure!(addresses.len() >= 8, "{addresses:?}");
    for address in addresses.iter().filter_map(|address| address.as_str()) {
        let answer = tests::harness::http().get(address).send().await?;
        ensure!(answer.status().is_success(), "{address}: {}", answer.status());
    }
    Ok(())
}

#[tokio::test]
async fn the_first_link_of_a_new_hub_leads_to_its_wall() -> Result<()> {
    let (hub, chrome) = (Hub::start(HubOptions::serve()).await?, Chrome::start().await?);
    let admin = chrome.open(&hub.printed_link("").await?, 360, 640).await?;
    admin.until(&is_there("[data-account=admin]")).await?;
    fits(&admin, "accounts").await?;
    for (field, value) in [("role", "wall"), ("account", "hall"), ("name", "大厅")] {
        admin.value(&format!("document.querySelector('form [name={field}]').value = '{value}'")).await?;
    }
    admin.click("form .main").await?;
    let link = admin.until("document.querySelector('[data-made=hall] input')?.value").await?;
    fits(&admin, "a link was made").await?;
    admin.picture("admin").await?;
    let wall = chrome.open(link.as_str().context("a link")?, 1920, 1080).await?;
    wall.until("location.pathname === '/wall' && document.body.innerText.includes('没有未办结的警报')").await?;
    admin.click("[data-account=hall] button").await?;
    wall.until("location.pathname === '/sign-in'").await.context("a disabled account is out at once")?;
    Ok(())
}
