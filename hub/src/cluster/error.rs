//! What can go wrong with what hubs share. There is one thing, and nobody has to be told but the operator.

/// The shared state cannot be asked now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClusterError {
    /// No answer in time, or none at all. It says nothing about who leads.
    #[error("Redis does not answer; alarms go on, positions and hand-over are slower meanwhile: {detail}")]
    Unreachable {
        /// What the connection said.
        detail: String,
    },
}

/// An answer of the room.
pub type Answer<T> = Result<T, ClusterError>;
