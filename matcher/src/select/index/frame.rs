//! From the globe to cells: a local plane in fixed-point units, and how far its distances may be off.
//!
//! The projection is orthographic about the middle of the volunteers. Its distances are never longer than great-circle
//! distances and shorter by a few parts in a million, so a comparison in the plane is trusted where the gap is wider
//! than that, and only the rest is measured on the sphere. A unit is 1/65,536 of a cell's side, so two `u16` name a place in it.

use crate::model::{EARTH_RADIUS_M, Position};

/// Units along a cell's side.
pub(super) const UNITS_PER_CELL: i64 = 1 << 16;
/// Cells along a block's side: a block's 64 cells are the bits of one word.
pub(super) const CELLS_PER_BLOCK: i64 = 8;
/// Squared distances are `f32`: four to a register, and ordered as their bits are. Lengths are whole units until they are
/// squared, so a square is wrong by less than this part of itself, which [`Sight`] adds to what the plane itself is off by.
const ROUNDING: f64 = 1.0 / (1 << 21) as f64;

/// Half the side of the largest plane: 0.03 rad, 191 km. Who is farther from the middle is kept in a plain list.
const HALF_SIDE_MAX_M: f64 = 190_000.0;
/// How far outside the plane's box a query may still be answered in the plane.
const OUTSIDE_MAX_M: f64 = 10_000.0;
/// Where the series for sine and cosine are good to 1e-12.
const ANGLE_MAX: f64 = 0.1;
const CELL_SIDE_MIN_M: f64 = 16.0;
const CELL_SIDE_MAX_M: f64 = 4_000.0;
/// How many volunteers should share a cell, weighed by volunteer; some two in three of them are in it, those who may be asked. One
/// chunk of 16 is then full, and the next half.
pub(super) const SHARING_A_CELL: f64 = 40.0;
/// Cells for each volunteer at most: an empty cell costs about 20 bytes.
const CELLS_PER_VOLUNTEER_MAX: f64 = 1.0;

/// A place in units from the south-west corner of the box, or of a cell or block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) x: i64,
    pub(super) y: i64,
}

impl Spot {
    /// The column and row of cells.
    #[inline]
    pub(super) fn column_row(self) -> (i64, i64) {
        (self.x >> 16, self.y >> 16)
    }

    /// The same place seen from the corner of a cell.
    #[inline]
    pub(super) fn from(self, column: i64, row: i64) -> Self {
        Self { x: self.x.wrapping_sub(column << 16), y: self.y.wrapping_sub(row << 16) }
    }

    /// Squared distance to a square of this side at the origin.
    #[inline]
    pub(super) fn square_outside(self, side: i64) -> f32 {
        let outside = |at: i64| at.wrapping_neg().max(at.wrapping_sub(side)).max(0);
        square(outside(self.x)) + square(outside(self.y))
    }

    /// Squared distance to somebody at an offset from the origin.
    #[inline]
    pub(super) fn square_to(self, (x, y): (u16, u16)) -> f32 {
        square(self.x.wrapping_sub(i64::from(x))) + square(self.y.wrapping_sub(i64::from(y)))
    }
}

/// Lengths in the plane are below 2^31 units.
#[inline]
pub(super) fn square(length: i64) -> f32 {
    let length = length as i32 as f32;
    length * length
}

#[derive(Clone, Debug)]
pub(super) struct Frame {
    middle: Position,
    sin_middle: f64,
    cos_middle: f64,
    west_m: f64,
    south_m: f64,
    units_per_m: f64,
    m_per_unit: f64,
    /// How far east and north of the corner the plane may be used.
    reach_m: (f64, f64),
    pub(super) blocks_wide: i64,
    pub(super) blocks_high: i64,
    /// Nobody in the plane is farther from its middle.
    far_m: f64,
    /// See [`Sight`].
    epsilon_m: f64,
}

/// What the plane can tell of distances from one place, up to a radius:
/// `plane - epsilon <= true <= plane * (1 + stretch) + epsilon`. Near the middle it tells more than at the edge.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight {
    units_per_m: f64,
    m_per_unit: f64,
    stretch: f64,
    epsilon_m: f64,
    /// [`Sight::widen`] as a factor and a constant.
    widening: f32,
    slack: f32,
}

impl Frame {
    /// A plane without cells: every volunteer is in the plain list.
    pub(super) fn empty() -> Self {
        let middle = Position { lat_e7: 0, lng_e7: 0 };
        Self::over(middle, [0.0; 4], 0.0, 655.36)
    }

