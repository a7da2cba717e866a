//! Bodies of the HTTP twins of commands: the arguments of [`crate::command`] without the id that the path names.
//! The command's own id is the `Idempotency-Key` header, its district that of the id.

use crate::command::{
    Abort, AbortReason, Accept, Assign, Close, CommandArgs, CompleteTask, Decline, DeclineReason, Disposition,
    DoneArgs, EndArgs, IncidentArgs, Merge, MilestoneArgs, Note, OfferArgs, Reassign, StandDown, Substitute,
    TaskOutcome, Unmerge, VolunteerFor,
};
use crate::{Id, server::Outcome};

bodies! {
    NoBody {}
    AcceptBody {
        /// Minutes, 0 ..= 720.
        #[serde(default)]
        eta_min: Option<u16>,
    }
    DeclineBody {
        #[serde(default)]
        reason: Option<DeclineReason>,
        #[serde(default)]
        words: Option<String>,
    }
    MilestoneBody {
        #[serde(default)]
        tapped_ago_ms: u64,
    }
    DoneBody {
        #[serde(default)]
        tapped_ago_ms: u64,
        /// The signed service sheet, base64, at most 12 KiB.
        #[serde(default)]
        sheet: Option<String>,
    }
    AbortBody {
        #[serde(default)]
        reason: Option<AbortReason>,
        #[serde(default)]
        words: Option<String>,
    }
    AssignBody { volunteer: Id }
    ReassignBody { to: Id }
    SubstituteBody { by: Id }
    StandDownBody {
        #[serde(default)]
        assignment: Option<Id>,
    }
    MergeBody { into: Id }
    UnmergeBody {
        #[serde(default)]
        call: Option<Id>,
    }
    EndBody {
        #[serde(default)]
        words: Option<String>,
    }
    CloseBody {
        disposition: Disposition,
        #[serde(default)]
        words: Option<String>,
    }
    NoteBody { words: String }
    CompleteBody { outcome: TaskOutcome }
    /// The answer to any command: what came of it, and the commit that holds it.
    Taken {
        #[serde(flatten)]
        outcome: Outcome,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seq: Option<u64>,
    }
}

/// A body that, with the id of its path, is a command.
pub trait Twin {
    fn of(self, id: Id) -> CommandArgs;
}

macro_rules! twins {
    ($($body:ident, $id:ident => $command:expr;)*) => {$(
        impl Twin for $body {
            fn of(self, $id: Id) -> CommandArgs {
                let body = self;
                $command(body)
            }
        }
    )*};
}

twins! {
    AcceptBody, offer => |b: AcceptBody| CommandArgs::Accept(Accept { offer, eta_min: b.eta_min });
    DeclineBody, offer => |b: DeclineBody| CommandArgs::Decline(Decline { offer, reason: b.reason, words: b.words });
    DoneBody, assignment => |b: DoneBody| {
        CommandArgs::Done(DoneArgs { assignment, tapped_ago_ms: b.tapped_ago_ms, sheet: b.sheet })
    };
    AbortBody, assignment => |b: AbortBody| {
        CommandArgs::Abort(Abort { assignment, reason: b.reason, words: b.words })
    };
    AssignBody, incident => |b: AssignBody| CommandArgs::Assign(Assign { incident, volunteer: b.volunteer });
    ReassignBody, assignment => |b: ReassignBody| CommandArgs::Reassign(Reassign { assignment, to: b.to });
    SubstituteBody, assignment => |b: SubstituteBody| CommandArgs::Substitute(Substitute { assignment, by: b.by });
    StandDownBody, incident => |b: StandDownBody| {
        CommandArgs::StandDown(StandDown { incident, assignment: b.assignment })
    };
    MergeBody, duplicate => |b: MergeBody| CommandArgs::Merge(Merge { duplicate, into: b.into });
    UnmergeBody, incident => |b: UnmergeBody| CommandArgs::Unmerge(Unmerge { incident, call: b.call });
    EndBody, incident => |b: EndBody| CommandArgs::Cancel(EndArgs { incident, words: b.words });
    CloseBody, incident => |b: CloseBody| {
        CommandArgs::Close(Close { incident, disposition: b.disposition, words: b.words })
    };
    NoteBody, incident => |b: NoteBody| CommandArgs::Note(Note { incident, words: b.words });
    CompleteBody, task => |b: CompleteBody| CommandArgs::CompleteTask(CompleteTask { task, outcome: b.outcome });
}

impl MilestoneBody {
    pub fn args(self, assignment: Id) -> MilestoneArgs {
        MilestoneArgs { assignment, tapped_ago_ms: self.tapped_ago_ms }
    }
}

impl AcceptBody {
    /// Coming forward for an incident, unasked or late.
    pub fn volunteer_for(self, incident: Id) -> CommandArgs {
        CommandArgs::VolunteerFor(VolunteerFor { incident, eta_min: self.eta_min })
    }
}

/// Commands that need nothing but the id of their path.
pub fn received(offer: Id) -> CommandArgs {
    CommandArgs::OfferReceived(OfferArgs { offer })
}

pub fn seen(offer: Id) -> CommandArgs {
    CommandArgs::OfferSeen(OfferArgs { offer })
}

pub fn escalate(incident: Id) -> CommandArgs {
    CommandArgs::Escalate(IncidentArgs { incident })
}

pub fn reopen(incident: Id) -> CommandArgs {
    CommandArgs::Reopen(IncidentArgs { incident })
}
