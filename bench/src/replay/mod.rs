//! `bench replay`: the engine in process on virtual time, a whole file of real calls in its own calendar. Deterministic:
//! the same file, seed and engine give the same digest.

mod agenda;
mod batched;
mod burden;
mod engine;
mod fleet;
mod followed;
mod mirror;
mod own;
mod tally;
mod town;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use crowd::model::Pace;
use indicatif::{ProgressBar, ProgressStyle};
use matcher::{Actor, Command, Timestamp, Volunteer, WaveSize};

use crate::calls::{self, Call, Calls, Format};
use crate::scene::{self, DISTRICT, Resident, Rules, Scene};
use engine::Engine;
use fleet::Fleet;
use followed::Followed;
use mirror::Mirror;
use own::Own;
use tally::{Figures, Tally};
use town::Town;

pub use burden::{Burden, Counted};
pub use tally::quantile;

/// The district is defined so long before the first call.
const BEFORE_MS: u64 = matcher::HOUR_MS;
/// People asked in one wave, where the verb does not say otherwise.
const WAVE_SIZE: u16 = 6;

#[derive(clap::Args)]
pub struct Options {
    /// The file of calls, plain or gzip
    #[arg(long)]
    calls: PathBuf,
    #[arg(long)]
    format: Format,
    /// Simulated people (montco and boston-311; sf-fire has its own units)
    #[arg(long, default_value_t = 2_000)]
    volunteers: usize,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only the first so many calls
    #[arg(long)]
    first: Option<usize>,
    /// Writes one commit a line, for `hub verify` (sf-fire: of Own, or of Followed with --way followed)
    #[arg(long)]
    journal: Option<PathBuf>,
    /// sf-fire: the state follows reality after each call, or lives by the engine's own choices
    #[arg(long, value_enum, default_value_t = Way::Both)]
    way: Way,
    /// All calls as service requests, twice: one at a time, and collected so long and matched together; prints the gain
    /// (montco and boston-311)
    #[arg(long)]
    batch_ms: Option<u64>,
    /// Prints the figures as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Way {
    Followed,
    Own,
    Both,
}

/// # Errors
/// The file cannot be read, the journal cannot be written, or the engine refuses what it must not.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let mut read = calls::read(&options.calls, options.format)?;
    read.calls.truncate(options.first.unwrap_or(usize::MAX));
    if !options.json {
        println!("{} rows, {} calls from {}\n{}", read.rows, read.calls.len(), options.calls.display(), read.findings);
    }
    if let Some(batch_ms) = options.batch_ms {
        return batched::print(&batched::gain(options, &read, batch_ms)?, options.json);
    }
    let figures = figures(options, &read)?;
    match options.json {
        true => println!("{}", serde_json::to_string_pretty(&figures)?),
        false => print(&figures),
    }
    Ok(())
}

fn figures(options: &Options, read: &Calls) -> anyhow::Result<Figures> {
    let started = Instant::now();
    let rules = Rules {
        format: options.format,
        pace: Pace::LIFE,
        second_helper: true,
        wave_size: WaveSize::Fixed(WAVE_SIZE),
        batch_ms: 0,
    };
    let scene = scene::scene(&read.calls, options.format, &rules)?;
    let (tally, mirror, engine, followed) = match options.format {
        Format::SfFire => fleet_figures(options, &read.calls, &scene)?,
        Format::Montco | Format::Boston311 => {
            let requests = options.format == Format::Boston311;
            let (tally, mirror, engine) = town_figures(options, &read.calls, &scene, requests)?;
            (tally, mirror, engine, None)
        }
    };
    let digests = followed.into_iter().chain([engine.digest()]).map(|digest| format!("{digest:016x}"));
    let digest = digests.collect::<Vec<_>>().join("-");
    let commits = engine.commits();
    engine.close()?;
    Ok(Figures::of(tally, &mirror, commits, digest, started.elapsed()))
}

fn town_figures(
    options: &Options,
    calls: &[Call],
    scene: &Scene,
    requests: bool,
) -> anyhow::Result<(Tally, Mirror, Engine)> {
    let residents: Vec<Resident> = scene::people(calls, scene, options.volunteers, options.seed);
    let engine = Engine::new(DISTRICT, options.journal.as_deref())?;
    let town = lived(engine, calls, scene, &residents, requests)?;
    Ok((town.tally, town.mirror, town.engine))
}

/// A town after all its calls.
fn lived(
    engine: Engine,
    calls: &[Call],
    scene: &Scene,
    residents: &[Resident],
    requests: bool,
) -> anyhow::Result<Town> {
    let volunteers = residents.iter().map(|resident| resident.volunteer.clone()).collect();
    let (engine, mirror, now) = found(engine, calls, scene, volunteers)?;
    let mut town = Town::new(engine, mirror, residents, (requests, scene.centre), now)?;
    let bar = bar(calls.len());
    town.live(calls, || bar.inc(1))?;
    bar.finish_and_clear();
    Ok(town)
}

