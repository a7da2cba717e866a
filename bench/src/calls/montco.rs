//! Montgomery County (Pennsylvania) 911: place, time and title of every call; no dispatch times.

use csv::StringRecord;

use super::source::{Area, Source, column, each_row, place, time};
use super::{Call, Calls, Finding, Findings, kind_code};

const CLOCK: &str = "%Y-%m-%d %H:%M:%S";

/// The county and a few kilometres round it, for calls taken for the neighbours.
const COUNTY: Area = Area { south: 39.9, north: 40.5, west: -75.8, east: -74.9 };

struct Columns {
    lat: usize,
    lng: usize,
    title: usize,
    time: usize,
}

pub fn read(source: &mut Source) -> anyhow::Result<Calls> {
    let columns = Columns {
        lat: column(source, "lat")?,
        lng: column(source, "lng")?,
        title: column(source, "title")?,
        time: column(source, "timeStamp")?,
    };
    let (mut calls, mut findings) = (Vec::new(), Findings::default());
    let rows = each_row(source, |line, row| match row.ok_or(Finding::NotARow).and_then(|row| call(row, &columns)) {
        Ok((call, noted)) => {
            noted.into_iter().for_each(|finding| findings.note(finding, line));
            calls.push(call);
        }
        Err(finding) => findings.note(finding, line),
    })?;
    Ok(Calls { rows, calls, findings })
}

fn call(row: &StringRecord, columns: &Columns) -> Result<(Call, Option<Finding>), Finding> {
    let at = time(&row[columns.time], CLOCK).ok_or(Finding::UnreadableTime)?;
    let kind = kind_code(&row[columns.title]);
    if kind.is_empty() {
        return Err(Finding::EmptyField);
    }
    let place = place(&row[columns.lat], &row[columns.lng]);
    let noted = match place {
        None => Some(Finding::NoPlace),
        Some(place) if !COUNTY.holds(place) => Some(Finding::OutsideArea),
        Some(_) => None,
    };
    Ok((Call { at, kind, place, units: Vec::new() }, noted))
}
