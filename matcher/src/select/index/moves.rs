//! Somebody has moved: mostly within his cell, where it is two numbers.
//!
//! Who moves is anywhere in memory, and to wait for one after the other takes most of the time. So several are looked at
//! together: first all seats, then what those need who are on lists or leave their cell; then each is moved by itself.

use std::hint::black_box;

use super::Index;
use super::frame::Spot;
use super::roster::Home;
use crate::model::{Position, VolunteerId};

/// Moves whose lines are fetched together.
const TOGETHER: usize = 16;

/// See [`Index::move_to`].
pub(super) fn move_to(index: &mut Index, volunteer: VolunteerId, position: Position) -> bool {
    let Some(seat) = index.roster.find(volunteer) else { return false };
    let to = index.frame.spot(position);
    move_seat(index, seat, position, to);
    index.refit_if_due();
    true
}

/// See [`Index::move_all`].
pub(super) fn move_all(index: &mut Index, moves: &[(VolunteerId, Position)]) {
    for some in moves.chunks(TOGETHER) {
        let mut seats = [None; TOGETHER];
        for (seat, &(volunteer, _)) in seats.iter_mut().zip(some) {
            *seat = index.roster.find(volunteer);
        }
        let mut spots = [None; TOGETHER];
        for ((spot, &seat), &(_, position)) in spots.iter_mut().zip(&seats).zip(some) {
            *spot = index.frame.spot(position);
            seat.into_iter().for_each(|seat| fetch(index, seat, *spot));
        }
        for ((&seat, &spot), &(_, position)) in seats.iter().zip(&spots).zip(some) {
            // The plane stays and nobody comes or goes meanwhile: seats and spots hold, all else is looked up again.
            seat.into_iter().for_each(|seat| move_seat(index, seat, position, spot));
        }
        index.refit_if_due();
    }
}

/// Asks for the lines that this move will need, and does not wait for them.
#[inline]
fn fetch(index: &Index, seat: u32, to: Option<Spot>) {
    let Home::Lane(lane) = index.roster.seat(seat).home() else { return };
    if index.roster.seat(seat).listed() || cell(index, index.spot_at(seat)) != cell(index, to) {
        black_box(index.chunks.glance(lane));
    }
}

#[inline]
fn cell(index: &Index, spot: Option<Spot>) -> Option<u32> {
    index.frame.cell(spot?)
}

#[inline]
fn move_seat(index: &mut Index, seat: u32, position: Position, to: Option<Spot>) {
    let from = index.spot_at(seat);
    let there = cell(index, to);
    match (index.roster.seat(seat).home(), from, to) {
        (Home::Lane(lane), Some(from), Some(to)) if there.is_some() && cell(index, Some(from)) == there => {
            index.chunks.set_offsets(lane, to.x as u16, to.y as u16);
            if index.roster.seat(seat).listed() {
                let skills = index.chunks.skills(lane);
                index.postings.shift((from, to), seat, skills);
            }
            index.roster.seat_mut(seat).position = position;
        }
        _ => {
            let card = index.unsettle(seat);
            index.roster.seat_mut(seat).position = position;
            index.settle(seat, card);
        }
    }
}
