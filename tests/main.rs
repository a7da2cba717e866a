//! One binary for all suites: they share one build of the hub.

mod edge;
mod sim;
mod tidy;
mod verbs;
