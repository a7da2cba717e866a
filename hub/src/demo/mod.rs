//! `hub demo`: a sample district in Harbin's Daoli whose volunteers are simulated people with real telephones.
//!
//! Absent here: any way into the hub that others do not have. People sign in by one-time links and speak over WebSockets,
//! elders press their button over HTTP; the hub cannot tell them from real ones. Without this room it builds and serves
//! (`--no-default-features`).

mod banner;
mod callers;
mod desk;
mod folder;
mod names;
mod phones;
mod plans;
mod sample;
mod volunteers;

pub use folder::prepare;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use crowd::drive::Endpoint;
use tokio::sync::watch;

use crate::boot::{self, DistrictSettings, Purpose, Settings, Steps};
use crate::records::Office;

/// The same district at every start.
const SEED: u64 = 100;
/// How long phones may take to hang up when the demo ends; then they are cut off.
const HANG_UP: Duration = Duration::from_secs(3);

/// The sample's district, for the settings of its hub.
pub fn district() -> DistrictSettings {
    DistrictSettings { number: 1, name: sample::NAME.to_owned(), lat: sample::CENTRE.0, lng: sample::CENTRE.1 }
}

/// Runs the demo on the data folder `data` until it is asked to stop.
///
/// # Errors
/// When the hub cannot start, or the folder holds a district that is not the demo's.
pub async fn run(data: &std::path::Path, settings: &Settings) -> Result<ExitCode> {
    let stop_asked = boot::asked_to_stop()?;
    let mut steps = Steps::default();
    let running = boot::start(data, settings, Purpose::Demo, &mut steps).await?;
    let people = sample::settle(&running, &mut steps).await?;
    let links = banner::sign_in_links(&running).await?;
    banner::print(&running, &links, &steps)?;
    let (stop, stopped) = watch::channel(false);
    let lives = tokio::spawn(live(running.local.clone(), people, running.rooms.office.clone(), stopped));
    let who = stop_asked.await;
    tracing::info!(signal = who, "stopping the demo");
    hang_up(stop, lives).await;
    running.stop().await?;
    Ok(ExitCode::SUCCESS)
}

/// Everybody's life, until `stopped`; trouble is told at once, the hub goes on.
async fn live(hub: String, people: sample::People, office: Office, stopped: watch::Receiver<bool>) {
    if let Err(error) = phones_and_callers(&hub, &people, &office, stopped).await {
        tracing::error!(error = format!("{error:#}"), "the demo's people had trouble: no more alarms will come");
    }
}

/// Phones connect, the patrol first; then elders press their buttons, now and then, and the desk does its part.
async fn phones_and_callers(
    hub: &str,
    people: &sample::People,
    office: &Office,
    stopped: watch::Receiver<bool>,
) -> Result<()> {
    let hub = Endpoint::new(hub)?;
    let phones = phones::connect(&hub, people, office, stopped.clone()).await?;
    let callers = callers::call_now_and_then(&hub, people, office, stopped.clone());
    let desk = desk::sit(&hub, office, people.district, stopped);
    let (called, sat, ()) = tokio::join!(callers, desk, phones.end());
    called.and(sat)
}

async fn hang_up(stop: watch::Sender<bool>, lives: tokio::task::JoinHandle<()>) {
    let _ = stop.send(true);
    let cut_off = lives.abort_handle();
    if tokio::time::timeout(HANG_UP, lives).await.is_err() {
        cut_off.abort();
    }
}
