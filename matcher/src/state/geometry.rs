//! Which grid a point lies on, in exact integer arithmetic, so that every replay agrees.

use serde::{Deserialize, Serialize};

use crate::model::{Grid, Polygon, Position};

/// The box around a grid, in 1e-7 degrees; both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    south_west: Position,
    north_east: Position,
}

impl Bounds {
    pub fn of(grid: &Grid) -> Self {
        let points = || grid.shape.iter().flat_map(|polygon| polygon.outer.iter());
        let corner = |lat: Option<i32>, lng: Option<i32>| Position {
            lat_e7: lat.unwrap_or_default(),
            lng_e7: lng.unwrap_or_default(),
        };
        Self {
            south_west: corner(points().map(|p| p.lat_e7).min(), points().map(|p| p.lng_e7).min()),
            north_east: corner(points().map(|p| p.lat_e7).max(), points().map(|p| p.lng_e7).max()),
        }
    }

    pub fn contains(&self, p: Position) -> bool {
        let (low, high) = (self.south_west, self.north_east);
        (low.lat_e7..=high.lat_e7).contains(&p.lat_e7) && (low.lng_e7..=high.lng_e7).contains(&p.lng_e7)
    }

    /// The point of the box that is nearest to `p`.
    pub fn nearest_to(&self, p: Position) -> Position {
        let (low, high) = (self.south_west, self.north_east);
        Position { lat_e7: p.lat_e7.clamp(low.lat_e7, high.lat_e7), lng_e7: p.lng_e7.clamp(low.lng_e7, high.lng_e7) }
    }
}

/// Whether `p` lies in any polygon of the grid and in none of its holes. A border belongs to one side only.
pub fn grid_contains(grid: &Grid, p: Position) -> bool {
    grid.shape.iter().any(|polygon| polygon_contains(polygon, p))
}

fn polygon_contains(polygon: &Polygon, p: Position) -> bool {
    ring_contains(&polygon.outer, p) && !polygon.holes.iter().any(|hole| ring_contains(hole, p))
}

/// Even-odd rule: how often a ray to the east crosses the ring (Shimrat, Algorithm 112, CACM 1962).
fn ring_contains(ring: &[Position], p: Position) -> bool {
    let mut inside = false;
    let mut from = match ring.last() {
        Some(&last) => last,
        None => return false,
    };
    for &to in ring {
        if (from.lat_e7 > p.lat_e7) != (to.lat_e7 > p.lat_e7) && crosses_east_of(from, to, p) {
            inside = !inside;
        }
        from = to;
    }
    inside
}

fn crosses_east_of(from: Position, to: Position, p: Position) -> bool {
    let (rise, run) =
        (i128::from(to.lat_e7) - i128::from(from.lat_e7), i128::from(to.lng_e7) - i128::from(from.lng_e7));
    let (up, along) = (i128::from(p.lat_e7) - i128::from(from.lat_e7), i128::from(p.lng_e7) - i128::from(from.lng_e7));
    let left = along * rise;
    let right = run * up;
    if rise > 0 { left < right } else { left > right }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DistrictId, GridId};

    fn at(lat_e7: i32, lng_e7: i32) -> Position {
        Position { lat_e7, lng_e7 }
    }

    fn square(low: i32, high: i32) -> Vec<Position> {
        vec![at(low, low), at(low, high), at(high, high), at(high, low)]
    }

    #[test]
    fn a_hole_is_outside_and_a_border_belongs_to_one_side() {
        let shape = vec![Polygon { outer: square(0, 100), holes: vec![square(40, 60)] }];
        let id = GridId::new(DistrictId(1), 1);
        let grid = Grid { id, name: "G".into(), shape, minimum_on_duty: 0, team: None };
        let inside = [at(10, 10), at(99, 99), at(0, 0)];
        let outside = [at(50, 50), at(100, 50), at(50, 100), at(-1, 50), at(i32::MIN, i32::MAX)];
        assert!(inside.iter().all(|&p| grid_contains(&grid, p)));
        assert!(!outside.iter().any(|&p| grid_contains(&grid, p)));
        assert!(Bounds::of(&grid).contains(at(100, 50)) && !Bounds::of(&grid).contains(at(101, 50)));
    }
}
