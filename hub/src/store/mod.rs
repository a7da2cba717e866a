//! The store: where commits become facts.
//!
//! [`Journal`] is the one border between the engine and a database. Bodies are opaque bytes here: this room
//! knows rows, sequence numbers and fences, never what an alarm is. Three implementations pass one
//! conformance suite: [`memory`] (tests, the simulator, `bench replay`), [`sqlite`] (the embedded default), [`postgres`]
//! (several equal hubs).
//!
//! What every implementation promises:
//! - an append happens whole or not at all, and only for the owner of the current term (else `Fenced`);
//! - what `append` returned `Ok` for survives `kill -9` and power loss (as far as the disk keeps its word);
//! - `seq` has no gap; a row that cannot be trusted stops the reader with words that say what to do.

pub mod checksum;
pub mod chosen;
#[cfg(test)]
mod conformance;
pub mod error;
pub mod form;
pub mod journal;
pub mod memory;
pub mod postgres;
pub mod recovery;
pub mod rows;
pub mod shorten;
pub mod snapshots;
pub mod sqlite;

pub use chosen::ChosenJournal;
pub use error::JournalError;
pub use journal::Journal;
pub use memory::MemoryJournal;
pub use postgres::PostgresJournal;
pub use rows::{
    About, Append, CommitRow, Fence, Head, IntakeRow, Pulse, SealedRow, Snapshot, SnapshotMark, WakeOutcome, WakeRow,
    WakeSlot,
};
pub use shorten::Shorten;
pub use sqlite::SqliteJournal;
