//! The assignment against other people's instances and their published optima: OR-Library (Beasley 1990, J. Opl. Res. Soc. 41).
//!
//! The instances lie beside a checkout, not in it; `BAIYING_SHARED` names their folder when it is elsewhere. Without
//! them the solver is still held against brute force and its own duals (`matcher/src/assign/tests.rs`).

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use matcher::assign::{COST_MAX, Listed, Problem, Row, assign, gap};

/// Fewer than this is not the library.
const INSTANCES_MIN: usize = 2;

fn or_library() -> Option<PathBuf> {
    let beside = std::env::var_os("BAIYING_SHARED").map(PathBuf::from);
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let folder = beside.unwrap_or(default).join("data/assignment/orlib");
    folder.is_dir().then_some(folder)
}

/// The size and the costs, row by row.
fn instance(folder: &Path, name: &str) -> Result<(usize, Vec<i64>)> {
    let plain = folder.join(format!("{name}.txt"));
    let text = if plain.exists() { std::fs::read_to_string(plain)? } else { unpacked(folder, name)? };
    let mut numbers = text.split_whitespace().map(str::parse::<i64>);
    let size = usize::try_from(numbers.next().context("the size comes first")??)?;
    Ok((size, numbers.collect::<Result<_, _>>()?))
}

fn unpacked(folder: &Path, name: &str) -> Result<String> {
    let file = std::fs::File::open(folder.join(format!("{name}.txt.gz")))?;
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text)?;
    Ok(text)
}

#[test]
fn or_library_instances_have_their_published_optima() -> Result<()> {
    let Some(folder) = or_library() else {
        eprintln!("no OR-Library instances beside this checkout: set BAIYING_SHARED to the folder that holds data/");
        return Ok(());
    };
    let optima = std::fs::read_to_string(folder.join("optima.tsv"))?;
    let listed: Vec<Vec<&str>> = optima.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    assert!(listed.len() >= INSTANCES_MIN, "optima.tsv lists the instances");
    for fields in listed {
        let (size, costs) = instance(&folder, fields[0])?;
        assert_eq!(costs.len(), size * size, "{} is square", fields[0]);
        let rows = vec![Row { demand: 1, unassigned_price: COST_MAX }; size];
        let problem = Problem { rows, capacities: vec![1; size] };
        let pairs = Listed::dense(&costs, size);
        let answer = assign(&problem, &mut pairs.clone());
        assert_eq!(gap(&problem, &mut pairs.clone(), &answer), Ok(0), "{}: the duals prove it", fields[0]);
        assert_eq!(answer.total.to_string(), fields[2], "{}", fields[0]);
    }
    Ok(())
}
