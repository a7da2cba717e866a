//! `bench restart`: how long a hub takes to come back, from the start of its process to `/readyz`, when it leads a whole
//! district and dies at the worst moment: just before it would have stored its state again.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde::Serialize;
use wire::http::Health;

use super::alarms::Stream;
use super::stage::{Cast, Stage};
use super::{Common, bar, runtime, supply};
use crate::calls;

#[derive(clap::Args)]
pub struct Options {
    #[command(flatten)]
    common: Common,
    /// Everybody who is registered
    #[arg(long, default_value_t = 40_000)]
    volunteers: usize,
    /// Of these, so many have their phone on and answer
    #[arg(long, default_value_t = 2_000)]
    phones: usize,
    #[arg(long, default_value_t = 40.0)]
    alarms_per_second: f64,
    /// The log is to hold so many commits; a hub stores its state every 100,000
    #[arg(long, default_value_t = 99_000)]
    commits: u64,
    /// Kills and starts
    #[arg(long, default_value_t = 5)]
    runs: usize,
}

/// How often the log's length is asked for.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// The log must reach its length within this.
const GROWN_WITHIN: Duration = Duration::from_secs(1_800);

/// What `bench restart --json` prints.
#[derive(Debug, Serialize)]
pub struct Figures {
    pub volunteers: usize,
    /// In the log when the hub was killed first.
    pub commits: u64,
    /// From the start of the process to ready, after each kill -9.
    pub ready_ms: Vec<u128>,
    pub ready_ms_max: u128,
    /// The same after an orderly stop.
    pub ready_after_stop_ms: u128,
}

/// # Errors
/// The hub does not come back, or the log does not grow.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let figures = runtime()?.block_on(restart(options))?;
    match options.common.json {
        true => println!("{}", serde_json::to_string_pretty(&figures)?),
        false => println!(
            "{} volunteers, {} commits: ready {:?} ms after kill -9, {} ms after an orderly stop",
            figures.volunteers, figures.commits, figures.ready_ms, figures.ready_after_stop_ms
        ),
    }
    Ok(())
}

async fn restart(options: &Options) -> anyhow::Result<Figures> {
    let read = calls::read(&options.common.calls, options.common.format)?;
    let cast = Cast::of(&options.common, read.calls, options.volunteers)?;
    supply::enough(options.phones, cast.pace, options.alarms_per_second)?;
    let mut stage = Stage::set(&options.common, None, &cast, options.phones).await?;
    let commits = grow(&stage, &cast, options).await?;
    let mut ready_ms = Vec::with_capacity(options.runs);
    for _ in 0..options.runs {
        stage.kill9().await?;
        ready_ms.push(stage.restart().await?.as_millis());
    }
    stage.stop().await?;
    let ready_after_stop_ms = stage.restart().await?.as_millis();
    stage.strike().await?;
    let ready_ms_max = ready_ms.iter().copied().max().unwrap_or(0);
    Ok(Figures { volunteers: options.volunteers, commits, ready_ms, ready_ms_max, ready_after_stop_ms })
}

/// Alarms and answers until the log is long enough; its length then.
async fn grow(stage: &Stage, cast: &Cast, options: &Options) -> anyhow::Result<u64> {
    let crowd = stage.open_phones(cast, bar(options.phones, "phones online")).await?;
    let bar = bar(usize::try_from(options.commits)?, "commits");
    let stream = Stream { per_second: options.alarms_per_second, seconds: GROWN_WITHIN.as_secs_f64() };
    let desk = stage.desk.clone();
    let grown = tokio::select! {
        () = desk.raise(&cast.calls, 0, stream, || ()) => anyhow::bail!("the log did not reach {}", options.commits),
        grown = grown(stage, options.commits, &bar) => grown,
    };
    bar.finish_and_clear();
    crowd.stop().await?;
    grown
}

async fn grown(stage: &Stage, commits: u64, bar: &indicatif::ProgressBar) -> anyhow::Result<u64> {
    let started = Instant::now();
    loop {
        let health: Health = stage.desk.hub.get("/readyz", None).await?;
        let seq = *health.districts.values().next().context("the hub leads no district")?;
        bar.set_position(seq);
        if seq >= commits {
            return Ok(seq);
        }
        ensure!(started.elapsed() < GROWN_WITHIN, "the log stands at {seq}");
        tokio::time::sleep(ASK_EVERY).await;
    }
}
