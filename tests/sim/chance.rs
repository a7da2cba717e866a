//! All that is random in one run comes from its seed, through here.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// One stream of draws. Each actor has its own, so that a change in one does not shift the draws of the others.
#[derive(Clone, Debug)]
pub struct Chance(ChaCha8Rng);

impl Chance {
    /// The stream `stream` of `seed`.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// A number of the range, ends included.
    pub fn of(&mut self, range: std::ops::RangeInclusive<u64>) -> u64 {
        self.0.random_range(range)
    }

    /// True so many times of a thousand.
    pub fn permille(&mut self, permille: u64) -> bool {
        self.of(0..=999) < permille
    }

    /// One of `items`; `None` when there is none.
    pub fn pick<T: Clone>(&mut self, items: &[T]) -> Option<T> {
        let last = items.len().checked_sub(1)?;
        Some(items[self.of(0..=last as u64) as usize].clone())
    }

    /// 128 bits, for an id.
    pub fn bits(&mut self) -> u128 {
        self.0.random()
    }
}
