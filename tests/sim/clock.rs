//! Virtual time of the one machine that everything runs on.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use hub::engine::clock::Clock;

/// 2026-01-01T00:00:00Z.
const START_MS: i64 = 1_767_225_600_000;

/// Two clocks that move only when the world moves them.
#[derive(Clone, Debug, Default)]
pub struct SimClock(Arc<Times>);

#[derive(Debug, Default)]
struct Times {
    steady_ms: AtomicU64,
    jumped_ms: AtomicI64,
}

impl SimClock {
    pub fn set_ms(&self, steady_ms: u64) {
        self.0.steady_ms.store(steady_ms, Ordering::Relaxed);
    }

    /// Moves the calendar, as an operator or a time server does; the steady clock does not notice.
    pub fn jump_wall_ms(&self, by_ms: i64) {
        self.0.jumped_ms.fetch_add(by_ms, Ordering::Relaxed);
    }
}

impl Clock for SimClock {
    fn wall_ms(&self) -> i64 {
        START_MS + self.steady_ms() as i64 + self.0.jumped_ms.load(Ordering::Relaxed)
    }

    fn steady_ms(&self) -> u64 {
        self.0.steady_ms.load(Ordering::Relaxed)
    }
}
