//! Where the volunteers of a cell lie: chunks of sixteen lanes, every property a row of sixteen bits.
//!
//! A cell is a chain of chunks; all but the first are full, because a hole is filled from the first (swap-remove). Skills
//! are stored turned over: one 16-bit row for each skill says which lanes have it, so a query reads one row instead of
//! sixteen sets, and an AND of rows gives the lanes to measure.

use super::super::entry::Availability;
use crate::model::TravelMode;

/// Lanes of a chunk.
pub(super) const LANES: u32 = 16;
/// End of a chain, or no chunk.
pub(super) const NONE: u32 = u32::MAX;

/// Rows of lanes that say what somebody is, beside the skills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Present,
    Ready,
    Resting,
    Engaged,
    Reachable,
    Walk,
    Bicycle,
    Car,
}

const MARKS: usize = 8;

impl Mark {
    const ALL: [Self; MARKS] = [
        Self::Present,
        Self::Ready,
        Self::Resting,
        Self::Engaged,
        Self::Reachable,
        Self::Walk,
        Self::Bicycle,
        Self::Car,
    ];

    pub(super) fn of_travel(travel: TravelMode) -> Self {
        match travel {
            TravelMode::Walk => Self::Walk,
            TravelMode::Bicycle => Self::Bicycle,
            TravelMode::Car => Self::Car,
        }
    }

    /// Off duty is no mark at all.
    fn of_availability(availability: Availability) -> Option<Self> {
        match availability {
            Availability::Ready => Some(Self::Ready),
            Availability::Resting => Some(Self::Resting),
            Availability::Engaged => Some(Self::Engaged),
            Availability::OffDuty => None,
        }
    }
}

/// What the rows say of one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Card {
    pub(super) skills: u128,
    pub(super) travel: TravelMode,
    pub(super) availability: Availability,
    pub(super) reachable: bool,
}

impl Card {
    /// On duty and not engaged: to be found by queries.
    pub(super) fn askable(&self) -> bool {
        matches!(self.availability, Availability::Ready | Availability::Resting)
    }

    fn has(&self, mark: Mark) -> bool {
        match mark {
            Mark::Present => true,
            Mark::Reachable => self.reachable,
            mark => Some(mark) == Mark::of_availability(self.availability) || mark == Mark::of_travel(self.travel),
        }
    }
}

/// One chunk without its skills and places: its chain and its marks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks {
    pub(super) next: u32,
    cell: u32,
    rows: [u16; MARKS],
}

impl Marks {
    /// A chunk of one: lane 0 is as `card` says.
    pub(super) fn of(card: &Card) -> Self {
        Self { next: NONE, cell: NONE, rows: Mark::ALL.map(|mark| u16::from(card.has(mark))) }
    }

    pub(super) fn availability(&self, availability: Availability) -> u16 {
        match Mark::of_availability(availability) {
            Some(mark) => self.row(mark),
            None => {
                let on = [Mark::Ready, Mark::Resting, Mark::Engaged].map(|mark| self.row(mark));
                self.row(Mark::Present) & !(on[0] | on[1] | on[2])
            }
        }
    }

    /// How the volunteer of a lane travels.
    pub(super) fn travel(&self, lane: u32) -> TravelMode {
        let has = |mark: Mark| self.row(mark) >> (lane % LANES) & 1 == 1;
        match () {
            () if has(Mark::Car) => TravelMode::Car,
            () if has(Mark::Bicycle) => TravelMode::Bicycle,
            () => TravelMode::Walk,
        }
    }

    pub(super) fn row(&self, mark: Mark) -> u16 {
        self.rows[mark as usize]
    }
}

/// Fixed-point offsets in the cell, one cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Offsets {
    x: [u16; LANES as usize],
    y: [u16; LANES as usize],
}

/// A lane's address: chunk * 16 + lane.
pub(super) type Lane = u32;

#[derive(Clone, Debug)]
pub(super) struct Chunks {
    heads: Vec<u32>,
    marks: Vec<Marks>,
    offsets: Vec<Offsets>,
    seats: Vec<[u32; LANES as usize]>,
    /// Four skills' rows to a word.
    skills: Vec<u64>,
    words: usize,
    free: Vec<u32>,
}

