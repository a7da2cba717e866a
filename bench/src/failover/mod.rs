//! `bench failover`: three real hubs on real PostgreSQL and Redis; the leader is killed, stopped and frozen under load, Redis
//! emptied, everybody reconnected. What callers and phones were told is compared with the log, which is read by SQL.

mod callers;
mod figures;
mod hubs;
#[path = "../../../tests/harness/postgres.rs"]
#[allow(dead_code, reason = "the suites use the rest")]
mod postgres;
mod record;
#[path = "../../../tests/harness/redis.rs"]
#[allow(dead_code, reason = "the suites use the rest")]
mod redis;
mod scenes;
mod stage;
mod town;

use std::path::PathBuf;

use anyhow::ensure;

use crate::load::runtime;
use figures::Figures;
use scenes::End;

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Scene {
    /// kill -9 of the leader
    Kill,
    /// SIGTERM to the leader
    Term,
    /// The leader frozen past its lease, and thawed
    Freeze,
    /// Redis emptied each second
    Flush,
    /// All phones at one hub, which is killed
    Sockets,
    /// Alarms and phones at hubs that do not lead
    Through,
}

const SCENES: [Scene; 6] = [Scene::Kill, Scene::Term, Scene::Freeze, Scene::Flush, Scene::Sockets, Scene::Through];

/// What all scenes have in common.
#[derive(clap::Args)]
pub struct Common {
    /// The hub's program [default: the one beside this]
    #[arg(long)]
    hub_bin: Option<PathBuf>,
    /// People live so many times faster, so that few are enough for the rate
    #[arg(long, default_value_t = 480)]
    life_speed: u32,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Prints the figures as JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub struct Options {
    #[command(flatten)]
    common: Common,
    /// Only these scenes [default: all]
    #[arg(long, value_delimiter = ',')]
    only: Vec<Scene>,
    /// Kills of the leader
    #[arg(long, default_value_t = 50)]
    runs: usize,
    /// Orderly stops of the leader
    #[arg(long, default_value_t = 10)]
    stops: usize,
    #[arg(long, default_value_t = 3)]
    freezes: usize,
    #[arg(long, default_value_t = 15)]
    flushes: usize,
    #[arg(long, default_value_t = 500)]
    phones: usize,
    #[arg(long, default_value_t = 50.0)]
    alarms_per_second: f64,
    #[arg(long, default_value_t = 10_000)]
    sockets: usize,
    #[arg(long, default_value_t = 1_000)]
    through_phones: usize,
    #[arg(long, default_value_t = 100.0)]
    through_alarms_per_second: f64,
    #[arg(long, default_value_t = 30)]
    through_seconds: u64,
}

/// # Errors
/// A program is missing, nobody leads any more, or something was lost, refused or doubled.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let figures = runtime()?.block_on(play(options))?;
    match options.common.json {
        true => println!("{}", serde_json::to_string_pretty(&figures)?),
        false => println!("{figures:#?}"),
    }
    ensure!(figures.verdict.is_clean(), "the run is not clean: see above");
    Ok(())
}

async fn play(options: &Options) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    for scene in SCENES.iter().filter(|scene| options.only.is_empty() || options.only.contains(scene)) {
        let verdict = match scene {
            Scene::Kill => kept(&mut figures.killed, scenes::ends(options, End::Killed, options.runs).await?),
            Scene::Term => kept(&mut figures.sigterm, scenes::ends(options, End::Asked, options.stops).await?),
            Scene::Freeze => kept(&mut figures.sigstop, scenes::freezes(options).await?),
            Scene::Flush => kept(&mut figures.redis_flushed, scenes::flushes(options).await?),
            Scene::Sockets => kept(&mut figures.sockets, scenes::sockets(options).await?),
            Scene::Through => kept(&mut figures.through_another_hub, scenes::through(options).await?),
        };
        figures.verdict.add(&verdict);
    }
    Ok(figures)
}

/// Puts a scene's figures where they belong; its verdict is added to the others.
fn kept<T>(place: &mut Option<T>, (figures, verdict): (T, figures::Verdict)) -> figures::Verdict {
    *place = Some(figures);
    verdict
}
