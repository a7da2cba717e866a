//! One log line per event, under the trace that began it; and what is counted.

use matcher::{Actor, Cause, Commit, Event};

use super::board::Applied;
use super::effects::offer_outcome;

/// Tells the log and the counters what a commit has done.
pub fn lines(commit: &Commit, applied: &Applied) {
    let by = by(commit);
    let trace = applied.trace.map(tracing::field::display);
    let incident = applied.touched.incidents.iter().next().map(|incident| incident.0);
    for event in &commit.events {
        count(event);
        tracing::info!(trace, seq = commit.seq, at_ms = commit.at.0, event = event.name(), incident, by, "event");
    }
}

fn by(commit: &Commit) -> &'static str {
    match &commit.cause {
        Cause::Clock => "clock",
        Cause::Command { actor, .. } => match actor {
            Actor::Volunteer(_) => "volunteer",
            Actor::Desk(_) => "desk",
            Actor::Resident(_) => "resident",
            Actor::Integration(_) => "integration",
            Actor::System => "system",
        },
    }
}

fn count(event: &Event) {
    if let Event::WaveSent { offers, .. } = event {
        metrics::counter!("baiying_offers_total", "outcome" => "made").increment(offers.len() as u64);
    }
    if let Some(outcome) = offer_outcome(event) {
        metrics::counter!("baiying_offers_total", "outcome" => outcome).increment(1);
    }
    if let Event::IncidentOpened { drill, .. } = event {
        let drill = if *drill { "yes" } else { "no" };
        metrics::counter!("baiying_incidents_total", "drill" => drill).increment(1);
    }
    if let Event::ShortfallTold { .. } = event {
        metrics::counter!("baiying_shortfalls_total").increment(1);
    }
}
