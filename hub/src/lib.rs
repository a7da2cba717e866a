//! The shell.

pub mod boot;
pub mod cli;
pub mod cluster;
#[cfg(feature = "demo")]
pub mod demo;
pub mod edge;
pub mod engine;
pub mod records;
pub mod store;
