//! The witness: reads what has become durable, replays it, and holds everything that anybody is told against it.

use std::collections::BTreeMap;

use hub::engine::{Committed, SubmitError};
use hub::store::Append;
use matcher::invariants::{self, Auditor};
use matcher::{Answer, BodyHash, Cause, CommandId, Commit, District, Event, Rejection, Request};

use super::post::hash;
use super::town::DISTRICT;

/// What the log says, by an own reading of it.
pub struct Witness {
    /// Replayed from nothing.
    pub district: District,
    auditor: Auditor,
    term: u64,
    /// Commands that took effect and must be answered the same way again.
    effects: BTreeMap<CommandId, (u64, BodyHash, Answer)>,
    /// What each durable commit says, as a hash.
    bodies: BTreeMap<u64, u64>,
    /// After the last commit of each batch.
    digests: BTreeMap<u64, u64>,
    /// Alarms whose callers were told that they are safe.
    acknowledged: BTreeMap<CommandId, Answer>,
}

/// What somebody was told.
pub type Told = Result<Committed, SubmitError>;

impl Witness {
    pub fn new() -> Self {
        Self {
            district: District::new(DISTRICT),
            auditor: Auditor::new(),
            term: 0,
            effects: BTreeMap::new(),
            bodies: BTreeMap::new(),
            digests: BTreeMap::from([(0, District::new(DISTRICT).digest())]),
            acknowledged: BTreeMap::new(),
        }
    }

    /// One batch that has become durable.
    pub fn landed(&mut self, batch: &Append) {
        assert!(batch.fence.term >= self.term, "I4: the term fell from {} to {}", self.term, batch.fence.term);
        self.term = batch.fence.term;
        for row in &batch.commits {
            assert_eq!(row.seq, self.district.seq + 1, "I4: the log has a gap or a double");
            let commit: Commit = serde_json::from_slice(&row.body).expect("I9: a stored commit decodes");
            self.commit(&commit);
        }
        self.digests.insert(self.district.seq, self.district.digest());
    }

    fn commit(&mut self, commit: &Commit) {
        self.bodies.insert(commit.seq, hash(commit));
        let illegal = self.auditor.audit(commit);
        assert!(illegal.is_empty(), "commit {} is not legal: {illegal:?}: {commit:?}", commit.seq);
        self.district.evolve(commit);
        let broken = invariants::check(&self.district);
        assert!(broken.is_empty(), "after commit {}: {broken:?}: {commit:?}", commit.seq);
        if let Cause::Command { id, body_hash, remembered: true, .. } = commit.cause {
            let before = self.effects.insert(id, (commit.seq, body_hash, commit.answer.clone()));
            assert_eq!(before, None, "I6: command {id} took effect a second time in commit {}", commit.seq);
        }
        self.no_offer_without_need(commit.seq);
        self.one_incident_a_call(commit.seq);
    }

    /// A caller is answered by one incident, however often it was merged and taken apart.
    fn one_incident_a_call(&self, seq: u64) {
        let live = self.district.incidents().filter(|incident| !incident.state.ended());
        let mut heard = BTreeMap::new();
        for (call, incident) in live.flat_map(|incident| incident.calls.iter().map(move |call| (call.id, incident.id)))
        {
            let other = heard.insert(call, incident);
            assert_eq!(other, None, "after commit {seq}: call {call} is heard by {incident} too");
        }
    }

    /// Who is asked can still be of use: a forgotten withdrawal shows here.
    fn no_offer_without_need(&self, seq: u64) {
        for incident in self.district.incidents().filter(|incident| incident.open_slots().is_empty()) {
            let record = self.district.incident_record(incident.id).expect("it was just listed");
            let standing = &record.standing;
            assert!(standing.is_empty(), "after commit {seq}: {} is filled, {standing:?} still stand", incident.id);
        }
    }