/// What the same calls and people make of another policy of waves.
///
/// # Errors
/// As [`run`].
pub fn burden(calls: &[Call], scene: &Scene, residents: &[Resident], requests: bool) -> anyhow::Result<Burden> {
    let town = lived(Engine::new(DISTRICT, None)?, calls, scene, residents, requests)?;
    town.engine.close()?;
    Ok(Burden { tally: town.tally, ..town.burden })
}

/// Followed and Own, each with an engine of its own; the figures of both in one, the digest of Followed beside.
fn fleet_figures(
    options: &Options,
    calls: &[Call],
    scene: &Scene,
) -> anyhow::Result<(Tally, Mirror, Engine, Option<u64>)> {
    let fleet = Fleet::of(calls, scene);
    let bar = bar(calls.len() * if options.way == Way::Both { 2 } else { 1 });
    let mut before = None;
    if options.way != Way::Own {
        let journal = options.journal.as_deref().filter(|_| options.way == Way::Followed);
        let engine = Engine::new(DISTRICT, journal)?;
        let (engine, mirror, _) = found(engine, calls, scene, fleet.units.clone())?;
        let mut followed = Followed::new(engine, mirror, calls, &fleet);
        followed.run(|| bar.inc(1))?;
        if options.way == Way::Followed {
            bar.finish_and_clear();
            return Ok((followed.tally, followed.mirror, followed.engine, None));
        }
        let digest = followed.engine.digest();
        followed.engine.close()?;
        before = Some((followed.tally, followed.mirror.faults, digest));
    }
    let engine = Engine::new(DISTRICT, options.journal.as_deref())?;
    let (engine, mirror, _) = found(engine, calls, scene, fleet.units.clone())?;
    let mut own = Own::new(engine, mirror, calls, &fleet);
    own.run(|| bar.inc(1))?;
    bar.finish_and_clear();
    let digest = before.map(|(followed, faults, digest)| {
        own.tally.regret_m = followed.regret_m;
        own.tally.sent_m = followed.sent_m;
        own.mirror.faults.double_assignments += faults.double_assignments;
        own.mirror.faults.unfilled_while_free += faults.unfilled_while_free;
        digest
    });
    Ok((own.tally, own.mirror, own.engine, digest))
}

/// Defines the district and enrols everybody, an hour before the first call.
fn found(
    mut engine: Engine,
    calls: &[Call],
    scene: &Scene,
    volunteers: Vec<Volunteer>,
) -> anyhow::Result<(Engine, Mirror, Timestamp)> {
    let now = calls.first().context("no calls")?.at.minus_ms(BEFORE_MS);
    let mut mirror = Mirror::default();
    let limit = matcher::command::ITEMS_PER_COMMAND_MAX;
    let mut commands = vec![Command::DefineDistrict { name: scene.name.to_owned(), centre: scene.centre }];
    if !scene.skills.is_empty() {
        commands.push(Command::DefineSkills { skills: scene.skills.clone() });
    }
    commands.push(Command::DefineGrids { grids: scene.grids.clone() });
    commands.push(Command::DefinePlans { plans: scene.plans.clone() });
    let people = volunteers.chunks(limit).map(|some| Command::EnrolVolunteers { volunteers: some.to_vec() });
    for command in commands.into_iter().chain(people) {
        match engine.submit(now, Actor::System, command)? {
            Ok(commit) => commit.iter().for_each(|commit| mirror.follow(commit)),
            Err(rejection) => anyhow::bail!("the district was refused: {rejection}"),
        }
    }
    Ok((engine, mirror, now))
}

fn bar(calls: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} calls  {per_sec}  {eta} left");
    ProgressBar::new(calls as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn print(figures: &Figures) {
    let shown = |value: Option<f64>, unit: &str| value.map_or("-".to_owned(), |value| format!("{value:.2} {unit}"));
    println!("calls                    {}", figures.calls);
    println!("offers                   {}, {} accepted", figures.offers, figures.accepted);
    println!("slots not filled         {}, {} while somebody was free", figures.unfilled, figures.unfilled_while_free);
    println!("double assignments       {}", figures.double_assignments);
    if let Some(regret_m) = figures.regret_m {
        println!("regret against naive     {regret_m} m");
    }
    println!("distance of the chosen   {} (median)", shown(figures.distance_km.chosen_median, "km"));
    println!("distance of those sent   {} (median)", shown(figures.distance_km.sent_median, "km"));
    let (p50, p90) = (shown(figures.first_accept_s.p50, "s"), shown(figures.first_accept_s.p90, "s"));
    println!("first accept             {p50} (p50), {p90} (p90)");
    println!("commits                  {}, digest {}", figures.commits, figures.digest);
    println!("took                     {:.1} s", figures.wall_s);
}

#[cfg(test)]
mod tests;
