//! Time is an argument: the core never asks what time it is.

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z by the district's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This moment plus `ms` milliseconds; stays at the last moment there is rather than wrapping.
    pub const fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add_unsigned(ms))
    }

    pub const fn minus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_sub_unsigned(ms))
    }

    /// Milliseconds from `earlier` to this moment; 0 when `earlier` is later.
    pub const fn since_ms(self, earlier: Timestamp) -> u64 {
        let gap = self.0.saturating_sub(earlier.0);
        if gap > 0 { gap as u64 } else { 0 }
    }
}

pub const SECOND_MS: u64 = 1_000;
pub const MINUTE_MS: u64 = 60 * SECOND_MS;
pub const HOUR_MS: u64 = 60 * MINUTE_MS;
pub const DAY_MS: u64 = 24 * HOUR_MS;
