//! Simulated people, one model for all who need them: replay on virtual time, load and demo over real sockets, tests.
//!
//! - [`model`] is pure: a person hears something at a moment and says what he does and when he must be woken again.
//! - [`drive`] gives such a person a telephone: a real session, a real WebSocket, the protocol as `hub/wire` has it. The
//!   hub cannot tell it from a person's own.

pub mod drive;
pub mod model;
