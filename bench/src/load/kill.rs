//! `bench kill`: kill -9 at a random moment under load, again and again on the same data folder. Every alarm that was
//! acknowledged must be there after the restart, and `hub verify` must find nothing.

use std::time::Duration;

use anyhow::{Context, ensure};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::alarms::{Stream, alarm};
use super::ledger::Acknowledged;
use super::stage::{Cast, Stage};
use super::{Common, bar, runtime, supply};
use crate::calls;

#[derive(clap::Args)]
pub struct Options {
    #[command(flatten)]
    common: Common,
    #[arg(long, default_value_t = 100)]
    runs: usize,
    #[arg(long, default_value_t = 200)]
    phones: usize,
    #[arg(long, default_value_t = 4.0)]
    alarms_per_second: f64,
}

/// The kill comes so long after the first alarm of a run, in milliseconds.
const MOMENT_MS: std::ops::Range<u64> = 50..1_500;

/// Between two looks at an incident: a session may read 300 times a minute, and what is refused for its haste is not lost.
const LOOK_EVERY: Duration = Duration::from_millis(210);

/// What `bench kill --json` prints.
#[derive(Debug, Default, Serialize)]
pub struct Figures {
    pub runs: usize,
    /// Alarms acknowledged over all runs.
    pub acknowledged: usize,
    /// Of those, not there after the restart.
    pub alarms_lost: usize,
    /// Answered otherwise when sent again under the same id.
    pub answers_changed: usize,
    /// From the start of the process to ready, the longest.
    pub restart_ms_max: u128,
}

/// # Errors
/// Anything is lost, `hub verify` complains, or the hub does not come back.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let figures = runtime()?.block_on(kill(options))?;
    match options.common.json {
        true => println!("{}", serde_json::to_string_pretty(&figures)?),
        false => println!(
            "{} kills: {} alarms acknowledged, {} lost, {} answered otherwise; ready again after {} ms at most",
            figures.runs, figures.acknowledged, figures.alarms_lost, figures.answers_changed, figures.restart_ms_max
        ),
    }
    ensure!(figures.alarms_lost + figures.answers_changed == 0, "acknowledged alarms were lost");
    Ok(())
}

async fn kill(options: &Options) -> anyhow::Result<Figures> {
    let read = calls::read(&options.common.calls, options.common.format)?;
    let cast = Cast::of(&options.common, read.calls, options.phones)?;
    supply::enough(options.phones, cast.pace, options.alarms_per_second)?;
    let mut stage = Stage::set(&options.common, None, &cast, options.phones).await?;
    let mut random = ChaCha8Rng::seed_from_u64(options.common.seed);
    let (mut figures, mut all) = (Figures::default(), Vec::new());
    let bar = bar(options.runs, "kills");
    for run in 0..options.runs {
        let moment = Duration::from_millis(random.random_range(MOMENT_MS));
        let acknowledged = one(&mut stage, &cast, options, run, moment).await?;
        stage.installation.verify().await.with_context(|| format!("after kill {}", run + 1))?;
        let ready_after = stage.restart().await?;
        figures.restart_ms_max = figures.restart_ms_max.max(ready_after.as_millis());
        check(&stage, &cast, &acknowledged, &mut figures).await;
        all.extend(acknowledged);
        bar.inc(1);
    }
    // What survived one kill must survive those after it.
    check(&stage, &cast, &all, &mut figures).await;
    (figures.runs, figures.acknowledged) = (options.runs, all.len());
    bar.finish_and_clear();
    stage.strike().await?;
    Ok(figures)
}

/// Alarms and phones until the moment comes; what was acknowledged by then.
async fn one(
    stage: &mut Stage,
    cast: &Cast,
    options: &Options,
    run: usize,
    moment: Duration,
) -> anyhow::Result<Vec<Acknowledged>> {
    let crowd = stage.open_phones(cast, indicatif::ProgressBar::hidden()).await?;
    let stream = Stream { per_second: options.alarms_per_second, seconds: 10.0 };
    let desk = stage.desk.clone();
    tokio::select! {
        () = desk.raise(&cast.calls, run * stream.count(), stream, || ()) => {}
        () = tokio::time::sleep(moment) => {}
    }
    stage.kill9().await?;
    crowd.abandon().await;
    Ok(stage.desk.ledger.take_acknowledged())
}

/// Looks for each, and sends it again under its id: the same answer must come.
async fn check(stage: &Stage, cast: &Cast, acknowledged: &[Acknowledged], figures: &mut Figures) {
    for one in acknowledged {
        tokio::time::sleep(LOOK_EVERY).await;
        let path = format!("/v1/incidents/{}", one.incident);
        if let Err(why) = stage.desk.hub.get::<serde_json::Value>(&path, Some(&stage.desk.token)).await {
            eprintln!("not there after the restart: {why:#}");
            figures.alarms_lost += 1;
        }
        let again = alarm(&cast.calls[one.number % cast.calls.len()], one.number);
        let answer = stage.desk.raise_as(one.id, &again).await;
        figures.answers_changed += usize::from(!answer.is_ok_and(|outcome| outcome.incident == Some(one.incident)));
    }
}
