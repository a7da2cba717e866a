//! A district's data as files that `hub import` reads back: grids as GeoJSON, the rest as CSV or XLSX; templates of the
//! same columns; and the journal, one commit a line.
//!
//! Absent here: asking whether somebody may (whoever reads the data folder may).

mod grids;
mod rows;
mod sheet;

#[cfg(test)]
mod tests;

use anyhow::{Result, bail};
use matcher::District;
use serde::{Deserialize, Serialize};
use wire::client::Crs;

use super::import::{Kind, columns_of};
use crate::records::{MenuItem, Person};

/// What is written, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Writing {
    pub kind: Kind,
    /// The file's name: its ending says the form.
    pub name: String,
    pub crs: Crs,
    /// The columns with one example row, and nobody's data.
    pub template: bool,
}

/// What there is.
pub struct Present<'a> {
    pub district: &'a District,
    pub people: &'a [Person],
    pub menu: &'a [MenuItem],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Csv,
    Xlsx,
    GeoJson,
}

/// The bytes of the file.
///
/// # Errors
/// When the ending of the name fits nothing that this kind can be written as.
pub fn write(writing: &Writing, present: &Present) -> Result<Vec<u8>> {
    let ending = writing.name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    let form = match (writing.kind, ending.as_str()) {
        (Kind::Grids, "geojson" | "json") => Form::GeoJson,
        (Kind::Grids, _) => bail!("{}: grids are written as .geojson / 网格导出为 .geojson", writing.name),
        (_, "csv") => Form::Csv,
        (_, "xlsx") => Form::Xlsx,
        (_, _) => bail!("{}: its name must end in .csv or .xlsx / 文件名须以 .csv 或 .xlsx 结尾", writing.name),
    };
    if form == Form::GeoJson {
        return grids::write(present.district, writing.crs, writing.template);
    }
    let columns = columns_of(writing.kind);
    let header: Vec<&str> = columns.iter().map(|column| column.names[0]).collect();
    let rows = if writing.template {
        vec![columns.iter().map(|column| column.example.to_owned()).collect()]
    } else {
        rows::of(writing, present)
    };
    if form == Form::Csv { sheet::csv(&header, &rows) } else { sheet::xlsx(&header, &rows) }
}
