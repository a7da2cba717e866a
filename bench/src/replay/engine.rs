//! The engine in process: what the hub's writer does, without a hub, on a clock that the caller turns.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, bail, ensure};
use matcher::invariants::{self, Auditor};
use matcher::{
    Actor, BodyHash, Cause, Command, CommandId, Commit, DistrictId, IncidentId, Observation, Rejection, Request, State,
    Timestamp, decide, event,
};

pub struct Engine {
    state: State,
    /// Sees every commit and shares no code with what made it.
    auditor: Auditor,
    commands: u64,
    journal: Option<BufWriter<File>>,
}

impl Engine {
    /// `journal`: a file that gets one commit a line, as `hub verify` reads it.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn new(district: DistrictId, journal: Option<&Path>) -> anyhow::Result<Self> {
        let journal = journal.map(|path| {
            let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
            anyhow::Ok(BufWriter::with_capacity(1 << 20, file))
        });
        Ok(Self { state: State::new(district), auditor: Auditor::new(), commands: 0, journal: journal.transpose()? })
    }

    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.state.next_deadline()
    }

    pub fn observe(&mut self, seen: &[Observation]) {
        self.state.observe(seen);
    }

    /// The same for the same log, wherever it was replayed.
    pub fn digest(&self) -> u64 {
        self.state.district.digest()
    }

    /// What an incident is called, while it is known.
    pub fn kind(&self, incident: IncidentId) -> Option<&str> {
        self.state.district.incident(incident).map(|incident| incident.kind.as_str())
    }

    pub fn commits(&self) -> u64 {
        self.state.district.seq
    }

    /// One command; the commit that came of it, if any did, or the typed no.
    ///
    /// # Errors
    /// The journal cannot be written, or the commit breaks an invariant.
    pub fn submit(
        &mut self,
        now: Timestamp,
        actor: Actor,
        command: Command,
    ) -> anyhow::Result<Result<Option<Commit>, Rejection>> {
        self.commands += 1;
        let request = Request { id: self.command_id(now), body_hash: BodyHash(self.commands), actor, command };
        let decision = match decide(&self.state, now, &request) {
            Ok(decision) => decision,
            Err(rejection) => return Ok(Err(rejection)),
        };
        let remembered = request.command.remembered();
        if decision.events.is_empty() && !remembered {
            return Ok(Ok(None));
        }
        let cause = match request.command {
            Command::Tick => Cause::Clock,
            _ => Cause::Command { id: request.id, body_hash: request.body_hash, actor, remembered },
        };
        let seq = self.state.district.seq + 1;
        let commit =
            Commit { format: event::FORMAT, seq, at: now, cause, events: decision.events, answer: decision.answer };
        self.write(&commit)?;
        let wrong = self.auditor.audit(&commit);
        ensure!(wrong.is_empty(), "commit {seq} breaks what must hold: {wrong:?}");
        self.state.evolve(&commit);
        Ok(Ok(Some(commit)))
    }

    /// The next timer that is due at `now`, with all of its owner's: one commit. `None` when none is due.
    ///
    /// # Errors
    /// The journal cannot be written, or a tick does nothing.
    pub fn tick(&mut self, now: Timestamp) -> anyhow::Result<Option<Commit>> {
        if self.next_deadline().is_none_or(|due| due > now) {
            return Ok(None);
        }
        match self.submit(now, Actor::System, Command::Tick)? {
            Ok(Some(commit)) => Ok(Some(commit)),
            Ok(None) => bail!("a timer is due at {} but a tick does nothing", now.0),
            Err(rejection) => bail!("a tick was refused: {rejection}"),
        }
    }

    /// # Errors
    /// The state breaks an invariant, or the last bytes cannot be written.
    pub fn close(mut self) -> anyhow::Result<()> {
        let wrong = invariants::check(&self.state.district);
        ensure!(wrong.is_empty(), "the state breaks what must hold: {wrong:?}");
        self.journal.as_mut().map_or(Ok(()), Write::flush).context("the journal file is not complete")
    }

    fn write(&mut self, commit: &Commit) -> anyhow::Result<()> {
        let Some(journal) = &mut self.journal else { return Ok(()) };
        serde_json::to_writer(&mut *journal, commit).context("the journal file cannot be written")?;
        journal.write_all(b"\n").context("the journal file cannot be written")
    }

    /// A UUIDv7 of the virtual clock and a counter: the same in every replay.
    fn command_id(&self, now: Timestamp) -> CommandId {
        let (time, version, variant) = ((now.0 as u128 & 0xffff_ffff_ffff) << 80, 7u128 << 76, 2u128 << 62);
        CommandId(time | version | variant | u128::from(self.commands))
    }
}
