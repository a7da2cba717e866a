//! On the way: a straight line walked at the speed of a street that is not straight.

use matcher::{Position, Timestamp, TravelMode};

/// Streets are longer than the straight line by about this.
const DETOUR: f64 = 1.3;

/// Of people in a town, lights and stairs included.
pub fn speed_m_per_s(travel: TravelMode) -> f64 {
    match travel {
        TravelMode::Walk => 1.3,
        TravelMode::Bicycle => 4.0,
        TravelMode::Car => 7.0,
    }
}

/// How long the way takes in life, milliseconds.
pub fn way_ms(from: Position, to: Position, travel: TravelMode) -> u64 {
    (from.distance_m(to) * DETOUR / speed_m_per_s(travel) * 1_000.0) as u64
}

/// From here to there between two moments; standing still is a trip that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trip {
    from: Position,
    to: Position,
    depart: Timestamp,
    arrive: Timestamp,
}

impl Trip {
    pub fn standing(at: Position) -> Self {
        Self { from: at, to: at, depart: Timestamp(i64::MIN), arrive: Timestamp(i64::MIN) }
    }

    pub fn new(from: Position, to: Position, depart: Timestamp, takes_ms: u64) -> Self {
        Self { from, to, depart, arrive: depart.plus_ms(takes_ms) }
    }

    pub fn arrive(&self) -> Timestamp {
        self.arrive
    }

    pub fn under_way(&self, now: Timestamp) -> bool {
        self.depart <= now && now < self.arrive && self.from != self.to
    }

    pub fn position(&self, now: Timestamp) -> Position {
        if now >= self.arrive {
            return self.to;
        }
        let (gone, whole) = (now.since_ms(self.depart) as i64, self.arrive.since_ms(self.depart).max(1) as i64);
        let between = |a: i32, b: i32| (i64::from(a) + (i64::from(b) - i64::from(a)) * gone / whole) as i32;
        Position {
            lat_e7: between(self.from.lat_e7, self.to.lat_e7),
            lng_e7: between(self.from.lng_e7, self.to.lng_e7),
        }
    }
}
