//! Logs: one structured line an event, to standard error; the trace id of a command is in each of its lines.

use anyhow::{Result, anyhow};
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
