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
use super::walk::{Met, Visitor, first_row, walk};
use crate::model::{Position, SkillSet};

/// See [`Index::census`]: one for each of `roles`, which are looked at together because who is within the circle is the same for all.
pub(super) fn census(index: &Index, roles: &[SkillSet], at: Position, radius_m: u32) -> Vec<Census> {
    let within = within(index, roles, at, radius_m);
    roles.iter().zip(within).map(|(role, within)| census_of(index, role.0, within)).collect()
}

fn census_of(index: &Index, skills: u128, within: Tally) -> Census {
    let with = |availability| total(index, skills, availability);
    let (off_duty, engaged) = (with(Availability::OffDuty), with(Availability::Engaged));
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
        return index.maps.total(first_row(skills), availability);
    }
    let in_chunk = |chunk| {
        let marks = index.chunks.marks(chunk);
        (index.chunks.lanes_with(chunk, skills) & marks.availability(availability)).count_ones()
    };
    let stray = |stray: &&super::Stray| stray.card.availability == availability && stray.card.skills & skills == skills;
    index.chunks.chunks().map(in_chunk).sum::<u32>() + index.strays.iter().filter(stray).count() as u32
}

fn within(index: &Index, roles: &[SkillSet], at: Position, radius_m: u32) -> Vec<Tally> {
    let limit_m = f64::from(radius_m) + 0.5;
    let spot = index.frame.spot(at);
    let sight = index.frame.sight(spot, radius_m);
    let (surely, perhaps) = (sight.square_surely(limit_m), sight.square_at_most(limit_m));
    let tallies = vec![Tally::default(); roles.len()];
    let mut disc = Disc { index, at, roles, radius_m, surely, perhaps, tallies, noted: Vec::new() };
    match spot {
        Some(spot) => disc.add_blocks(spot),
        None => walk(index, (at, spot), 0, &mut disc),
    }
    disc.tallies
}

/// Everybody within `radius_m` of `at`, by role.
struct Disc<'a> {
    index: &'a Index,
    at: Position,
    roles: &'a [SkillSet],
    radius_m: u32,
    surely: f32,
    perhaps: f32,
    tallies: Vec<Tally>,
    /// Cells to be looked into, and the query seen from their corner where the circle crosses them.
    noted: Vec<(u32, Option<Spot>)>,
}

/// Cells whose first chunks are fetched together.
const TOGETHER: usize = 16;

/// How a square of cells lies to the circle.
enum Lies {
    Inside,
    Across,
    Outside,
}