impl Chunks {
    /// No volunteers in `cells` cells, with rows for the skills 0 .. `4 * words`.
    pub(super) fn new(cells: usize, words: usize) -> Self {
        Self {
            heads: vec![NONE; cells],
            marks: Vec::new(),
            offsets: Vec::new(),
            seats: Vec::new(),
            skills: Vec::new(),
            words,
            free: Vec::new(),
        }
    }

    pub(super) fn head(&self, cell: u32) -> u32 {
        self.heads[cell as usize]
    }

    pub(super) fn marks(&self, chunk: u32) -> &Marks {
        &self.marks[chunk as usize]
    }

    /// Every chunk that is in use.
    pub(super) fn chunks(&self) -> impl Iterator<Item = u32> {
        (0..self.marks.len() as u32).filter(|&chunk| self.marks(chunk).row(Mark::Present) != 0)
    }

    /// The lanes of a chunk that have all of `skills`.
    #[inline]
    pub(super) fn lanes_with(&self, chunk: u32, mut skills: u128) -> u16 {
        let mut lanes = u16::MAX;
        while skills != 0 {
            lanes &= self.skill_row(chunk, skills.trailing_zeros() as usize);
            skills &= skills - 1;
        }
        lanes
    }

    /// The lanes of a chunk that have one skill.
    #[inline]
    pub(super) fn skill_row(&self, chunk: u32, skill: usize) -> u16 {
        if skill / 4 >= self.words {
            return 0;
        }
        (self.skills[chunk as usize * self.words + skill / 4] >> (16 * (skill % 4))) as u16
    }

    /// Whether a cell has somebody on duty and not engaged of a row of the maps (0: anybody, s + 1: skill s).
    pub(super) fn any_askable(&self, cell: u32, row: usize) -> bool {
        let mut chunk = self.head(cell);
        while chunk != NONE {
            let marks = self.marks(chunk);
            let with = if row == 0 { u16::MAX } else { self.skill_row(chunk, row - 1) };
            if with & (marks.row(Mark::Ready) | marks.row(Mark::Resting)) != 0 {
                return true;
            }
            chunk = marks.next;
        }
        false
    }

    /// Offsets in the cell and seat of a lane.
    #[inline]
    pub(super) fn lane(&self, chunk: u32, lane: u32) -> (u16, u16, u32) {
        let (offsets, lane) = (&self.offsets[chunk as usize], (lane % LANES) as usize);
        (offsets.x[lane], offsets.y[lane], self.seats[chunk as usize][lane])
    }

    pub(super) fn cell(&self, lane: Lane) -> u32 {
        self.marks(lane / LANES).cell
    }

    pub(super) fn set_offsets(&mut self, lane: Lane, x: u16, y: u16) {
        let offsets = &mut self.offsets[(lane / LANES) as usize];
        let lane = (lane % LANES) as usize;
        (offsets.x[lane], offsets.y[lane]) = (x, y);
    }

    /// All that the rows say of a lane.
    pub(super) fn card(&self, lane: Lane) -> Card {
        let marks = self.marks(lane / LANES);
        let has = |mark: Mark| marks.row(mark) >> (lane % LANES) & 1 == 1;
        let availability = match () {
            () if has(Mark::Ready) => Availability::Ready,
            () if has(Mark::Resting) => Availability::Resting,
            () if has(Mark::Engaged) => Availability::Engaged,
            () => Availability::OffDuty,
        };
        Card { skills: self.skills(lane), travel: marks.travel(lane), availability, reachable: has(Mark::Reachable) }
    }

    /// Writes the marks of a lane, not its skills.
    pub(super) fn set_marks(&mut self, lane: Lane, card: &Card) {
        let bit = 1 << (lane % LANES);
        let rows = &mut self.marks[(lane / LANES) as usize].rows;
        for mark in Mark::ALL {
            let row = &mut rows[mark as usize];
            *row = if card.has(mark) { *row | bit } else { *row & !bit };
        }
    }

