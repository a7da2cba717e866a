//! What is wrong with a file, row by row.

use std::fmt::{self, Write};

/// Bad rows that are printed; all are in the file of `--report`.
const PRINTED_MAX: usize = 20;

/// One bad row: where, what, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// As a spreadsheet shows it; of GeoJSON the number of the feature, from 1.
    pub row: u32,
    /// The header as the file has it.
    pub column: String,
    pub what: String,
    pub cure: String,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "第 {} 行 / row {}, {}: {}; {}", self.row, self.row, self.column, self.what, self.cure)
    }
}

/// All that is to be said about a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub good: usize,
    pub bad: Vec<BadRow>,
    /// Headers that mean nothing here, and rows that were understood with a doubt.
    pub notes: Vec<String>,
}

impl Report {
    /// For the terminal.
    pub fn text(&self) -> String {
        let mut text = format!("{} 行可用 / rows good, {} 行有错 / rows bad", self.good, self.bad.len());
        for note in &self.notes {
            let _ = write!(text, "\n注意 / note: {note}");
        }
        for bad in self.bad.iter().take(PRINTED_MAX) {
            let _ = write!(text, "\n{bad}");
        }
        if self.bad.len() > PRINTED_MAX {
            let _ =
                write!(text, "\n… 另有 {} 行,见 --report / more in the file of --report", self.bad.len() - PRINTED_MAX);
        }
        text
    }

    /// Every bad row, as CSV with a byte order mark (so that spreadsheets show Chinese).
    pub fn csv(&self) -> Vec<u8> {
        let mut table = csv::Writer::from_writer(b"\xEF\xBB\xBF".to_vec());
        let header = ["行 row", "列 column", "问题 what", "怎么改 what to do"];
        let written = table.write_record(header).and_then(|()| {
            self.bad
                .iter()
                .try_for_each(|bad| table.write_record([&bad.row.to_string(), &bad.column, &bad.what, &bad.cure]))
        });
        written.expect("a Vec takes every byte");
        table.into_inner().expect("a Vec takes every byte")
    }
}

/// Parts good rows from bad ones.
pub fn sort<T>(rows: impl Iterator<Item = Result<T, BadRow>>) -> (Vec<T>, Vec<BadRow>) {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for row in rows {
        match row {
            Ok(row) => good.push(row),
            Err(row) => bad.push(row),
        }
    }
    (good, bad)
}
