//! Where the volunteers of a cell lie: chunks of sixteen lanes, every property a row of sixteen bits.
//!
//! A cell is a chain of chunks; all but the first are full, because a hole is filled from the first (swap-remove). Skills
//! are stored turned over: one 16-bit row for each skill says which lanes have it, so a query reads one row instead of
//! sixteen sets, and an AND of rows gives the lanes to measure. Only those who may be asked lie in the cells; the others
//! lie in one more cell, nowhere, that no query visits.

use super::super::entry::Availability;
use super::marks::{Card, LANES, Mark, Marks, NONE};

/// Skills in the chunk itself; those above lie apart, because few districts have so many.
const SKILLS_INSIDE: usize = 64;
/// Four skills' rows to a word.
type SkillRows = [u64; SKILLS_INSIDE / 4];

/// Five cache lines: marks, two of skills, places in the cell, seats.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct Chunk {
    marks: Marks,
    skills: SkillRows,
    places: Places,
    seats: [u32; LANES as usize],
}

/// Offsets from the corner of the cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    x: [u16; LANES as usize],
    y: [u16; LANES as usize],
}

impl Places {
    #[inline]
    pub(super) fn offset(&self, lane: u32) -> (u16, u16) {
        let lane = (lane % LANES) as usize;
        (self.x[lane], self.y[lane])
    }
}

const EMPTY: Chunk = Chunk {
    marks: Marks::EMPTY,
    skills: [0; SKILLS_INSIDE / 4],
    places: Places { x: [0; LANES as usize], y: [0; LANES as usize] },
    seats: [NONE; LANES as usize],
};

/// A lane's address: chunk * 16 + lane.
pub(super) type Lane = u32;

#[derive(Clone, Debug)]
pub(super) struct Chunks {
    heads: Vec<u32>,
    chunks: Vec<Chunk>,
    /// The rows of the skills from [`SKILLS_INSIDE`] on, for each chunk; empty until somebody has such a skill.
    more: Vec<SkillRows>,
    free: Vec<u32>,
}

impl Chunks {
    /// No volunteers in `cells` cells.
    pub(super) fn new(cells: usize) -> Self {
        Self { heads: vec![NONE; cells + 1], chunks: Vec::new(), more: Vec::new(), free: Vec::new() }
    }

    /// Gives back the room that growing has left over.
    pub(super) fn shrink(&mut self) {
        self.chunks.shrink_to_fit();
        self.more.shrink_to_fit();
    }

    /// The cell of those who are not to be asked.
    pub(super) fn nowhere(&self) -> u32 {
        self.heads.len() as u32 - 1
    }

    #[inline]
    pub(super) fn head(&self, cell: u32) -> u32 {
        self.heads[cell as usize]
    }

    #[inline]
    pub(super) fn marks(&self, chunk: u32) -> &Marks {
        &self.chunks[chunk as usize].marks
    }

    /// Every chunk that is in use.
    pub(super) fn chunks(&self) -> impl Iterator<Item = u32> {
        (0..self.chunks.len() as u32).filter(|&chunk| self.marks(chunk).row(Mark::Present) != 0)
    }

    /// The lanes of a chunk that have all of `skills`.
    #[inline]
    pub(super) fn lanes_with(&self, chunk: u32, skills: u128) -> u16 {
        let inside = lanes_across(&self.chunks[chunk as usize].skills, skills as u64);
        let more = (skills >> SKILLS_INSIDE) as u64;
        if more == 0 {
            return inside;
        }
        inside & self.more.get(chunk as usize).map_or(0, |rows| lanes_across(rows, more))
    }

    /// Whether a cell has anybody of a row of the maps (0: anybody, s + 1: skill s).
    pub(super) fn any(&self, cell: u32, row: usize) -> bool {
        let mut chunk = self.head(cell);
        while chunk != NONE {
            if row == 0 || self.lanes_with(chunk, 1 << (row - 1)) != 0 {
                return true;
            }
            chunk = self.marks(chunk).next;
        }
        false
    }

    #[inline]
    pub(super) fn places(&self, chunk: u32) -> &Places {
        &self.chunks[chunk as usize].places
    }

    #[inline]
    pub(super) fn seat(&self, lane: Lane) -> u32 {
        self.chunks[(lane / LANES) as usize].seats[(lane % LANES) as usize]
    }

    /// Something of each line that says what the volunteer of a lane can do.
    #[inline]
    pub(super) fn glance(&self, lane: Lane) -> u64 {
        let chunk = &self.chunks[(lane / LANES) as usize];
        u64::from(chunk.marks.cell) ^ chunk.skills[0] ^ chunk.skills[SKILLS_INSIDE / 8]
    }

    pub(super) fn cell(&self, lane: Lane) -> u32 {
        self.marks(lane / LANES).cell
    }

    #[inline]
    pub(super) fn set_offsets(&mut self, lane: Lane, x: u16, y: u16) {
        let (places, lane) = (&mut self.chunks[(lane / LANES) as usize].places, (lane % LANES) as usize);
        (places.x[lane], places.y[lane]) = (x, y);
    }

    /// All that the rows say of a lane.
    pub(super) fn card(&self, lane: Lane) -> Card {
        let marks = self.marks(lane / LANES);
        let has = |mark: Mark| marks.row(mark) >> (lane % LANES) & 1 == 1;
        let availability = if has(Mark::Ready) {
            Availability::Ready
        } else if has(Mark::Resting) {
            Availability::Resting
        } else if has(Mark::Engaged) {
            Availability::Engaged
        } else {
            Availability::OffDuty
        };
        Card {
            skills: self.skills(lane),
            travel: marks.travel(lane % LANES),
            availability,
            reachable: has(Mark::Reachable),
            grid_byte: marks.grids[(lane % LANES) as usize],
        }
    }