    /// A process says that its state is so after `seq`.
    pub fn compare(&self, live: &District) {
        let expected = self.digests.get(&live.seq);
        let expected = expected.unwrap_or_else(|| panic!("I9: a live state stands at {}, within a batch", live.seq));
        assert_eq!(live.digest(), *expected, "I9: the live state after {} is not what the log replays to", live.seq);
    }

    /// A commit is about to leave a process.
    pub fn leaves(&self, commit: &Commit, confirmed: u64) {
        let seq = commit.seq;
        let durable = self.bodies.get(&seq).unwrap_or_else(|| panic!("I8: commit {seq} leaves before it is durable"));
        assert_eq!(*durable, hash(commit), "I8: commit {seq} leaves, but another is in the log");
        assert!(seq <= confirmed, "I8: commit {seq} leaves, but only {confirmed} was confirmed");
    }

    /// An answer is about to leave a process that knows the log up to `knows`.
    pub fn answers(&mut self, request: &Request, told: &Told, knows: u64) {
        let effect = self.effects.get(&request.id).filter(|(seq, ..)| *seq <= knows);
        match (told, effect) {
            (Ok(committed), Some((_, hash, answer))) if request.command.remembered() => {
                assert_eq!(*hash, request.body_hash, "I6: another body under {} was not refused", request.id);
                assert_eq!(&committed.answer, answer, "I6: {} is answered differently", request.id);
            }
            (Err(SubmitError::Rejected(no)), Some((_, hash, _))) if request.command.remembered() => {
                let conflict = matches!(no, Rejection::IdempotencyConflict { .. }) && *hash != request.body_hash;
                assert!(conflict, "I6: {} took effect, and now it is answered: {no}", request.id);
            }
            (Ok(_) | Err(_), _) => {}
        }
        if request.command.is_alarm() {
            self.alarm(request, told);
        }
    }

    fn alarm(&mut self, request: &Request, told: &Told) {
        match told {
            Ok(Committed { answer, .. }) => {
                let durable = self.effects.contains_key(&request.id);
                assert!(durable, "I1: alarm {} is acknowledged but not in the log", request.id);
                self.acknowledged.insert(request.id, answer.clone());
            }
            Err(SubmitError::Rejected(Rejection::IdempotencyConflict { .. })) => {}
            Err(SubmitError::Unknown | SubmitError::Stopped) => {}
            Err(refused) => panic!("I12: a true alarm is refused: {refused}"),
        }
    }

    /// At the end: replays the rows from nothing and looks for every alarm that anybody was promised.
    pub fn close(&self, rows: &[hub::store::CommitRow]) {
        let mut replayed = District::new(DISTRICT);
        let mut calls: BTreeMap<CommandId, u64> = BTreeMap::new();
        for row in rows {
            let commit: Commit = serde_json::from_slice(&row.body).expect("I9: a stored commit decodes");
            calls.extend(call_of(&commit).map(|command| (command, commit.seq)));
            replayed.evolve(&commit);
        }
        assert_eq!(replayed.digest(), self.district.digest(), "I9: a second replay differs from the first");
        let lost = self.acknowledged.keys().find(|alarm| !calls.contains_key(alarm));
        assert_eq!(lost, None, "I1: an acknowledged alarm is not in the log");
    }

    pub fn acknowledged(&self) -> usize {
        self.acknowledged.len()
    }
}

/// The alarm that a commit took in, if it did.
fn call_of(commit: &Commit) -> Option<CommandId> {
    commit.events.iter().find_map(|event| {
        let (Event::IncidentOpened { call, .. } | Event::CallMerged { call, .. }) = event else { return None };
        Some(call.command)
    })
}

/// Whether a request is answered with a commit of its own or not at all, as far as the caller can tell.
pub fn is_settled(told: &Told) -> bool {
    match told {
        Ok(_) | Err(SubmitError::Rejected(_)) => true,
        Err(
            SubmitError::Busy { .. }
            | SubmitError::LowOnSpace
            | SubmitError::Unknown
            | SubmitError::Elsewhere
            | SubmitError::Stopped,
        ) => false,
    }
}
