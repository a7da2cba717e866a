//! `bench policy`: how many to ask at once. The same calls among the same people, once for each policy: waves of a fixed size,
//! everyone near at once, waves that fit. People have hours and likings of their own ([`crowd::model::Temper::with_rhythm`]), and
//! what one of them answers to one call is the same under every policy.

mod figures;
mod report;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use anyhow::Context;
use crowd::model::Pace;
use matcher::{WAVE_SIZE_MAX, WaveSize};

use crate::calls::{self, Calls, Format};
use crate::replay;
use crate::scene::{self, Resident, Rules};
use figures::Figures;

/// The most that a wave asks which is to fit.
const FIT_MAX: u16 = 24;
const FIXED: [u16; 5] = [3, 4, 6, 8, 12];
const TARGETS_PERMILLE: [u16; 5] = [600, 700, 800, 900, 950];

#[derive(clap::Args)]
pub struct Options {
    /// The file of calls, plain or gzip
    #[arg(long)]
    calls: PathBuf,
    /// With sf-fire too, volunteers answer and not the units of the file
    #[arg(long)]
    format: Format,
    /// Simulated people
    #[arg(long, default_value_t = 2_000)]
    volunteers: usize,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only the first so many calls
    #[arg(long)]
    first: Option<usize>,
    /// Writes the figures as JSON
    #[arg(long)]
    json: Option<PathBuf>,
    /// Writes a page with plots
    #[arg(long)]
    report: Option<PathBuf>,
}

/// # Errors
/// The file cannot be read, the engine refuses what it must not, or a result cannot be written.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let mut read = calls::read(&options.calls, options.format)?;
    read.calls.truncate(options.first.unwrap_or(usize::MAX));
    println!("{} rows, {} calls from {}\n{}", read.rows, read.calls.len(), options.calls.display(), read.findings);
    println!("{}", figures::HEAD);
    let mut all = Vec::new();
    for size in policies() {
        let figures = lived(options, &read, size)?;
        println!("{figures}");
        all.push(figures);
    }
    let json = figures::json(options, read.calls.len(), &all);
    if let Some(path) = &options.json {
        let text = serde_json::to_string_pretty(&json)? + "\n";
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    options.report.as_deref().map_or(Ok(()), |path| report::write(path, &all, options.volunteers, read.calls.len()))
}

/// Everyone at once is everyone within the first radius, as far as one wave may go.
fn policies() -> impl Iterator<Item = WaveSize> {
    let fixed = FIXED.into_iter().chain([WAVE_SIZE_MAX]).map(WaveSize::Fixed);
    fixed.chain(TARGETS_PERMILLE.into_iter().map(|target| WaveSize::fitting(target, FIT_MAX)))
}

fn lived(options: &Options, read: &Calls, wave_size: WaveSize) -> anyhow::Result<Figures> {
    // San Francisco's calls are answered as Montgomery's are: by neighbours with a skill, not by units.
    let format = if options.format == Format::SfFire { Format::Montco } else { options.format };
    let rules = Rules { format, pace: Pace::LIFE, second_helper: true, wave_size, batch_ms: 0 };
    let scene = scene::scene(&read.calls, format, &rules)?;
    let requests = format == Format::Boston311;
    let within = |call: &&calls::Call| !requests || call.place.is_none_or(|place| scene::inside(&scene.grids, place));
    let calls: Vec<calls::Call> = read.calls.iter().filter(within).cloned().collect();
    let mut residents: Vec<Resident> = scene::people(&calls, &scene, options.volunteers, options.seed);
    residents.iter_mut().for_each(|resident| resident.temper = resident.temper.with_rhythm());
    let burden = replay::burden(&calls, &scene, &residents, requests)?;
    Ok(Figures::of(wave_size, &burden))
}
