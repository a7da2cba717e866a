//! San Francisco Fire: one row per unit sent to one call, with the whole timeline; rows of one call are not together.

use std::collections::BTreeMap;

use csv::StringRecord;
use matcher::{Position, Timestamp};

use super::source::{Source, column, each_row, place, time};
use super::{Call, Calls, Finding, Findings, UnitSent, kind_code};

const CLOCK: &str = "%m/%d/%Y %I:%M:%S %p";

struct Columns {
    call: usize,
    kind: usize,
    location: usize,
    unit: usize,
    unit_type: usize,
    received: usize,
    dispatch: usize,
    on_scene: usize,
    available: usize,
}

/// One row: the call it belongs to by the city's own number, and the unit.
struct Row {
    number: u64,
    kind: String,
    place: Option<Position>,
    unit: UnitSent,
    noted: [Option<Finding>; 2],
}

pub fn read(source: &mut Source) -> anyhow::Result<Calls> {
    let columns = columns(source)?;
    let (mut calls, mut findings) = (BTreeMap::new(), Findings::default());
    let mut latest = Timestamp(i64::MIN);
    let rows = each_row(source, |line, row| match row.ok_or(Finding::NotARow).and_then(|row| parse(row, &columns)) {
        Ok(row) => {
            row.noted.into_iter().flatten().for_each(|finding| findings.note(finding, line));
            if row.unit.received < latest {
                findings.note(Finding::OutOfOrder, line);
            }
            latest = row.unit.received;
            add(&mut calls, row);
        }
        Err(finding) => findings.note(finding, line),
    })?;
    let mut calls: Vec<Call> = calls.into_values().collect();
    calls.iter_mut().for_each(put_in_order);
    Ok(Calls { rows, calls, findings })
}

fn columns(source: &mut Source) -> anyhow::Result<Columns> {
    Ok(Columns {
        call: column(source, "Call Number")?,
        kind: column(source, "Call Type")?,
        location: column(source, "Location")?,
        unit: column(source, "Unit ID")?,
        unit_type: column(source, "Unit Type")?,
        received: column(source, "Received DtTm")?,
        dispatch: column(source, "Dispatch DtTm")?,
        on_scene: column(source, "On Scene DtTm")?,
        available: column(source, "Available DtTm")?,
    })
}

fn parse(row: &StringRecord, columns: &Columns) -> Result<Row, Finding> {
    let number = row[columns.call].trim().parse().map_err(|_| Finding::EmptyField)?;
    let text = |column: usize| Some(row[column].trim().to_owned()).filter(|text| !text.is_empty());
    let received = time(&row[columns.received], CLOCK).ok_or(Finding::UnreadableTime)?;
    let dispatch = time(&row[columns.dispatch], CLOCK).ok_or(Finding::UnreadableTime)?;
    let on_scene = time(&row[columns.on_scene], CLOCK);
    let available = time(&row[columns.available], CLOCK);
    let place = location(&row[columns.location]);
    let noted = [available.is_none().then_some(Finding::NoAvailableTime), place.is_none().then_some(Finding::NoPlace)];
    let unit = UnitSent {
        unit: text(columns.unit).ok_or(Finding::EmptyField)?,
        unit_type: text(columns.unit_type).ok_or(Finding::EmptyField)?,
        received,
        dispatch,
        on_scene,
        available: available.or(on_scene).unwrap_or(dispatch),
    };
    Ok(Row { number, kind: kind_code(&row[columns.kind]), place, unit, noted })
}

/// "(37.7321, -122.4277)"
fn location(text: &str) -> Option<Position> {
    let inner = text.trim().strip_prefix('(')?.strip_suffix(')')?;
    let (lat, lng) = inner.split_once(',')?;
    place(lat, lng)
}

fn add(calls: &mut BTreeMap<u64, Call>, row: Row) {
    let at = row.unit.received;
    let call = calls.entry(row.number).or_insert(Call { at, kind: row.kind, place: row.place, units: Vec::new() });
    call.place = call.place.or(row.place);
    call.units.push(row.unit);
}

fn put_in_order(call: &mut Call) {
    call.units.sort_by(|a, b| (a.dispatch, &a.unit).cmp(&(b.dispatch, &b.unit)));
    call.at = call.units.iter().map(|unit| unit.received).min().unwrap_or(call.at);
}
