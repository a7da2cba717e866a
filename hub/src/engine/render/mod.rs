//! From the district to the rows of `wire`: one file for each view, so that a masked view cannot borrow a row that is
//! not. Every function is pure: the district, the names, and out comes a row.

mod desk;
mod incident;
mod own;
pub mod page;
mod scope;
mod wall;
pub mod words;

use matcher::{District, Position};
use wire::rows::{DistrictRow, Gone};
use wire::{Id, Place};

use super::touched::Table;
use crate::records::NameBook;

pub use desk::{desk_page, desk_rows, plan_row, team_row, volunteer_row};
pub use incident::{assignment_row, call_row, incident_row, offer_row, task_row};
pub use own::{own_page, own_rows, resident_page, resident_rows};
pub use scope::{Scope, team_page, team_rows};
pub use wall::{wall_page, wall_rows};

/// What every row is made from.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// As it is after the commit that is shown.
    pub district: &'a District,
    /// Names by volunteer.
    pub names: &'a NameBook,
}

impl View<'_> {
    fn district_row(&self) -> DistrictRow {
        let centre = self.district.centre().map_or(Place { lat: 0.0, lng: 0.0 }, exact);
        DistrictRow {
            id: Id(u64::from(self.district.id.0)),
            name: self.district.name().to_owned(),
            centre,
            drill: self.district.drill(),
        }
    }
}

/// A position as it is.
pub fn exact(position: Position) -> Place {
    // Divided, not multiplied by 1e-7: the nearest double prints as the seven digits that came in.
    Place { lat: f64::from(position.lat_e7) / 1e7, lng: f64::from(position.lng_e7) / 1e7 }
}

/// A position to about 100 m: 1e-3 degrees.
pub fn rounded(position: Position) -> Place {
    let round = |degrees: f64| (degrees * 1e3).round() / 1e3;
    Place { lat: round(position.lat()), lng: round(position.lng()) }
}

fn gone<'a>(rows: impl IntoIterator<Item = &'a (Table, u64)>) -> Vec<Gone> {
    rows.into_iter().map(|&(what, id)| Gone { what: what.to_owned(), id: Id(id) }).collect()
}
