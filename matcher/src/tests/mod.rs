//! The core as a whole: a small town, given commands and time.

mod aid;
mod answering;
mod assignments;
mod batches;
mod duty;
mod ending;
mod escalation;
mod fitting;
mod golden;
mod limits;
mod merging;
mod properties;
mod service;
mod town;
mod waves;
