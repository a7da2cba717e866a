//! The way in: two bounded lanes, alarms ahead of the rest, neither able to starve the other.

use matcher::Request;
use tokio::sync::{mpsc, oneshot};

use super::submit::{Committed, SubmitError};
use crate::store::SealedRow;

/// Commands of one batch, decided at one moment and committed together.
pub const BATCH_COMMANDS_MAX: usize = 256;

/// Places of a batch that are the rest's if it wants them, so that a flood of alarms cannot starve accepts.
pub const BATCH_REST_MIN: usize = 64;

/// Alarms that may wait; at the limit the caller waits, which stops the reading of that socket. None is refused.
pub const ALARMS_WAITING_MAX: usize = 4_096;

/// Other commands that may wait; at the limit the caller is told to come again.
pub const REST_WAITING_MAX: usize = 8_192;

/// What a caller is told to wait when the rest's lane is full, milliseconds.
pub const BUSY_AFTER_MS: u32 = 500;

/// A command on its way to the writer, with what is sealed beside it and the way back.
#[derive(Debug)]
pub struct Submission {
    /// The command.
    pub request: Request,
    /// Rows that are kept with its commit, if it makes one.
    pub sealed: Vec<SealedRow>,
    /// Where the answer goes, after commit.
    pub reply: oneshot::Sender<Result<Committed, SubmitError>>,
}

/// The senders' end.
#[derive(Clone, Debug)]
pub struct LanesIn {
    alarms: mpsc::Sender<Submission>,
    rest: mpsc::Sender<Submission>,
}

/// The writer's end.
#[derive(Debug)]
pub struct LanesOut {
    alarms: mpsc::Receiver<Submission>,
    rest: mpsc::Receiver<Submission>,
}

/// The two ends of fresh lanes.
pub fn lanes() -> (LanesIn, LanesOut) {
    let (alarms_in, alarms) = mpsc::channel(ALARMS_WAITING_MAX);
    let (rest_in, rest) = mpsc::channel(REST_WAITING_MAX);
    (LanesIn { alarms: alarms_in, rest: rest_in }, LanesOut { alarms, rest })
}

impl LanesIn {
    /// Puts a command into its lane.
    ///
    /// # Errors
    /// `Busy` if the rest's lane is full, `Stopped` if the writer is gone.
    pub async fn put(&self, submission: Submission) -> Result<(), SubmitError> {
        if submission.request.command.is_alarm() {
            return self.alarms.send(submission).await.map_err(|_| SubmitError::Stopped);
        }
        self.rest.try_send(submission).map_err(|err| match err {
            mpsc::error::TrySendError::Full(_) => SubmitError::Busy { after_ms: BUSY_AFTER_MS },
            mpsc::error::TrySendError::Closed(_) => SubmitError::Stopped,
        })
    }
}

impl LanesOut {
    /// Waits until something is there and takes a batch: alarms first, at least [`BATCH_REST_MIN`] places for the rest.
    /// `None` when no sender is left. Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Vec<Submission>> {
        let first = tokio::select! {
            biased;
            Some(alarm) = self.alarms.recv() => alarm,
            Some(other) = self.rest.recv() => other,
            else => return None,
        };
        Some(self.fill(vec![first]))
    }

    /// What is waiting now, as [`LanesOut::next`] would take it; may be empty.
    pub fn take(&mut self) -> Vec<Submission> {
        self.fill(Vec::new())
    }

    /// Takes no more; what waits can still be taken.
    pub fn close(&mut self) {
        self.alarms.close();
        self.rest.close();
    }

    fn fill(&mut self, mut batch: Vec<Submission>) -> Vec<Submission> {
        let alarms_max = BATCH_COMMANDS_MAX - self.rest.len().min(BATCH_REST_MIN);
        drain(&mut self.alarms, &mut batch, alarms_max);
        drain(&mut self.rest, &mut batch, BATCH_COMMANDS_MAX);
        batch
    }
}

fn drain(lane: &mut mpsc::Receiver<Submission>, batch: &mut Vec<Submission>, up_to: usize) {
    while batch.len() < up_to {
        match lane.try_recv() {
            Ok(submission) => batch.push(submission),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use matcher::{Actor, BodyHash, CallSource, Command, CommandId, NewIncident};

    use super::*;

    fn submission(command: Command) -> Submission {
        let request = Request { id: CommandId(1), body_hash: BodyHash(1), actor: Actor::System, command };
        Submission { request, sealed: Vec::new(), reply: oneshot::channel().0 }
    }

    fn alarm() -> Submission {
        submission(Command::RaiseAlarm(NewIncident {
            kind: "fall".into(),
            source: CallSource::Button,
            position: None,
            fallback: None,
            caller: None,
            raised_by: None,
            sealed: None,
            drill: false,
            roles: None,
        }))
    }

    fn other() -> Submission {
        submission(Command::SetDrill { on: true })
    }

    #[tokio::test]
    async fn a_flood_of_alarms_leaves_places_for_the_rest() {
        let (into, mut out) = lanes();
        for _ in 0..1_000 {
            into.put(alarm()).await.unwrap();
            into.put(other()).await.unwrap();
        }
        let batch = out.next().await.unwrap();
        let alarms = batch.iter().filter(|s| s.request.command.is_alarm()).count();
        assert_eq!((alarms, batch.len()), (BATCH_COMMANDS_MAX - BATCH_REST_MIN, BATCH_COMMANDS_MAX));
        assert!(batch[..alarms].iter().all(|s| s.request.command.is_alarm()), "alarms come first");
    }

    #[tokio::test]
    async fn alone_either_fills_the_batch() {
        for make in [alarm, other] {
            let (into, mut out) = lanes();
            for _ in 0..BATCH_COMMANDS_MAX + 5 {
                into.put(make()).await.unwrap();
            }
            assert_eq!(out.next().await.unwrap().len(), BATCH_COMMANDS_MAX);
            assert_eq!(out.take().len(), 5);
        }
    }

    #[tokio::test]
    async fn a_full_lane_refuses_the_rest_and_never_an_alarm() {
        let (into, mut out) = lanes();
        for _ in 0..REST_WAITING_MAX {
            into.put(other()).await.unwrap();
        }
        assert_eq!(into.put(other()).await, Err(SubmitError::Busy { after_ms: BUSY_AFTER_MS }));
        for _ in 0..ALARMS_WAITING_MAX {
            into.put(alarm()).await.unwrap();
        }
        let mut waiting = Box::pin(into.put(alarm()));
        assert_eq!(futures_util::FutureExt::now_or_never(&mut waiting), None, "it waits for its place");
        while out.take().len() == BATCH_COMMANDS_MAX {}
        assert_eq!(waiting.await, Ok(()), "and gets it");
    }
}
