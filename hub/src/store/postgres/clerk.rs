//! A clerk owns one connection and does one job after the other on it, in a task that nothing cancels: whoever asked and
//! went away loses the answer, never leaves a statement half done for the next one to inherit.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sqlx::{Connection, PgConnection};
use tokio::sync::{mpsc, oneshot};

use super::address::Address;
use super::failure::keeps_connection;
use crate::store::error::JournalError;
use crate::store::journal::Answer;

/// Jobs that may wait for one clerk; at the limit the caller waits.
const JOBS_MAX: usize = 256;

/// A connection that was idle for longer is tried with an empty message before it is trusted with a job.
const TRUSTED_MS: u128 = 500;

/// What a job does with the connection.
pub type Work<'c, T> = BoxFuture<'c, Answer<T>>;

/// Whether the connection is sound after a job.
type IsSound = bool;

type Job = Box<dyn for<'c> FnOnce(Answer<&'c mut PgConnection>) -> BoxFuture<'c, IsSound> + Send>;

/// A handle to a clerk; it ends with the last one.
#[derive(Clone)]
pub struct Clerk {
    jobs: mpsc::Sender<Job>,
}

impl Clerk {
    /// A clerk who connects when the first job comes. When the server is silent for `silence_ms` within a job, the
    /// connection is given up as a whole: the job's outcome is unknown then, and is answered so.
    pub fn start(address: Arc<Address>, silence_ms: u64) -> Self {
        let (jobs, inbox) = mpsc::channel(JOBS_MAX);
        let post = Post { address, conn: None, used: Instant::now(), silence: Duration::from_millis(silence_ms) };
        tokio::spawn(post.serve(inbox));
        Clerk { jobs }
    }

    /// Has `work` done.
    ///
    /// # Errors
    /// What the work or the database says; `Unknown` when the server fell silent.
    pub async fn ask<T: Send + 'static>(
        &self,
        work: impl for<'c> FnOnce(&'c mut PgConnection) -> Work<'c, T> + Send + 'static,
    ) -> Answer<T> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |conn| {
            Box::pin(async move {
                let done = match conn {
                    Ok(conn) => work(conn).await,
                    Err(err) => Err(err),
                };
                let is_sound = done.as_ref().err().is_none_or(keeps_connection);
                // The caller may have stopped waiting: the work counts, not the answer.
                reply.send(done).ok();
                is_sound
            })
        });
        self.jobs.send(job).await.map_err(|_| JournalError::Closed)?;
        let silent = || JournalError::Unknown { detail: "the database fell silent".to_owned() };
        answer.await.map_err(|_| silent())?
    }
}

/// The clerk's end.
struct Post {
    address: Arc<Address>,
    conn: Option<PgConnection>,
    used: Instant,
    silence: Duration,
}

impl Post {
    async fn serve(mut self, mut inbox: mpsc::Receiver<Job>) {
        while let Some(job) = inbox.recv().await {
            let ready = self.ready().await;
            // Owned by this call while the job runs: giving the job up gives the connection up with it.
            let mut conn = self.conn.take();
            let work = match (ready, conn.as_mut()) {
                (Ok(()), Some(conn)) => job(Ok(conn)),
                (Ok(()), None) => job(Err(JournalError::Closed)),
                (Err(err), _) => job(Err(err)),
            };
            let is_sound = tokio::time::timeout(self.silence, work).await.unwrap_or(false);
            self.conn = conn.filter(|_| is_sound);
            self.used = Instant::now();
        }
        if let Some(conn) = self.conn {
            // The server sees an end in any case; this one is the polite one.
            conn.close().await.ok();
        }
    }

    async fn ready(&mut self) -> Answer<()> {
        if self.used.elapsed().as_millis() > TRUSTED_MS
            && let Some(mut conn) = self.conn.take()
            && let Ok(Ok(())) = tokio::time::timeout(self.silence, conn.ping()).await
        {
            self.conn = Some(conn);
        }
        if self.conn.is_none() {
            self.conn = Some(self.address.connect().await?);
        }
        Ok(())
    }
}
