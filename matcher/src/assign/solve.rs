//! Shortest augmenting paths on a graph that is fetched as it is needed.
//!
//! After Jonker and Volgenant (1987) and, for leaving edges out and pricing them later, Volgenant (1996), "Linear and
//! semi-assignment problems: a core oriented approach". Each unit of demand is placed by one Dijkstra search over reduced
//! costs; a search stays inside its component of the graph, so components never pay for each other. A row's pairs
//! come cheapest first and column prices are never positive, so a row's list may be cut where its next pair could not
//! end the search sooner: what is cut off is priced out by the row's dual at every later moment too.

use super::problem::{Pair, Pairs, Problem};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

const NONE: u32 = u32::MAX;
const FAR: i64 = i64::MAX;

/// A pair that the answer uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Taken {
    pub row: u32,
    pub column: u32,
    pub cost: i64,
}

/// An optimal answer with the duals that prove it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The pairs used, by row, then column.
    pub taken: Vec<Taken>,
    /// Units of each row left unassigned.
    pub unassigned: Vec<u32>,
    /// Costs of the pairs and prices of the unassigned units together.
    pub total: i64,
    /// Dual of each row: what its dearest unit costs at the margin.
    pub row_prices: Vec<i64>,
    /// Dual of each column, zero or negative: what one more of its capacity would save.
    pub column_prices: Vec<i64>,
    /// How many pairs were fetched; all others were never looked at.
    pub pairs_fetched: usize,
}

/// Assigns columns to rows at the least total cost; exact, and the same for the same input.
///
/// # Panics
/// When `pairs` names a column that `problem` does not have.
pub fn assign(problem: &Problem, pairs: &mut impl Pairs) -> Assignment {
    let mut solver = Solver::new(problem, pairs);
    solver.open_rows();
    for row in 0..problem.rows.len() {
        while solver.rows[row].open > 0 {
            solver.place_one(row as u32);
        }
    }
    solver.answer()
}

struct RowNode {
    dual: i64,
    distance: i64,
    search: u32,
    from: u32,
    open: u32,
    unassigned: u32,
    list: Vec<Pair>,
    complete: bool,
}

struct ColumnNode {
    dual: i64,
    distance: i64,
    search: u32,
    from: u32,
    from_cost: i64,
    /// Rows that hold it, with the cost of each pair.
    held_by: Vec<(u32, i64)>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    Row(u32),
    Column(u32),
}

/// The best end of the current search so far.
struct End {
    distance: i64,
    node: Node,
}

struct Solver<'a, P> {
    problem: &'a Problem,
    pairs: &'a mut P,
    rows: Vec<RowNode>,
    columns: Vec<ColumnNode>,
    heap: BinaryHeap<Reverse<(i64, Node)>>,
    settled: Vec<Node>,
    search: u32,
}

impl<'a, P: Pairs> Solver<'a, P> {
    fn new(problem: &'a Problem, pairs: &'a mut P) -> Self {
        let row = |row: &super::Row| RowNode {
            dual: 0,
            distance: FAR,
            search: 0,
            from: NONE,
            open: row.demand,
            unassigned: 0,
            list: Vec::new(),
            complete: false,
        };
        let column =
            |_: &u32| ColumnNode { dual: 0, distance: FAR, search: 0, from: NONE, from_cost: 0, held_by: Vec::new() };
        Self {
            rows: problem.rows.iter().map(row).collect(),
            columns: problem.capacities.iter().map(column).collect(),
            problem,
            pairs,
            heap: BinaryHeap::new(),
            settled: Vec::new(),
            search: 0,
        }
    }

    /// Starts each row at its cheapest edge, and takes it where it is free: most rows need no search at all.
    fn open_rows(&mut self) {
        for index in 0..self.rows.len() {
            let price = self.problem.rows[index].unassigned_price;
            self.widen(index as u32);
            let row = &mut self.rows[index];
            let Some(&first) = row.list.first().filter(|first| first.cost <= price) else {
                row.dual = price;
                continue;
            };
            row.dual = first.cost;
            if row.open > 0 && self.has_room(first.column) {
                self.rows[index].open -= 1;
                self.columns[first.column as usize].held_by.push((index as u32, first.cost));
            }
        }
    }

    fn widen(&mut self, row: u32) {
        let node = &mut self.rows[row as usize];
        let before = node.list.len();
        self.pairs.fetch(row, before, &mut node.list);
        node.complete = node.list.len() == before;
    }

    fn has_room(&self, column: u32) -> bool {
        let column = column as usize;
        self.columns[column].held_by.len() < self.problem.capacities[column] as usize
    }

