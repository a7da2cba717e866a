//! Test support: filled by the suites beside it.
