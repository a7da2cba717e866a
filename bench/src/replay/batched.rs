//! What it gains to collect service requests for a while and match them together, instead of giving each the nearest: the same
//! calls, the same people, two replays.

use crowd::model::Pace;
use matcher::{HOUR_MS, WaveSize};
use serde::Serialize;

use super::{Options, town_figures};
use crate::calls::{Call, Calls, Format};
use crate::scene::{self, Rules, inside};

/// Help for a service request is in time when somebody is there so soon.
const ON_TIME_MS: u64 = HOUR_MS;
/// Requests are handed out: one volunteer is asked, then the next. A wave of several would be answered by whoever is quick,
/// and hide whom the matching chose.
const WAVE_SIZE: WaveSize = WaveSize::Fixed(1);

/// What `bench replay --batch-ms N` prints.
#[derive(Debug, Serialize)]
pub struct Gain {
    pub batch_ms: u64,
    pub one_at_a_time: Served,
    pub batched: Served,
    /// Parts of the total distance; below zero where the batch went farther.
    pub distance_saved: f64,
    pub on_time_gained: f64,
}

#[derive(Debug, Serialize)]
pub struct Served {
    pub requests: u64,
    pub accepted: u64,
    pub double_assignments: u64,
    /// Straight lines of all who said yes.
    pub total_km: f64,
    /// Per accepted request: fewer accepted is no saving.
    pub km_per_accepted: f64,
    /// Of all requests, those where somebody was there within the hour.
    pub on_time_share: f64,
}

/// # Errors
/// As [`super::run`]; and where there are no simulated people.
pub fn gain(options: &Options, read: &Calls, batch_ms: u64) -> anyhow::Result<Gain> {
    anyhow::ensure!(
        options.format != Format::SfFire,
        "--batch-ms is for montco and boston-311; a fleet has no requests"
    );
    let (one_at_a_time, batched) = (served(options, read, 0)?, served(options, read, batch_ms)?);
    let distance_saved = 1.0 - batched.km_per_accepted / one_at_a_time.km_per_accepted;
    let on_time_gained = batched.on_time_share - one_at_a_time.on_time_share;
    Ok(Gain { batch_ms, one_at_a_time, batched, distance_saved, on_time_gained })
}

fn served(options: &Options, read: &Calls, batch_ms: u64) -> anyhow::Result<Served> {
    let (format, pace) = (options.format, Pace::LIFE);
    let rules = Rules { format, pace, second_helper: false, wave_size: WAVE_SIZE, batch_ms };
    let scene = scene::scene(&read.calls, format, &rules)?;
    // An alarm from outside the district is taken all the same; a service request is refused.
    let within = |call: &&Call| call.place.is_none_or(|place| inside(&scene.grids, place));
    let calls: Vec<Call> = read.calls.iter().filter(within).cloned().collect();
    let (tally, mirror, engine) = town_figures(options, &calls, &scene, true)?;
    engine.close()?;
    let total_km = tally.chosen_m.iter().sum::<u64>() as f64 / 1e3;
    let on_time = tally.arrived_ms.iter().filter(|&&arrived_ms| arrived_ms <= ON_TIME_MS).count();
    Ok(Served {
        requests: tally.calls,
        accepted: tally.accepted,
        double_assignments: mirror.faults.double_assignments,
        total_km,
        km_per_accepted: total_km / tally.accepted.max(1) as f64,
        on_time_share: on_time as f64 / tally.calls.max(1) as f64,
    })
}

/// # Errors
/// None that happen: the figures are numbers.
pub fn print(gain: &Gain, json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(gain)?);
        return Ok(());
    }
    println!("collected for {} ms     one at a time    together", gain.batch_ms);
    let (one, all) = (&gain.one_at_a_time, &gain.batched);
    println!("accepted                 {:13}    {}", one.accepted, all.accepted);
    println!("total distance, km       {:13.1}    {:.1}", one.total_km, all.total_km);
    println!("km for each accepted     {:13.3}    {:.3}", one.km_per_accepted, all.km_per_accepted);
    println!("there within the hour    {:12.1} %    {:.1} %", one.on_time_share * 100.0, all.on_time_share * 100.0);
    println!("distance saved           {:.1} %", gain.distance_saved * 100.0);
    Ok(())
}
