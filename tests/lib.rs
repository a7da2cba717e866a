//! What every suite needs: a real hub as a process of its own, on loopback, and people who talk to it.

pub mod harness;
