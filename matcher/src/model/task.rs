//! What a person at the desk has to do, with its own clock.

use serde::{Deserialize, Serialize};

use super::{IncidentId, PublicService, TaskId, Timestamp};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// Call 110, 119 or 120; `words` are for the caller meanwhile.
    HandOver { service: PublicService, words: String },
    /// Call back whoever raised an alarm and took it back.
    CallBack,
    /// Somebody else has to decide: the supervisor.
    Supervise,
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskOutcome {
    Done,
    /// The service answered and is on its way.
    TakenOver,
    NotReached,
    NotNeeded,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskTask {
    pub id: TaskId,
    pub incident: IncidentId,
    pub kind: TaskKind,
    pub made_at: Timestamp,
    pub due_at: Timestamp,
    /// Whether its clock has run out.
    pub overdue: bool,
    pub outcome: Option<(TaskOutcome, Timestamp)>,
}
