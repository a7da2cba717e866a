//! Commands on their way: kept under one id until they are answered, whatever happens to the socket.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use uuid::Uuid;
use wire::command::CommandArgs;
use wire::problem::Retry;
use wire::server::CommandResult;

/// After so long without an answer the same id is sent again: a time-out means unknown.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Clone, Debug)]
pub struct Waiting {
    pub id: Uuid,
    pub args: CommandArgs,
    /// Not before; `None` while it is in flight on this socket.
    due: Option<Instant>,
    sent: Option<Instant>,
}

/// The commands of one phone that are not answered yet, in order.
#[derive(Debug, Default)]
pub struct Outbox(VecDeque<Waiting>);

impl Outbox {
    /// Commands that wait; beyond it the oldest is dropped and told as [`super::Notice::Dropped`].
    pub const WAITING_MAX: usize = 64;

    /// Takes a command; gives back the one that had to go for it.
    pub fn add(&mut self, args: CommandArgs, now: Instant) -> Option<Waiting> {
        let dropped = if self.0.len() == Self::WAITING_MAX { self.0.pop_front() } else { None };
        self.0.push_back(Waiting { id: Uuid::now_v7(), args, due: Some(now), sent: None });
        dropped
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next command to send now, at most [`wire::COMMANDS_IN_FLIGHT_MAX`] in flight.
    pub fn next_due(&mut self, now: Instant) -> Option<&Waiting> {
        let in_flight = self.0.iter().filter(|waiting| waiting.due.is_none()).count();
        if in_flight >= wire::COMMANDS_IN_FLIGHT_MAX {
            return None;
        }
        let next = self.0.iter_mut().find(|waiting| waiting.due.is_some_and(|due| due <= now))?;
        (next.due, next.sent) = (None, Some(now));
        Some(next)
    }

    /// When there is something to send or to send again.
    pub fn next_at(&self) -> Option<Instant> {
        let at = |waiting: &Waiting| waiting.due.or(waiting.sent.map(|sent| sent + ANSWER_TIMEOUT));
        self.0.iter().filter_map(at).min()
    }

    /// Commands in flight for too long become due again, under the same id.
    pub fn time_out(&mut self, now: Instant) {
        for waiting in &mut self.0 {
            if waiting.due.is_none() && waiting.sent.is_some_and(|sent| sent + ANSWER_TIMEOUT <= now) {
                waiting.due = Some(now);
            }
        }
    }

    /// The socket is gone: all that was in flight is due again on the next one.
    pub fn socket_lost(&mut self, now: Instant) {
        self.0.iter_mut().for_each(|waiting| waiting.due = Some(waiting.due.unwrap_or(now)));
    }

    /// The command that `result` ends; `None` when it is to be sent again, or is not known (answered twice).
    pub fn answered(&mut self, result: &CommandResult, now: Instant) -> Option<Waiting> {
        let index = self.0.iter().position(|waiting| waiting.id == result.id)?;
        let again = match result.error.as_ref().map(|error| error.retry) {
            None | Some(Retry::No) => None,
            Some(Retry::SameId) => Some(now + ANSWER_TIMEOUT),
            Some(Retry::AfterMs(ms)) => Some(now + Duration::from_millis(u64::from(ms))),
        };
        if again.is_some() {
            self.0[index].due = again;
            return None;
        }
        self.0.remove(index)
    }
}
