//! The shell.

pub mod store;
