//! Time, for the writer. The core takes it as an argument; here is where it comes from.

use std::time::{SystemTime, UNIX_EPOCH};

use matcher::Timestamp;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// Goes on while the machine sleeps. `std::time::Instant` does not on Linux: a laptop that was shut for an hour would wake
/// up with every offer as fresh as it was.
#[cfg(any(target_os = "linux", target_os = "android"))]
const BOOT_TIME: ClockId = ClockId::Boottime;
/// Elsewhere there is no such clock that is always there: a sleep shows as time that did not pass.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const BOOT_TIME: ClockId = ClockId::Monotonic;

/// Two clocks: one that people read and one that never jumps.
pub trait Clock: Send + 'static {
    /// Milliseconds since 1970, as the machine believes; may jump.
    fn wall_ms(&self) -> i64;
    /// Milliseconds since some start; never falls, never jumps, and counts the time that the machine was asleep.
    fn steady_ms(&self) -> u64;
}

/// The machine's own clocks. The steady one counts from its boot, so it is the same for everybody who asks.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn wall_ms(&self) -> i64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
        }
    }

    fn steady_ms(&self) -> u64 {
        let Timespec { tv_sec, tv_nsec } = clock_gettime(BOOT_TIME);
        // Neither is ever negative on this clock.
        tv_sec.unsigned_abs() * 1_000 + tv_nsec.unsigned_abs() / 1_000_000
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
    /// Ties the steady clock to the calendar as they stand: to `store_ms`, the calendar of a store that several hubs share
    /// (milliseconds since 1970), where there is one, else to the machine's own. A calendar that was set back since
    /// `alive`, the last moment of which the log knows, is not believed: time would stand still until it has caught up,
    /// and no deadline would pass.
    pub fn drop_at(clock: &impl Clock, store_ms: Option<i64>, alive: Timestamp) -> Self {
        let wall_ms = store_ms.unwrap_or_else(|| clock.wall_ms());
        Anchor { wall_ms: wall_ms.max(alive.0), steady_ms: clock.steady_ms() }
    }

    /// The time of a batch: never before the last commit.
    pub fn now(&self, clock: &impl Clock, last_at: Timestamp) -> Timestamp {
        let since_ms = clock.steady_ms().saturating_sub(self.steady_ms);
        last_at.max(Timestamp(self.wall_ms.saturating_add_unsigned(since_ms)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// A calendar that stands at 1,000 s, and a steady clock that a test moves.
    #[derive(Default)]
    struct Clocks(AtomicU64);

    impl Clock for Clocks {
        fn wall_ms(&self) -> i64 {
            1_000_000
        }

        fn steady_ms(&self) -> u64 {
            self.0.load(Ordering::Relaxed)
        }
    }

    #[test]
    fn the_steady_clock_is_one_for_the_whole_machine_and_never_falls() {
        let (one, other) = (SystemClock, SystemClock);
        let read = [one.steady_ms(), other.steady_ms(), one.steady_ms()];
        assert!(read.is_sorted() && read[0] > 0, "{read:?}");
    }

    #[test]
    fn time_goes_on_although_the_calendar_was_set_back_an_hour() {
        let clocks = Clocks::default();
        let last_at = Timestamp(4_600_000);
        let anchor = Anchor::drop_at(&clocks, None, last_at);
        clocks.0.store(15_000, Ordering::Relaxed);
        assert_eq!(anchor.now(&clocks, last_at), Timestamp(4_615_000));
    }

    #[test]
    fn hubs_that_share_a_store_take_its_calendar() {
        let clocks = Clocks::default();
        let anchor = Anchor::drop_at(&clocks, Some(7_000_000), Timestamp(10));
        clocks.0.store(5, Ordering::Relaxed);
        assert_eq!(anchor.now(&clocks, Timestamp(10)), Timestamp(7_000_005));
    }

    #[test]
    fn a_calendar_that_is_ahead_is_believed_and_no_commit_is_older_than_the_last() {
        let clocks = Clocks::default();
        let anchor = Anchor::drop_at(&clocks, None, Timestamp(10));
        assert_eq!(anchor.now(&clocks, Timestamp(10)), Timestamp(1_000_000));
        assert_eq!(anchor.now(&clocks, Timestamp(2_000_000)), Timestamp(2_000_000));
    }
}
