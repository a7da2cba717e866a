//! What can go wrong with a journal. All of it is for the operator, so each message says what to do.

/// Why a journal refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another owner or a later term stands in `head`, or the log has moved on: drop the state and step down.
    #[error("district {district}: fenced, term {term} no longer leads; the state must be dropped and loaded again")]
    Fenced {
        /// The district.
        district: u32,
        /// The term that was refused.
        term: u64,
    },
    /// The volume is full although the ballast was freed.
    #[error("the disk that holds the journal is full; free space on it, the hub goes on by itself: {detail}")]
    DiskFull {
        /// What the database said.
        detail: String,
    },
    /// Another process holds the journal.
    #[error("{path} is in use by another hub{holder}; stop that one or choose another --data folder")]
    InUse {
        /// The lock file.
        path: String,
        /// " (process N)", if it could be read.
        holder: String,
    },
    /// A row that cannot be trusted: missing, torn, or altered.
    #[error(
        "district {district}: {what} at seq {seq}. Nothing was changed. Copy the data folder away first, then \
         restore the latest backup, or run `hub verify` to see how far the log is sound"
    )]
    Corrupt {
        /// The district.
        district: u32,
        /// Where.
        seq: u64,
        /// What was found.
        what: String,
    },
    /// Written by a newer hub.
    #[error("district {district}: the log has format {found}, this hub reads up to {known}; start the newer hub")]
    Format {
        /// The district.
        district: u32,
        /// The version in `head`.
        found: u32,
        /// The highest version known here.
        known: u32,
    },
    /// Whether the append happened is not known: claim again (which bumps the term), then read the tail.
    #[error("the journal failed in the middle of a write, its outcome is unknown: {detail}")]
    Unknown {
        /// What the database said.
        detail: String,
    },
    /// The journal's thread has ended.
    #[error("the journal is closed")]
    Closed,
    /// Anything else that the database or the file system said.
    #[error("the journal failed: {0}")]
    Failed(String),
}

impl JournalError {
    /// Shorthand for a row that cannot be trusted.
    pub fn corrupt(district: u32, seq: u64, what: impl Into<String>) -> Self {
        JournalError::Corrupt { district, seq, what: what.into() }
    }
}
