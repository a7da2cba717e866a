//! The thread that owns the journal file, and the two lanes of jobs that lead to it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{mpsc, oneshot};

use super::SqliteSettings;
use super::desk::Desk;
use crate::store::error::JournalError;
use crate::store::journal::Answer;

/// Jobs that may wait in a lane; at the limit the caller waits (a writer has one append under way, so only readers
/// ever do).
const LANE_JOBS_MAX: usize = 256;

/// What a job does with the desk.
pub type Work<'d, T> = Pin<Box<dyn Future<Output = Answer<T>> + 'd>>;

/// A job with its answer's way back packed inside.
type Job = Box<dyn for<'d> FnOnce(Answer<&'d mut Desk>) -> Pin<Box<dyn Future<Output = ()> + 'd>> + Send>;

/// Which lane a job takes.
#[derive(Clone, Copy, Debug)]
pub enum Lane {
    /// Appends and claims: what an alarm waits for.
    Urgent,
    /// Everything else, one job at a time between the urgent ones.
    Rest,
}

/// A handle to the thread.
#[derive(Clone)]
pub struct JournalThread {
    urgent: mpsc::Sender<Job>,
    rest: mpsc::Sender<Job>,
    is_low: Arc<AtomicBool>,
    ended: Arc<tokio::sync::Mutex<oneshot::Receiver<()>>>,
}

struct Lanes {
    urgent: mpsc::Receiver<Job>,
    rest: mpsc::Receiver<Job>,
}

impl JournalThread {
    /// Starts the thread; returns when the file is open.
    pub async fn start(settings: SqliteSettings) -> Answer<Self> {
        let (urgent, urgent_jobs) = mpsc::channel(LANE_JOBS_MAX);
        let (rest, rest_jobs) = mpsc::channel(LANE_JOBS_MAX);
        let (opened, is_open) = oneshot::channel();
        let (ending, ended) = oneshot::channel();
        let is_low = Arc::new(AtomicBool::new(false));
        let lanes = Lanes { urgent: urgent_jobs, rest: rest_jobs };
        let flag = is_low.clone();
        let body = move || run(settings, flag, lanes, opened, ending);
        std::thread::Builder::new()
            .name("journal".into())
            .spawn(body)
            .map_err(|err| JournalError::Failed(format!("the journal's thread cannot start: {err}")))?;
        is_open.await.map_err(|_| JournalError::Closed)??;
        Ok(JournalThread { urgent, rest, is_low, ended: Arc::new(tokio::sync::Mutex::new(ended)) })
    }

    /// Has `work` done on the thread. If the caller stops waiting the work is done all the same.
    pub async fn ask<T: Send + 'static>(
        &self,
        lane: Lane,
        work: impl for<'d> FnOnce(&'d mut Desk) -> Work<'d, T> + Send + 'static,
    ) -> Answer<T> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |desk| {
            Box::pin(async move {
                let done = match desk {
                    Ok(desk) => work(desk).await,
                    Err(err) => Err(err),
                };
                // The caller may have stopped waiting: the work counts, not the answer.
                reply.send(done).ok();
            })
        });
        let sender = match lane {
            Lane::Urgent => &self.urgent,
            Lane::Rest => &self.rest,
        };
        sender.send(job).await.map_err(|_| JournalError::Closed)?;
        answer.await.map_err(|_| JournalError::Closed)?
    }

    /// Drops this handle and waits until the thread has closed the file. Other handles must be dropped too.
    pub async fn close(self) {
        let ended = self.ended.clone();
        drop(self);
        // An error means that the thread is gone already, which is what is waited for.
        (&mut *ended.lock().await).await.ok();
    }

    /// True while the ballast is freed.
    pub fn is_low_on_space(&self) -> bool {
        self.is_low.load(Ordering::Acquire)
    }
}

/// The body of the thread: its own runtime, so that no shutdown elsewhere can drop a job half done.
fn run(
    settings: SqliteSettings,
    is_low: Arc<AtomicBool>,
    lanes: Lanes,
    opened: oneshot::Sender<Answer<()>>,
    _ending: oneshot::Sender<()>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(err) => {
            opened.send(Err(JournalError::Failed(format!("the journal's thread: {err}")))).ok();
            return;
        }
    };
    runtime.block_on(async move {
        match Desk::open(&settings, is_low).await {
            Ok(desk) => {
                opened.send(Ok(())).ok();
                serve(desk, lanes).await;
            }
            Err(err) => {
                opened.send(Err(err)).ok();
            }
        }
    });
}

async fn serve(mut desk: Desk, mut lanes: Lanes) {
    while let Some(job) = lanes.next().await {
        let ready = desk.ready().await;
        job(ready.map(|()| &mut desk)).await;
    }
    desk.close().await;
}

impl Lanes {
    /// The next job, urgent ones first; `None` when no handle is left.
    async fn next(&mut self) -> Option<Job> {
        tokio::select! {
            biased;
            Some(job) = self.urgent.recv() => Some(job),
            Some(job) = self.rest.recv() => Some(job),
            else => None,
        }
    }
}
