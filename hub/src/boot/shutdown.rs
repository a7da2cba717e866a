//! When to stop: SIGTERM from a supervisor, SIGINT from a terminal.

use anyhow::Result;
use tokio::signal::unix::{SignalKind, signal};

/// Waits until somebody asks this process to stop; says who.
///
/// # Errors
/// When the signals cannot be listened to.
pub async fn asked_to_stop() -> Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let who = tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    };
    Ok(who)
}
