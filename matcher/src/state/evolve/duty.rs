//! Volunteers as such: enrolment, duty, rest, and what is counted on their grids.

use crate::model::*;
use crate::state::records::{GridRecord, VolunteerRecord};
use crate::state::world::World;

pub fn enrolled(world: &mut impl World, at: Timestamp, volunteers: &[Volunteer]) {
    for profile in volunteers {
        match world.get_mut::<VolunteerRecord>(profile.id.0) {
            Some(record) => {
                let moved = record.on_duty().then_some(record.profile.home_grid);
                record.profile = profile.clone();
                if let Some(from) = moved {
                    count(world, from, -1);
                    count(world, profile.home_grid, 1);
                }
            }
            None => world.put(VolunteerRecord::new(profile.clone(), at)),
        }
    }
}

/// His duty has ended and his engagements are over before, in the same commit.
pub fn retired(world: &mut impl World, volunteers: &[VolunteerId]) {
    for volunteer in volunteers {
        world.take::<VolunteerRecord>(volunteer.0);
    }
}

fn count(world: &mut impl World, grid: GridId, change: i16) {
    if let Some(record) = world.get_mut::<GridRecord>(grid.0) {
        record.on_duty = record.on_duty.saturating_add_signed(change);
    }
}

pub fn started(
    world: &mut impl World,
    at: Timestamp,
    volunteer: VolunteerId,
    status: DutyStatus,
    until: Option<Timestamp>,
) {
    let record = world.must_mut::<VolunteerRecord>(volunteer.0);
    let comes = !record.on_duty();
    let resting = record.rest_until.is_some();
    record.before_rest = status;
    record.duty = Duty { status: if resting { DutyStatus::Resting } else { status }, until, since: at };
    let grid = record.profile.home_grid;
    if comes {
        count(world, grid, 1);
    }
}

pub fn ended(world: &mut impl World, at: Timestamp, volunteer: VolunteerId) {
    let record = world.must_mut::<VolunteerRecord>(volunteer.0);
    let leaves = record.on_duty();
    record.duty = Duty { status: DutyStatus::OffDuty, until: None, since: at };
    record.before_rest = DutyStatus::OffDuty;
    let grid = record.profile.home_grid;
    if leaves {
        count(world, grid, -1);
    }
}

pub fn rest_started(world: &mut impl World, volunteer: VolunteerId, until: Timestamp) {
    let record = world.must_mut::<VolunteerRecord>(volunteer.0);
    record.rest_until = Some(until);
    if record.on_duty() {
        record.duty.status = DutyStatus::Resting;
    }
}

pub fn rest_ended(world: &mut impl World, volunteer: VolunteerId) {
    let record = world.must_mut::<VolunteerRecord>(volunteer.0);
    record.rest_until = None;
    record.duty.status = record.before_rest;
}

pub fn checked_in(world: &mut impl World, at: Timestamp, volunteer: VolunteerId) {
    world.must_mut::<VolunteerRecord>(volunteer.0).checked_in_at = Some(at);
}

pub fn under_minimum(world: &mut impl World, grid: GridId, under: bool) {
    world.must_mut::<GridRecord>(grid.0).under_minimum = under;
}
