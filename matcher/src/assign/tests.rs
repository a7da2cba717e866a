use super::naive::{best_crew, least_total, score};
use super::*;
use proptest::prelude::*;

/// Solves, proves, and returns the answer.
fn solve(problem: &Problem, pairs: &Listed) -> Assignment {
    let answer = assign(problem, &mut pairs.clone());
    assert_eq!(gap(problem, &mut pairs.clone(), &answer), Ok(0), "the duals must prove the answer");
    answer
}

fn square(costs: &[i64], n: usize, unassigned_price: i64) -> (Problem, Listed) {
    let rows = vec![Row { demand: 1, unassigned_price }; n];
    (Problem { rows, capacities: vec![1; n] }, Listed::dense(costs, n))
}

#[test]
fn the_scarce_column_goes_where_it_saves_most() {
    // Greedy gives row 0 its nearest (1) and row 1 then pays 100.
    let (problem, pairs) = square(&[1, 2, 3, 100], 2, 1_000);
    let answer = solve(&problem, &pairs);
    assert_eq!(answer.total, 5);
    let columns: Vec<u32> = answer.taken.iter().map(|pair| pair.column).collect();
    assert_eq!(columns, [1, 0]);
}

#[test]
fn a_pair_dearer_than_the_price_is_left_unassigned() {
    let (problem, pairs) = square(&[5, 50, 5, 50], 2, 20);
    let answer = solve(&problem, &pairs);
    assert_eq!((answer.total, answer.unassigned.iter().sum::<u32>()), (25, 1));
}

#[test]
fn nothing_asked_and_nobody_there_are_answers_too() {
    let none = solve(&Problem::default(), &Listed::default());
    assert_eq!((none.total, none.taken.len()), (0, 0));
    let rows = vec![Row { demand: 3, unassigned_price: 7 }];
    let alone = solve(&Problem { rows, capacities: vec![] }, &Listed::new(vec![vec![]]));
    assert_eq!((alone.total, alone.unassigned), (21, vec![3]));
}

#[test]
fn only_the_pairs_that_matter_are_fetched() {
    let n: usize = 200;
    let costs: Vec<i64> = (0..n * n).map(|i| ((i / n).abs_diff(i % n) * 10) as i64).collect();
    let (problem, pairs) = square(&costs, n, 1_000_000);
    let answer = solve(&problem, &pairs);
    assert_eq!(answer.total, 0);
    assert_eq!(answer.pairs_fetched, n * PAIRS_PER_FETCH);
}

#[test]
fn the_proof_refuses_what_is_wrong() {
    let (problem, pairs) = square(&[1, 2, 3, 100], 2, 1_000);
    let good = solve(&problem, &pairs);
    let check = |answer: &Assignment| gap(&problem, &mut pairs.clone(), answer);

    let mut greedy = good.clone();
    greedy.taken = vec![Taken { row: 0, column: 0, cost: 1 }, Taken { row: 1, column: 1, cost: 100 }];
    greedy.total = 101;
    assert_eq!(check(&greedy), Ok(96), "a dearer answer has a gap");

    let mut lie = good.clone();
    lie.taken[0].cost -= 1;
    lie.total -= 1;
    assert_eq!(check(&lie), Err(Flaw::Pair { row: 0, column: 1 }));

    let mut twice = good.clone();
    twice.taken = vec![Taken { row: 0, column: 0, cost: 1 }, Taken { row: 1, column: 0, cost: 3 }];
    assert_eq!(check(&twice), Err(Flaw::Capacity { column: 0, used: 2, capacity: 1 }));

    let mut short = good.clone();
    short.taken.pop();
    assert_eq!(check(&short), Err(Flaw::Demand { row: 1, placed: 0, demand: 1 }));

    let mut steep = good;
    steep.row_prices[0] = 1_001;
    assert_eq!(check(&steep), Err(Flaw::RowPrice { row: 0 }));
}

/// Up to 5 rows wanting up to 3 each, up to 5 columns serving up to 3; small costs make many ties; costs may be negative.
fn small_case() -> impl Strategy<Value = (Problem, Listed)> {
    let rows = prop::collection::vec((0u32..=3, -2i64..=14), 1..=5);
    let columns = prop::collection::vec(0u32..=3, 1..=5);
    (rows, columns).prop_flat_map(|(rows, capacities)| {
        let cell = prop::option::weighted(0.7, -3i64..=12);
        let cells = prop::collection::vec(prop::collection::vec(cell, capacities.len()), rows.len());
        cells.prop_map(move |cells| (problem_of(&rows, &capacities), listed_of(&cells)))
    })
}

