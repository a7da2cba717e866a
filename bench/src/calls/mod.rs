//! Real calls from public files, in one shape. What is dirty is counted and named, never dropped silently and never a
//! crash; nobody in this project wrote a row of it.

mod boston;
mod findings;
mod montco;
mod sf_fire;
mod source;

use std::path::Path;

use anyhow::{Context, ensure};
use matcher::{KIND_LENGTH_MAX, Position, Timestamp};

pub use findings::{Finding, Findings};

/// Which city's file it is: each has its own columns, clock and faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    Montco,
    #[value(name = "boston-311")]
    Boston311,
    SfFire,
}

/// One report as the file has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The city's own wall clock read as if it were UTC: what matters is the order and the gaps, and a clock that is
    /// put back in autumn must not turn time round.
    pub at: Timestamp,
    /// A kind code made from the file's own words: `ems_cardiac_emergency`.
    pub kind: String,
    /// `None` where the file has no place, or the default point that stands for "not geocoded".
    pub place: Option<Position>,
    /// Units really sent, in the order of their dispatch; only `sf-fire` knows them.
    pub units: Vec<UnitSent>,
}

/// One unit on one call, with the times that its crew pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitSent {
    pub unit: String,
    pub unit_type: String,
    pub received: Timestamp,
    pub dispatch: Timestamp,
    /// Not every unit arrives: some are turned round on the way.
    pub on_scene: Option<Timestamp>,
    /// Free again; the row's last known time where the file does not say.
    pub available: Timestamp,
}

/// Calls in order of time, and what was found wrong with the file.
#[derive(Debug)]
pub struct Calls {
    pub rows: u64,
    pub calls: Vec<Call>,
    pub findings: Findings,
}

/// Reads a whole file, plain or gzip by its content.
///
/// # Errors
/// The file cannot be opened, is not CSV, lacks a column of its format (named), or has no usable row.
pub fn read(path: &Path, format: Format) -> anyhow::Result<Calls> {
    let mut source = source::open(path)?;
    let read = match format {
        Format::Montco => montco::read(&mut source),
        Format::Boston311 => boston::read(&mut source),
        Format::SfFire => sf_fire::read(&mut source),
    };
    let mut calls = read.with_context(|| format!("reading calls from {}", path.display()))?;
    ensure!(!calls.calls.is_empty(), "{} has no usable call: is it a file of format {format:?}?", path.display());
    // Stable: calls of one second keep the file's order, so a replay is the same each time.
    calls.calls.sort_by_key(|call| call.at);
    Ok(calls)
}

/// A kind code from a title: lower case, every run of other characters one `_`, cut at [`KIND_LENGTH_MAX`].
fn kind_code(title: &str) -> String {
    let mut code = String::with_capacity(title.len());
    for c in title.chars() {
        if c.is_ascii_alphanumeric() {
            code.push(c.to_ascii_lowercase());
        } else if !code.is_empty() && !code.ends_with('_') {
            code.push('_');
        }
    }
    code.truncate(KIND_LENGTH_MAX);
    code.trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests;
