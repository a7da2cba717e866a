//! Small random problems that brute force can settle.

use matcher::assign::{Listed, Pair, Problem, Row, assign, gap, naive};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub const COUNT: usize = 10_000;

/// How many of [`COUNT`] cases are answered wrongly, or not proven.
pub fn wrong(seed: u64) -> usize {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..COUNT).filter(|_| !right(&mut random)).count()
}

/// At most four rows and five columns, with demands, capacities and many ties.
fn right(random: &mut impl Rng) -> bool {
    let (rows, columns) = (random.random_range(1..=4), random.random_range(1..=5));
    let mut row = || Row { demand: random.random_range(0..=2), unassigned_price: random.random_range(0..=15) };
    let rows: Vec<Row> = (0..rows).map(|_| row()).collect();
    let capacities: Vec<u32> = (0..columns).map(|_| random.random_range(0..=2)).collect();
    let mut list = || {
        let pair = |column| random.random_bool(0.7).then(|| Pair { cost: random.random_range(0..=12), column });
        (0..columns).filter_map(pair).collect()
    };
    let mut pairs = Listed::new(rows.iter().map(|_| list()).collect());
    let problem = Problem { rows, capacities };
    let answer = assign(&problem, &mut pairs);
    answer.total == naive::least_total(&problem, &pairs) && gap(&problem, &mut pairs, &answer) == Ok(0)
}
