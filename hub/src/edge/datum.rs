//! GCJ-02, the shifted datum of Chinese maps and phones, to WGS-84 and back. Inside the hub everything is WGS-84.
//!
//! The shift is the published approximation (Krasovsky 1940 ellipsoid, a trigonometric polynomial about 105 E, 35 N);
//! its inverse has no closed form and is found by fixed-point iteration, to less than a millimetre.

use matcher::Position;
use wire::client::Crs;

const SEMI_MAJOR_AXIS_M: f64 = 6_378_245.0;
const ECCENTRICITY_SQUARED: f64 = 0.006_693_421_622_965_943;
/// The polynomial's origin.
const ORIGIN: (f64, f64) = (35.0, 105.0);
/// About 0.1 mm.
const PRECISE_DEG: f64 = 1e-9;
const ITERATIONS_MAX: usize = 20;

/// Where a client says it is, as WGS-84. `None` when that is no place on Earth.
pub fn position(lat: f64, lng: f64, crs: Crs) -> Option<Position> {
    Position::from_degrees(lat, lng)?;
    let (lat, lng) = match crs {
        Crs::Wgs84 => (lat, lng),
        Crs::Gcj02 => wgs84_of_gcj02(lat, lng),
    };
    Position::from_degrees(lat, lng)
}

/// Degrees of GCJ-02 as WGS-84.
pub fn wgs84_of_gcj02(lat: f64, lng: f64) -> (f64, f64) {
    let mut guess = (lat, lng);
    for _ in 0..ITERATIONS_MAX {
        let there = gcj02_of_wgs84(guess.0, guess.1);
        let miss = (there.0 - lat, there.1 - lng);
        guess = (guess.0 - miss.0, guess.1 - miss.1);
        if miss.0.abs() < PRECISE_DEG && miss.1.abs() < PRECISE_DEG {
            break;
        }
    }
    guess
}

/// Degrees of WGS-84 as GCJ-02; outside China the two are the same.
pub fn gcj02_of_wgs84(lat: f64, lng: f64) -> (f64, f64) {
    if !shifted_here(lat, lng) {
        return (lat, lng);
    }
    let (north_m, east_m) = shift_m(lat - ORIGIN.0, lng - ORIGIN.1);
    let (sin_lat, cos_lat) = lat.to_radians().sin_cos();
    let flatness = 1.0 - ECCENTRICITY_SQUARED * sin_lat * sin_lat;
    let meridian_m = SEMI_MAJOR_AXIS_M * (1.0 - ECCENTRICITY_SQUARED) / (flatness * flatness.sqrt());
    let parallel_m = SEMI_MAJOR_AXIS_M / flatness.sqrt() * cos_lat;
    (lat + (north_m / meridian_m).to_degrees(), lng + (east_m / parallel_m).to_degrees())
}

/// The rectangle in which the datum applies.
fn shifted_here(lat: f64, lng: f64) -> bool {
    (0.8293..=55.8271).contains(&lat) && (72.004..=137.8347).contains(&lng)
}

/// The shift to the north and east in metres, of a point `y` degrees north and `x` east of the origin.
fn shift_m(y: f64, x: f64) -> (f64, f64) {
    let ripple = (20.0 * wave(6.0 * x) + 20.0 * wave(2.0 * x)) * 2.0 / 3.0;
    let root = x.abs().sqrt();
    let north = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * root
        + ripple
        + (20.0 * wave(y) + 40.0 * wave(y / 3.0)) * 2.0 / 3.0
        + (160.0 * wave(y / 12.0) + 320.0 * wave(y / 30.0)) * 2.0 / 3.0;
    let east = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * root
        + ripple
        + (20.0 * wave(x) + 40.0 * wave(x / 3.0)) * 2.0 / 3.0
        + (150.0 * wave(x / 12.0) + 300.0 * wave(x / 30.0)) * 2.0 / 3.0;
    (north, east)
}

fn wave(half_turns: f64) -> f64 {
    (half_turns * std::f64::consts::PI).sin()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// There and back is the same place, all over China; and the shift is some hundred metres.
    #[test]
    fn the_inverse_undoes_the_shift() {
        for step in 0..400 {
            let (lat, lng) = (18.0 + f64::from(step % 20) * 1.7, 75.0 + f64::from(step / 20) * 2.9);
            let there = gcj02_of_wgs84(lat, lng);
            let back = wgs84_of_gcj02(there.0, there.1);
            assert!((back.0 - lat).abs() < 1e-8 && (back.1 - lng).abs() < 1e-8, "{lat} {lng} -> {back:?}");
            let shift_m =
                position(lat, lng, Crs::Wgs84).unwrap().distance_m(position(there.0, there.1, Crs::Wgs84).unwrap());
            assert!((10.0..1_200.0).contains(&shift_m), "{shift_m} m at {lat} {lng}");
        }
    }

    #[test]
    fn outside_china_nothing_is_shifted() {
        assert_eq!(gcj02_of_wgs84(48.1, 11.6), (48.1, 11.6));
        assert_eq!(position(91.0, 0.0, Crs::Gcj02), None);
        assert_eq!(position(f64::NAN, 126.0, Crs::Wgs84), None);
    }
}
