//! One person: where he lives, how he travels, what he answers and how long everything takes him. No clock, no socket,
//! no generator with hidden state: the same seed, person and question always give the same answer.

mod agenda;
mod chance;
mod person;
mod rhythm;
mod temper;
mod trip;

pub use person::{Act, Heard, Person};
pub use rhythm::KindKey;
pub use temper::{Pace, Temper};
pub use trip::{speed_m_per_s, way_ms};

#[cfg(test)]
mod tests;
