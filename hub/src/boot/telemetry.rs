//! Logs: one structured line an event, to standard error; the trace id of a command is in each of its lines.

use anyhow::{Context, Result, anyhow};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use super::config::{LogFormat, LogSettings};

/// Begins logging. `RUST_LOG`, when set, goes before the settings.
///
/// # Errors
/// When logging has begun before, or `RUST_LOG` is not a filter.
pub fn begin(settings: &LogSettings) -> Result<()> {
    let filter = match std::env::var("RUST_LOG") {
        Ok(filter) if !filter.is_empty() => EnvFilter::try_new(&filter)?,
        // sqlx tells of every statement, hyper of every socket: not an event each.
        _ => EnvFilter::try_new(format!("{},sqlx=warn,hyper=warn,rustls=warn", settings.level))?,
    };
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(true);
    let begun = match settings.format {
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).try_init(),
        LogFormat::Plain => lines.compact().try_init(),
    };
    begun.map_err(|e| anyhow!("logging could not begin: {e}"))
}

/// Upper bounds of histograms in seconds: from a blink to an outage.
const BUCKETS_S: [f64; 12] = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 5.0];

/// Counters that an alert asks for: they are there from the start, for Prometheus sees no rise in what was not there before.
const COUNTED: [(&str, &[(&str, &str)]); 7] = [
    ("baiying_shortfalls_total", &[]),
    ("baiying_reloads_total", &[]),
    ("baiying_alarms_kept_total", &[]),
    ("baiying_intake_unreadable_total", &[]),
    ("baiying_beats_total", &[("outcome", "sent")]),
    ("baiying_beats_total", &[("outcome", "failed")]),
    ("baiying_wakes_total", &[("outcome", "given_up")]),
];

/// Begins to count; the handle renders `/metrics`.
///
/// # Errors
/// When counting has begun before in this process.
pub fn metrics() -> Result<PrometheusHandle> {
    let builder =
        PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS_S)?;
    let recorder = builder.install_recorder().context("metrics could not begin")?;
    for (name, labels) in COUNTED {
        metrics::counter!(name, labels).increment(0);
    }
    Ok(recorder)
}