    /// A plane over `positions`, with cells as small as their density asks for.
    pub(super) fn fit(positions: &[Position]) -> Self {
        let Some(middle) = median(positions) else { return Self::empty() };
        let whole = Self::over(middle, [0.0; 4], 0.0, 655.36);
        let near = |&position: &Position| {
            let (x, y) = whole.plane_m(position)?;
            (x.abs() < HALF_SIDE_MAX_M && y.abs() < HALF_SIDE_MAX_M).then_some((x, y))
        };
        let places: Vec<(f64, f64)> = positions.iter().filter_map(near).collect();
        let bounds = bounds_m(&places);
        let side_m = cell_side_m(&places, bounds);
        let block_m = side_m * CELLS_PER_BLOCK as f64;
        Self::over(middle, bounds, block_m, side_m)
    }

    /// `bounds` is west, south, east, north in metres from `middle`; no blocks where `block_m` is 0.
    fn over(middle: Position, bounds: [f64; 4], block_m: f64, side_m: f64) -> Self {
        let blocks = |length: f64| if block_m > 0.0 { (length / block_m) as i64 + 1 } else { 0 };
        let (wide, high) = (blocks(bounds[2] - bounds[0]), blocks(bounds[3] - bounds[1]));
        let far = bounds.iter().fold(0.0, |far: f64, bound| far.max(bound.abs())) + block_m + OUTSIDE_MAX_M;
        let lat = middle.lat().to_radians();
        Self {
            middle,
            sin_middle: lat.sin(),
            cos_middle: lat.cos(),
            west_m: bounds[0],
            south_m: bounds[1],
            units_per_m: UNITS_PER_CELL as f64 / side_m,
            m_per_unit: side_m / UNITS_PER_CELL as f64,
            reach_m: (wide as f64 * block_m + OUTSIDE_MAX_M, high as f64 * block_m + OUTSIDE_MAX_M),
            blocks_wide: wide,
            blocks_high: high,
            far_m: far * std::f64::consts::SQRT_2,
            // Each spot is off by half a unit along each axis; distances are compared in whole millimetres.
            epsilon_m: 1.5 * side_m / UNITS_PER_CELL as f64 + 0.001,
        }
    }

    pub(super) fn blocks(&self) -> usize {
        (self.blocks_wide * self.blocks_high) as usize
    }

    /// The block at a column and row of blocks, if there is one.
    #[inline]
    pub(super) fn block(&self, column: i64, row: i64) -> Option<usize> {
        let inside = (0..self.blocks_wide).contains(&column) && (0..self.blocks_high).contains(&row);
        inside.then(|| (row * self.blocks_wide + column) as usize)
    }

    /// The cell of a spot: block * 64 + bit. `None` outside the box.
    #[inline]
    pub(super) fn cell(&self, spot: Spot) -> Option<u32> {
        let (column, row) = spot.column_row();
        let block = self.block(column >> 3, row >> 3)?;
        Some((block as u32) << 6 | ((row & 7) << 3 | (column & 7)) as u32)
    }

    /// The spot of a position; `None` where the plane is not to be used for it.
    #[inline]
    pub(super) fn spot(&self, position: Position) -> Option<Spot> {
        let (x, y) = self.plane_m(position)?;
        let (x, y) = (x - self.west_m, y - self.south_m);
        let inside = x > -OUTSIDE_MAX_M && x < self.reach_m.0 && y > -OUTSIDE_MAX_M && y < self.reach_m.1;
        inside.then_some(Spot { x: nearest_whole(x * self.units_per_m), y: nearest_whole(y * self.units_per_m) })
    }

    /// Orthographic metres east and north of the middle (Snyder 1987, "Map Projections", eq. 20-3 and 20-4).
    #[inline]
    fn plane_m(&self, position: Position) -> Option<(f64, f64)> {
        const RADIANS_PER_E7: f64 = std::f64::consts::PI / 180.0 * 1e-7;
        let lat = (i64::from(position.lat_e7) - i64::from(self.middle.lat_e7)) as f64 * RADIANS_PER_E7;
        let mut turn_e7 = i64::from(position.lng_e7) - i64::from(self.middle.lng_e7);
        if turn_e7.abs() > 1_800_000_000 {
            turn_e7 -= turn_e7.signum() * 3_600_000_000;
        }
        let lng = turn_e7 as f64 * RADIANS_PER_E7;
        if lat.abs() > ANGLE_MAX || lng.abs() > ANGLE_MAX {
            return None;
        }
        let (sin_lat, less_lat) = sine_and_missing_cosine(lat);
        let (sin_lng, less_lng) = sine_and_missing_cosine(lng);
        let cos = self.cos_middle * (1.0 - less_lat) - self.sin_middle * sin_lat;
        Some((EARTH_RADIUS_M * cos * sin_lng, EARTH_RADIUS_M * (sin_lat + self.sin_middle * cos * less_lng)))
    }

