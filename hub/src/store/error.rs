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
    /// What was asked for was archived.
    #[error(
        "district {district}: the log begins at commit {first_seq}; those before it are in archive files, which \
         `hub verify DIR --archive FOLDER` reads / 更早的提交已归档,在归档文件中"
    )]
    Archived {
        /// The district.
        district: u32,
        /// The first commit that the log still has.
        first_seq: u64,
    },
    /// The log begins late, and the state that it begins with is not there.
    #[error(
        "district {district}: the log begins at commit {first_seq} and no snapshot before it can be read. Nothing was \
         changed. Put the archive files that hold commits 1 to {} of this district into one folder and run \
         `hub archive --from FOLDER`; or restore the latest backup / 日志从第 {first_seq} 条提交开始,之前的快照无法读取。\
         请把本区第 1 至 {} 条提交的归档文件放进同一文件夹,运行 hub archive --from 文件夹;或恢复最近的备份",
        first_seq - 1,
        first_seq - 1
    )]
    NoBase {
        /// The district.
        district: u32,
        /// The first commit that the log still has.
        first_seq: u64,
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
    /// A base that was not written whole: it does not count.
    pub fn base_in_parts(seq: u64) -> Self {
        JournalError::Failed(format!("the state at commit {seq} was not written whole; run it again"))
    }

    /// Rows that stand on no state stay.
    pub fn no_base_at(district: u32, seq: u64) -> Self {
        JournalError::Failed(format!(
            "district {district}: no state is kept at commit {seq}, so nothing before it is removed"
        ))
    }

    /// Whether it cannot pass by itself: whoever meets it stops.
    pub fn is_lasting(&self) -> bool {
        match self {
            JournalError::Corrupt { .. }
            | JournalError::NoBase { .. }
            | JournalError::Format { .. }
            | JournalError::Closed => true,
            JournalError::Fenced { .. }
            | JournalError::DiskFull { .. }
            | JournalError::InUse { .. }
            | JournalError::Archived { .. }
            | JournalError::Unknown { .. }
            | JournalError::Failed(_) => false,
        }
    }

    /// Shorthand for a row that cannot be trusted.
    pub fn corrupt(district: u32, seq: u64, what: impl Into<String>) -> Self {
        JournalError::Corrupt { district, seq, what: what.into() }
    }
}
