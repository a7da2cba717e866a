//! The shell.

pub mod boot;
pub mod cli;
pub mod records;
pub mod store;
