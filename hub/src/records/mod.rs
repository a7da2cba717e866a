//! The office: accounts, sessions, the registry of people, the menu, the audit chain; plain SQL transactions on
//! `office.db`.
//!
//! Absent here: anything that must happen in milliseconds (that is `engine`), and any knowledge of HTTP (that is `edge`).
//! A write runs as a task of its own, so that a caller who goes away cannot leave a transaction half done.

mod accounts;
mod audit;
mod callers;
mod dump;
mod error;
mod keys;
mod links;
mod menu;
mod names;
mod office;
mod once;
mod outbox;
mod passwords;
mod people;
mod probes;
mod rows;
mod sessions;
mod shelf;
mod tickets;

pub use accounts::{Account, Invitation, NewAccount};
pub use audit::{AuditEntry, AuditFault};
pub use callers::CallerKeys;
pub use dump::OfficeRow;
pub use error::OfficeError;
pub use keys::{Key, mounted_key, own_key};
pub use links::{LinkFor, SIGN_IN_PATH};
pub use menu::MenuItem;
pub use names::NameBook;
pub use office::Office;
pub use once::Once;
pub use outbox::{Import, OfficeChange, OwedCommand};
pub use passwords::PASSWORD_LENGTH_MIN;
pub use people::{Person, is_phone, roughly};
pub use sessions::{Device, Identity, Issued, SessionId, Subject};
pub use tickets::TICKET_TTL_MS;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_shared;
