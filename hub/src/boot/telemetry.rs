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

/// Upper bounds of histograms in milliseconds: from a blink to an outage.
const BUCKETS_MS: [f64; 14] = [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 5_000.0];

/// Begins to count; the handle renders `/metrics`.
///
/// # Errors
/// When counting has begun before in this process.
pub fn metrics() -> Result<PrometheusHandle> {
    let builder = PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_ms".to_owned()), &BUCKETS_MS)?;
    builder.install_recorder().context("metrics could not begin")
}
