//! A CSV file, plain or gzip, whose columns are asked for by name; and the values in it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, anyhow};
use csv::StringRecord;
use flate2::read::MultiGzDecoder;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use matcher::{Position, Timestamp};

/// First two bytes of a gzip file.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

pub type Source = csv::Reader<Box<dyn Read>>;

pub fn open(path: &Path) -> anyhow::Result<Source> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut file = BufReader::new(file);
    let zipped = file.fill_buf()?.starts_with(&GZIP_MAGIC);
    let plain: Box<dyn Read> = if zipped { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    Ok(csv::Reader::from_reader(plain))
}

/// The index of a column.
///
/// # Errors
/// The header lacks it; the message names it.
pub fn column(source: &mut Source, name: &str) -> anyhow::Result<usize> {
    let header = source.headers().context("the first line is not a CSV header")?;
    header.iter().position(|field| field.trim() == name).ok_or_else(|| anyhow!("the header has no column {name:?}"))
}

/// Calls `take` with each row and its line number; a row that is not of this table goes to `broken`.
///
/// # Errors
/// The file itself cannot be read on (cut off, bad gzip).
pub fn each_row(source: &mut Source, mut take: impl FnMut(u64, Option<&StringRecord>)) -> anyhow::Result<u64> {
    let mut row = StringRecord::new();
    let mut rows = 0;
    loop {
        match source.read_record(&mut row) {
            Ok(false) => return Ok(rows),
            Ok(true) => take(row.position().map_or(0, |p| p.line()), Some(&row)),
            Err(e) if e.is_io_error() => return Err(e).context("the file ends in the middle"),
            Err(e) => take(e.position().map_or(0, |p| p.line()), None),
        }
        rows += 1;
    }
}

/// `strptime` with `pattern`; the wall clock is taken as UTC.
pub fn time(text: &str, pattern: &str) -> Option<Timestamp> {
    let local = DateTime::strptime(pattern, text.trim()).ok()?;
    let zoned = local.to_zoned(TimeZone::UTC).ok()?;
    Some(Timestamp(zoned.timestamp().as_millisecond()))
}

pub fn place(lat: &str, lng: &str) -> Option<Position> {
    Position::from_degrees(lat.trim().parse().ok()?, lng.trim().parse().ok()?)
}

/// A rectangle of degrees.
pub struct Area {
    pub south: f64,
    pub north: f64,
    pub west: f64,
    pub east: f64,
}

impl Area {
    pub fn holds(&self, place: Position) -> bool {
        (self.south..=self.north).contains(&place.lat()) && (self.west..=self.east).contains(&place.lng())
    }
}
