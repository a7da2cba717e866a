//! Boston 311: service requests with the day they were due and the day they were closed.

use csv::StringRecord;
use matcher::Position;

use super::source::{Area, Source, column, each_row, place, time};
use super::{Call, Calls, Finding, Findings, kind_code};

const CLOCK: &str = "%m/%d/%Y %I:%M:%S %p";

const CITY: Area = Area { south: 42.2, north: 42.42, west: -71.22, east: -70.95 };

/// City Hall, which the city's geocoder gives for an address that it does not know.
const NOT_GEOCODED: Position = Position { lat_e7: 423_594_000, lng_e7: -710_587_000 };

struct Columns {
    opened: usize,
    closed: usize,
    kind: usize,
    lat: usize,
    lng: usize,
}

pub fn read(source: &mut Source) -> anyhow::Result<Calls> {
    let columns = Columns {
        opened: column(source, "OPEN_DT")?,
        closed: column(source, "CLOSED_DT")?,
        kind: column(source, "TYPE")?,
        lat: column(source, "LATITUDE")?,
        lng: column(source, "LONGITUDE")?,
    };
    let (mut calls, mut findings) = (Vec::new(), Findings::default());
    let rows = each_row(source, |line, row| match row.ok_or(Finding::NotARow).and_then(|row| call(row, &columns)) {
        Ok((call, noted)) => {
            noted.into_iter().flatten().for_each(|finding| findings.note(finding, line));
            calls.push(call);
        }
        Err(finding) => findings.note(finding, line),
    })?;
    Ok(Calls { rows, calls, findings })
}

fn call(row: &StringRecord, columns: &Columns) -> Result<(Call, [Option<Finding>; 2]), Finding> {
    let at = time(&row[columns.opened], CLOCK).ok_or(Finding::UnreadableTime)?;
    let kind = kind_code(&row[columns.kind]);
    if kind.is_empty() {
        return Err(Finding::EmptyField);
    }
    let closed = time(&row[columns.closed], CLOCK);
    let backwards = closed.is_some_and(|closed| closed < at).then_some(Finding::ClosedBeforeOpened);
    let told = place(&row[columns.lat], &row[columns.lng]);
    let doubt = match told {
        None => Some(Finding::NoPlace),
        Some(NOT_GEOCODED) => Some(Finding::NotGeocoded),
        Some(place) if !CITY.holds(place) => Some(Finding::OutsideArea),
        Some(_) => None,
    };
    let place = told.filter(|&place| place != NOT_GEOCODED);
    Ok((Call { at, kind, place, units: Vec::new() }, [backwards, doubt]))
}
