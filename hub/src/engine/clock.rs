//! Time, for the writer. The core takes it as an argument; here is where it comes from.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use matcher::Timestamp;

/// Two clocks: one that people read and one that never jumps.
pub trait Clock: Send + 'static {
    /// Milliseconds since 1970, as the machine believes; may jump.
    fn wall_ms(&self) -> i64;
    /// Milliseconds since some start; never falls, never jumps.
    fn steady_ms(&self) -> u64;
}

/// The machine's own clocks.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        SystemClock { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn wall_ms(&self) -> i64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
        }
    }

    fn steady_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Ties the steady clock to the calendar once, when leadership is taken: a wall clock that jumps afterwards moves no
/// deadline.
#[derive(Clone, Copy, Debug)]
pub struct Anchor {
    wall_ms: i64,
    steady_ms: u64,
}

impl Anchor {
    /// Ties the two clocks of `clock` together as they stand.
    pub fn drop_at(clock: &impl Clock) -> Self {
        Anchor { wall_ms: clock.wall_ms(), steady_ms: clock.steady_ms() }
    }

    /// The time of a batch: never before the last commit.
    pub fn now(&self, clock: &impl Clock, last_at: Timestamp) -> Timestamp {
        let since_ms = clock.steady_ms().saturating_sub(self.steady_ms);
        last_at.max(Timestamp(self.wall_ms.saturating_add_unsigned(since_ms)))
    }
}
