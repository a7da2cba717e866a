//! Whether there are people enough for the rate. A run without free people measures shortfalls, not dispatch.

use anyhow::ensure;
use crowd::model::Pace;
use matcher::{MINUTE_MS, SECOND_MS};

use super::stage::WAVE_SIZE;

/// What one incident costs its helper, in life: from yes to free again (door, way, work), generously.
const BUSY_MS: u64 = 30 * MINUTE_MS;
/// How long each of a wave is kept from other offers, in life: until somebody says yes or the deadline.
const ASKED_MS: u64 = 45 * SECOND_MS;
/// Of a thousand people, so many may be busy before waves begin to fall short.
const BUSY_PERMILLE_MAX: u64 = 850;

/// # Errors
/// The phones are too few; the message says how many it would take.
pub fn enough(phones: usize, pace: Pace, alarms_per_second: f64) -> anyhow::Result<()> {
    let needed = phones_needed(pace, alarms_per_second);
    ensure!(
        phones >= needed,
        "{phones} phones are too few for {alarms_per_second} alarms/s at life speed {}: it takes {needed} (or a higher \
         --life-speed, or a lower rate)",
        pace.0,
    );
    Ok(())
}

fn phones_needed(pace: Pace, alarms_per_second: f64) -> usize {
    let busy_ms = pace.of_ms(BUSY_MS) + pace.of_ms(ASKED_MS) * u64::from(WAVE_SIZE);
    let at_once = alarms_per_second * busy_ms as f64 / 1_000.0;
    (at_once * 1_000.0 / BUSY_PERMILLE_MAX as f64).ceil() as usize
}
