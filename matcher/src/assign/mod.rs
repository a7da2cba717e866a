//! Many incidents at once: exact minimum-cost assignment, and the crew of one incident.
//!
//! [`assign`] gives rows (incidents) their columns (volunteers) at the least total cost. Pairs are
//! fetched cheapest first and only as far as the answer can depend on them; [`gap`] then prices every
//! edge, the omitted ones too, with the duals of the answer, and returns zero exactly when nothing cheaper exists.
//! [`crew`] fills the roles of one incident, by the fewest people where one person may hold several.
//!
//! Absent here: places, skills' meaning, time. Costs are integers that the caller made.

mod crew;
mod crew_cover;
pub mod naive;
mod problem;
mod proof;
mod solve;
#[cfg(test)]
mod tests;

pub use crew::{CREW_CANDIDATES_MAX, CREW_SLOTS_MAX, Crew, CrewMember, CrewRequest, Need, crew};
pub use problem::{COST_MAX, Listed, PAIRS_PER_FETCH, Pair, Pairs, Problem, Row};
pub use proof::{Flaw, gap};
pub use solve::{Assignment, Taken, assign};
