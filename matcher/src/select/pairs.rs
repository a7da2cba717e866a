//! Incidents and the volunteers near them as the rows and columns of an assignment.

use std::collections::BTreeMap;

use super::index::Index;
use super::order::{RankQuery, Turn};
use crate::assign::{PAIRS_PER_FETCH, Pair, Pairs, Problem, Row};
use crate::model::VolunteerId;

/// The pairs of several incidents with those who could go, nearest in the product order first; a pair costs [`Way::cost_ms`](super::Way::cost_ms).
/// Asks the index only for as many as the assignment needs.
pub struct NearPairs<'a> {
    index: &'a Index,
    queries: &'a [RankQuery],
    columns: BTreeMap<VolunteerId, u32>,
    volunteers: Vec<VolunteerId>,
}

impl<'a> NearPairs<'a> {
    /// One row for each query; `count` of a query is not looked at.
    pub fn new(index: &'a Index, queries: &'a [RankQuery]) -> Self {
        Self { index, queries, columns: BTreeMap::new(), volunteers: Vec::new() }
    }

    /// The problem of these rows: every volunteer of the index may be a column, and serves one row.
    pub fn problem(&self, rows: Vec<Row>) -> Problem {
        Problem { rows, capacities: vec![1; self.index.len()] }
    }

    /// Who a column is; columns are numbered as they are met.
    pub fn volunteer(&self, column: u32) -> Option<VolunteerId> {
        self.volunteers.get(column as usize).copied()
    }

    fn column(&mut self, volunteer: VolunteerId) -> u32 {
        *self.columns.entry(volunteer).or_insert_with(|| {
            self.volunteers.push(volunteer);
            self.volunteers.len() as u32 - 1
        })
    }
}

impl Pairs for NearPairs<'_> {
    fn fetch(&mut self, row: u32, skip: usize, out: &mut Vec<Pair>) {
        let count = PAIRS_PER_FETCH.max(2 * skip);
        let query = RankQuery { count, ..self.queries[row as usize] };
        let ranking = self.index.rank(&query, |_| Ok(Turn::default()));
        for ranked in ranking.found.iter().skip(skip) {
            let column = self.column(ranked.key.volunteer);
            out.push(Pair { cost: ranked.key.way.cost_ms(), column });
        }
    }
}
