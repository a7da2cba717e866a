//! The core of Baiying: a pure, synchronous, deterministic dispatch engine.
//!
//! Commands go in, events come out, time is an argument. `decide` says what happens, `evolve` makes it so; nothing here
//! waits, reads a clock, opens a file or draws at random, so the same log always gives the same state.
//!
//! - [`model`] the nouns, [`command`] what may be asked, [`event`] what has happened
//! - [`decide`] commands to events, [`state`] events to state
//! - [`select`] who could go, [`assign`] many incidents at once
//! - [`invariants`] what must hold after every commit

pub mod assign;
pub mod command;
pub mod decide;
pub mod event;
pub mod invariants;
pub mod model;
pub mod select;
mod shared;
pub mod state;
#[cfg(test)]
mod tests;

pub use command::{Answer, Command, NewIncident, Rejection, Request};
pub use decide::{Decision, decide};
pub use event::{Cause, Commit, Event};
pub use model::*;
pub use state::{District, Observation, State};
