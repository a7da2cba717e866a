//! The pages in a real browser, against a real hub: Debian's Chromium, driven over its DevTools socket.

mod chrome;
mod layout;
mod others;
mod phone;
mod relay;
mod wall;

use std::time::Duration;

use anyhow::Result;
use chrome::{Chrome, Page};
use tests::harness::{Hub, HubOptions};

/// The red button acts after 1.5 s: one hold is shorter, one longer.
const TOO_SHORT: Duration = Duration::from_millis(500);
const LONG_ENOUGH: Duration = Duration::from_millis(2_500);

/// A demo and a browser to look at it with.
async fn demo() -> Result<(Hub, Chrome)> {
    Ok((Hub::start(HubOptions::demo()).await?, Chrome::start().await?))
}

/// The wall, signed in by its one-time link; `base` is the hub's own or that of a relay before it.
async fn open_wall(chrome: &Chrome, hub: &Hub, base: &str) -> Result<Page> {
    let link = hub.printed_link("wall").await?.replace(&hub.base, base);
    let wall = chrome.open(&link, 1920, 1080).await?;
    wall.until("location.pathname === '/wall' && document.querySelector('.bar h1')?.innerText").await?;
    Ok(wall)
}

async fn open_desk(chrome: &Chrome, hub: &Hub) -> Result<Page> {
    let desk = chrome.open(&hub.printed_link("desk").await?, 1500, 900).await?;
    desk.until("location.pathname === '/desk' && document.querySelector('.cases')").await?;
    Ok(desk)
}

fn is_there(selector: &str) -> String {
    format!("document.querySelector({selector:?}) !== null")
}

fn is_gone(selector: &str) -> String {
    format!("document.querySelector({selector:?}) === null")
}
