//! The core as a whole: a small town, given commands and time.

mod answering;
mod properties;
mod town;
