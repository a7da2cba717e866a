//! The demo's wall, as somebody stands before it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::chrome::Page;
use super::relay::Relay;
use super::{demo, is_gone, is_there, open_wall};

const ANSWERED: &str = ".card:is([data-state=assigned], [data-state=en_route], [data-state=on_scene])";

#[tokio::test]
async fn a_wall_shows_alarms_being_answered() -> Result<()> {
    let (hub, chrome) = demo().await?;
    let wall = open_wall(&chrome, &hub, &hub.base).await?;
    wall.until("document.body.innerText.includes('演示数据,不会通知任何真人')").await?;
    wall.until("/正在找人.第 \\d 轮/.test(document.querySelector('.card[data-state=offering]')?.innerText)").await?;
    wall.until("/送达 \\d+ \\/ 已读 \\d+ \\/ 我去 [1-9]/.test(document.querySelector('.card')?.innerText)").await?;
    wall.until(&is_there(ANSWERED)).await?;
    wall.until(&drawn("[24, 34, 51]")).await.context("the ground of a grid")?;
    wall.until(&drawn("[88, 183, 234]")).await.context("somebody on the way")?;
    ensure!(wall.value(&is_gone(".feed-age")).await? == true, "the feed is fresh, and nothing says otherwise");
    wall.picture("wall-zh").await?;
    speaks_to_those_who_cannot_see_it(&wall).await?;
    obeys_keys(&wall).await
}

/// Roles and words for readers of the screen.
async fn speaks_to_those_who_cannot_see_it(wall: &Page) -> Result<()> {
    wall.until("document.querySelector('.map canvas[role=img]').ariaLabel.includes('志愿者')").await?;
    wall.until("/师傅|[^,]+,(已接单|途中|到场),.+/.test(document.querySelector('.map li[data-volunteer]')?.innerText)")
        .await?;
    wall.until("document.querySelector('.unseen[role=status]').innerText.includes('警报')").await?;
    wall.until("[...document.querySelectorAll('svg.mark')].every((mark) => mark.ariaHidden === 'true')")
        .await
        .map(|_| ())
}

async fn obeys_keys(wall: &Page) -> Result<()> {
    wall.drag(".map canvas", 200.0).await?;
    wall.until(&is_there(".held")).await.context("a hand holds the view")?;
    ensure!(wall.value("location.hash.startsWith('#at=')").await? == true, "the view is in the address");
    wall.key("0", "Digit0", Duration::ZERO).await?;
    wall.until(&is_gone(".held")).await.context("0 lets it go")?;
    wall.key("l", "KeyL", Duration::ZERO).await?;
    wall.until("document.body.innerText.includes('On duty') && document.documentElement.lang === 'en'").await?;
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
async fn a_wall_that_hears_nothing_says_of_when_its_numbers_are() -> Result<()> {
    let (hub, chrome) = demo().await?;
    let relay = Relay::to(&hub.base).await?;
    let wall = open_wall(&chrome, &hub, &relay.base).await?;
    wall.until(&is_there(".card")).await?;
    relay.cut();
    wall.until("/数据停在 \\d\\d:\\d\\d:\\d\\d/.test(document.querySelector('.feed-old .feed-age')?.innerText)")
        .await?;
    wall.picture("wall-stale").await?;
    relay.mend();
    wall.until(&is_gone(".feed-age")).await?;
    wall.until(&is_there(".card")).await.map(|_| ())
}
