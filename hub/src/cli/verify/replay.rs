//! One log, audited, evolved, digested: from its first commit, or, where older ones were archived, from the state it begins
//! with. Such a log is not audited: the auditor must have seen everything.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use matcher::event::FORMAT;
use matcher::invariants::{Auditor, check};
use matcher::{Commit, District, DistrictId, Event};

/// Faults that are told; after so many nothing new is learnt.
const FAULTS_MAX: usize = 20;
/// The whole state is checked at the end and after every so many commits.
const CHECK_EVERY: u64 = 1_000;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub district: Option<DistrictId>,
    /// The commit whose state it begins with; 0: from nothing.
    pub after: u64,
    pub commits: u64,
    pub events: u64,
    /// Of the journalled state; the same log gives the same digest for ever.
    pub digest: u64,
    pub faults: Vec<String>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let district = self.district.map_or_else(|| "?".to_owned(), |id| id.to_string());
        let Verdict { after, commits, events, digest, .. } = self;
        write!(f, "district {district}: {commits} commits, {events} events, digest {digest:016x}")?;
        if *after > 0 {
            write!(
                f,
                "\n  自第 {after} 条提交的状态起 / from the state at commit {after}: --archive FOLDER replays what was archived too"
            )?;
        }
        for fault in &self.faults {
            write!(f, "\n  ✗ {fault}")?;
        }
        if self.faults.len() >= FAULTS_MAX {
            write!(f, "\n  … stopped after {FAULTS_MAX} faults")?;
        }
        Ok(())
    }
}

/// A log while it is read.
#[derive(Debug)]
pub struct Replay {
    district: Option<District>,
    /// `None` when it has not seen the beginning.
    auditor: Option<Auditor>,
    after: u64,
    commits: u64,
    events: u64,
    faults: Vec<String>,
}

impl Replay {
    /// A log whose first commits say whose it is.
    pub fn unnamed() -> Self {
        let auditor = Some(Auditor::new());
        Self { district: None, auditor, after: 0, commits: 0, events: 0, faults: Vec::new() }
    }

    /// A log whose district is known.
    pub fn of(district: DistrictId) -> Self {
        Self { district: Some(District::new(district)), ..Self::unnamed() }
    }

    /// A log that begins with a state.
    pub fn from(state: District) -> Self {
        Self { auditor: None, after: state.seq, district: Some(state), ..Self::unnamed() }
    }

    /// Takes the next commit as it is stored; `whence` is where it stands. `false`: nothing after it can be replayed.
    pub fn take_bytes(&mut self, bytes: &[u8], whence: &str) -> bool {
        match serde_json::from_slice::<Commit>(bytes) {
            Ok(commit) => self.take(&commit),
            Err(error) => {
                self.fault(format!("{whence} is no commit: {error}"));
                false
            }
        }
    }

    /// Takes the next commit. `false`: nothing after it can be replayed.
    pub fn take(&mut self, commit: &Commit) -> bool {
        if commit.format > FORMAT {
            self.fault(format!(
                "commit {} has format {}, this hub knows {FORMAT}: use a newer one",
                commit.seq, commit.format
            ));
            return false;
        }
        let guarded = catch_unwind(AssertUnwindSafe(|| self.replay(commit)));
        if guarded.is_err() {
            self.fault(format!("commit {} cannot follow on what was before it", commit.seq));
            // What a panic has left half done says nothing any more.
            self.district = None;
            return false;
        }
        self.faults.len() < FAULTS_MAX
    }

    fn replay(&mut self, commit: &Commit) {
        let before = self.seq();
        match &mut self.auditor {
            Some(auditor) => self.faults.extend(auditor.audit(commit).iter().map(ToString::to_string)),
            None if commit.seq == before + 1 => {}
            None => self.fault(format!("I4 seq: commit {} follows on {before}", commit.seq)),
        }
        let district = self.district.get_or_insert_with(|| District::new(district_of(commit)));
        district.evolve(commit);
        self.commits += 1;
        self.events += commit.events.len() as u64;
        if self.commits.is_multiple_of(CHECK_EVERY) {
            self.check();
        }
    }

    /// Checks the state as it stands.
    pub fn check(&mut self) {
        let found = self.district.as_ref().map(check).unwrap_or_default();
        let after = self.seq();
        self.faults.extend(found.iter().map(|violation| format!("after commit {after}: {violation}")));
    }

    /// The district as it stands, unless nothing could be replayed.
    pub fn district(&self) -> Option<&District> {
        self.district.as_ref()
    }

    /// Where it stands: the seq of the last commit taken.
    pub fn seq(&self) -> u64 {
        self.after + self.commits
    }

    /// Whether nothing was found so far.
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }

    pub fn fault(&mut self, fault: impl Into<String>) {
        self.faults.push(fault.into());
    }

    pub fn verdict(mut self) -> Verdict {
        self.check();
        self.faults.truncate(FAULTS_MAX);
        let digest = self.district.as_ref().map_or(0, District::digest);
        let district = self.district.map(|district| district.id);
        Verdict { district, after: self.after, commits: self.commits, events: self.events, digest, faults: self.faults }
    }
}

/// A journal file does not say whose it is: its first ids do.
fn district_of(commit: &Commit) -> DistrictId {
    commit.events.iter().find_map(named_by).unwrap_or(DistrictId(1))
}

/// By the first kinds of event that any log can begin with.
fn named_by(event: &Event) -> Option<DistrictId> {
    if let Event::GridsDefined { grids } = event {
        return grids.first().map(|grid| grid.id.district());
    }
    if let Event::TeamsDefined { teams } = event {
        return teams.first().map(|team| team.id.district());
    }
    if let Event::VolunteersEnrolled { volunteers } = event {
        return volunteers.first().map(|volunteer| volunteer.id.district());
    }
    let Event::IncidentOpened { incident, .. } = event else { return None };
    Some(incident.district())
}
