//! What happens: `(&State, now, &Request) -> Decision`, one file per family of commands; this page is the table of contents.

use crate::command::{Answer, Rejection, Request};
use crate::event::Event;
use crate::model::Timestamp;
use crate::state::State;

/// What a command makes happen, and what its caller is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub events: Vec<Event>,
    pub answer: Answer,
}

/// Decides one command at `now`. Pure: the same state, time and request give the same decision.
///
/// # Errors
/// A typed [`Rejection`], addressed to the caller; nothing has changed.
pub fn decide(_state: &State, _now: Timestamp, _request: &Request) -> Result<Decision, Rejection> {
    Ok(Decision { events: Vec::new(), answer: Answer::NothingToDo })
}
