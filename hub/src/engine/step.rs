//! One batch, decided: pure and synchronous, so that the simulator runs exactly this.

use matcher::event::FORMAT;
use matcher::{
    Actor, Answer, BodyHash, Cause, Command, CommandId, Commit, Decision, Rejection, Request, State, Timestamp, decide,
    invariants,
};

/// Timer owners served in one batch; the rest are served by the next, which follows at once.
pub const TICKS_PER_BATCH_MAX: usize = 256;

/// Up to so many volunteers a debug build checks every invariant after every batch; a larger state takes too long.
const CHECKED_VOLUNTEERS_MAX: usize = 200;

/// What became of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Something happened: the commit of this seq holds it.
    Committed {
        /// What the caller is told.
        answer: Answer,
        /// Its commit.
        seq: u64,
    },
    /// Nothing changed: it had been so, or the same command was answered before.
    Unchanged {
        /// What the caller is told.
        answer: Answer,
    },
    /// The core said no.
    Rejected(Rejection),
}

/// A decided batch: commits to be appended as one, and a verdict for each request in its order.
#[derive(Debug, Default)]
pub struct Batch {
    /// In order of seq; ticks first.
    pub commits: Vec<Commit>,
    /// One for each request.
    pub verdicts: Vec<Verdict>,
    /// Timers are still due: another batch must follow at once.
    pub is_more_due: bool,
}

/// Decides a batch at one moment and evolves `state` by each commit in turn. When the append of it fails, `state` is
/// ahead of the log and must be dropped.
///
/// `gap_ms` is how long nobody served, if it was too long to pass over.
pub fn decide_batch(state: &mut State, now: Timestamp, gap_ms: Option<u64>, requests: &[Request]) -> Batch {
    let mut batch = Batch::default();
    if let Some(gap_ms) = gap_ms {
        by_clock(state, now, Command::ResumeService { gap_ms }, &mut batch);
    }
    tick(state, now, &mut batch);
    for request in requests {
        let verdict = one(state, now, request, &mut batch);
        batch.verdicts.push(verdict);
    }
    batch.is_more_due = is_due(state, now);
    if cfg!(debug_assertions) && state.district.volunteer_count() <= CHECKED_VOLUNTEERS_MAX {
        let wrong = invariants::check(&state.district);
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
    batch
}

fn is_due(state: &State, now: Timestamp) -> bool {
    state.next_deadline().is_some_and(|at| at <= now)
}

fn tick(state: &mut State, now: Timestamp, batch: &mut Batch) {
    for _ in 0..TICKS_PER_BATCH_MAX {
        if !is_due(state, now) || !by_clock(state, now, Command::Tick, batch) {
            return;
        }
    }
}

/// A command of the hub's own; whether it made a commit. A rejection here is a bug, told to us and survived.
fn by_clock(state: &mut State, now: Timestamp, command: Command, batch: &mut Batch) -> bool {
    let request = Request { id: CommandId(0), body_hash: BodyHash(0), actor: Actor::System, command };
    let made = batch.commits.len();
    if let Verdict::Rejected(rejection) = one(state, now, &request, batch) {
        metrics::counter!("baiying_clock_rejected_total").increment(1);
        tracing::error!(%rejection, command = ?request.command, "the core rejected its own clock: this is a bug");
    }
    batch.commits.len() > made
}

fn one(state: &mut State, now: Timestamp, request: &Request, batch: &mut Batch) -> Verdict {
    match decide(state, now, request) {
        Err(rejection) => Verdict::Rejected(rejection),
        Ok(Decision { events, answer }) if events.is_empty() => Verdict::Unchanged { answer },
        Ok(Decision { events, answer }) => {
            let seq = state.district.seq + 1;
            let commit = Commit { format: FORMAT, seq, at: now, cause: cause(request), events, answer: answer.clone() };
            state.evolve(&commit);
            batch.commits.push(commit);
            Verdict::Committed { answer, seq }
        }
    }
}

fn cause(request: &Request) -> Cause {
    match request.command {
        Command::Tick | Command::ResumeService { .. } => Cause::Clock,
        _ => Cause::Command {
            id: request.id,
            body_hash: request.body_hash,
            actor: request.actor,
            remembered: request.command.remembered(),
        },
    }
}

/// Whether a command is still taken while the disk is full: alarms, their answers, and what ends a case.
pub fn goes_on_when_low(command: &Command) -> bool {
    match command {
        Command::RaiseAlarm(_)
        | Command::CancelAlarm { .. }
        | Command::OfferReceived { .. }
        | Command::OfferSeen { .. }
        | Command::Accept { .. }
        | Command::Decline { .. }
        | Command::VolunteerFor { .. }
        | Command::ReachMilestone { .. }
        | Command::AbortAssignment { .. }
        | Command::Assign { .. }
        | Command::Reassign { .. }
        | Command::Substitute { .. }
        | Command::StandDown { .. }
        | Command::Escalate { .. }
        | Command::Cancel { .. }
        | Command::Close { .. }
        | Command::CompleteTask { .. }
        | Command::GoOnDuty { .. }
        | Command::GiveAid(_)
        | Command::TellAid { .. }
        | Command::EndAid { .. }
        | Command::Tick
        | Command::ResumeService { .. } => true,
        Command::DefineDistrict { .. }
        | Command::DefineSkills { .. }
        | Command::DefineGrids { .. }
        | Command::RemoveGrids { .. }
        | Command::DefineTeams { .. }
        | Command::DefinePlans { .. }
        | Command::EnrolVolunteers { .. }
        | Command::RetireVolunteers { .. }
        | Command::RequestService(_)
        | Command::GoOffDuty { .. }
        | Command::CheckIn { .. }
        | Command::Merge { .. }
        | Command::Unmerge { .. }
        | Command::Reopen { .. }
        | Command::AddNote { .. }
        | Command::SetDrill { .. } => false,
    }
}
