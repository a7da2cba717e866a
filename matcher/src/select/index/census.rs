//! How many there are, and why they are not asked: exact, without looking at each.
//!
//! Totals by skill and availability are kept all along. Within the radius, a block that lies inside the circle is one addition, a
//! cell inside it one count of bits for each chunk; only in cells that the circle crosses are volunteers measured.

use super::super::entry::Availability;
use super::super::order::distance_m;
use super::super::query::Census;
use super::Index;
use super::frame::{CELLS_PER_BLOCK, Spot, UNITS_PER_CELL, square};
use super::maps::Tally;
use super::marks::{LANES, Mark, Marks, NONE};
use super::postings::Posted;
use super::walk::{Met, Visitor, walk};
use crate::model::{Position, SkillSet};

/// See [`Index::census`].
pub(super) fn census(index: &Index, skills: SkillSet, at: Position, radius_m: u32) -> Census {
    let with = |availability| total(index, skills.0, availability);
    let off_duty = with(Availability::OffDuty);
    let engaged = with(Availability::Engaged);
    let within = within(index, skills.0, at, radius_m);
    let (ready, resting) = (with(Availability::Ready), with(Availability::Resting));
    Census {
        lacks_skill: index.len() as u32 - off_duty - engaged - ready - resting,
        off_duty,
        engaged,
        resting_beyond: resting - within.resting,
        resting_within: within.resting,
        ready_beyond: ready - within.ready,
        ready_within: within.ready,
    }
}

/// Kept for one skill; counted chunk by chunk for several.
fn total(index: &Index, skills: u128, availability: Availability) -> u32 {
    if skills.count_ones() <= 1 {
        return index.maps.total(super::walk::first_row(skills), availability);
    }
    let in_chunk = |chunk| {
        let marks = index.chunks.marks(chunk);
        (index.chunks.lanes_with(chunk, skills) & marks.availability(availability)).count_ones()
    };
    let stray = |stray: &&super::Stray| stray.card.availability == availability && stray.card.skills & skills == skills;
    index.chunks.chunks().map(in_chunk).sum::<u32>() + index.strays.iter().filter(stray).count() as u32
}

fn within(index: &Index, skills: u128, at: Position, radius_m: u32) -> Tally {
    let limit_m = f64::from(radius_m) + 0.5;
    let mut disc = Disc {
        index,
        at,
        skills,
        radius_m,
        surely: index.frame.square_surely(limit_m),
        perhaps: index.frame.square_at_most(limit_m),
        tally: Tally::default(),
    };
    match index.frame.spot(at) {
        Some(spot) => disc.add_blocks(spot),
        None => walk(index, at, skills, &mut disc),
    }
    disc.tally
}

/// Everybody with the skills within `radius_m` of `at`.
struct Disc<'a> {
    index: &'a Index,
    at: Position,
    skills: u128,
    radius_m: u32,
    surely: u64,
    perhaps: u64,
    tally: Tally,
}

/// How a square of cells lies to the circle.
enum Lies {
    Inside,
    Across,
    Outside,
}

