//! The proof that an answer is optimal: weak duality, checked without trusting how the answer was found.
//!
//! For any row prices `u <= unassigned price` and column prices `v <= 0`, no assignment can cost less than
//! `sum(demand*u) + sum(capacity*v) + sum(min(0, cost - u - v))`, the last sum going over **all** pairs. Where the answer
//! costs exactly that, it is optimal. A pair dearer than `u` cannot lower the bound, so each row is read only that far.

use super::problem::{Pair, Pairs, Problem};
use super::solve::{Assignment, Taken};
use thiserror::Error;

/// Why an answer is not an answer to its problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Flaw {
    #[error("the lists of the answer are not as long as those of the problem")]
    Shape,
    #[error("row {row}: {placed} units taken or unassigned, {demand} asked")]
    Demand { row: u32, placed: u32, demand: u32 },
    #[error("column {column}: used {used} times, capacity {capacity}")]
    Capacity { column: u32, used: u32, capacity: u32 },
    #[error("row {row}, column {column}: taken twice, or not a pair at this cost")]
    Pair { row: u32, column: u32 },
    #[error("total is {stated}, its parts sum to {actual}")]
    Total { stated: i64, actual: i64 },
    #[error("row {row}: dual above the price of leaving it unassigned")]
    RowPrice { row: u32 },
    #[error("column {column}: dual above zero")]
    ColumnPrice { column: u32 },
}

/// How far `answer` is from proven optimal; zero is the proof.
///
/// # Errors
/// The first [`Flaw`] found when `answer` breaks a demand, a capacity, or states costs that `pairs` does not have.
pub fn gap(problem: &Problem, pairs: &mut impl Pairs, answer: &Assignment) -> Result<i64, Flaw> {
    check_shape(problem, answer)?;
    check_demands(problem, answer)?;
    check_capacities(problem, answer)?;
    check_duals(problem, answer)?;
    let mut bound = dual_without_pairs(problem, answer);
    let mut rest = answer.taken.as_slice();
    for row in 0..problem.rows.len() as u32 {
        let of_row = rest.iter().take_while(|pair| pair.row == row).count();
        bound += price_row(row, &rest[..of_row], pairs, answer)?;
        rest = &rest[of_row..];
    }
    Ok(check_total(problem, answer)? - bound)
}

fn check_shape(problem: &Problem, answer: &Assignment) -> Result<(), Flaw> {
    let (rows, columns) = (problem.rows.len(), problem.capacities.len());
    let same = answer.unassigned.len() == rows
        && answer.row_prices.len() == rows
        && answer.column_prices.len() == columns
        && answer.taken.iter().all(|pair| (pair.row as usize) < rows && (pair.column as usize) < columns)
        && answer.taken.is_sorted();
    if same { Ok(()) } else { Err(Flaw::Shape) }
}

fn check_demands(problem: &Problem, answer: &Assignment) -> Result<(), Flaw> {
    let mut placed = answer.unassigned.clone();
    for pair in &answer.taken {
        placed[pair.row as usize] += 1;
    }
    for (row, (&placed, asked)) in placed.iter().zip(&problem.rows).enumerate() {
        if placed != asked.demand {
            return Err(Flaw::Demand { row: row as u32, placed, demand: asked.demand });
        }
    }
    Ok(())
}

fn check_capacities(problem: &Problem, answer: &Assignment) -> Result<(), Flaw> {
    let mut used = vec![0; problem.capacities.len()];
    for pair in &answer.taken {
        used[pair.column as usize] += 1;
    }
    for (column, (&used, &capacity)) in used.iter().zip(&problem.capacities).enumerate() {
        if used > capacity {
            return Err(Flaw::Capacity { column: column as u32, used, capacity });
        }
    }
    Ok(())
}

fn check_duals(problem: &Problem, answer: &Assignment) -> Result<(), Flaw> {
    let above = |(row, &dual): (usize, &i64)| dual > problem.rows[row].unassigned_price;
    if let Some(row) = answer.row_prices.iter().enumerate().position(above) {
        return Err(Flaw::RowPrice { row: row as u32 });
    }
    match answer.column_prices.iter().position(|&dual| dual > 0) {
        Some(column) => Err(Flaw::ColumnPrice { column: column as u32 }),
        None => Ok(()),
    }
}

fn dual_without_pairs(problem: &Problem, answer: &Assignment) -> i64 {
    let rows = problem.rows.iter().zip(&answer.row_prices);
    let columns = problem.capacities.iter().zip(&answer.column_prices);
    rows.map(|(row, dual)| i64::from(row.demand) * dual).sum::<i64>()
        + columns.map(|(&capacity, dual)| i64::from(capacity) * dual).sum::<i64>()
}

/// The sum of the negative reduced costs of a row's pairs; also finds every taken pair among them.
fn price_row(row: u32, taken: &[Taken], pairs: &mut impl Pairs, answer: &Assignment) -> Result<i64, Flaw> {
    let dual = answer.row_prices[row as usize];
    let mut missing: Vec<Pair> = taken.iter().map(|pair| Pair { cost: pair.cost, column: pair.column }).collect();
    let (mut list, mut at, mut sum) = (Vec::new(), 0, 0);
    loop {
        if at == list.len() {
            pairs.fetch(row, at, &mut list);
        }
        let Some(&pair) = list.get(at).filter(|pair| pair.cost < dual || !missing.is_empty()) else {
            break;
        };
        missing.retain(|&other| other != pair);
        sum += (pair.cost - dual - answer.column_prices[pair.column as usize]).min(0);
        at += 1;
    }
    match missing.first() {
        Some(pair) => Err(Flaw::Pair { row, column: pair.column }),
        None => Ok(sum),
    }
}

fn check_total(problem: &Problem, answer: &Assignment) -> Result<i64, Flaw> {
    let left = |(units, row): (&u32, &super::Row)| i64::from(*units) * row.unassigned_price;
    let actual = answer.taken.iter().map(|pair| pair.cost).sum::<i64>()
        + answer.unassigned.iter().zip(&problem.rows).map(left).sum::<i64>();
    if actual == answer.total { Ok(actual) } else { Err(Flaw::Total { stated: answer.total, actual }) }
}
