//! Published instances of the assignment problem (Beasley's OR-Library) and their optima.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use flate2::read::GzDecoder;
use matcher::assign::{COST_MAX, Listed, Problem, Row, assign, gap};
use serde_json::{Value, json};

/// Every instance of `optima.tsv`, solved and proven.
///
/// # Errors
/// A file cannot be read, or an answer breaks a rule of its problem.
pub fn solve_all(folder: &Path) -> anyhow::Result<Vec<Value>> {
    let folder = if folder.join("optima.tsv").exists() { folder.to_path_buf() } else { folder.join("orlib") };
    let list = folder.join("optima.tsv");
    let list = std::fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
    list.lines().skip(1).map(|line| solve(&folder, line)).collect()
}

fn solve(folder: &Path, line: &str) -> anyhow::Result<Value> {
    let mut fields = line.split('\t');
    let name = fields.next().unwrap_or_default();
    let optimum: i64 = fields.nth(1).context("optima.tsv: expected file, n, optimum")?.trim().parse()?;
    let numbers = numbers(folder, name)?;
    let (&n, costs) = numbers.split_first().with_context(|| format!("{name} is empty"))?;
    anyhow::ensure!(costs.len() as i64 == n * n, "{name}: {} costs, expected {n} x {n}", costs.len());
    let rows = vec![Row { demand: 1, unassigned_price: COST_MAX }; n as usize];
    let problem = Problem { rows, capacities: vec![1; n as usize] };
    let mut pairs = Listed::dense(costs, n as usize);
    let started = Instant::now();
    let answer = assign(&problem, &mut pairs);
    let ms = started.elapsed().as_secs_f64() * 1e3;
    let gap = gap(&problem, &mut pairs, &answer)?;
    Ok(json!({ "file": name, "n": n, "optimum": optimum, "total": answer.total, "gap": gap, "ms": ms }))
}

fn numbers(folder: &Path, name: &str) -> anyhow::Result<Vec<i64>> {
    let open = |path: PathBuf| File::open(&path).with_context(|| format!("cannot open {}", path.display()));
    let plain = folder.join(format!("{name}.txt"));
    let mut text = String::new();
    match plain.exists() {
        true => open(plain)?.read_to_string(&mut text)?,
        false => GzDecoder::new(open(folder.join(format!("{name}.txt.gz")))?).read_to_string(&mut text)?,
    };
    text.split_whitespace().map(|word| Ok(word.parse()?)).collect()
}