    /// Writes the marks of a lane, not its skills.
    pub(super) fn set_marks(&mut self, lane: Lane, card: &Card) {
        self.chunks[(lane / LANES) as usize].marks.set(lane % LANES, card);
    }

    /// The skills of a lane.
    pub(super) fn skills(&self, lane: Lane) -> u128 {
        let (chunk, lane) = ((lane / LANES) as usize, lane % LANES);
        let inside = skills_across(&self.chunks[chunk].skills, lane);
        let more = self.more.get(chunk).map_or(0, |rows| skills_across(rows, lane));
        u128::from(inside) | u128::from(more) << SKILLS_INSIDE
    }

    /// Turns the bits of `skills` over for one lane: from absent to present, or back.
    pub(super) fn flip_skills(&mut self, lane: Lane, skills: u128) {
        let (chunk, lane) = ((lane / LANES) as usize, lane % LANES);
        flip_across(&mut self.chunks[chunk].skills, lane, skills as u64);
        let more = (skills >> SKILLS_INSIDE) as u64;
        if more != 0 {
            if self.more.len() < self.chunks.len() {
                self.more.resize(self.chunks.len(), EMPTY.skills);
            }
            flip_across(&mut self.more[chunk], lane, more);
        }
    }

    /// Puts somebody into the first free lane of a cell.
    pub(super) fn add(&mut self, cell: u32, seat: u32, card: &Card) -> Lane {
        let head = self.head(cell);
        let full = head == NONE || self.marks(head).row(Mark::Present) == u16::MAX;
        let chunk = if full { self.push_chunk(cell) } else { head };
        let lane = chunk * LANES + self.marks(chunk).row(Mark::Present).trailing_ones();
        self.write(lane, seat, card);
        lane
    }

    /// Empties a lane of somebody with these skills. When another volunteer was moved into it, says who, so that their
    /// address can be corrected.
    pub(super) fn remove(&mut self, lane: Lane, skills: u128) -> Option<u32> {
        self.flip_skills(lane, skills);
        let cell = self.cell(lane);
        let head = self.head(cell);
        let last = head * LANES + self.marks(head).row(Mark::Present).ilog2();
        let moved = (last != lane).then(|| self.move_lane(last, lane));
        let marks = &mut self.chunks[head as usize].marks;
        marks.rows.iter_mut().for_each(|row| *row &= !(1 << (last % LANES)));
        if marks.row(Mark::Present) == 0 {
            self.heads[cell as usize] = marks.next;
            self.free.push(head);
        }
        moved
    }

    fn move_lane(&mut self, from: Lane, to: Lane) -> u32 {
        let (seat, card) = (self.seat(from), self.card(from));
        let (x, y) = self.places(from / LANES).offset(from);
        self.flip_skills(from, card.skills);
        self.write(to, seat, &card);
        self.set_offsets(to, x, y);
        seat
    }

    fn write(&mut self, lane: Lane, seat: u32, card: &Card) {
        self.chunks[(lane / LANES) as usize].seats[(lane % LANES) as usize] = seat;
        self.set_marks(lane, card);
        self.flip_skills(lane, card.skills);
    }

    fn push_chunk(&mut self, cell: u32) -> u32 {
        let chunk = self.free.pop().unwrap_or_else(|| {
            self.chunks.push(EMPTY);
            if !self.more.is_empty() {
                self.more.push(EMPTY.skills);
            }
            self.chunks.len() as u32 - 1
        });
        let marks = &mut self.chunks[chunk as usize].marks;
        *marks = Marks { next: self.heads[cell as usize], cell, ..Marks::EMPTY };
        self.heads[cell as usize] = chunk;
        chunk
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.heads.capacity() * size_of::<u32>()
            + self.chunks.capacity() * size_of::<Chunk>()
            + self.more.capacity() * size_of::<SkillRows>()
            + self.free.capacity() * size_of::<u32>()
    }
}

/// The lanes that have all of these skills.
#[inline]
fn lanes_across(rows: &SkillRows, mut skills: u64) -> u16 {
    let mut lanes = u16::MAX;
    while skills != 0 {
        let skill = skills.trailing_zeros();
        lanes &= (rows[skill as usize / 4 % rows.len()] >> (16 * (skill % 4))) as u16;
        skills &= skills - 1;
    }
    lanes
}

/// Reads one lane across the rows, four skills at a time.
#[inline]
fn skills_across(rows: &SkillRows, lane: u32) -> u64 {
    const ONE_OF_EACH: u64 = 0x0001_0001_0001_0001;
    const GATHER: u64 = 1 << 48 | 1 << 33 | 1 << 18 | 1 << 3;
    let gather = |word: &u64| ((word >> lane & ONE_OF_EACH).wrapping_mul(GATHER) >> 48) & 0xf;
    rows.iter().enumerate().fold(0, |skills, (place, word)| skills | gather(word) << (4 * place))
}

#[inline]
fn flip_across(rows: &mut SkillRows, lane: u32, mut skills: u64) {
    while skills != 0 {
        let skill = skills.trailing_zeros();
        rows[skill as usize / 4] ^= 1 << (16 * (skill % 4) + lane);
        skills &= skills - 1;
    }
}
