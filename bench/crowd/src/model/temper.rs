//! What a person is like: how often he says yes, how quick he is.

use matcher::{SECOND_MS, Timestamp, TravelMode};

use super::chance::{Deciles, Question, below, draw};
use super::rhythm::{self, KindKey};

/// Response rates that were measured by others lie between these (FIELD section 4: 17-47 %).
const ACCEPTS_PERMILLE: std::ops::Range<u64> = 170..471;
/// Of those who do not come, so many of a thousand say so; the others let it ring.
const SAYS_NO_PERMILLE: std::ops::Range<u64> = 200..700;
/// Of those who let it ring, so many of a thousand have at least looked.
const LOOKS_PERMILLE: u64 = 500;
/// Assignments that are given up on the way, of a thousand.
const GIVES_UP_PERMILLE: u64 = 10;

const S: u64 = SECOND_MS;
/// From the ring to the look: a telephone in the hand, in the pocket, in the next room.
const SEES: Deciles = Deciles([800, 1_500, 2_500, 3_500, 5 * S, 7 * S, 10 * S, 14 * S, 20 * S, 35 * S, 90 * S]);
/// From the look to yes or no.
const DECIDES: Deciles = Deciles([700, 1_200, 1_800, 2_500, 3_200, 4_200, 5_500, 7_500, 10_500, 16 * S, 40 * S]);
/// From yes to the door.
const SETS_OUT: Deciles =
    Deciles([5 * S, 15 * S, 25 * S, 35 * S, 50 * S, 60 * S, 80 * S, 110 * S, 150 * S, 220 * S, 420 * S]);
/// On scene.
const WORKS: Deciles = Deciles([
    60 * S,
    180 * S,
    300 * S,
    420 * S,
    600 * S,
    840 * S,
    1_080 * S,
    1_440 * S,
    1_920 * S,
    2_700 * S,
    5_400 * S,
]);

/// How many times faster than life everything goes: answers, ways, work. 1 is life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace(pub u32);

impl Pace {
    pub const LIFE: Pace = Pace(1);

    pub fn of_ms(self, life_ms: u64) -> u64 {
        life_ms / u64::from(self.0.max(1))
    }
}

/// What he will answer to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Will {
    Comes,
    SaysNo,
    /// Never answers; `looks`: has at least seen it.
    Ignores {
        looks: bool,
    },
}

/// A person's habits, fixed for life by his seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Temper {
    key: u64,
    pub accepts_permille: u64,
    pub says_no_permille: u64,
    pub travel: TravelMode,
    /// Whether how often he says yes hangs on the hour and on what it is for.
    rhythm: bool,
}

impl Temper {
    /// The person `index` of the crowd `seed`.
    pub fn of(seed: u64, index: u64) -> Self {
        let key = draw(seed, index, Question::Answers);
        let within = |range: std::ops::Range<u64>, question| {
            range.start + below(draw(key, 0, question), range.end - range.start)
        };
        Self {
            key,
            accepts_permille: within(ACCEPTS_PERMILLE, Question::Answers),
            says_no_permille: within(SAYS_NO_PERMILLE, Question::Declines),
            travel: travel(within(0..100, Question::Travel)),
            rhythm: false,
        }
    }

    /// The same person with hours of his own and likings of his own, and some eager and some hardly ever to be had: as
    /// many as it takes that who will not come can be told from his past four times in five.
    pub fn with_rhythm(self) -> Self {
        Self { accepts_permille: rhythm::eagerness_permille(self.key), rhythm: true, ..self }
    }

    /// One who comes whenever he is called.
    pub fn always_comes(self) -> Self {
        Self { accepts_permille: 1_000, rhythm: false, ..self }
    }

    /// How often he says yes at this hour (of the clock that `now` is read by) to this kind, of a thousand.
    pub fn accepts_at(&self, now: Timestamp, kind: KindKey) -> u64 {
        match self.rhythm {
            true => rhythm::accepts_permille(self.key, self.accepts_permille, now, kind),
            false => self.accepts_permille,
        }
    }

    pub(super) fn will(&self, incident: u64, now: Timestamp, kind: KindKey) -> Will {
        let permille = |question| below(draw(self.key, incident, question), 1_000);
        if permille(Question::Will) < self.accepts_at(now, kind) {
            Will::Comes
        } else if permille(Question::Declines) < self.says_no_permille {
            Will::SaysNo
        } else {
            Will::Ignores { looks: permille(Question::Looks) < LOOKS_PERMILLE }
        }
    }

    pub(super) fn sees_after_ms(&self, offer: u64) -> u64 {
        SEES.pick_ms(draw(self.key, offer, Question::SeesAfter))
    }

    pub(super) fn decides_after_ms(&self, offer: u64) -> u64 {
        DECIDES.pick_ms(draw(self.key, offer, Question::DecidesAfter))
    }

    pub(super) fn sets_out_after_ms(&self, assignment: u64) -> u64 {
        SETS_OUT.pick_ms(draw(self.key, assignment, Question::SetsOutAfter))
    }

    pub(super) fn works_for_ms(&self, assignment: u64) -> u64 {
        WORKS.pick_ms(draw(self.key, assignment, Question::WorksFor))
    }

    pub(super) fn gives_up(&self, assignment: u64) -> bool {
        below(draw(self.key, assignment, Question::GivesUp), 1_000) < GIVES_UP_PERMILLE
    }

    pub(super) fn why_not(&self, offer: u64) -> usize {
        below(draw(self.key, offer, Question::WhyNot), 4) as usize
    }
}

/// Of a hundred: 55 walk, 30 ride (an electric bicycle, mostly), 15 drive.
fn travel(percent: u64) -> TravelMode {
    match percent {
        0..55 => TravelMode::Walk,
        55..85 => TravelMode::Bicycle,
        _ => TravelMode::Car,
    }
}
