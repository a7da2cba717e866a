//! What one volunteer is used to. A million of these must fit, so each is a short list of five bytes a line.

use serde::{Deserialize, Serialize};

use super::{ASK, KindNumber};

/// Lines of one volunteer, those for the rest included; above it the least used are thrown together.
pub const HABIT_CELLS_MAX: usize = 12;
/// In place of a kind: kinds that were thrown together, band by band.
pub const REST: KindNumber = KindNumber::MAX;

/// Asked and accepted for one kind in one band, in parts of an ask ([`ASK`]): at most 31 asks, then what was counts half.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u16, u8, u8, u8)", into = "(u16, u8, u8, u8)")]
pub struct Cell {
    pub kind: KindNumber,
    pub band: u8,
    pub asked: u8,
    pub accepted: u8,
}

impl From<(u16, u8, u8, u8)> for Cell {
    fn from((kind, band, asked, accepted): (u16, u8, u8, u8)) -> Self {
        Self { kind, band, asked, accepted }
    }
}

impl From<Cell> for (u16, u8, u8, u8) {
    fn from(cell: Cell) -> Self {
        (cell.kind, cell.band, cell.asked, cell.accepted)
    }
}

impl Cell {
    fn add(&mut self, asked: u8, accepted: u8) {
        let (mut all, mut yes) =
            (u16::from(self.asked) + u16::from(asked), u16::from(self.accepted) + u16::from(accepted));
        while all > u16::from(u8::MAX) {
            (all, yes) = (all / 2, yes / 2);
        }
        (self.asked, self.accepted) = (all as u8, yes as u8);
    }
}

/// All lines of one volunteer, by kind and band.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Habit(Vec<Cell>);

impl Habit {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn cells(&self) -> &[Cell] {
        &self.0
    }

    /// `asked`: parts of one ask, 0 ..= [`ASK`].
    pub fn add(&mut self, kind: KindNumber, band: u8, asked: u32, accepted: u32) {
        debug_assert!(accepted <= asked && asked <= ASK, "{accepted} of {asked} parts of one ask");
        self.merge(kind, band, asked as u8, accepted as u8);
        while self.0.len() > HABIT_CELLS_MAX {
            self.throw_together();
        }
    }

    fn merge(&mut self, kind: KindNumber, band: u8, asked: u8, accepted: u8) {
        match self.0.binary_search_by_key(&(kind, band), |cell| (cell.kind, cell.band)) {
            Ok(place) => self.0[place].add(asked, accepted),
            Err(place) => self.0.insert(place, Cell { kind, band, asked, accepted }),
        }
    }

    /// The line with the fewest asks joins the rest of its band. Six bands have at most six lines of the rest, so there is
    /// always another.
    fn throw_together(&mut self) {
        let kinds = self.0.iter().enumerate().filter(|(_, cell)| cell.kind != REST);
        if let Some((place, _)) = kinds.min_by_key(|(_, cell)| cell.asked) {
            let Cell { band, asked, accepted, .. } = self.0.remove(place);
            self.merge(REST, band, asked, accepted);
        }
    }
}
