//! One binary for all suites: they share one build of the hub.

mod archive;
mod browser;
mod edge;
mod failover;
mod instances;
mod k8s;
mod kill;
mod sim;
mod tidy;
mod verbs;
