//! What the log teaches about who accepts when: counts that only [`evolve`](super::evolve) moves, whole numbers throughout, so
//! that a replay learns exactly what was learnt live.
//!
//! - [`Habit`] of one volunteer: what he was asked and what he accepted, by kind and band of the day; a few bytes
//! - [`Custom`] of a grid, or of the district, for one kind: the same for everybody who lives there
//! - [`Haste`] of the district: how soon answers come, so that an offer withdrawn early counts as a part of an ask
//!
//! Learning begins with the first plan whose waves are to fit. A log without one leaves no trace here.
//!
//! Absent here: what is made of it. That is `decide::chance`.

mod custom;
mod habit;
mod haste;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::*;
use crate::shared;

pub use custom::{CUSTOMS_MAX, Count, Custom};
pub use habit::{Cell, HABIT_CELLS_MAX, Habit, REST};
pub use haste::{Answered, Haste};

/// Bands of the day, four hours each, from midnight UTC. A district in China has its own midnight at the seam of two.
pub const BANDS: usize = 6;
/// One ask, or one yes, in the unit of all counts.
pub const ASK: u32 = 8;

/// The band of the day that a moment lies in, 0 .. [`BANDS`].
pub fn band_of(at: Timestamp) -> u8 {
    let band_ms = (DAY_MS / BANDS as u64) as i64;
    (at.0.rem_euclid(DAY_MS as i64) / band_ms) as u8
}

/// A kind of incident as counts know it: 1 ..= [`PLANS_MAX`] in the order in which plans came, 0 for all kinds without one.
pub type KindNumber = u16;

/// What is learnt of the district as a whole, from its beginning on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Learning {
    #[serde(with = "shared")]
    kinds: Arc<BTreeMap<KindCode, KindNumber>>,
    pub haste: Haste,
    /// Records of [`Custom`] that there are.
    pub customs: u32,
}

impl Learning {
    /// Gives each kind its number for ever.
    pub fn know<'a>(&mut self, kinds: impl Iterator<Item = &'a KindCode>) {
        for kind in kinds {
            let next = self.kinds.len() as KindNumber + 1;
            if !self.kinds.contains_key(kind) {
                Arc::make_mut(&mut self.kinds).insert(kind.clone(), next);
            }
        }
    }

    pub fn number(&self, kind: &str) -> KindNumber {
        self.kinds.get(kind).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
