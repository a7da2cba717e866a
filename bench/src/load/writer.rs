//! What the hub's writer does with its time, as the hub itself counts it.

use std::time::Instant;

use anyhow::Context;
use crowd::drive::Endpoint;

/// The hub's sums at one moment.
pub struct Reading {
    at: Instant,
    decide_s: f64,
    append_s: f64,
    busy_s: f64,
    events: f64,
}

/// What it did between two readings.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// Of the time that the writer was busy, so much went into deciding and appending; the rest is overhead.
    pub useful_share: f64,
    pub events_per_s: f64,
}

impl Reading {
    /// # Errors
    /// The hub keeps no metrics, or does not answer.
    pub async fn of(hub: &Endpoint) -> anyhow::Result<Self> {
        let text = hub.text("/metrics").await?;
        let seconds = |name: &str| value(&text, &format!("{name}_seconds_sum"));
        Ok(Self {
            at: Instant::now(),
            decide_s: seconds("baiying_decide")?,
            append_s: seconds("baiying_append")?,
            busy_s: seconds("baiying_writer_busy")?,
            events: value(&text, "baiying_events_total")?,
        })
    }

    pub fn until(&self, later: &Self) -> Work {
        let useful_s = later.decide_s - self.decide_s + later.append_s - self.append_s;
        Work {
            useful_share: useful_s / (later.busy_s - self.busy_s),
            events_per_s: (later.events - self.events) / (later.at - self.at).as_secs_f64(),
        }
    }
}

fn value(metrics: &str, name: &str) -> anyhow::Result<f64> {
    let found = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    Ok(found.with_context(|| format!("the hub's metrics have no {name}"))?.trim().parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_found_by_its_whole_name() {
        let text = "# TYPE a_seconds summary\na_seconds{quantile=\"0\"} 9\na_seconds_sum 1.5\na_seconds_sum_of 7\n";
        assert_eq!(value(text, "a_seconds_sum").unwrap(), 1.5);
        assert!(value(text, "b_seconds_sum").is_err());
    }
}
