//! Archive of old records: what leaves the log is in files first, byte for byte; whatever it is cut short at, nothing is lost and
//! nothing is half done; and everything that reads a log works with one that begins late.

mod cut_short;
mod hub;
mod old;
mod shared;
