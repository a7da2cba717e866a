//! What the world does next, in order of time and, at one moment, in the order it was written down.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use matcher::Timestamp;

#[derive(Debug)]
pub struct Agenda<T> {
    heap: BinaryHeap<Reverse<(Timestamp, u64, T)>>,
    written: u64,
}

impl<T: Ord> Default for Agenda<T> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), written: 0 }
    }
}

impl<T: Ord> Agenda<T> {
    pub fn add(&mut self, at: Timestamp, item: T) {
        self.written += 1;
        self.heap.push(Reverse((at, self.written, item)));
    }

    pub fn next_at(&self) -> Option<Timestamp> {
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }

    pub fn take(&mut self) -> Option<(Timestamp, T)> {
        self.heap.pop().map(|Reverse((at, _, item))| (at, item))
    }
}
