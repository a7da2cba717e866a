//! `bench budget`: how many instructions one operation of each hot function takes, against the counts kept in the repository.
//! Counts, not times: the same on a busy machine and on an idle one.
//!
//! This very program runs under callgrind twice for each function, with few and with many operations; the difference is what
//! the operations took, whatever was inlined where, and the start cancels out.

mod operations;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};

pub use operations::Operation;

/// Operations of the two runs.
const FEW: u64 = 200;
const MANY: u64 = 1_200;

#[derive(clap::Args)]
pub struct Options {
    /// The counts to be kept to
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/budget.json"))]
    counts: PathBuf,
    /// Writes the counts found instead of comparing them
    #[arg(long)]
    write: bool,
    /// Prints the counts found as JSON
    #[arg(long)]
    json: bool,
}

/// Instructions of one operation, by function.
#[derive(Debug, Serialize, Deserialize)]
struct Budget {
    /// A count may be so much higher before it is refused: compilers differ a little.
    slack_percent: u64,
    instructions: BTreeMap<String, u64>,
}

/// # Errors
/// There is no valgrind, or a function takes more than its budget and the slack allow.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(&options.counts);
    let mut budget: Budget = match (&text, options.write) {
        (Ok(text), _) => serde_json::from_str(text)?,
        (Err(_), true) => Budget { slack_percent: 15, instructions: BTreeMap::new() },
        (Err(error), false) => bail!("cannot read {}: {error}", options.counts.display()),
    };
    let found = Operation::ALL.into_iter().map(|operation| Ok((operation.name().to_owned(), count(operation)?)));
    let found: BTreeMap<String, u64> = found.collect::<anyhow::Result<_>>()?;
    if options.json {
        println!("{}", serde_json::to_string(&found)?);
    }
    if options.write {
        budget.instructions = found;
        return std::fs::write(&options.counts, serde_json::to_string_pretty(&budget)? + "\n").context("not written");
    }
    compare(&budget, &found, options.json)
}

fn compare(budget: &Budget, found: &BTreeMap<String, u64>, quiet: bool) -> anyhow::Result<()> {
    let mut dearer = Vec::new();
    for (name, &found) in found {
        let kept = *budget.instructions.get(name).with_context(|| format!("{name} has no budget; run with --write"))?;
        if !quiet {
            println!("{name:24} {found:>9} instructions, budget {kept}");
        }
        if found * 100 > kept * (100 + budget.slack_percent) {
            dearer.push(format!("{name} takes {found} instructions, its budget is {kept}"));
        }
    }
    ensure!(dearer.is_empty(), "{} (make it cheaper, or say why in the commit that runs --write)", dearer.join("; "));
    Ok(())
}

fn count(operation: Operation) -> anyhow::Result<u64> {
    let (few, many) = (collected(operation, FEW)?, collected(operation, MANY)?);
    Ok(many.saturating_sub(few) / (MANY - FEW))
}

/// All instructions of one run.
fn collected(operation: Operation, times: u64) -> anyhow::Result<u64> {
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("callgrind.out");
    let this = std::env::current_exe()?;
    let output = callgrind(&this, &out)
        .args(["operate", operation.name(), &times.to_string()])
        .output()
        .context("callgrind did not start: install valgrind (on Debian: apt-get install valgrind)")?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{} under callgrind failed: {told}", operation.name());
    let total = told.lines().find_map(|line| line.split_once("Collected : ")).map(|(_, total)| total);
    total.context("callgrind says no total")?.trim().parse().context("callgrind's total is no number")
}

fn callgrind(this: &Path, out: &Path) -> Command {
    let mut command = Command::new("valgrind");
    command.arg("--tool=callgrind").arg(format!("--callgrind-out-file={}", out.display())).arg(this);
    command
}

/// `bench operate NAME TIMES`: what [`run`] counts.
#[derive(clap::Args)]
pub struct Operate {
    name: String,
    times: u64,
}

/// # Errors
/// There is no such function, or the engine refuses.
pub fn operate(options: &Operate) -> anyhow::Result<()> {
    let named = Operation::ALL.into_iter().find(|operation| operation.name() == options.name);
    named.with_context(|| format!("no function is called {}", options.name))?.repeat(options.times)
}
