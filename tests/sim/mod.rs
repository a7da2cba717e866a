//! The simulator: thousands of small worlds, each from one number, on virtual time and one thread, in which the real
//! lanes, the real writer, the real core and the real publisher meet a disk, a network and people that fail in every
//! way they may. Item 2 of "How it is tested".
//!
//! - `BAIYING_SIM_SEED=7 cargo test -p tests sim` runs one world again; `BAIYING_SIM_SEEDS=20000` runs more of them,
//!   `BAIYING_SIM_FROM=2000` others.
//! - [`world`] what there is and how time passes; [`chaos`] what goes wrong; [`healed`] what must be so at the end
//! - [`process`], [`front`] a hub; [`disk`], [`fate`] its journal; [`traffic`], [`net`] what goes between
//! - [`phone`], [`caller`], [`desk`] who talk to it; [`replica`] what they see; [`post`] what they ask
//! - [`witness`] reads the log and holds every word against it
//!
//! The hub was broken on purpose, to see that this notices; each of these fails within 300 worlds:
//!
//! | broken | noticed by |
//! |---|---|
//! | answered before the append is durable | I9: a live state stands where no batch of the log ends |
//! | half of a batch is stored | I9: the same, or it is not what the log replays to |
//! | a failed append leaves the state as it is | I9, and a publisher whose next commit does not follow |
//! | no timer is set when an incident is opened again | the named check `timer`, after that very commit |
//! | every 97th commit is not given to the one person it concerns | I5: he sees something else than there is |

mod agenda;
mod caller;
mod chance;
mod chaos;
mod clock;
mod desk;
mod disk;
mod fate;
mod front;
mod healed;
mod net;
mod people;
mod phone;
mod post;
mod process;
mod replica;
mod tally;
mod town;
mod traffic;
mod witness;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use process::KILL_POINTS;
use tally::Tally;
use world::{Outcome, World};

/// Worlds of one run of the suite; without optimisation only a taste of them.
const SEEDS: u64 = if cfg!(debug_assertions) { 60 } else { 2_000 };
/// The first of them: `BAIYING_SIM_FROM`.
const FROM: u64 = 0;
/// Failures after which the rest is not worth the wait.
const FAILURES_SHOWN_MAX: usize = 5;

fn asked_for(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} must be a whole number, not {value:?}")))
}

fn run(seed: u64) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime can be built");
    runtime.block_on(World::of(seed).run())
}

/// The words of what went wrong, with the one command that shows it again.
fn run_and_tell(seed: u64) -> Result<Outcome, String> {
    catch_unwind(AssertUnwindSafe(|| run(seed))).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let words = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked without words");
        format!("seed {seed}: {words}\n  again with: BAIYING_SIM_SEED={seed} cargo test --release -p tests sim")
    })
}

/// Runs the seeds on all processors; each world is on one thread.
fn run_all(seeds: std::ops::Range<u64>) -> (Tally, Vec<String>) {
    let next = AtomicU64::new(seeds.start);
    let results = Mutex::new((Tally::default(), Vec::new()));
    let work = || {
        while let Some(seed) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&seed| seed < seeds.end) {
            let ran = run_and_tell(seed);
            let mut results = results.lock().expect("panics are caught before");
            match ran {
                Ok(outcome) => results.0.merge(&outcome.tally),
                Err(words) => results.1.push(words),
            }
            if results.1.len() >= FAILURES_SHOWN_MAX {
                return;
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    results.into_inner().expect("panics are caught before")
}

#[test]
fn sim_every_world_keeps_the_invariants_and_heals() {
    if let Some(seed) = asked_for("BAIYING_SIM_SEED") {
        let outcome = run(seed);
        return println!("seed {seed}: digest {:016x}\n{}", outcome.digest, outcome.tally);
    }
    let from = asked_for("BAIYING_SIM_FROM").unwrap_or(FROM);
    let (tally, failures) = run_all(from..from + asked_for("BAIYING_SIM_SEEDS").unwrap_or(SEEDS));
    println!("{tally}");
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    for point in KILL_POINTS {
        let kills = tally.of(&format!("killed at {point:?}"));
        assert!(kills > 0, "no process was ever killed at {point:?}: the simulator does not reach it");
    }
}

#[test]
fn sim_the_same_seed_gives_the_same_digest() {
    for seed in [1, 2, 3] {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
}
