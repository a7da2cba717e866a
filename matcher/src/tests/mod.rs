//! The core as a whole: a small town, given commands and time.

mod answering;
mod golden;
mod merging;
mod properties;
mod town;
mod waves;