    /// The skills of a lane, read across the rows four at a time.
    fn skills(&self, lane: Lane) -> u128 {
        const ONE_OF_EACH: u64 = 0x0001_0001_0001_0001;
        const GATHER: u64 = 1 << 48 | 1 << 33 | 1 << 18 | 1 << 3;
        let first = (lane / LANES) as usize * self.words;
        let gather = |word: &u64| ((word >> (lane % LANES) & ONE_OF_EACH).wrapping_mul(GATHER) >> 48) & 0xf;
        let words = self.skills[first..first + self.words].iter().enumerate();
        words.fold(0, |skills, (place, word)| skills | u128::from(gather(word)) << (4 * place))
    }

    /// Turns the bits of `skills` over for one lane: from absent to present, or back.
    pub(super) fn flip_skills(&mut self, lane: Lane, mut skills: u128) {
        let first = (lane / LANES) as usize * self.words;
        while skills != 0 {
            let skill = skills.trailing_zeros() as usize;
            self.skills[first + skill / 4] ^= 1 << (16 * (skill % 4) + (lane % LANES) as usize);
            skills &= skills - 1;
        }
    }

    /// Makes room for skills up to `4 * words`.
    pub(super) fn widen(&mut self, words: usize) {
        let mut skills = vec![0; self.marks.len() * words];
        for (to, from) in skills.chunks_mut(words).zip(self.skills.chunks(self.words.max(1))) {
            to[..from.len()].copy_from_slice(from);
        }
        (self.skills, self.words) = (skills, words);
    }

    pub(super) fn words(&self) -> usize {
        self.words
    }

    /// Puts somebody into the first free lane of a cell.
    pub(super) fn add(&mut self, cell: u32, seat: u32, card: &Card) -> Lane {
        let head = self.head(cell);
        let full = head == NONE || self.marks(head).row(Mark::Present) == u16::MAX;
        let chunk = if full { self.push_chunk(cell) } else { head };
        let lane = chunk * LANES + self.marks(chunk).row(Mark::Present).trailing_ones();
        self.seats[chunk as usize][(lane % LANES) as usize] = seat;
        self.set_marks(lane, card);
        self.flip_skills(lane, card.skills);
        lane
    }

    /// Empties a lane. When another volunteer was moved into it, says who, so that their address can be corrected.
    pub(super) fn remove(&mut self, lane: Lane, skills: u128) -> Option<u32> {
        self.flip_skills(lane, skills);
        let cell = self.cell(lane);
        let head = self.head(cell);
        let last = head * LANES + self.marks(head).row(Mark::Present).ilog2();
        let moved = (last != lane).then(|| self.move_lane(last, lane));
        for row in &mut self.marks[head as usize].rows {
            *row &= !(1 << (last % LANES));
        }
        if self.marks(head).row(Mark::Present) == 0 {
            self.heads[cell as usize] = self.marks(head).next;
            self.free.push(head);
        }
        moved
    }

    fn move_lane(&mut self, from: Lane, to: Lane) -> u32 {
        let (x, y, seat) = self.lane(from / LANES, from);
        self.set_offsets(to, x, y);
        self.seats[(to / LANES) as usize][(to % LANES) as usize] = seat;
        let card = self.card(from);
        self.set_marks(to, &card);
        self.flip_skills(from, card.skills);
        self.flip_skills(to, card.skills);
        seat
    }

    fn push_chunk(&mut self, cell: u32) -> u32 {
        let marks = Marks { next: self.head(cell), cell, rows: [0; MARKS] };
        let chunk = match self.free.pop() {
            Some(chunk) => {
                self.marks[chunk as usize] = marks;
                chunk
            }
            None => {
                self.marks.push(marks);
                self.offsets.push(Offsets { x: [0; LANES as usize], y: [0; LANES as usize] });
                self.seats.push([NONE; LANES as usize]);
                self.skills.resize(self.skills.len() + self.words, 0);
                self.marks.len() as u32 - 1
            }
        };
        self.heads[cell as usize] = chunk;
        chunk
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.heads.capacity() * size_of::<u32>()
            + self.marks.capacity() * size_of::<Marks>()
            + self.offsets.capacity() * size_of::<Offsets>()
            + self.seats.capacity() * size_of::<[u32; LANES as usize]>()
            + self.skills.capacity() * size_of::<u64>()
            + self.free.capacity() * size_of::<u32>()
    }
}
