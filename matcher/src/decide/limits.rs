//! Limits on what a command may say, and the words of the no.

use crate::command::{Field, ITEMS_PER_COMMAND_MAX, Rejection, Why};
use crate::model::*;
use crate::state::District;

/// The longest estimated time of arrival that a volunteer may name, minutes.
pub const ETA_MIN_MAX: u16 = 24 * 60;
/// How long before its report a milestone may have been tapped.
pub const TAPPED_AGO_MS_MAX: u64 = DAY_MS;
/// How far ahead a duty may end.
pub const DUTY_MS_MAX: u64 = 7 * DAY_MS;
/// Crew of a member organisation.
pub const CAPACITY_MAX: u8 = 99;
/// Skills of one volunteer.
pub const SKILLS_HELD_MAX: usize = SKILLS_MAX;
/// The widest radius of a plan, metres.
pub const RADIUS_M_MAX: u32 = 100_000;
/// The widest merging of a plan, metres.
pub const MERGE_RADIUS_M_MAX: u32 = 5_000;
/// Polygons of one grid.
pub const POLYGONS_MAX: usize = 100;
/// Notes on one incident.
pub const NOTES_MAX: usize = 1_000;

/// # Errors
/// [`Rejection::OverLimit`] above `max`.
pub fn at_most(field: Field, got: u64, max: u64) -> Result<(), Rejection> {
    if got > max { Err(Rejection::OverLimit { field, got, max }) } else { Ok(()) }
}

/// # Errors
/// [`Rejection::Invalid`] unless `holds`.
pub fn ensure(holds: bool, field: Field, why: Why) -> Result<(), Rejection> {
    if holds { Ok(()) } else { Err(Rejection::Invalid { field, why }) }
}

/// # Errors
/// Empty, or more than [`ITEMS_PER_COMMAND_MAX`].
pub fn items(field: Field, count: usize) -> Result<(), Rejection> {
    ensure(count > 0, field, Why::Empty)?;
    at_most(field, count as u64, ITEMS_PER_COMMAND_MAX as u64)
}

/// A name for people.
///
/// # Errors
/// Empty, too long, or with a control character.
pub fn name(field: Field, text: &str) -> Result<(), Rejection> {
    ensure(!text.trim().is_empty(), field, Why::Empty)?;
    words(field, text, NAME_LENGTH_MAX)
}

/// Words for people; may be empty.
///
/// # Errors
/// Too long, or with a control character other than a line break.
pub fn words(field: Field, text: &str, max: usize) -> Result<(), Rejection> {
    at_most(field, text.chars().count() as u64, max as u64)?;
    ensure(!text.chars().any(|c| c.is_control() && c != '\n'), field, Why::Character)
}

/// A code: a-z, 0-9 and `_`, 1 ..= 40 characters.
///
/// # Errors
/// Empty, too long, or another character.
pub fn code(field: Field, text: &str) -> Result<(), Rejection> {
    ensure(!text.is_empty(), field, Why::Empty)?;
    at_most(field, text.chars().count() as u64, KIND_LENGTH_MAX as u64)?;
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    ensure(text.chars().all(fits), field, Why::Character)
}

/// An id of this district.
///
/// # Errors
/// Of another district, or number 0.
pub fn own(district: &District, field: Field, id: u64) -> Result<(), Rejection> {
    ensure(id / NUMBERS_PER_DISTRICT == u64::from(district.id.0), field, Why::OtherDistrict)?;
    ensure(!id.is_multiple_of(NUMBERS_PER_DISTRICT), field, Why::Zero)
}

/// A point on the globe.
///
/// # Errors
/// Latitude over 90 or longitude over 180 degrees.
pub fn position(field: Field, position: Position) -> Result<(), Rejection> {
    let fits = |e7: i32, degrees: u64| at_most(field, u64::from(e7.unsigned_abs()), degrees * 10_000_000);
    fits(position.lat_e7, 90)?;
    fits(position.lng_e7, 180)
}

/// Roles of one level: known skills, at least one person each.
///
/// # Errors
/// Unknown skill, a count of 0, or more than [`SLOTS_MAX`] people.
pub fn roles(district: &District, roles: &[Role]) -> Result<usize, Rejection> {
    for role in roles {
        ensure(role.count > 0, Field::Roles, Why::Zero)?;
        if let Some(skill) = role.skill.filter(|&skill| district.skill(skill).is_none()) {
            return Err(Rejection::UnknownSkill(skill.0));
        }
    }
    let people = roles.iter().map(|role| usize::from(role.count)).sum();
    at_most(Field::Roles, people as u64, SLOTS_MAX as u64)?;
    Ok(people)
}

/// # Errors
/// [`Rejection::Invalid`] with [`Why::Twice`].
pub fn no_twice<T: Ord>(field: Field, keys: impl Iterator<Item = T>) -> Result<(), Rejection> {
    let mut seen = std::collections::BTreeSet::new();
    let mut keys = keys;
    ensure(keys.all(|key| seen.insert(key)), field, Why::Twice)
}
