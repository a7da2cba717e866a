//! Somebody else's exact solver on the same costs: scipy's `linear_sum_assignment` (Crouse 2016), the one most would take, in a
//! process of its own that is asked again and again; where there is no scipy to be had, the pathfinding crate.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use anyhow::Context;
use pathfinding::kuhn_munkres::kuhn_munkres_min;
use pathfinding::matrix::Matrix as DenseMatrix;
use tempfile::TempDir;

/// Costs row by row; no more rows than columns.
pub struct Matrix {
    pub columns: usize,
    pub costs: Vec<i64>,
}

pub enum Anchor {
    Scipy(Scipy),
    Crate(DenseMatrix<i64>),
}

impl Anchor {
    pub const SCIPY: &'static str = "scipy linear_sum_assignment, dense";

    /// # Errors
    /// The matrix cannot be handed over.
    pub fn start(python: &Path, matrix: &Matrix) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        if let Some(python) = python_with_scipy(python, folder.path()) {
            return Ok(Self::Scipy(Scipy::start(&python, matrix, folder)?));
        }
        eprintln!("no scipy to be had; the pathfinding crate is the anchor, and there are no ratios to scipy");
        let rows = matrix.costs.len() / matrix.columns;
        Ok(Self::Crate(DenseMatrix::from_vec(rows, matrix.columns, matrix.costs.clone())?))
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Scipy(_) => Self::SCIPY,
            Self::Crate(_) => "pathfinding kuhn_munkres_min, dense",
        }
    }

    /// The least total, and the milliseconds it took.
    ///
    /// # Errors
    /// Python is gone.
    pub fn solve(&mut self) -> anyhow::Result<(i64, f64)> {
        match self {
            Self::Scipy(scipy) => scipy.solve(),
            Self::Crate(matrix) => {
                let started = Instant::now();
                let (total, _) = kuhn_munkres_min(matrix);
                Ok((total, started.elapsed().as_secs_f64() * 1e3))
            }
        }
    }
}

/// Reads the matrix once, then solves it for each line it is sent.
const SCRIPT: &str = "
import sys, time
import numpy
from scipy.optimize import linear_sum_assignment
columns = int(sys.argv[2])
costs = numpy.fromfile(sys.argv[1], dtype='<i8').reshape(-1, columns).astype(float)
for line in sys.stdin:
    started = time.perf_counter()
    rows, taken = linear_sum_assignment(costs)
    ms = (time.perf_counter() - started) * 1e3
    print(int(costs[rows, taken].sum()), ms, flush=True)
";

pub struct Scipy {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// Holds the matrix, and scipy where it was installed for this run.
    _folder: TempDir,
}

impl Scipy {
    fn start(python: &Path, matrix: &Matrix, folder: TempDir) -> anyhow::Result<Self> {
        let path = folder.path().join("costs");
        let bytes: Vec<u8> = matrix.costs.iter().flat_map(|cost| cost.to_le_bytes()).collect();
        std::fs::write(&path, bytes).context("no room for the matrix")?;
        let mut process = Command::new(python)
            .args(["-c", SCRIPT])
            .arg(&path)
            .arg(matrix.columns.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = process.stdin.take().context("Python has no input")?;
        let output = BufReader::new(process.stdout.take().context("Python has no output")?);
        let mut scipy = Self { process, input, output, _folder: folder };
        // The first time warms up the memory, as it does for ours.
        scipy.solve()?;
        Ok(scipy)
    }

    fn solve(&mut self) -> anyhow::Result<(i64, f64)> {
        self.input.write_all(b"\n").context("Python is gone")?;
        let mut line = String::new();
        self.output.read_line(&mut line).context("Python is gone")?;
        let (total, ms) = line.trim().split_once(' ').with_context(|| format!("Python says {line:?}"))?;
        Ok((total.parse()?, ms.parse()?))
    }
}

impl Drop for Scipy {
    fn drop(&mut self) {
        if let Err(error) = self.process.kill().and_then(|()| self.process.wait()) {
            eprintln!("Python would not end: {error}");
        }
    }
}

/// This Python if it has scipy, else one in `folder` that gets it from the package index.
fn python_with_scipy(python: &Path, folder: &Path) -> Option<PathBuf> {
    if succeeds(Command::new(python).args(["-c", "import scipy.optimize"])) {
        return Some(python.to_path_buf());
    }
    let own = folder.join("venv");
    let made = succeeds(Command::new(python).args(["-m", "venv"]).arg(&own))
        && succeeds(Command::new(own.join("bin/pip")).args(["install", "--quiet", "scipy"]));
    made.then(|| own.join("bin/python"))
}

fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
