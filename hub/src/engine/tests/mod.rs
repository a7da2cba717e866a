//! The engine as a whole, on a journal in memory, on one that fails on purpose, and on SQLite; and its way out.

mod elections;
mod faulty;
mod hubs;
mod outlet;
mod restart;
mod streams;
mod street;
mod wakes;
mod writer;
