//! Squares over the area that the calls come from. A handful of calls lie in another state; those must not stretch it.

use anyhow::ensure;
use matcher::{Grid, GridId, Polygon, Position};

use super::DISTRICT;
use crate::calls::{Call, Format};

/// Rows and columns of grids.
const SIDE: i32 = 10;
/// Calls of a thousand that may lie outside on each side, where a file has calls from far away.
const OUTSIDE_PERMILLE: usize = 1;

/// The rectangle of nearly all calls, in 1e-7 degrees.
pub struct Area {
    south: i32,
    north: i32,
    west: i32,
    east: i32,
}

/// # Errors
/// No call has a place.
pub fn area(calls: &[Call], format: Format) -> anyhow::Result<Area> {
    let outside_permille = if format == Format::Montco { OUTSIDE_PERMILLE } else { 0 };
    let places: Vec<Position> = calls.iter().filter_map(|call| call.place).collect();
    ensure!(!places.is_empty(), "no call of the file has a place");
    let (south, north) = span(places.iter().map(|place| place.lat_e7).collect(), outside_permille);
    let (west, east) = span(places.iter().map(|place| place.lng_e7).collect(), outside_permille);
    Ok(Area { south, north, west, east })
}

/// The range without the last few of a thousand on either side, and a tenth of a kilometre round it.
fn span(mut values: Vec<i32>, outside_permille: usize) -> (i32, i32) {
    const MARGIN_E7: i32 = 10_000;
    values.sort_unstable();
    let outside = values.len() * outside_permille / 1_000;
    (values[outside] - MARGIN_E7, values[values.len() - 1 - outside] + MARGIN_E7)
}

impl Area {
    pub fn centre(&self) -> Position {
        let middle = |a: i32, b: i32| a + (b - a) / 2;
        Position { lat_e7: middle(self.south, self.north), lng_e7: middle(self.west, self.east) }
    }

    pub fn grids(&self) -> Vec<Grid> {
        let (high, wide) = ((self.north - self.south) / SIDE, (self.east - self.west) / SIDE);
        let corner = |row: i32, column: i32| Position {
            lat_e7: if row == SIDE { self.north } else { self.south + row * high },
            lng_e7: if column == SIDE { self.east } else { self.west + column * wide },
        };
        let square = |row, column| {
            vec![corner(row, column), corner(row, column + 1), corner(row + 1, column + 1), corner(row + 1, column)]
        };
        let cells = (0..SIDE).flat_map(|row| (0..SIDE).map(move |column| (row, column)));
        let grid = |(number, (row, column))| Grid {
            id: GridId::new(DISTRICT, number),
            name: format!("Grid {}{:02}", (b'A' + row as u8) as char, column + 1),
            shape: vec![Polygon { outer: square(row, column), holes: Vec::new() }],
            minimum_on_duty: 0,
            team: None,
        };
        (1..).zip(cells).map(grid).collect()
    }
}

/// South-west and north-east corner of a square.
fn corners(grid: &Grid) -> (Position, Position) {
    (grid.shape[0].outer[0], grid.shape[0].outer[2])
}

fn holds(grid: &Grid, place: Position) -> bool {
    let (low, high) = corners(grid);
    (low.lat_e7..=high.lat_e7).contains(&place.lat_e7) && (low.lng_e7..=high.lng_e7).contains(&place.lng_e7)
}

/// Whether `place` lies in the district at all.
pub fn inside(grids: &[Grid], place: Position) -> bool {
    grids.iter().any(|grid| holds(grid, place))
}

/// The square that holds `place`, else the one whose middle is nearest.
pub fn grid_of(grids: &[Grid], place: Position) -> GridId {
    let far = |grid: &&Grid| {
        let (low, high) = corners(grid);
        let middle = Position {
            lat_e7: low.lat_e7 + (high.lat_e7 - low.lat_e7) / 2,
            lng_e7: low.lng_e7 + (high.lng_e7 - low.lng_e7) / 2,
        };
        middle.distance_m(place) as u64
    };
    let found = grids.iter().find(|grid| holds(grid, place)).or_else(|| grids.iter().min_by_key(far));
    found.map_or(GridId::new(DISTRICT, 1), |grid| grid.id)
}
