//! The way between a client and a hub: it delays, and while faults are on it loses, doubles and reorders.

use super::chance::Chance;

/// One client's connection.
#[derive(Clone, Debug, Default)]
pub struct Link {
    /// Rises with every attempt to connect; frames of an older one are not listened to.
    pub session: u64,
    /// The process it leads to.
    pub pid: u64,
    /// Nothing goes in or out before this, milliseconds of the steady clock.
    pub offline_until_ms: u64,
    /// When something was last heard, and when somebody last asked.
    pub heard_ms: u64,
    /// When this client is to be looked at next, if that is in the agenda.
    pub wakes_at_ms: Option<u64>,
    up_ms: u64,
    down_ms: u64,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Up,
    Down,
}

impl Link {
    /// When copies of a message arrive: none, one, or two.
    pub fn arrivals(&mut self, way: Way, now_ms: u64, is_faulty: bool, chance: &mut Chance) -> Vec<u64> {
        if !is_faulty {
            return vec![self.in_order(way, now_ms + 3)];
        }
        let delay_ms = chance.of(1..=60);
        let in_order = self.in_order(way, now_ms + delay_ms);
        match chance.of(0..=99) {
            0..=1 => vec![],
            2..=3 => vec![in_order, now_ms + chance.of(1..=3_000)],
            4..=5 => vec![now_ms + chance.of(1..=3_000)],
            _ => vec![in_order],
        }
    }

    /// Not before what was sent earlier.
    fn in_order(&mut self, way: Way, at_ms: u64) -> u64 {
        let last_ms = match way {
            Way::Up => &mut self.up_ms,
            Way::Down => &mut self.down_ms,
        };
        *last_ms = at_ms.max(*last_ms + 1);
        *last_ms
    }
}