    /// The square of a distance measured on the sphere.
    pub(super) fn square_of(&self, metres: f64) -> f32 {
        let units = metres * self.units_per_m;
        (units * units) as f32
    }

    /// What can be told from `spot` of everybody within `radius_m`. In the plane a path loses its climb, at most the sphere's
    /// slope at its far end; an arc is longer than its chord by less than (length / radius)² / 20 of it. Both together,
    /// `(1 + slope²)^½ * (1 + part² / 5) - 1`, are below three quarters of part² as long as that is small.
    #[inline]
    pub(super) fn sight(&self, spot: Option<Spot>, radius_m: u32) -> Sight {
        let away = |at: i64, first_m: f64| at as f64 * self.m_per_unit + first_m;
        let from_middle_m = spot.map_or(self.far_m, |spot| {
            let (x, y) = (away(spot.x, self.west_m), away(spot.y, self.south_m));
            (x * x + y * y).sqrt()
        });
        let part = (from_middle_m + f64::from(radius_m)).min(self.far_m) * (1.0 / EARTH_RADIUS_M);
        let stretch = 0.75 * part * part;
        // (d * (1 + stretch) + 2 * epsilon)² is at most d² * (1 + spread) + slack, whatever d.
        let spread = (5.0 * stretch).max(1.0 / 16_384.0);
        let units = 2.0 * self.epsilon_m * self.units_per_m + 1.0;
        Sight {
            units_per_m: self.units_per_m,
            m_per_unit: self.m_per_unit,
            stretch,
            epsilon_m: self.epsilon_m,
            widening: (1.0 + spread + 4.0 * ROUNDING) as f32,
            slack: (units * units * 2.0 / spread) as f32,
        }
    }
}

impl Sight {
    /// Everything whose true distance may not be longer than that of something at `square` is within this square.
    #[inline]
    pub(super) fn widen(&self, square: f32) -> f32 {
        square * self.widening + self.slack
    }

    /// Squares above this are surely farther than `metres`.
    #[inline]
    pub(super) fn square_at_most(&self, metres: f64) -> f32 {
        let units = (metres + self.epsilon_m) * self.units_per_m;
        (units * units * (1.0 + 2.0 * ROUNDING)) as f32
    }

    /// Squares up to this are surely no farther than `metres`; none where that is less than nothing.
    #[inline]
    pub(super) fn square_surely(&self, metres: f64) -> f32 {
        let units = (metres - self.epsilon_m) * (1.0 - self.stretch) * self.units_per_m;
        (units * units.max(0.0) * (1.0 - 2.0 * ROUNDING)) as f32
    }

    /// The true distance in rounded metres where the plane is sure of it.
    #[inline]
    pub(super) fn rounded_m(&self, square: f32) -> Option<u32> {
        let plane_m = f64::from(square).sqrt() * self.m_per_unit;
        let off_m = plane_m * (ROUNDING + self.stretch) + self.epsilon_m;
        let rounded_m = (plane_m + 0.5) as u32;
        let above_m = plane_m + 0.5 - f64::from(rounded_m);
        (above_m >= off_m && above_m < 1.0 - off_m).then_some(rounded_m)
    }
}

/// Rounds what is smaller than 2^51: added to a number whose last bit is worth one, the fraction is gone, and the bits below
/// the exponent are the whole number. Two instructions, where a cast takes eight.
#[inline]
fn nearest_whole(length: f64) -> i64 {
    const ONE_AND_A_HALF: f64 = (3u64 << 51) as f64;
    ((length + ONE_AND_A_HALF).to_bits() as i64).wrapping_sub(ONE_AND_A_HALF.to_bits() as i64)
}

/// sin(a) and 1 - cos(a) for |a| <= 0.1, to 1e-12.
#[inline]
fn sine_and_missing_cosine(a: f64) -> (f64, f64) {
    let s = a * a;
    let sine = a * (1.0 - s * (1.0 / 6.0) * (1.0 - s * (1.0 / 20.0) * (1.0 - s * (1.0 / 42.0))));
    (sine, s * 0.5 * (1.0 - s * (1.0 / 12.0) * (1.0 - s * (1.0 / 30.0) * (1.0 - s * (1.0 / 56.0)))))
}

