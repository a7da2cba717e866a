//! The shell.

pub mod records;
pub mod store;
