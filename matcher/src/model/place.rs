//! Where: positions, grids and where an incident is. WGS-84 throughout; GCJ-02 is converted at the border.

use serde::{Deserialize, Serialize};

use super::{GridId, TeamId};

/// Radius of the sphere that haversine distances are measured on, in metres (IUGG mean radius R1).
pub const EARTH_RADIUS_M: f64 = 6_371_008.8;

/// A WGS-84 point in 1e-7 degrees (about 1 cm), so that it can be compared, hashed and digested exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    pub lat_e7: i32,
    pub lng_e7: i32,
}

impl Position {
    /// From degrees. `None` when not finite, out of range, or (0, 0): the place a broken receiver reports.
    pub fn from_degrees(lat: f64, lng: f64) -> Option<Self> {
        let in_range = lat.is_finite() && lng.is_finite() && lat.abs() <= 90.0 && lng.abs() <= 180.0;
        let position = Self { lat_e7: (lat * 1e7).round() as i32, lng_e7: (lng * 1e7).round() as i32 };
        (in_range && (position.lat_e7, position.lng_e7) != (0, 0)).then_some(position)
    }

    pub fn lat(self) -> f64 {
        f64::from(self.lat_e7) * 1e-7
    }

    pub fn lng(self) -> f64 {
        f64::from(self.lng_e7) * 1e-7
    }

    /// Great-circle distance in metres (haversine on [`EARTH_RADIUS_M`]).
    pub fn distance_m(self, other: Position) -> f64 {
        let (lat_a, lat_b) = (self.lat().to_radians(), other.lat().to_radians());
        let half_lat = ((lat_b - lat_a) / 2.0).sin();
        let half_lng = ((other.lng() - self.lng()).to_radians() / 2.0).sin();
        let h = half_lat * half_lat + lat_a.cos() * lat_b.cos() * half_lng * half_lng;
        2.0 * EARTH_RADIUS_M * h.sqrt().min(1.0).asin()
    }
}

/// One polygon: an outer ring and its holes; rings are not repeated at the end and need not be wound either way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Polygon {
    pub outer: Vec<Position>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holes: Vec<Vec<Position>>,
}

/// A named area with a minimum of volunteers on duty ("beat" elsewhere).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grid {
    pub id: GridId,
    /// At most [`NAME_LENGTH_MAX`] characters.
    pub name: String,
    pub shape: Vec<Polygon>,
    pub minimum_on_duty: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<TeamId>,
}

/// A team (队) of volunteers: brigade, detachment, squad or professional team; `above` makes the four levels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    pub id: TeamId,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<TeamId>,
}

/// Where an incident is. `unsure` when the place was missing, absurd or outside the district and was filled in from
/// the last fix or the home of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub position: Position,
    pub grid: GridId,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsure: bool,
}

/// Characters of a grid's, team's, skill's or plan's name.
pub const NAME_LENGTH_MAX: usize = 60;
/// Vertices of one grid, all rings together.
pub const GRID_VERTICES_MAX: usize = 10_000;
/// Grids of one district.
pub const GRIDS_MAX: usize = 5_000;
