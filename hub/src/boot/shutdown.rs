//! When to stop: SIGTERM from a supervisor, SIGINT from a terminal.

use anyhow::Result;
use tokio::signal::unix::{SignalKind, signal};

/// Listens from now on; the future is ready, and says who asked, when somebody asks this process to stop. Call it before
/// anything is started, so that a hub that is asked early still ends in order.
///
/// # Errors
/// When the signals cannot be listened to.
pub fn asked_to_stop() -> Result<impl Future<Output = &'static str>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    })
}
