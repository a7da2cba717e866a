//! Draws that hang only on who is asked about what. The order in which people are woken cannot change them, so two
//! policies can be compared on the very same people, and a replay is the same each time.

/// Bits of one draw for `subject` (an incident, an offer), told apart from other draws about it by `question`.
///
/// SplitMix64 (Steele, Lea, Flood 2014) over the mixed inputs: every bit of each input reaches every bit of the result.
pub fn draw(person: u64, subject: u64, question: Question) -> u64 {
    mix(mix(mix(person) ^ subject) ^ question as u64)
}

fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What is asked; each has draws of its own.
#[derive(Clone, Copy, Debug)]
pub enum Question {
    Answers = 1,
    Declines,
    Travel,
    Will,
    Looks,
    SeesAfter,
    DecidesAfter,
    SetsOutAfter,
    WorksFor,
    GivesUp,
    WhyNot,
    Eager,
    Sleeps,
    LikesGroup,
    LikesKind,
}

/// A number of 0 .. `below`.
pub fn below(bits: u64, below: u64) -> u64 {
    ((u128::from(bits) * u128::from(below)) >> 64) as u64
}

/// A distribution by its deciles, in milliseconds, straight lines in between: integers only, so that it is the same on
/// every machine.
pub struct Deciles(pub [u64; 11]);

impl Deciles {
    pub fn pick_ms(&self, bits: u64) -> u64 {
        let spot = below(bits, 10_000);
        let (decile, part) = ((spot / 1_000) as usize, spot % 1_000);
        let (low, high) = (self.0[decile], self.0[decile + 1]);
        low + (high - low) * part / 1_000
    }
}