fn problem_of(rows: &[(u32, i64)], capacities: &[u32]) -> Problem {
    let row = |&(demand, unassigned_price)| Row { demand, unassigned_price };
    Problem { rows: rows.iter().map(row).collect(), capacities: capacities.to_vec() }
}

fn listed_of(cells: &[Vec<Option<i64>>]) -> Listed {
    let pair = |(column, cost): (usize, &Option<i64>)| cost.map(|cost| Pair { cost, column: column as u32 });
    Listed::new(cells.iter().map(|row| row.iter().enumerate().filter_map(pair).collect()).collect())
}

/// Gives one pair at a time, so that every search has to widen again and again.
struct Stingy(Listed);

impl Pairs for Stingy {
    fn fetch(&mut self, row: u32, skip: usize, out: &mut Vec<Pair>) {
        out.extend(self.0.lists()[row as usize].get(skip));
    }
}

fn crew_case() -> impl Strategy<Value = CrewRequest> {
    (1usize..=5, 1usize..=3, any::<bool>()).prop_flat_map(|(people, roles, may_combine)| {
        let needs = prop::collection::vec((0u32..=3, 0u64..1 << people), roles);
        let keys = prop::collection::vec(0i64..50, people);
        (needs, keys).prop_map(move |(needs, keys)| CrewRequest {
            needs: needs.into_iter().map(|(count, able)| Need { count, able }).collect(),
            keys,
            may_combine,
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn equals_brute_force((problem, pairs) in small_case()) {
        let answer = assign(&problem, &mut pairs.clone());
        prop_assert_eq!(gap(&problem, &mut pairs.clone(), &answer), Ok(0));
        prop_assert_eq!(answer.total, least_total(&problem, &pairs));
    }

    #[test]
    fn fetching_one_pair_at_a_time_costs_the_same((problem, pairs) in small_case()) {
        let stingy = assign(&problem, &mut Stingy(pairs.clone()));
        prop_assert_eq!(gap(&problem, &mut pairs.clone(), &stingy), Ok(0));
        prop_assert_eq!(stingy.total, assign(&problem, &mut pairs.clone()).total);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn a_crew_is_the_best_there_is(request in crew_case()) {
        let found = crew(&request);
        prop_assert_eq!(score(&request, &found), Some(best_crew(&request)));
    }
}

fn need(count: u32, able: u64) -> Need {
    Need { count, able }
}

#[test]
fn a_person_with_two_scarce_skills_is_kept_for_the_role_nobody_else_fills() {
    // Candidate 0 is nearest and can do both; candidate 1 can only do the first.
    let request = CrewRequest { needs: vec![need(1, 0b11), need(1, 0b01)], keys: vec![10, 900], may_combine: false };
    let members = vec![CrewMember { candidate: 0, roles: 0b10 }, CrewMember { candidate: 1, roles: 0b01 }];
    assert_eq!(crew(&request), Crew { members, short: vec![0, 0] });
}

#[test]
fn combining_calls_the_fewest_people() {
    let request =
        CrewRequest { needs: vec![need(1, 0b011), need(1, 0b101)], keys: vec![500, 10, 10], may_combine: true };
    let members = vec![CrewMember { candidate: 0, roles: 0b11 }];
    assert_eq!(crew(&request), Crew { members, short: vec![0, 0] });
}

#[test]
fn the_earlier_role_is_filled_where_not_all_can_be() {
    let request = CrewRequest { needs: vec![need(1, 0b1), need(2, 0b1)], keys: vec![10], may_combine: false };
    let members = vec![CrewMember { candidate: 0, roles: 0b01 }];
    assert_eq!(crew(&request), Crew { members, short: vec![0, 2] });
}

#[test]
fn sixteen_roles_and_sixty_four_candidates_are_within_reach() {
    let needs: Vec<Need> = (0..16).map(|role| need(1, 0x0001_0001_0001_0003u64.rotate_left(role))).collect();
    let request = CrewRequest { needs, keys: (0..64).map(|i| 1_000 + i).collect(), may_combine: true };
    let found = crew(&request);
    assert_eq!(found.short.iter().sum::<u32>(), 0);
    assert_eq!(found.members.len(), 8, "neighbouring roles share a person");
}
