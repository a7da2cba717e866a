//! The fewest people who cover all roles when one person may hold several: set multicover by dynamic programming.
//!
//! The state is how many places each role still lacks, so at most 2^16 states for 16 places, and a handful for the plans
//! that people write. Candidates are taken one after the other; for each the better of "without" and "with" is kept.

use super::crew::{CrewMember, Need};

/// One person weighs more than any sum of keys (64 candidates of at most 2^29).
const PERSON: i64 = 1 << 37;
const UNREACHED: i64 = i64::MAX / 2;

/// The members of the cheapest cover, roles given out in the order of candidates.
pub(super) fn cover(needs: &[Need], keys: &[i64]) -> Vec<CrewMember> {
    let lacking = Lacking::new(needs, keys.len());
    let chosen = choose(&lacking, keys);
    give_roles(&lacking, chosen)
}

/// Mixed-radix numbering of "what each role still lacks"; a role asks no more than its able candidates can give.
struct Lacking {
    counts: Vec<usize>,
    able: Vec<u64>,
    strides: Vec<usize>,
    states: usize,
}

impl Lacking {
    fn new(needs: &[Need], candidates: usize) -> Self {
        let known = if candidates >= 64 { u64::MAX } else { (1 << candidates) - 1 };
        let able: Vec<u64> = needs.iter().map(|need| need.able & known).collect();
        let count = |(need, able): (&Need, &u64)| need.count.min(able.count_ones()) as usize;
        let counts: Vec<usize> = needs.iter().zip(&able).map(count).collect();
        let mut states = 1;
        let mut strides = Vec::new();
        for count in &counts {
            strides.push(states);
            states *= count + 1;
        }
        Self { counts, able, strides, states }
    }

    /// The state after `candidate` has taken one place of each role they can do and that lacks somebody.
    fn after(&self, state: usize, candidate: usize) -> usize {
        self.roles_of(state, candidate).fold(state, |state, role| state - self.strides[role])
    }

    fn roles_of(&self, state: usize, candidate: usize) -> impl Iterator<Item = usize> {
        (0..self.counts.len()).filter(move |&role| {
            let lacks = state / self.strides[role] % (self.counts[role] + 1);
            lacks > 0 && self.able[role] >> candidate & 1 == 1
        })
    }
}

/// Bit set of the candidates of the cheapest cover. Going backwards makes the walk forward prefer early candidates.
fn choose(lacking: &Lacking, keys: &[i64]) -> u64 {
    let mut cost = vec![UNREACHED; lacking.states];
    cost[0] = 0;
    let mut with = vec![0u64; lacking.states];
    for candidate in (0..keys.len()).rev() {
        // A state only depends on smaller ones, so going down reads the costs of the candidates behind this one.
        for state in (1..lacking.states).rev() {
            let after = lacking.after(state, candidate);
            let joined = cost[after] + PERSON + keys[candidate];
            if after != state && joined <= cost[state] {
                cost[state] = joined;
                with[state] |= 1 << candidate;
            }
        }
    }
    walk(lacking, &with, keys.len())
}

fn walk(lacking: &Lacking, with: &[u64], candidates: usize) -> u64 {
    let mut state = lacking.states - 1;
    let mut chosen = 0;
    for candidate in 0..candidates {
        if with[state] >> candidate & 1 == 1 {
            chosen |= 1 << candidate;
            state = lacking.after(state, candidate);
        }
    }
    chosen
}

fn give_roles(lacking: &Lacking, chosen: u64) -> Vec<CrewMember> {
    let mut state = lacking.states - 1;
    let mut members = Vec::new();
    for candidate in (0..64).filter(|candidate| chosen >> candidate & 1 == 1) {
        let roles = lacking.roles_of(state, candidate).fold(0, |roles, role| roles | 1 << role);
        state = lacking.after(state, candidate);
        members.push(CrewMember { candidate: candidate as u32, roles });
    }
    members
}
