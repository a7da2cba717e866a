//! How long a client may be silent, counted only while the hub listens.

use std::time::Duration;

use wire::HELLO_TIMEOUT_MS;

/// A wait that took this much longer than asked for says that the hub was late, not the client.
const LATE_MAX: Duration = Duration::from_millis(100);
/// A hub that has been late for so long asks the client to come back instead.
const BUSY_MAX: Duration = Duration::from_secs(30);

/// What one waits for a client's first word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Patience {
    /// Waits in which the hub listened all the time.
    listened: Duration,
    /// Waits in which it was late.
    late: Duration,
}

/// What follows from a wait in which nothing was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Listen,
    /// The client had its time and said nothing.
    Silent,
    /// The hub could not listen.
    Busy,
}

impl Patience {
    /// One wait.
    pub const SLICE: Duration = Duration::from_millis(500);

    /// A wait of [`Self::SLICE`] went by in silence and took `took`.
    pub fn spend(&mut self, took: Duration) -> Verdict {
        if took > Self::SLICE + LATE_MAX {
            self.late += took;
        } else {
            self.listened += Self::SLICE;
        }
        if self.listened >= Duration::from_millis(HELLO_TIMEOUT_MS) {
            Verdict::Silent
        } else if self.late >= BUSY_MAX {
            Verdict::Busy
        } else {
            Verdict::Listen
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(waits: impl IntoIterator<Item = Duration>) -> (usize, Verdict) {
        let (mut patience, mut count) = (Patience::default(), 0);
        for took in waits {
            count += 1;
            let verdict = patience.spend(took);
            if verdict != Verdict::Listen {
                return (count, verdict);
            }
        }
        (count, Verdict::Listen)
    }

    #[test]
    fn a_silent_client_has_five_seconds() {
        assert_eq!(verdict(std::iter::repeat(Patience::SLICE)), (10, Verdict::Silent));
    }

    #[test]
    fn a_hub_that_is_late_takes_nothing_of_the_clients_time() {
        let late = Duration::from_secs(4);
        let waits = [late, Patience::SLICE, late, Patience::SLICE, late].into_iter();
        assert_eq!(verdict(waits.clone()), (5, Verdict::Listen));
        assert_eq!(verdict(waits.chain(std::iter::repeat(Patience::SLICE))).1, Verdict::Silent);
        assert_eq!(verdict(std::iter::repeat(late)), (8, Verdict::Busy), "and then it says so itself");
    }
}
