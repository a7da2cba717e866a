//! A telephone for a simulated person: signs in, takes a one-use ticket, opens a WebSocket, says hello, follows its
//! stream, answers, walks, reports where it is, and comes back after a lost connection. Plain HTTP: the crowd lives on the
//! hub's own machine.
//!
//! ```no_run
//! # async fn demo(person: crowd::model::Person) -> anyhow::Result<()> {
//! use crowd::drive::{Endpoint, Habits, Phone};
//! let hub = Endpoint::new("http://127.0.0.1:8080")?;
//! let token = hub.sign_in_by_link("the code of an invitation").await?.token;
//! let (stop, stopped) = tokio::sync::watch::channel(false);
//! let phone = Phone::new(0, hub, token, person).habits(Habits { patrol: true });
//! let life = tokio::spawn(phone.run(stopped));
//! stop.send(true)?;
//! life.await??;
//! # Ok(()) }
//! ```

mod endpoint;
mod hearing;
mod line;
mod notice;
mod outbox;
mod owner;
mod phone;
mod proof;
mod table;
mod words;

pub use endpoint::{Endpoint, Ways};
pub use notice::{Notice, Witness};
pub use outbox::Outbox;
pub use phone::{Farewell, Habits, Phone};
pub use proof::{Proof, Verdict};
pub use words::command_frame;

#[cfg(test)]
mod tests;
