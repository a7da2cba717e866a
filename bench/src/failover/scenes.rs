//! What happens to the hubs while people call, one scene after the other.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::figures::{Disturbances, Flushed, Frozen, Sockets, Through, Verdict};
use super::stage::{Stage, everywhere};
use super::{Options, record};
use crate::load::figures::Milliseconds;

/// A disturbance comes so long after the one before was over, milliseconds: at any moment of a lease.
const MOMENT_MS: std::ops::Range<u64> = 800..2_300;
/// Offers of a new leader are looked for when so much time has passed since the first was seen.
const SETTLED: Duration = Duration::from_millis(500);
/// A frozen leader thaws so long after another has the term.
const THAWS_AFTER: Duration = Duration::from_secs(1);
/// Alarms that lie in a frozen hub's sockets when it thaws.
const LEFT_WITH_IT: usize = 20;
/// How often Redis is emptied.
const FLUSH_EVERY: Duration = Duration::from_secs(1);
/// Calls while ten thousand sockets come back, a second.
const CALLS_MEANWHILE: f64 = 10.0;
/// Everybody must be back in this, or the scene has failed; the figure says how long it took.
const BACK_WITHIN: Duration = Duration::from_secs(120);

/// How a leader ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// kill -9.
    Killed,
    /// SIGTERM; whatever stands before the hubs is told at the same moment.
    Asked,
}

/// Ends the leader again and again under load; the one that went comes back each time.
///
/// # Errors
/// Nobody leads, or a hub does not come back.
pub async fn ends(options: &Options, end: End, runs: usize) -> Result<(Disturbances, Verdict)> {
    let mut stage = Stage::set(&options.common, options.phones, everywhere).await?;
    let mut random = ChaCha8Rng::seed_from_u64(options.common.seed);
    let callers = stage.desk.begin(options.alarms_per_second);
    let mut took = Vec::with_capacity(runs);
    for run in 0..runs {
        tokio::time::sleep(Duration::from_millis(random.random_range(MOMENT_MS))).await;
        took.push(one_end(&mut stage, end).await.with_context(|| format!("run {}", run + 1))?);
        eprintln!("{end:?} {:>3}: first dispatch after {:>5} ms", run + 1, took[run].as_millis());
    }
    callers.hush().await?;
    let outcome = stage.strike().await?;
    Ok((Disturbances::of(&took), Verdict::of(&outcome)))
}

async fn one_end(stage: &mut Stage, end: End) -> Result<Duration> {
    let (leader, term) = (stage.hubs.leader().await?, record::term(&stage.hubs.postgres)?);
    let hub = stage.hubs.take(leader)?;
    let ended_at = Instant::now();
    let ended = match end {
        End::Killed => tokio::spawn(hub.kill9()),
        End::Asked => {
            stage.hubs.hide(leader);
            tokio::spawn(hub.terminate())
        }
    };
    stage.dispatched_since(ended_at).await?;
    tokio::time::sleep(SETTLED).await;
    stage.hubs.led_after(term).await?;
    let first = record::first_dispatch_after(&stage.hubs.postgres, term, &stage.desk.ledger)?;
    let first = first.context("the new leader has reached nobody")?;
    ended.await??;
    stage.hubs.serve(leader).await?;
    Ok(first.saturating_duration_since(ended_at))
}

/// Freezes the leader past its lease, leaves alarms in its sockets, and thaws it.
///
/// # Errors
/// Nobody takes over.
pub async fn freezes(options: &Options) -> Result<(Frozen, Verdict)> {
    let stage = Stage::set(&options.common, options.phones, everywhere).await?;
    let callers = stage.desk.begin(options.alarms_per_second);
    let mut frozen = Frozen { runs: options.freezes, ..Frozen::default() };
    for _ in 0..options.freezes {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let stale = one_freeze(&stage).await?;
        frozen.stale_commits += stale;
        frozen.fenced += usize::from(stale == 0);
    }
    callers.hush().await?;
    let outcome = stage.strike().await?;
    Ok((frozen, Verdict::of(&outcome)))
}

