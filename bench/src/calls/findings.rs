//! What is wrong with a file, by name, with the first line of each, so that a person can go and look.

use std::collections::BTreeMap;
use std::fmt;

/// A fault of a row. The first three cost the row; the others are noted and the row is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// Not a row of this table: wrong number of fields or not UTF-8.
    NotARow,
    UnreadableTime,
    /// A code or title without which the row says nothing.
    EmptyField,
    /// No coordinates, or no numbers.
    NoPlace,
    /// The point that the city's geocoder gives when it does not know.
    NotGeocoded,
    /// Kept as told: the engine has to say "place unsure".
    OutsideArea,
    ClosedBeforeOpened,
    NoAvailableTime,
    /// The next line is earlier than this one's time.
    OutOfOrder,
}

impl Finding {
    /// Whether the row could not be used.
    pub fn costs_the_row(self) -> bool {
        matches!(self, Self::NotARow | Self::UnreadableTime | Self::EmptyField)
    }

    fn words(self) -> &'static str {
        match self {
            Self::NotARow => "not a row of this table",
            Self::UnreadableTime => "a time that cannot be read",
            Self::EmptyField => "a needed field is empty",
            Self::NoPlace => "no coordinates",
            Self::NotGeocoded => "the default point of the geocoder",
            Self::OutsideArea => "outside the area",
            Self::ClosedBeforeOpened => "closed before it was opened",
            Self::NoAvailableTime => "no time when the unit was free again",
            Self::OutOfOrder => "out of order",
        }
    }
}

/// Counts by finding, with the first line (the header is line 1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings(BTreeMap<Finding, (u64, u64)>);

impl Findings {
    pub fn note(&mut self, finding: Finding, line: u64) {
        self.0.entry(finding).or_insert((0, line)).0 += 1;
    }

    #[cfg(test)]
    pub fn count(&self, finding: Finding) -> u64 {
        self.0.get(&finding).map_or(0, |(count, _)| *count)
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (finding, (count, line)) in &self.0 {
            let fate = if finding.costs_the_row() { "left out" } else { "taken" };
            writeln!(f, "  {count:>6}  {} ({fate}; first in line {line})", finding.words())?;
        }
        Ok(())
    }
}
