//! Calls of a town of our own, so that this verb needs no file: as many kinds as there are skills, spread so widely that
//! hardly two are one incident.

use matcher::{Position, Timestamp};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::calls::{Call, Format};

/// The kinds of this format have plans with a skill and a short deadline.
pub const FORMAT: Format = Format::Montco;

const KINDS: [&str; 3] = ["ems_fall_victim", "fire_gas_odor_leak", "traffic_vehicle_accident"];
const CALLS: usize = 4_000;
/// South-west corner and extent of the town, 1e-7 degrees: some 20 by 20 km.
const CORNER_E7: (i32, i32) = (400_500_000, -755_000_000);
const EXTENT_E7: (i32, i32) = (1_800_000, 2_350_000);

/// The same calls for the same seed.
pub fn calls(seed: u64) -> Vec<Call> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut call = |number: usize| {
        let lat_e7 = CORNER_E7.0 + random.random_range(0..EXTENT_E7.0);
        let lng_e7 = CORNER_E7.1 + random.random_range(0..EXTENT_E7.1);
        Call {
            at: Timestamp(0),
            kind: KINDS[number % KINDS.len()].to_owned(),
            place: Some(Position { lat_e7, lng_e7 }),
            units: Vec::new(),
        }
    };
    (0..CALLS).map(&mut call).collect()
}
