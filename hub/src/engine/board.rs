//! The read model: a district of its own, evolved from committed records only, and the frames that each commit makes.
//! This is what a follower will be.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use matcher::{CallerKey, Cause, Commit, District, VolunteerId};
use serde::Serialize;
use uuid::Uuid;
use wire::Time;

use super::frame::{Delta, DeltaRest};
use super::raised::Raised;
use super::render::{View, desk_rows, own_rows, resident_rows, team_rows, wall_rows};
use super::ring::{Entry, Ring};
use super::snapshot::{BoardVersion, SnapshotParts};
use super::touched::{Leaving, Own, Person, Touched};
use super::view::{Group, StreamView};
use crate::records::NameBook;

/// The district as everybody in this process reads it.
pub type SharedDistrict = Arc<RwLock<District>>;

/// Where names come from: the office puts a new book in its place after an import.
pub type Names = Arc<dyn Fn() -> Arc<NameBook> + Send + Sync>;

/// The board of one district.
pub struct Board {
    district: SharedDistrict,
    names: Names,
    history: Uuid,
    ring: Ring,
    /// Groups that somebody has followed: only for these are frames made.
    groups: BTreeMap<Group, u64>,
    /// Which volunteer a calling device belongs to.
    callers: BTreeMap<CallerKey, VolunteerId>,
    /// Which incidents each person's calls are about.
    raised: Raised,
    version: Option<Arc<BoardVersion>>,
}

/// What a commit has done to the board.
pub struct Applied {
    /// The frames, as they went into the ring.
    pub groups: Vec<(Group, Delta)>,
    /// The frames of persons.
    pub own: Vec<(Person, Delta)>,
    /// What else it has touched.
    pub touched: Touched,
    /// The command that began it all.
    pub trace: Option<Uuid>,
}

/// The parts of a delta that are the same for every view.
struct Envelope<'a> {
    district: &'a District,
    history: Uuid,
    commit: &'a Commit,
    trace: Option<Uuid>,
}

impl Board {
    /// A board that stands where `district` stands.
    pub fn new(district: District, history: Uuid, names: Names) -> Self {
        Board {
            ring: Ring::new(district.seq),
            raised: Raised::of(&district),
            district: Arc::new(RwLock::new(district)),
            names,
            history,
            groups: BTreeMap::new(),
            callers: BTreeMap::new(),
            version: None,
        }
    }

    /// The district, for readers.
    pub fn shared(&self) -> SharedDistrict {
        self.district.clone()
    }

    /// The log's identity.
    pub fn history(&self) -> Uuid {
        self.history
    }

    /// The recent frames.
    pub fn ring(&self) -> &Ring {
        &self.ring
    }

    /// The seq of the last commit applied.
    pub fn seq(&self) -> u64 {
        self.ring.top()
    }

    fn read(&self) -> RwLockReadGuard<'_, District> {
        self.district.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on frames are made for this group.
    pub fn follow_group(&mut self, group: Group) {
        let seq = self.seq();
        self.groups.entry(group).or_insert(seq);
    }

    /// Calls of this device are this volunteer's.
    pub fn know_caller(&mut self, caller: CallerKey, volunteer: VolunteerId) {
        self.callers.insert(caller, volunteer);
    }

    /// Starts anew from another state or under another identity: what clients have no longer counts.
    pub fn reset(&mut self, district: District, history: Uuid) {
        self.ring = Ring::new(district.seq);
        self.raised = Raised::of(&district);
        self.history = history;
        self.version = None;
        *self.district.write().unwrap_or_else(PoisonError::into_inner) = district;
    }

    /// Takes over a state that is equal to the board's own, for the sake of the records that both hold from then on.
    pub fn share(&mut self, district: District) {
        if district.seq == self.seq() {
            self.version = None;
            let own = std::mem::replace(&mut *self.district.write().unwrap_or_else(PoisonError::into_inner), district);
            // Readers do not wait for what is let go.
            drop(own);
        }
    }

    /// The log has got a new identity; its rows are the same.
    pub fn renew(&mut self, history: Uuid) {
        self.history = history;
        self.ring = Ring::new(self.seq());
        self.version = None;
    }

    /// An immutable version of the board as it stands: a cheap clone, made once per commit at most.
    pub fn version(&mut self) -> Arc<BoardVersion> {
        if let Some(version) = self.version.as_ref().filter(|version| version.district.seq == self.seq()) {
            return version.clone();
        }
        let version =
            Arc::new(BoardVersion { district: self.read().clone(), history: self.history, names: (self.names)() });
        self.version = Some(version.clone());
        version
    }

