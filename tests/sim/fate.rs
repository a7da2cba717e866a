//! What may become of one write, and how often.

use super::chance::Chance;

/// What the journal says at the end of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// What happened.
    Truth,
    /// That it does not know, whatever happened.
    Unknown,
    /// That it failed; only said of a write that never lands.
    Failed,
}

/// The course of one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    /// When it becomes durable, from its beginning; `None`: never.
    pub lands_after_ms: Option<u64>,
    /// When the writer hears of it; may be before it lands, if it is told that nothing is known.
    pub told_after_ms: u64,
    pub says: Says,
}

impl Fate {
    /// A healthy disk.
    pub fn good(chance: &mut Chance) -> Self {
        let lands = chance.of(0..=4);
        Self { lands_after_ms: Some(lands), told_after_ms: lands + chance.of(0..=2), says: Says::Truth }
    }

    /// A disk, or a way to it, that fails now and then.
    pub fn shaky(chance: &mut Chance) -> Self {
        let slow = chance.of(200..=6_000);
        match chance.of(0..=99) {
            0..=2 => Self { lands_after_ms: None, told_after_ms: chance.of(0..=50), says: Says::Failed },
            3 => Self { lands_after_ms: None, told_after_ms: slow, says: Says::Unknown },
            4..=5 => Self { lands_after_ms: Some(chance.of(0..=20)), told_after_ms: slow, says: Says::Unknown },
            6 => Self { lands_after_ms: Some(slow), told_after_ms: slow / 4, says: Says::Unknown },
            7..=9 => Self { lands_after_ms: Some(slow), told_after_ms: slow + chance.of(0..=40), says: Says::Truth },
            _ => Self::good(chance),
        }
    }
}
