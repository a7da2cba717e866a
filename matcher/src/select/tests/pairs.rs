use proptest::prelude::*;

use super::equal::{anyone_of, query};
use super::*;
use crate::assign::{Listed, Pair, Problem, Row, assign, gap};

/// All pairs written out: everybody whom each query finds.
fn all_pairs(index: &Index, queries: &[RankQuery]) -> (Problem, Listed) {
    let pairs = |query: &RankQuery| {
        let found = index.rank(&RankQuery { count: usize::MAX, ..*query }, |_| Ok(Turn::default())).found;
        let pair =
            |ranked: &Ranked| Pair { cost: ranked.key.way.cost_ms(), column: ranked.key.volunteer.number() as u32 };
        found.iter().map(pair).collect()
    };
    (Problem { rows: rows(queries), capacities: vec![1; 200] }, Listed::new(queries.iter().map(pairs).collect()))
}

fn rows(queries: &[RankQuery]) -> Vec<Row> {
    queries.iter().map(|_| Row { demand: 2, unassigned_price: 1 << 29 }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn the_nearest_are_enough_for_the_best_assignment(
        entries in prop::collection::vec(anyone_of(199), 0..199),
        queries in prop::collection::vec(query(), 0..12),
    ) {
        let index: Index = entries.into_iter().collect();
        let (problem, mut listed) = all_pairs(&index, &queries);
        let mut near = NearPairs::new(&index, &queries);
        let near_problem = near.problem(rows(&queries));
        let answer = assign(&near_problem, &mut near);
        prop_assert_eq!(gap(&near_problem, &mut near, &answer), Ok(0));
        prop_assert_eq!(answer.total, assign(&problem, &mut listed).total);
    }
}
