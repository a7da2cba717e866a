//! Who could go: the skill-and-place index, the product order, waves.
//!
//! - [`Index`] holds one [`Entry`] for each volunteer; whoever owns it keeps it in step (`upsert`, `remove`, `move_to`,
//!   `set_availability`, `set_reachable`, `set_skills`)
//! - [`Index::nearest`] the nearest in plain distance, [`Index::rank`] the first in the product order,
//!   [`Index::census`] how many there are and why they are not asked
//! - [`wave`] chooses whom to ask for the open slots of an incident, with its explanation: so many, or the fewest of whom
//!   enough will come ([`Tail`])
//! - [`NearPairs`] gives many incidents at once to [`crate::assign`]
//! - [`Naive`] is the slow obvious oracle of all of these
//!
//! Absent here: time, the log, the state of incidents. What depends on those (alert budgets, who was asked already, a
//! skill that has expired) is said by the caller's [`Judge`], volunteer by volunteer, and how likely one is to come by his
//! [`Chance`].

mod entry;
mod index;
mod naive;
mod order;
mod pairs;
mod pool;
mod query;
mod tail;
#[cfg(test)]
mod tests;
mod wave;

pub use entry::{Availability, Entry};
pub use index::{Finder, Index};
pub use naive::Naive;
pub use order::{Judge, RankKey, RankQuery, Ranked, Ranking, Turn, Way, distance_m, pace_ms_per_m};
pub use pairs::NearPairs;
pub use query::{Census, Near, NearestQuery, distance_mm};
pub use tail::Tail;
pub use wave::{Chance, Chosen, Wave, WaveQuery, wave};
