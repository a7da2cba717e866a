//! The border of a real hub on loopback: what it takes, what it refuses and how it says so, who sees what, and that every
//! body and frame is as its description says.

mod alarm;
mod bad_frames;
mod bad_input;
mod beat;
mod cap;
mod closing;
mod conformity;
mod datum;
mod documents;
mod files;
mod full_disk;
mod keys;
mod office;
pub mod person;
mod restart;
mod rights;
pub mod stream;
pub mod town;
pub mod village;
mod wake;
