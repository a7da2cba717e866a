//! `bench load`: real sockets, real people's places, open loop. The hub and the load are separate processes.

pub mod alarms;
pub mod figures;
pub mod files;
mod hub;
pub mod kill;
pub mod ledger;
pub mod people;
pub mod restart;
pub mod stage;
pub mod supply;
mod town;
mod writer;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::ensure;
use indicatif::{ProgressBar, ProgressStyle};

pub use self::hub::{Hub, Installation, rss_anon_kib};
use crate::calls::{self, Format};
pub use alarms::raise_for_all;
pub use town::Town;

use alarms::Stream;
use figures::Figures;
use stage::{Cast, Stage};
use writer::Reading;

/// What load and kill have in common.
#[derive(clap::Args)]
pub struct Common {
    /// The file of calls, plain or gzip: places and kinds are taken in its order
    #[arg(long)]
    calls: PathBuf,
    #[arg(long)]
    format: Format,
    /// The hub's program [default: the one beside this]
    #[arg(long)]
    hub_bin: Option<PathBuf>,
    /// The hub's data folder [default: one that is removed afterwards]
    #[arg(long)]
    data: Option<PathBuf>,
    /// People live so many times faster
    #[arg(long, default_value_t = 60)]
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
    #[arg(long, default_value_t = 10_000)]
    phones: usize,
    #[arg(long, default_value_t = 200.0)]
    alarms_per_second: f64,
    #[arg(long, default_value_t = 60.0)]
    seconds: f64,
    /// A hub that runs already; --data is its data folder, by which people are imported
    #[arg(long, requires = "data")]
    hub: Option<String>,
}

/// After the last alarm, so long for the last answers.
const AFTERWARDS: Duration = Duration::from_secs(6);
/// How often the hub's memory is looked at.
const RSS_EVERY: Duration = Duration::from_millis(250);

/// # Errors
/// The file cannot be read, the phones are too few for the rate, the hub cannot be started or refuses, or a phone hears
/// what is not the protocol.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let figures = runtime()?.block_on(load(options))?;
    match options.common.json {
        true => println!("{}", serde_json::to_string_pretty(&figures)?),
        false => figures.print(),
    }
    let right = figures.failed.is_empty() && figures.pushes_lost + figures.pushes_duplicated == 0;
    ensure!(right && figures.double_assignments == 0, "the run is not clean: see above");
    Ok(())
}

/// # Errors
/// The system gives no threads.
pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

async fn load(options: &Options) -> anyhow::Result<Figures> {
    let read = calls::read(&options.common.calls, options.common.format)?;
    let cast = Cast::of(&options.common, read.calls, options.phones)?;
    supply::enough(options.phones, cast.pace, options.alarms_per_second)?;
    let stage = Stage::set(&options.common, options.hub.as_deref(), &cast, options.phones).await?;
    let mut crowd = stage.open_phones(&cast, bar(options.phones, "phones online")).await?;
    let memory = stage.pid().map(watch_memory);
    let stream = Stream { per_second: options.alarms_per_second, seconds: options.seconds };
    let bar = bar(stream.count(), "alarms");
    let before = Reading::of(&stage.desk.hub).await?;
    stage.desk.raise(&cast.calls, 0, stream, || bar.inc(1)).await;
    let work = before.until(&Reading::of(&stage.desk.hub).await?);
    bar.finish_and_clear();
    crowd.check()?;
    tokio::time::sleep(AFTERWARDS).await;
    let incomplete = crowd.stop().await?;
    let rss_kib = memory.map(|memory| memory.stop());
    let account = stage.desk.ledger.account(incomplete);
    stage.strike().await?;
    Ok(Figures::of(options.phones, account, rss_kib.flatten(), work))
}

/// The most that a process has resident, looked at until stopped.
struct Memory {
    most: std::sync::Arc<std::sync::atomic::AtomicU64>,
    task: tokio::task::JoinHandle<()>,
}

impl Memory {
    /// KiB; `None` when it was never seen.
    fn stop(self) -> Option<u64> {
        self.task.abort();
        Some(self.most.load(std::sync::atomic::Ordering::Relaxed)).filter(|most| *most > 0)
    }
}

fn watch_memory(pid: u32) -> Memory {
    let most = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let seen = std::sync::Arc::clone(&most);
    let task = tokio::spawn(async move {
        while let Some(kib) = self::hub::rss_kib(pid) {
            seen.fetch_max(kib, std::sync::atomic::Ordering::Relaxed);
            tokio::time::sleep(RSS_EVERY).await;
        }
    });
    Memory { most, task }
}

pub fn bar(length: usize, what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}  {elapsed}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length as u64).with_style(style).with_message(what)
}

/// Waits until `done` says so.
///
/// # Errors
/// Not within `within`; `what` names what was waited for.
pub async fn until(what: &str, within: Duration, mut done: impl FnMut() -> bool) -> anyhow::Result<()> {
    const POLL: Duration = Duration::from_millis(20);
    let started = Instant::now();
    while !done() {
        ensure!(started.elapsed() < within, "{what}: not within {} s", within.as_secs());
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}