    /// The snapshot of the board as it stands, as far as `view` may see it.
    pub fn snapshot(&mut self, view: StreamView) -> SnapshotParts {
        let raised = self.raised.by(&view.persons());
        SnapshotParts::new(self.version(), view, raised)
    }

    /// Applies the next commit and makes its frames.
    pub fn apply(&mut self, commit: &Commit) -> Applied {
        let leaving = Leaving::of(commit, &self.read());
        self.forget_raised(commit);
        self.district.write().unwrap_or_else(PoisonError::into_inner).evolve(commit);
        // An old version keeps chunks alive that nobody else needs.
        self.version = None;
        let district = self.district.clone();
        let district = district.read().unwrap_or_else(PoisonError::into_inner);
        let mut touched = Touched::of(commit, leaving, &district);
        self.raised.follow(&touched);
        self.join_callers(&mut touched);
        let trace = trace_of(commit, &touched, &district);
        let envelope = Envelope { district: &district, history: self.history, commit, trace };
        let entry = self.frames(&envelope, &touched);
        let groups = entry.groups.iter().filter_map(|(group, delta)| Some((*group, delta.clone()?))).collect();
        let own = entry.own.clone();
        self.ring.push(entry);
        Applied { groups, own, touched, trace }
    }

    fn forget_raised(&mut self, commit: &Commit) {
        let before = self.district.read().unwrap_or_else(PoisonError::into_inner);
        self.raised.leave(commit, &before);
    }

    /// What touches a volunteer's own device touches him: one subscription gets one delta a commit.
    fn join_callers(&self, touched: &mut Touched) {
        let callers: Vec<Person> = touched.persons.keys().copied().collect();
        for person in callers {
            let Person::Caller(key) = person else { continue };
            let Some(&volunteer) = self.callers.get(&key) else { continue };
            let Some(Own { calls, gone, district, .. }) = touched.persons.remove(&person) else { continue };
            let own = touched.persons.entry(Person::Volunteer(volunteer)).or_default();
            own.district |= district;
            own.calls.extend(calls);
            own.gone.extend(gone);
        }
    }

    fn frames(&self, envelope: &Envelope<'_>, touched: &Touched) -> Entry {
        let names = (self.names)();
        let view = View { district: envelope.district, names: &names };
        let own = touched.persons.iter().filter_map(|(&person, own)| {
            let prev = self.ring.last_of(person);
            let delta = match person {
                Person::Volunteer(id) => envelope.delta(prev, own_rows(&view, id, own)?),
                // What a resident is told of the district has the shape of what a volunteer is told of it.
                Person::Caller(_) | Person::Everybody => envelope.delta(prev, resident_rows(&view, own)?),
            };
            Some((person, delta))
        });
        let own = own.collect();
        let groups = self.groups.keys().map(|&group| (group, self.group_frame(envelope, &view, touched, group)));
        Entry { seq: envelope.commit.seq, groups: groups.collect(), own }
    }

    fn group_frame(&self, at: &Envelope<'_>, view: &View<'_>, touched: &Touched, group: Group) -> Option<Delta> {
        let prev = self.groups.get(&group).copied().unwrap_or(0);
        match group {
            Group::Desk => Some(at.delta(prev, desk_rows(view, touched)?)),
            Group::Team(team) => Some(at.delta(prev, team_rows(view, touched, team)?)),
            Group::Wall => Some(at.delta(prev, wall_rows(view, touched)?)),
        }
    }

    /// A frame was sent to the group: the next follows on it.
    pub fn sent(&mut self, group: Group, seq: u64) {
        self.groups.insert(group, seq);
    }
}

impl Envelope<'_> {
    fn delta<D: Serialize>(&self, prev: u64, data: D) -> Delta {
        let rest = DeltaRest {
            district: self.district.id.to_string(),
            history: self.history,
            seq: self.commit.seq,
            kind: lead_name(self.commit),
            at: Time(self.commit.at.0),
            trace: self.trace,
            data: &data,
        };
        Delta::encode(prev, &rest)
    }
}

/// The name of a commit's lead event.
pub fn lead_name(commit: &Commit) -> &'static str {
    commit.events.first().map_or("nothing", |event| event.name())
}

/// The command that made the commit; what a timer does carries the command that opened the incident.
fn trace_of(commit: &Commit, touched: &Touched, after: &District) -> Option<Uuid> {
    match commit.cause {
        Cause::Command { id, .. } => Some(Uuid::from_u128(id.0)),
        Cause::Clock => {
            let first = touched.incidents.iter().next().and_then(|&id| after.incident(id));
            first.and_then(|incident| incident.opened_by()).map(|command| Uuid::from_u128(command.0))
        }
    }
}