impl Disc<'_> {
    fn add_blocks(&mut self, spot: Spot) {
        const BLOCK_UNITS: i64 = UNITS_PER_CELL * CELLS_PER_BLOCK;
        let reach = f64::from(self.perhaps).sqrt() as i64 + 1;
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
        self.add_noted();
        let index = self.index;
        for stray in &index.strays {
            if distance_m(self.at, index.roster.seat(stray.seat).position) <= self.radius_m {
                self.add_lanes(&Marks::of(&stray.card), 1, |skills| u16::from(stray.card.skills & skills == skills));
            }
        }
    }

    /// `corner` is the query seen from the south-west corner.
    fn add_block(&mut self, block: usize, corner: Spot, lies: Lies) {
        let maps = &self.index.maps;
        let here = |role: &SkillSet| maps.block(block, first_row(role.0));
        match lies {
            Lies::Outside => {}
            Lies::Inside if self.roles.iter().all(|role| role.0.count_ones() <= 1) => {
                for (role, tally) in self.roles.iter().zip(&mut self.tallies) {
                    tally.add(here(role).tally);
                }
            }
            Lies::Inside | Lies::Across => {
                let cells = self.roles.iter().fold(0, |cells, role| cells | here(role).cells);
                self.note_cells(block, cells, corner);
            }
        }
    }

    fn note_cells(&mut self, block: usize, mut word: u64, corner: Spot) {
        while word != 0 {
            let bit = word.trailing_zeros();
            word &= word - 1;
            let corner = corner.from(i64::from(bit & 7), i64::from(bit >> 3));
            let cell = (block as u32) << 6 | bit;
            match self.lies(corner, UNITS_PER_CELL) {
                Lies::Outside => {}
                Lies::Inside => self.noted.push((cell, None)),
                Lies::Across => self.noted.push((cell, Some(corner))),
            }
        }
    }

    /// The first lines of several cells are asked for before any is looked at, so that they arrive at the same time.
    fn add_noted(&mut self) {
        let (chunks, noted) = (&self.index.chunks, std::mem::take(&mut self.noted));
        for some in noted.chunks(TOGETHER) {
            let mut heads = [NONE; TOGETHER];
            for (&(cell, _), head) in some.iter().zip(&mut heads) {
                *head = chunks.head(cell);
            }
            let mut within = [0; TOGETHER];
            for ((&(_, corner), &chunk), within) in some.iter().zip(&heads).zip(&mut within) {
                *within = self.lanes_within(chunk, corner);
            }
            for ((&(cell, corner), &chunk), &within) in some.iter().zip(&heads).zip(&within) {
                self.add_chain(cell, (chunk, within), corner);
            }
        }
    }

    /// The chunks of a cell, of which the first has `within` in the circle.
    fn add_chain(&mut self, cell: u32, (mut chunk, mut within): (u32, u16), corner: Option<Spot>) {
        let (chunks, maps) = (&self.index.chunks, &self.index.maps);
        loop {
            let marks = chunks.marks(chunk);
            // What few have is mostly not there: the maps say so, and spare a look at the chunk's own rows.
            let there = |skills| maps.has(cell, first_row(skills));
            self.add_lanes(marks, within, |skills| if there(skills) { chunks.lanes_with(chunk, skills) } else { 0 });
            chunk = marks.next;
            if chunk == NONE {
                return;
            }
            within = self.lanes_within(chunk, corner);
        }
    }

    /// Those who may be asked and are within the circle: without a branch as far as the plane can tell.
    #[inline]
    fn lanes_within(&self, chunk: u32, corner: Option<Spot>) -> u16 {
        let lanes = askable(self.index.chunks.marks(chunk));
        let Some(corner) = corner else { return lanes };
        let places = self.index.chunks.places(chunk);
        let (mut inside, mut unsure) = (0, 0);
        for lane in 0..LANES {
            let square = corner.square_to(places.offset(lane));
            inside |= u16::from(square <= self.surely) << lane;
            unsure |= u16::from(square <= self.perhaps) << lane;
        }
        (inside, unsure) = (inside & lanes, unsure & !inside & lanes);
        while unsure != 0 {
            let lane = unsure.trailing_zeros();
            unsure &= unsure - 1;
            let seat = self.index.chunks.seat(chunk * LANES + lane);
            inside |= u16::from(self.measured_inside(seat)) << lane;
        }
        inside
    }

    fn measured_inside(&self, seat: u32) -> bool {
        distance_m(self.at, self.index.roster.seat(seat).position) <= self.radius_m
    }

    fn add_lanes(&mut self, marks: &Marks, lanes: u16, with: impl Fn(u128) -> u16) {
        for (role, tally) in self.roles.iter().zip(&mut self.tallies) {
            let lanes = if role.0 == 0 { lanes } else { lanes & with(role.0) };
            let resting = lanes & marks.row(Mark::Resting);
            tally.ready += (lanes & marks.row(Mark::Ready)).count_ones();
            tally.resting += if resting == 0 { 0 } else { resting.count_ones() };
        }
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
    fn lanes(&self, marks: &Marks, _nearest: f32) -> u16 {
        askable(marks)
    }

    fn wants(&self, posted: Posted) -> bool {
        posted != Posted::NOBODY
    }

    fn bound(&self) -> f32 {
        self.perhaps
    }

    fn visit(&mut self, index: &Index, met: Met) {
        if met.square() <= self.perhaps && self.measured_inside(met.seat(index)) {
            let card = index.card(met.seat(index));
            self.add_lanes(&Marks::of(&card), 1, |skills| u16::from(card.skills & skills == skills));
        }
    }
}

/// The lanes of those who may be asked.
fn askable(marks: &Marks) -> u16 {
    marks.row(Mark::Ready) | marks.row(Mark::Resting)
}
