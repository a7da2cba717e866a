//! Sorts what the database says by what must be done about it.

use crate::store::error::JournalError;

/// Sorts an error. Where the server did not say that the statement failed, its outcome is unknown.
pub fn failure(err: sqlx::Error) -> JournalError {
    let detail = err.to_string();
    let code = err.as_database_error().and_then(|told| told.code()).map(|code| code.into_owned());
    match (code.as_deref(), &err) {
        (Some("53100"), _) => JournalError::DiskFull { detail },
        // Shutdown, crash, connection exceptions, "statement completion unknown".
        (Some(code), _) if code.starts_with("57P") || code.starts_with("08") || code == "40003" => {
            JournalError::Unknown { detail }
        }
        (Some(_), _) => JournalError::Failed(detail),
        (None, sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_)) => JournalError::Unknown { detail },
        (None, _) => JournalError::Failed(detail),
    }
}

/// Whether the connection on which this came is sound: only where the answer is the journal's own.
pub fn keeps_connection(err: &JournalError) -> bool {
    matches!(err, JournalError::Fenced { .. } | JournalError::Corrupt { .. } | JournalError::Format { .. })
}
