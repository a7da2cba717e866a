//! Threads for what is shown to everybody: the walks over all views, and the sockets of walls. The system lets every other
//! thread of the hub go first, so that an alarm, its commit and its offers never wait until ten thousand walls are served.

use std::io;
use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

use super::slices::{self, Slices};

/// What these threads add to the niceness of the process: two fifths of the weight of the others. With more of it whoever
/// reads on the same machine wakes up for each single frame.
const NICER_BY: i32 = 4;

static THREADS: OnceLock<Runtime> = OnceLock::new();

/// Starts them, once a process. Where nobody has, everything runs where it is spawned.
///
/// # Errors
/// The system gives no threads.
pub fn begin() -> io::Result<()> {
    let threads =
        Builder::new_multi_thread().thread_name("background").on_thread_start(go_last).enable_all().build()?;
    // Begun before: those threads serve on.
    THREADS.set(threads).or_else(|threads| {
        threads.shutdown_background();
        Ok(())
    })
}

/// Runs `task` on them.
pub fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    THREADS.get().map_or_else(Handle::current, |threads| threads.handle().clone()).spawn(task)
}

fn go_last() {
    // On Linux a thread has a niceness of its own, and no process is the thread that asks.
    let niced = rustix::process::getpriority_process(None)
        .and_then(|niceness| rustix::process::setpriority_process(None, niceness + NICER_BY));
    let lets_others_in = niced.map_err(io::Error::from).and_then(|()| slices::take(Slices::Ordinary));
    if let Err(error) = lets_others_in {
        tracing::warn!(%error, "walls are served as urgently as persons");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_spawned_there_goes_last() {
        let before = rustix::process::getpriority_process(None).expect("a niceness");
        let threads = Builder::new_multi_thread().worker_threads(1).on_thread_start(go_last).build().expect("threads");
        let there = threads.block_on(threads.spawn(async { rustix::process::getpriority_process(None) }));
        assert_eq!(there.expect("it ran").expect("a niceness"), (before + NICER_BY).min(19));
        assert_eq!(rustix::process::getpriority_process(None).expect("a niceness"), before);
    }
}
