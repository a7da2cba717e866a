//! The slow obvious answers that the fast ones must equal.

use super::crew::{Crew, CrewRequest};
use super::problem::{Listed, Problem};

/// The least total cost by trying everything: each row in turn takes every subset of its pairs that still fits.
pub fn least_total(problem: &Problem, pairs: &Listed) -> i64 {
    let mut room = problem.capacities.clone();
    from_row(problem, pairs, 0, &mut room)
}

fn from_row(problem: &Problem, pairs: &Listed, row: usize, room: &mut [u32]) -> i64 {
    match problem.rows.get(row) {
        None => 0,
        Some(asked) => from_pair(problem, pairs, (row, 0, asked.demand), room),
    }
}

fn from_pair(problem: &Problem, pairs: &Listed, at: (usize, usize, u32), room: &mut [u32]) -> i64 {
    let (row, next, wanted) = at;
    let Some(pair) = pairs.lists()[row].get(next).filter(|_| wanted > 0) else {
        let left = i64::from(wanted) * problem.rows[row].unassigned_price;
        return left + from_row(problem, pairs, row + 1, room);
    };
    let without = from_pair(problem, pairs, (row, next + 1, wanted), room);
    let column = pair.column as usize;
    if room[column] == 0 {
        return without;
    }
    room[column] -= 1;
    let with = pair.cost + from_pair(problem, pairs, (row, next + 1, wanted - 1), room);
    room[column] += 1;
    without.min(with)
}

/// How good a crew is, smaller is better: places short per role from the first role on after their sum, people, keys.
pub type CrewScore = (u32, Vec<u32>, usize, i64);

/// The best score by trying every way to give roles to candidates.
pub fn best_crew(request: &CrewRequest) -> CrewScore {
    let mut roles = vec![0; request.keys.len()];
    best_from(request, 0, &mut roles)
}

fn best_from(request: &CrewRequest, candidate: usize, roles: &mut Vec<u32>) -> CrewScore {
    if candidate == roles.len() {
        return score_roles(request, roles).unwrap_or((u32::MAX, vec![], 0, 0));
    }
    let able =
        |set: u32| (0..request.needs.len()).all(|r| set >> r & 1 == 0 || request.needs[r].able >> candidate & 1 == 1);
    let allowed = |set: &u32| able(*set) && (request.may_combine || set.count_ones() <= 1);
    let mut best: Option<CrewScore> = None;
    for set in (0..1 << request.needs.len()).filter(allowed) {
        roles[candidate] = set;
        let score = best_from(request, candidate + 1, roles);
        best = Some(best.map_or(score.clone(), |best| best.min(score)));
    }
    roles[candidate] = 0;
    best.unwrap_or((u32::MAX, vec![], 0, 0))
}

fn score_roles(request: &CrewRequest, roles: &[u32]) -> Option<CrewScore> {
    let filled = |role: usize| roles.iter().filter(|set| *set >> role & 1 == 1).count() as u32;
    let short: Option<Vec<u32>> =
        (0..request.needs.len()).map(|role| request.needs[role].count.checked_sub(filled(role))).collect();
    let called = |candidate: &usize| roles[*candidate] != 0;
    let keys = (0..roles.len()).filter(called).map(|candidate| request.keys[candidate]).sum();
    short.map(|short| (short.iter().sum(), short, (0..roles.len()).filter(called).count(), keys))
}

/// The score of a crew, or `None` when it breaks a rule.
pub fn score(request: &CrewRequest, crew: &Crew) -> Option<CrewScore> {
    let mut roles = vec![0; request.keys.len()];
    for member in &crew.members {
        let able = (0..request.needs.len())
            .all(|r| member.roles >> r & 1 == 0 || request.needs[r].able >> member.candidate & 1 == 1);
        let fits = able && member.roles != 0 && (request.may_combine || member.roles.count_ones() == 1);
        let slot = &mut roles[member.candidate as usize];
        if !fits || *slot != 0 {
            return None;
        }
        *slot = member.roles;
    }
    score_roles(request, &roles).filter(|score| score.1 == crew.short)
}
