//! What is asked: rows that want people, columns that are people, and where their pairs come from.

/// Largest absolute cost of a pair and largest price of an unassigned unit; with at most 2^20 units no sum overflows `i64`.
pub const COST_MAX: i64 = 1 << 40;

/// How many pairs of a row a source should give at a time: the eight nearest settle nearly every row.
pub const PAIRS_PER_FETCH: usize = 8;

/// One feasible pair of a row: the column and what it costs to use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    pub cost: i64,
    pub column: u32,
}

/// What one row asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// How many different columns it wants.
    pub demand: u32,
    /// What each unit costs that stays unassigned. A pair dearer than this is never used.
    pub unassigned_price: i64,
}

/// Rows with demands and columns with capacities; the pairs come from a [`Pairs`] beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problem {
    pub rows: Vec<Row>,
    /// How many different rows each column may serve.
    pub capacities: Vec<u32>,
}

/// The feasible pairs of each row, cheapest first. A pair absent from it is impossible.
///
/// A source is asked for more only where the answer could depend on it, so it need not hold all pairs in memory.
pub trait Pairs {
    /// Appends to `out` the pairs of `row` that follow its first `skip` ones, by ascending cost, equals always in the same order.
    ///
    /// Appending nothing means that the row has no more. Each column comes at most once per row; costs are within ±[`COST_MAX`].
    fn fetch(&mut self, row: u32, skip: usize, out: &mut Vec<Pair>);
}

/// Pairs written out in full, one list per row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    lists: Vec<Vec<Pair>>,
}

impl Listed {
    /// Takes one list per row, in any order.
    pub fn new(mut lists: Vec<Vec<Pair>>) -> Self {
        for list in &mut lists {
            list.sort_unstable();
        }
        Self { lists }
    }

    /// Every row may use every column: `costs[row * columns + column]`.
    pub fn dense(costs: &[i64], columns: usize) -> Self {
        let pair = |(column, &cost): (usize, &i64)| Pair { cost, column: column as u32 };
        let list = |row: &[i64]| row.iter().enumerate().map(pair).collect();
        Self::new(costs.chunks(columns.max(1)).map(list).collect())
    }

    /// The lists themselves, each ascending.
    pub fn lists(&self) -> &[Vec<Pair>] {
        &self.lists
    }
}

impl Pairs for Listed {
    fn fetch(&mut self, row: u32, skip: usize, out: &mut Vec<Pair>) {
        let list = &self.lists[row as usize];
        let until = list.len().min(skip + PAIRS_PER_FETCH.max(skip));
        out.extend_from_slice(&list[skip.min(list.len())..until]);
    }
}
