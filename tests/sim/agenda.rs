//! What happens next. Things of the same millisecond happen in an order that the seed draws.

use std::collections::BTreeMap;

use super::chance::Chance;

/// Entries in order of time, milliseconds of the steady clock.
#[derive(Debug)]
pub struct Agenda<T> {
    queue: BTreeMap<(u64, u64, u64), T>,
    count: u64,
    chance: Chance,
}

impl<T> Agenda<T> {
    pub fn new(chance: Chance) -> Self {
        Self { queue: BTreeMap::new(), count: 0, chance }
    }

    pub fn add(&mut self, at_ms: u64, what: T) {
        self.count += 1;
        let among_equals = self.chance.of(0..=u64::MAX);
        self.queue.insert((at_ms, among_equals, self.count), what);
    }

    /// The next entry before `end_ms`, and its time.
    pub fn next_before(&mut self, end_ms: u64) -> Option<(u64, T)> {
        let first = self.queue.first_entry().filter(|entry| entry.key().0 < end_ms)?;
        let ((at_ms, ..), what) = first.remove_entry();
        Some((at_ms, what))
    }
}
