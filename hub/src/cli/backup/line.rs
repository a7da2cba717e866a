//! One line of a backup, and how it is told that none is missing.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::records::OfficeRow;

/// The version of this form: since 2 a backup holds the logs of several districts, since 3 a log may begin with a state. Older
/// ones are read.
pub const VERSION: u32 = 3;

/// Characters of a state in one line.
const STATE_CHARS_MAX: usize = 256 * 1024;

/// Bytes of one line; a longer one is of no backup.
const LINE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// One line.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// The first.
    Begins { version: u32, made_at_ms: i64 },
    /// A small file of the data folder: a key.
    File { name: String, text: String },
    /// A row of the office.
    Office(OfficeRow),
    /// A district's log, which follows, from the commit after `after` up to `seq`, where the state has this digest.
    Log {
        district: u32,
        #[serde(default)]
        after: u64,
        seq: u64,
        digest: String,
        format: u32,
    },
    /// A piece of the state at `after`; all pieces stand before the first commit.
    State { piece: String },
    /// A commit as it is stored.
    Commit { seq: u64, at_ms: i64, body: String },
    /// Words beside a commit.
    Sealed { reference: Uuid, body: String },
    /// A command that waits for a leader.
    Kept { command: Uuid, body: String },
    /// The last: SHA-256 of all bytes before it, hexadecimal.
    Ends { sum: String },
}

/// The lines of a state, encoded.
pub fn state_lines(encoded: &str) -> impl Iterator<Item = Line> {
    let mut rest = encoded;
    std::iter::from_fn(move || {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(STATE_CHARS_MAX));
        rest = after;
        (!piece.is_empty()).then(|| Line::State { piece: piece.to_owned() })
    })
}

/// Writes lines and sums them up.
pub struct LinesOut<W> {
    out: W,
    sum: Sha256,
}

impl<W: Write> LinesOut<W> {
    pub fn new(out: W) -> Self {
        LinesOut { out, sum: Sha256::new() }
    }

    pub fn put(&mut self, line: &Line) -> Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        self.sum.update(&bytes);
        Ok(self.out.write_all(&bytes)?)
    }

    /// Writes the sum, and gives back where it was written to.
    pub fn end(mut self) -> Result<W> {
        let sum = hex(self.sum.clone());
        self.put(&Line::Ends { sum })?;
        self.out.flush()?;
        Ok(self.out)
    }
}

fn hex(sum: Sha256) -> String {
    sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads the whole file once and refuses it if it is cut off or altered.
///
/// # Errors
/// What is wrong with it.
pub fn check(file: &Path) -> Result<()> {
    let (mut sum, mut said) = (Sha256::new(), None);
    for line in raw_lines(file)? {
        let line = line?;
        ensure!(said.is_none(), "{}: lines follow the last one", file.display());
        match serde_json::from_slice(&line) {
            Ok(Line::Ends { sum: end }) => said = Some(end),
            Ok(Line::Begins { version, .. }) if version > VERSION => {
                bail!("{} has version {version}, this hub reads up to {VERSION}", file.display())
            }
            Ok(_) => sum.update(&line),
            Err(error) => return Err(error).with_context(|| format!("{} is no backup", file.display())),
        }
    }
    let said = said.with_context(|| format!("{} is cut off: its last line is missing", file.display()))?;
    ensure!(said == hex(sum), "{} was altered: its sum does not match", file.display());
    Ok(())
}

/// The lines of a file that was [`check`]ed.
pub fn lines(file: &Path) -> Result<impl Iterator<Item = Result<Line>>> {
    Ok(raw_lines(file)?.map(|line| Ok(serde_json::from_slice(&line?)?)))
}

/// Each with its newline.
fn raw_lines(file: &Path) -> Result<impl Iterator<Item = Result<Vec<u8>>>> {
    let opened = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut reader = BufReader::new(opened);
    Ok(std::iter::from_fn(move || {
        let mut line = Vec::new();
        match reader.read_until(b'\n', &mut line) {
            Ok(0) => None,
            Ok(length) if length > LINE_BYTES_MAX => Some(Err(anyhow::anyhow!("a line has {length} bytes"))),
            Ok(_) => Some(Ok(line)),
            Err(error) => Some(Err(error.into())),
        }
    }))
}
