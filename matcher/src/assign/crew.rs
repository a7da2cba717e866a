//! Who fills the roles of one incident, exactly.
//!
//! In this order: as many places filled as can be; earlier roles before later ones where not all can; the fewest people;
//! the least sum of keys. So a person with two scarce skills is kept for the role that
//! nobody else can fill, and where the plan lets one person hold several roles nobody is called for nothing.

use super::crew_cover::cover;
use super::problem::{Listed, Pair, Problem, Row};
use super::solve::assign;

/// Most candidates that [`crew`] considers; give the nearest of each role.
pub const CREW_CANDIDATES_MAX: usize = 64;
/// Most places, all roles together: the slots of one incident.
pub const CREW_SLOTS_MAX: usize = crate::model::SLOTS_MAX;
/// Combining is exact up to this many ways of being short, which 16 places never exceed; beyond it each person holds one role.
const COVER_STATES_MAX: usize = 1 << 16;
/// Keys are compared up to this (travel time in ms: six days); dearer ones count as this.
const KEY_MAX: i64 = 1 << 29;
/// What an earlier role's place is worth over a later one's: more than any sum of keys.
const ROLE_STEP: i64 = 1 << 34;

/// One role to fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// Different people wanted.
    pub count: u32,
    /// Bit `i`: candidate `i` can do it.
    pub able: u64,
}

/// The roles of one incident and the keys of those who could come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CrewRequest {
    /// Most important first.
    pub needs: Vec<Need>,
    /// What each candidate costs, smaller is better; usually the travel time in ms.
    pub keys: Vec<i64>,
    /// One person may hold several roles (never one role twice). Only where there are at most 2^16 ways to be short,
    /// which holds for any 16 places; above that each person holds one.
    pub may_combine: bool,
}

/// One candidate and the roles they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CrewMember {
    pub candidate: u32,
    /// Bit `i`: holds `needs[i]`.
    pub roles: u32,
}

/// The answer of [`crew`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Crew {
    /// By candidate.
    pub members: Vec<CrewMember>,
    /// Places of each role left empty.
    pub short: Vec<u32>,
}

/// Fills the roles: exact, except that with more than 16 places people may not be combined (see [`CrewRequest`]).
///
/// # Panics
/// Above [`CREW_CANDIDATES_MAX`] candidates or [`CREW_SLOTS_MAX`] places or roles: the caller keeps to both.
pub fn crew(request: &CrewRequest) -> Crew {
    let slots: u32 = request.needs.iter().map(|need| need.count).sum();
    let places = request.needs.len().max(slots as usize);
    assert!(places <= CREW_SLOTS_MAX, "{places} places; a plan has at most {CREW_SLOTS_MAX}");
    let candidates = request.keys.len();
    assert!(candidates <= CREW_CANDIDATES_MAX, "{candidates} candidates; give at most {CREW_CANDIDATES_MAX}");
    let keys: Vec<i64> = request.keys.iter().map(|&key| key.clamp(0, KEY_MAX)).collect();
    let ways: usize = request.needs.iter().map(|need| need.count as usize + 1).fold(1, usize::saturating_mul);
    let combine = request.may_combine && ways <= COVER_STATES_MAX;
    let members = if combine { cover(&request.needs, &keys) } else { separate(&request.needs, &keys) };
    let short = shortage(&request.needs, &members);
    Crew { members, short }
}

/// Each person holds one role: the assignment problem, an earlier role being dearer to leave empty.
///
/// The sets of places that can be filled together form a matroid, so the dearest such set is also a largest one.
fn separate(needs: &[Need], keys: &[i64]) -> Vec<CrewMember> {
    let row = |(role, need): (usize, &Need)| Row {
        demand: need.count,
        unassigned_price: ROLE_STEP * (needs.len() - role) as i64,
    };
    let problem = Problem { rows: needs.iter().enumerate().map(row).collect(), capacities: vec![1; keys.len()] };
    let answer = assign(&problem, &mut Listed::new(needs.iter().map(|need| able_pairs(need, keys)).collect()));
    let member = |pair: &super::Taken| CrewMember { candidate: pair.column, roles: 1 << pair.row };
    let mut members: Vec<CrewMember> = answer.taken.iter().map(member).collect();
    members.sort_unstable();
    members
}

fn able_pairs(need: &Need, keys: &[i64]) -> Vec<Pair> {
    let able = |&(candidate, _): &(usize, &i64)| need.able >> candidate & 1 == 1;
    let pair = |(candidate, &cost): (usize, &i64)| Pair { cost, column: candidate as u32 };
    keys.iter().enumerate().filter(able).map(pair).collect()
}

fn shortage(needs: &[Need], members: &[CrewMember]) -> Vec<u32> {
    let filled = |role: usize| members.iter().filter(|member| member.roles >> role & 1 == 1).count() as u32;
    needs.iter().enumerate().map(|(role, need)| need.count - filled(role)).collect()
}