async fn one_freeze(stage: &Stage) -> Result<u64> {
    let (leader, term) = (stage.hubs.leader().await?, record::term(&stage.hubs.postgres)?);
    stage.hubs.hide(leader);
    stage.hubs.signal(leader, "-STOP").await?;
    stage.hubs.led_after(term).await?;
    let stale = stage.hubs.alone(leader)?;
    let left = (0..LEFT_WITH_IT).map(|_| stage.desk.one_at(&stale));
    let thaw = async {
        tokio::time::sleep(THAWS_AFTER).await;
        stage.hubs.signal(leader, "-CONT").await
    };
    let (_, thawed) = tokio::join!(futures_util::future::join_all(left), thaw);
    thawed?;
    stage.hubs.show(leader)?;
    record::stale_commits(&stage.hubs.postgres, term)
}

/// Empties Redis each second under load.
///
/// # Errors
/// A hub does not start.
pub async fn flushes(options: &Options) -> Result<(Flushed, Verdict)> {
    let stage = Stage::set(&options.common, options.phones, everywhere).await?;
    let callers = stage.desk.begin(options.alarms_per_second);
    let term = record::term(&stage.hubs.postgres)?;
    for _ in 0..options.flushes {
        tokio::time::sleep(FLUSH_EVERY).await;
        stage.hubs.redis.order("FLUSHALL");
    }
    let changes_of_lead = record::term(&stage.hubs.postgres)? - term;
    callers.hush().await?;
    let outcome = stage.strike().await?;
    let alarm_to_commit_ms = Milliseconds::of(&outcome.account.to_commit);
    let flushed = Flushed { flushes: options.flushes, changes_of_lead, alarm_to_commit_ms };
    Ok((flushed, Verdict::of(&outcome)))
}

/// Everybody is at one hub that follows, which is killed: all come back at once, to the others.
///
/// # Errors
/// Somebody does not come back.
pub async fn sockets(options: &Options) -> Result<(Sockets, Verdict)> {
    let mut stage = Stage::set(&options.common, options.sockets, at_one_follower).await?;
    let gone = at_one_follower(stage.hubs.leader().await?, stage.hubs.count())[0];
    let callers = stage.desk.begin(CALLS_MEANWHILE);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let before = (stage.returns.resumed.load(Ordering::Relaxed), stage.returns.with_snapshot.load(Ordering::Relaxed));
    stage.hubs.take(gone)?.kill9().await?;
    // The kernel has told every phone before the last of them is counted back in.
    let killed_at = Instant::now();
    tokio::time::sleep(Duration::from_millis(100)).await;
    stage.everybody(BACK_WITHIN).await?;
    let resumed_ms = killed_at.elapsed().as_millis() as u64;
    let resumed = stage.returns.resumed.load(Ordering::Relaxed) - before.0;
    let with_snapshot = stage.returns.with_snapshot.load(Ordering::Relaxed) - before.1;
    callers.hush().await?;
    let outcome = stage.strike().await?;
    let gaps = outcome.account.gaps;
    Ok((Sockets { sockets: options.sockets, resumed_ms, resumed, with_snapshot, gaps }, Verdict::of(&outcome)))
}

/// The first hub that does not lead.
fn at_one_follower(leader: usize, count: usize) -> Vec<usize> {
    vec![(leader + 1) % count]
}

/// All that do not lead.
fn at_followers(leader: usize, count: usize) -> Vec<usize> {
    (0..count).filter(|place| *place != leader).collect()
}

/// Nobody speaks to the leader: alarms and phones are at the others.
///
/// # Errors
/// A hub does not start.
pub async fn through(options: &Options) -> Result<(Through, Verdict)> {
    let stage = Stage::set(&options.common, options.through_phones, at_followers).await?;
    let callers = stage.desk.begin(options.through_alarms_per_second);
    tokio::time::sleep(Duration::from_secs(options.through_seconds)).await;
    callers.hush().await?;
    let outcome = stage.strike().await?;
    let through = Through {
        phones: options.through_phones,
        alarms: outcome.account.alarms,
        alarm_to_offer_ms: Milliseconds::of(&outcome.account.to_offer),
        alarm_to_commit_ms: Milliseconds::of(&outcome.account.to_commit),
    };
    Ok((through, Verdict::of(&outcome)))
}
