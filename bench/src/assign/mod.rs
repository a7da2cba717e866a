//! `bench assign`: `matcher::assign` against published optima, against brute force, and against the clock.

mod anchor;
mod cases;
mod instances;
mod speed;

use std::path::PathBuf;

use serde_json::json;

#[derive(clap::Args)]
pub struct Options {
    /// A folder of OR-Library instances (plain or gzip) with their optima.tsv, or one that has it in `orlib`
    #[arg(long)]
    instances: Option<PathBuf>,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A Python that may have scipy; without scipy it is installed into a temporary folder, for this run
    #[arg(long, default_value = "python3")]
    python: PathBuf,
    /// Prints the figures as JSON
    #[arg(long)]
    json: bool,
}

/// # Errors
/// An instance cannot be read, an answer is no answer to its problem, or the anchor answers something else.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let instances = options.instances.as_deref().map_or(Ok(Vec::new()), instances::solve_all)?;
    let wrong = instances.iter().filter(|instance| instance["total"] != instance["optimum"]).count();
    let wrong_cases = cases::wrong(options.seed);
    let speed = speed::measure(&options.python, options.seed)?;
    let widest = instances.iter().filter_map(|instance| instance["gap"].as_i64()).max().unwrap_or(0);
    let figures = json!({
        "instances": instances,
        "random_cases": cases::COUNT,
        "wrong": wrong + wrong_cases,
        "gap": widest.max(speed.gap),
        "ms": speed.ms,
        "proven_ms": speed.proven_ms,
        "pairs_fetched": speed.pairs_fetched,
        "anchor": speed.anchor,
        "anchor_ms": speed.anchor_ms,
        "ratio_to_scipy": speed.ratio,
        "proven_ratio_to_scipy": speed.proven_ratio,
    });
    match options.json {
        true => println!("{figures}"),
        false => println!("{figures:#}"),
    }
    Ok(())
}
