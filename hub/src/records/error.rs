//! What the office answers instead of doing what was asked.

/// A refusal is addressed to the caller; [`OfficeError::Failed`] to the operator.
#[derive(Debug, thiserror::Error)]
pub enum OfficeError {
    /// Account or password; which of the two is not said.
    #[error("the account or the password is wrong, or the account is disabled")]
    WrongCredentials,
    /// More sign-ins wait for their turn than is sensible: a flood must not slow an alarm.
    #[error("too many people are signing in at once; try again in a moment")]
    TooManySignIns,
    #[error("this link is not known, was used before, or is over; ask for a new one (`hub admin-link`)")]
    LinkOver,
    /// Unknown, revoked, or stolen and used twice.
    #[error("the token is not known or was revoked; sign in again")]
    Unauthenticated,
    #[error("the session is over; sign in again")]
    SessionOver,
    #[error("the ticket is not known, was used before, or is older than 30 s; ask for a new one")]
    TicketOver,
    /// An `Idempotency-Key` that stands for something else.
    #[error("this key was used before with another body; take a new one")]
    IdempotencyConflict,
    #[error("{field}: {why}")]
    Invalid { field: &'static str, why: String },
    #[error("there is no {what} {name:?}")]
    Unknown { what: &'static str, name: String },
    /// The database is away for now; nothing was done.
    #[error("the office database cannot be reached: {0:#}")]
    Unreachable(anyhow::Error),
    #[error("the office database failed: {0:#}")]
    Failed(anyhow::Error),
}

/// SQLSTATE class 57: the server stops, crashes or starts (PostgreSQL, Appendix A).
const OPERATOR_INTERVENTION: &str = "57P";

impl From<sqlx::Error> for OfficeError {
    fn from(error: sqlx::Error) -> Self {
        let is_away = match &error {
            sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => true,
            sqlx::Error::Database(said) => said.code().is_some_and(|code| code.starts_with(OPERATOR_INTERVENTION)),
            _ => false,
        };
        if is_away { Self::Unreachable(error.into()) } else { Self::Failed(error.into()) }
    }
}

impl From<anyhow::Error> for OfficeError {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

pub(super) type Answer<T> = Result<T, OfficeError>;
