//! The nouns of dispatching: plain data, no logic beyond construction and conversion.
//!
//! Everything here can be journalled, so every type is `Serialize`, and nothing here holds a name, a phone number, an
//! exact home address or a person's free text: those live in sealed rows, named here by a [`SealedRef`].

mod aid;
mod ids;
mod incident;
mod offer;
mod place;
mod plan;
mod skill;
mod task;
mod time;
mod volunteer;

pub use aid::*;
pub use ids::*;
pub use incident::*;
pub use offer::*;
pub use place::*;
pub use plan::*;
pub use skill::*;
pub use task::*;
pub use time::*;
pub use volunteer::*;