impl Disc<'_> {
    fn add_blocks(&mut self, spot: Spot) {
        const BLOCK_UNITS: i64 = UNITS_PER_CELL * CELLS_PER_BLOCK;
        let reach = (self.perhaps as f64).sqrt() as i64 + 1;
        let span = |at: i64, blocks: i64| {
            ((at - reach).div_euclid(BLOCK_UNITS).max(0), (at + reach).div_euclid(BLOCK_UNITS).min(blocks - 1))
        };
        let (columns, rows) = (span(spot.x, self.index.frame.blocks_wide), span(spot.y, self.index.frame.blocks_high));
        for row in rows.0..=rows.1 {
            for column in columns.0..=columns.1 {
                let Some(block) = self.index.frame.block(column, row) else { continue };
                let corner = spot.from(column * CELLS_PER_BLOCK, row * CELLS_PER_BLOCK);
                self.add_block(block, corner, self.lies(corner, BLOCK_UNITS));
            }
        }
        let (index, skills) = (self.index, self.skills);
        for stray in index.strays.iter().filter(|stray| stray.card.skills & skills == skills) {
            if distance_m(self.at, index.roster.seat(stray.seat).position) <= self.radius_m {
                self.add_lanes(&Marks::of(&stray.card), 1);
            }
        }
    }

    /// `corner` is the query seen from the south-west corner.
    fn add_block(&mut self, block: usize, corner: Spot, lies: Lies) {
        let (maps, row) = (&self.index.maps, super::walk::first_row(self.skills));
        let here = maps.block(block, row);
        match lies {
            Lies::Outside => {}
            Lies::Inside if self.skills.count_ones() <= 1 => {
                self.tally.ready += here.tally.ready;
                self.tally.resting += here.tally.resting;
            }
            Lies::Inside | Lies::Across => self.add_cells(block, here.cells, corner),
        }
    }

    fn add_cells(&mut self, block: usize, mut word: u64, corner: Spot) {
        while word != 0 {
            let bit = i64::from(word.trailing_zeros());
            word &= word - 1;
            let corner = corner.from(bit & 7, bit >> 3);
            let cell = (block as u32) << 6 | bit as u32;
            match self.lies(corner, UNITS_PER_CELL) {
                Lies::Outside => {}
                Lies::Inside => self.add_cell(cell, None),
                Lies::Across => self.add_cell(cell, Some(corner)),
            }
        }
    }

    /// Measures each volunteer where `corner` says from where.
    fn add_cell(&mut self, cell: u32, corner: Option<Spot>) {
        let chunks = &self.index.chunks;
        let mut chunk = chunks.head(cell);
        while chunk != NONE {
            let marks = chunks.marks(chunk);
            let askable = marks.row(Mark::Ready) | marks.row(Mark::Resting);
            let lanes = chunks.lanes_with(chunk, self.skills) & askable;
            let lanes = corner.map_or(lanes, |corner| self.lanes_within(chunk, lanes, corner));
            self.add_lanes(marks, lanes);
            chunk = marks.next;
        }
    }

    fn lanes_within(&self, chunk: u32, lanes: u16, corner: Spot) -> u16 {
        let inside = |lane: &u32| {
            let square = corner.square_to(self.index.chunks.places(chunk).offset(*lane));
            square <= self.surely
                || square <= self.perhaps && self.measured_inside(self.index.chunks.seat(chunk * LANES + lane))
        };
        let lanes = (0..16).filter(|lane| lanes >> lane & 1 == 1).filter(inside);
        lanes.fold(0, |lanes, lane| lanes | 1 << lane)
    }

    fn measured_inside(&self, seat: u32) -> bool {
        distance_m(self.at, self.index.roster.seat(seat).position) <= self.radius_m
    }

    fn add_lanes(&mut self, marks: &Marks, lanes: u16) {
        self.tally.ready += (lanes & marks.row(Mark::Ready)).count_ones();
        self.tally.resting += (lanes & marks.row(Mark::Resting)).count_ones();
    }

    fn lies(&self, corner: Spot, side: i64) -> Lies {
        let farthest = |at: i64| at.abs().max((at - side).abs());
        if corner.square_outside(side) > self.perhaps {
            Lies::Outside
        } else if square(farthest(corner.x)) + square(farthest(corner.y)) <= self.surely {
            Lies::Inside
        } else {
            Lies::Across
        }
    }
}

/// Where the plane cannot be used, everybody is met one by one.
impl Visitor for Disc<'_> {
    fn lanes(&self, marks: &Marks, _nearest: u64) -> u16 {
        marks.row(Mark::Ready) | marks.row(Mark::Resting)
    }

    fn wants(&self, _posted: Posted) -> bool {
        true
    }

    fn bound(&self) -> u64 {
        self.perhaps
    }

    fn visit(&mut self, index: &Index, met: Met) {
        if self.measured_inside(met.seat(index)) {
            match index.card(met.seat(index)).availability {
                Availability::Ready => self.tally.ready += 1,
                Availability::Resting => self.tally.resting += 1,
                Availability::Engaged | Availability::OffDuty => {}
            }
        }
    }
}
