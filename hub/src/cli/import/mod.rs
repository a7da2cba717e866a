//! Files of an office into a district: grids, skills, volunteers, plans, menu.
//!
//! `sniff` looks at what a file is (not at what its name says), `table` makes rows of it, one file a kind makes values of
//! the rows, and `report` names each row that is no good. All or nothing, unless the good rows are asked for.
//!
//! Absent here: SQL (`records::outbox` writes the change), and deciding (the engine takes the commands).

mod cells;
mod columns;
mod deliver;
mod escalation;
mod grids;
mod menu;
mod place;
mod plans;
mod report;
mod skills;
mod sniff;
mod table;
mod volunteers;

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;

pub use columns::{Column, columns_of};
pub use deliver::{deliver, send};
pub use escalation::text_of as escalation_text;
pub use plans::roles_text;
pub use report::{BadRow, Report};

use matcher::{District, DistrictId};
use serde::{Deserialize, Serialize};
use wire::client::Crs;

use crate::records::{MenuItem, OfficeChange, Person};
use sniff::Content;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Grids,
    Skills,
    Volunteers,
    Plans,
    Menu,
}

/// How to read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    pub kind: Kind,
    /// The file's name, for messages and for its ending.
    pub name: String,
    /// The datum of its coordinates; must be said where there are any.
    pub crs: Option<Crs>,
    /// Take the good rows although there are bad ones.
    pub skip_bad: bool,
}

/// What is there already: ids are found again by it.
pub struct Known<'a> {
    pub district: &'a District,
    pub people: &'a [Person],
    pub menu: &'a [MenuItem],
    /// Districts of the store.
    pub districts: &'a [DistrictId],
}

/// The change that a file asks for, and what is wrong with it. With bad rows and without `skip_bad` the change is empty.
#[derive(Debug)]
pub struct Read {
    pub change: OfficeChange,
    pub report: Report,
}

/// Reads a file.
///
/// # Errors
/// When the file as a whole is no good: empty, another kind than its name says, neither UTF-8 nor GBK, without a column
/// that is needed, or with coordinates whose datum was not said. The text is for the operator, in both languages.
pub fn read(reading: &Reading, bytes: &[u8], known: &Known) -> Result<Read, String> {
    let content = sniff::content(&reading.name, bytes)?;
    let read = match (reading.kind, content) {
        (Kind::Grids, Content::Json(json)) => grids::read(&json, place::named(reading.crs)?, known)?,
        (Kind::Grids, Content::Table(_)) => return Err(expected("GeoJSON", "a table / 是表格,网格需要 GeoJSON")),
        (_, Content::Json(_)) => return Err(expected("CSV or XLSX", "JSON / 是 JSON,这里需要 CSV 或 XLSX")),
        (Kind::Skills, Content::Table(table)) => skills::read(table, known)?,
        (Kind::Volunteers, Content::Table(table)) => volunteers::read(table, reading.crs, known)?,
        (Kind::Plans, Content::Table(table)) => plans::read(table, known)?,
        (Kind::Menu, Content::Table(table)) => menu::read(table, known)?,
    };
    Ok(if read.report.bad.is_empty() || reading.skip_bad {
        read
    } else {
        Read { change: OfficeChange::default(), ..read }
    })
}

fn expected(wanted: &str, found: &str) -> String {
    format!("{wanted} is needed, this file is {found}")
}