    /// One search from `row`, one unit placed: on a column with room, or on somebody's unassigned edge.
    fn place_one(&mut self, row: u32) {
        self.search += 1;
        self.heap.clear();
        self.settled.clear();
        let mut end = End { distance: FAR, node: Node::Row(row) };
        self.reach_row(row, 0, NONE);
        while let Some(Reverse((distance, node))) = self.heap.pop() {
            if distance >= end.distance {
                break;
            }
            match node {
                Node::Row(row) if self.rows[row as usize].distance == distance => self.scan_row(row, &mut end),
                Node::Column(column) if self.columns[column as usize].distance == distance => self.scan_column(column),
                Node::Row(_) | Node::Column(_) => {} // a shorter way was found after this one was queued
            }
        }
        self.raise_duals(end.distance);
        self.rows[row as usize].open -= 1;
        self.augment(end.node);
    }

    fn reach_row(&mut self, row: u32, distance: i64, from: u32) {
        let node = &mut self.rows[row as usize];
        if node.search != self.search || distance < node.distance {
            (node.search, node.distance, node.from) = (self.search, distance, from);
            self.heap.push(Reverse((distance, Node::Row(row))));
        }
    }

    fn scan_column(&mut self, column: u32) {
        self.settled.push(Node::Column(column));
        let node = &self.columns[column as usize];
        let (distance, dual) = (node.distance, node.dual);
        for holder in 0..node.held_by.len() {
            let (row, cost) = self.columns[column as usize].held_by[holder];
            let reduced = cost - self.rows[row as usize].dual - dual;
            self.reach_row(row, distance - reduced, column);
        }
    }

    fn scan_row(&mut self, row: u32, end: &mut End) {
        self.settled.push(Node::Row(row));
        let node = &self.rows[row as usize];
        let base = node.distance - node.dual;
        let unassigned = base + self.problem.rows[row as usize].unassigned_price;
        if unassigned < end.distance {
            *end = End { distance: unassigned, node: Node::Row(row) };
        }
        let mut next = 0;
        loop {
            let Some(&pair) = self.rows[row as usize].list.get(next) else {
                if self.rows[row as usize].complete {
                    return;
                }
                self.widen(row);
                continue;
            };
            // Column duals are never positive, so neither this pair nor any dearer one can end the search sooner.
            if base + pair.cost >= end.distance {
                return;
            }
            self.reach_column(row, pair, base, end);
            next += 1;
        }
    }

    fn reach_column(&mut self, row: u32, pair: Pair, base: i64, end: &mut End) {
        let column = &self.columns[pair.column as usize];
        let distance = base + pair.cost - column.dual;
        let known = if column.search == self.search { column.distance } else { FAR };
        if distance >= known.min(end.distance) || self.holds(row, pair.column) {
            return;
        }
        let node = Node::Column(pair.column);
        if self.has_room(pair.column) {
            *end = End { distance, node };
        } else {
            self.heap.push(Reverse((distance, node)));
        }
        let column = &mut self.columns[pair.column as usize];
        (column.search, column.distance) = (self.search, distance);
        (column.from, column.from_cost) = (row, pair.cost);
    }

    /// A row with several units must not take the same column twice.
    fn holds(&self, row: u32, column: u32) -> bool {
        self.problem.rows[row as usize].demand > 1
            && self.columns[column as usize].held_by.iter().any(|&(holder, _)| holder == row)
    }

    fn raise_duals(&mut self, distance: i64) {
        for &node in &self.settled {
            match node {
                Node::Row(row) => {
                    let row = &mut self.rows[row as usize];
                    row.dual += distance - row.distance;
                }
                Node::Column(column) => {
                    let column = &mut self.columns[column as usize];
                    column.dual -= distance - column.distance;
                }
            }
        }
    }

    /// Walks the found path back to its start; each row on it moves from the column before it to the one after it.
    fn augment(&mut self, end: Node) {
        let mut row = match end {
            Node::Row(row) => {
                self.rows[row as usize].unassigned += 1;
                row
            }
            Node::Column(column) => self.take(column),
        };
        while self.rows[row as usize].from != NONE {
            let left = self.rows[row as usize].from;
            self.columns[left as usize].held_by.retain(|&(holder, _)| holder != row);
            row = self.take(left);
        }
    }

    fn take(&mut self, column: u32) -> u32 {
        let column = &mut self.columns[column as usize];
        column.held_by.push((column.from, column.from_cost));
        column.from
    }

    fn answer(self) -> Assignment {
        let mut taken: Vec<Taken> = Vec::new();
        for (column, node) in self.columns.iter().enumerate() {
            let pair = |&(row, cost)| Taken { row, column: column as u32, cost };
            taken.extend(node.held_by.iter().map(pair));
        }
        taken.sort_unstable();
        let left = |(node, row): (&RowNode, &super::Row)| i64::from(node.unassigned) * row.unassigned_price;
        let unassigned_cost: i64 = self.rows.iter().zip(&self.problem.rows).map(left).sum();
        Assignment {
            total: taken.iter().map(|pair| pair.cost).sum::<i64>() + unassigned_cost,
            unassigned: self.rows.iter().map(|row| row.unassigned).collect(),
            row_prices: self.rows.iter().map(|row| row.dual).collect(),
            column_prices: self.columns.iter().map(|column| column.dual).collect(),
            pairs_fetched: self.rows.iter().map(|row| row.list.len()).sum(),
            taken,
        }
    }
}