fn median(positions: &[Position]) -> Option<Position> {
    let middle = positions.len() / 2;
    let mut lats: Vec<i32> = positions.iter().map(|position| position.lat_e7).collect();
    let mut lngs: Vec<i32> = positions.iter().map(|position| position.lng_e7).collect();
    lats.get(middle)?;
    Some(Position { lat_e7: *lats.select_nth_unstable(middle).1, lng_e7: *lngs.select_nth_unstable(middle).1 })
}

fn bounds_m(places: &[(f64, f64)]) -> [f64; 4] {
    const MARGIN_M: f64 = 100.0;
    let mut bounds = [0.0f64; 4];
    for &(x, y) in places {
        bounds = [bounds[0].min(x), bounds[1].min(y), bounds[2].max(x), bounds[3].max(y)];
    }
    [bounds[0] - MARGIN_M, bounds[1] - MARGIN_M, bounds[2] + MARGIN_M, bounds[3] + MARGIN_M]
}

/// Starts from even density and corrects twice by what the densest parts are like: people live in clusters.
fn cell_side_m(places: &[(f64, f64)], bounds: [f64; 4]) -> f64 {
    let area_m2 = (bounds[2] - bounds[0]) * (bounds[3] - bounds[1]);
    let people = places.len().max(1) as f64;
    let least = (area_m2 / (people * CELLS_PER_VOLUNTEER_MAX)).sqrt().max(CELL_SIDE_MIN_M);
    let clamp = |side: f64| side.max(least).min(CELL_SIDE_MAX_M.max(least));
    let mut side = clamp((area_m2 * SHARING_A_CELL / people).sqrt());
    for _ in 0..2 {
        side = clamp(side * (SHARING_A_CELL / sharing(places, bounds, side)).sqrt());
    }
    side
}

/// How many share the cell of a volunteer, on average over the volunteers.
fn sharing(places: &[(f64, f64)], bounds: [f64; 4], side_m: f64) -> f64 {
    let columns = ((bounds[2] - bounds[0]) / side_m) as usize + 1;
    let rows = ((bounds[3] - bounds[1]) / side_m) as usize + 1;
    let mut counts = vec![0u32; columns * rows];
    for &(x, y) in places {
        counts[((y - bounds[1]) / side_m) as usize * columns + ((x - bounds[0]) / side_m) as usize] += 1;
    }
    let squares: f64 = counts.iter().map(|&count| f64::from(count).powi(2)).sum();
    (squares / places.len().max(1) as f64).max(1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::select::order::distance_m;

    /// Somewhere in Europe or China, up to about 150 km about.
    fn three() -> impl Strategy<Value = [Position; 3]> {
        let middle = prop_oneof![Just((457_550_000, 1_266_170_000)), Just((700_000_000, 250_000_000)), Just((0, 0))];
        let off = prop_oneof![-3_000..3_000i32, -200_000..200_000i32, -13_000_000..13_000_000i32];
        (middle, prop::array::uniform3((off.clone(), off))).prop_map(|((lat_e7, lng_e7), offs)| {
            offs.map(|(north, east)| Position { lat_e7: lat_e7 + north, lng_e7: lng_e7 + east })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn what_the_plane_tells_is_true_on_the_sphere(places in three()) {
            let frame = Frame::fit(&places);
            let [at, one, other] = places;
            let [Some(spot), Some(to_one), Some(to_other)] = places.map(|place| frame.spot(place)) else {
                return Err(TestCaseError::reject("beyond the plane"));
            };
            let seen = |from: Spot, to: Spot| square(from.x - to.x) + square(from.y - to.y);
            let (true_m, other_m) = (at.distance_m(one), at.distance_m(other));
            let sight = frame.sight(Some(spot), true_m.max(other_m).ceil() as u32);
            let (near, far) = (seen(spot, to_one), seen(spot, to_other));
            prop_assert!(sight.rounded_m(near).is_none_or(|rounded_m| rounded_m == distance_m(at, one)));
            prop_assert!(near <= sight.square_at_most(true_m));
            prop_assert!(near >= sight.square_surely(true_m));
            prop_assert!(other_m > true_m || far <= sight.widen(near));
        }
    }
}
