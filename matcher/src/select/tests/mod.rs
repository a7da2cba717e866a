//! Tables for the order and for waves; properties: the index answers what the naive list answers.

mod equal;
mod fitting;
mod pairs;
mod waves;

use super::*;
use crate::model::*;

pub(super) const DISTRICT: DistrictId = DistrictId(7);
/// Harbin, Daoli.
pub(super) const CENTRE: Position = Position { lat_e7: 457_550_000, lng_e7: 1_266_170_000 };

pub(super) fn volunteer(number: u64) -> VolunteerId {
    VolunteerId::new(DISTRICT, number)
}

/// About `metres` north of the centre.
pub(super) fn north(metres: i32) -> Position {
    Position { lat_e7: CENTRE.lat_e7 + (f64::from(metres) * 1e7 / 111_195.08).round() as i32, ..CENTRE }
}

/// Ready on foot, reachable, of grid 1, `metres` to the north.
pub(super) fn entry(number: u64, metres: i32, skills: &[u8]) -> Entry {
    Entry {
        volunteer: volunteer(number),
        position: north(metres),
        skills: skills.iter().map(|&skill| SkillId(skill)).collect(),
        travel: TravelMode::Walk,
        grid: GridId::new(DISTRICT, 1),
        availability: Availability::Ready,
        reachable: true,
    }
}

pub(super) fn index_of(entries: &[Entry]) -> Index {
    let mut index = Index::new();
    entries.iter().for_each(|&entry| index.upsert(entry));
    index
}
