//! What a grid, or the whole district, is used to: how many of those asked accept, by kind and band of the day.

use serde::{Deserialize, Serialize};

use super::{ASK, BANDS, KindNumber};
use crate::model::GridId;

/// Records that are kept; above it a grid's kind that is new is counted for the district only.
pub const CUSTOMS_MAX: u32 = 50_000;
/// Asks of one band after which all that came before counts half.
const ASKS_MAX: u32 = 4_096 * ASK;
/// Kinds of one grid lie side by side: more than there are numbers of kinds.
const KINDS: u64 = 512;
/// All kinds together.
const EVERY: u64 = KINDS - 1;

/// Asked and accepted, in parts of an ask ([`ASK`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u32, u32)", into = "(u32, u32)")]
pub struct Count {
    pub asked: u32,
    pub accepted: u32,
}

impl From<(u32, u32)> for Count {
    fn from((asked, accepted): (u32, u32)) -> Self {
        Self { asked, accepted }
    }
}

impl From<Count> for (u32, u32) {
    fn from(count: Count) -> Self {
        (count.asked, count.accepted)
    }
}

/// For all who live on a grid, or in the district, and one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Custom {
    pub(in crate::state) key: u64,
    pub bands: [Count; BANDS],
}

impl Custom {
    pub fn new(key: u64) -> Self {
        Self { key, bands: [Count::default(); BANDS] }
    }

    /// The key of a grid's custom for a kind.
    pub fn of_grid(grid: GridId, kind: KindNumber) -> u64 {
        grid.number() * KINDS + u64::from(kind)
    }

    /// The key of the district's custom for a kind.
    pub fn of_district(kind: KindNumber) -> u64 {
        u64::from(kind)
    }

    /// The key of the district's custom for all kinds together.
    pub fn of_all() -> u64 {
        EVERY
    }

    pub fn add(&mut self, band: u8, asked: u32, accepted: u32) {
        let count = &mut self.bands[usize::from(band)];
        count.asked += asked;
        count.accepted += accepted;
        if count.asked > ASKS_MAX {
            *count = Count { asked: count.asked / 2, accepted: count.accepted / 2 };
        }
    }
}
