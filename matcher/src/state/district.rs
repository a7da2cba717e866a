//! The journalled state of one district, and how the rest of the house reads it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::digest::digest_of;
use super::due;
use super::evolve;
use super::geometry::grid_contains;
use super::learnt::Custom;
use super::memory::Memory;
use super::records::{GridRecord, IncidentRecord, Kept, Records, VolunteerRecord, WaveRecord};
use super::settings::{Numbers, Settings};
use super::timers::{TimerKey, Timers};
use super::world::World;
use crate::command::Answer;
use crate::event::{Cause, Commit, FORMAT};
use crate::model::*;

/// What the log has made of a district. Cheap to clone (shared chunks), serialisable as a snapshot, and digestible.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct District {
    pub id: DistrictId,
    /// Of the last commit.
    pub seq: u64,
    pub at: Timestamp,
    settings: Settings,
    numbers: Numbers,
    records: Records,
    timers: Timers,
    memory: Memory,
    /// Owners whose records the commit in hand has touched: their timers are set anew when it is through.
    #[serde(skip)]
    touched: Vec<TimerKey>,
}

impl District {
    pub fn new(id: DistrictId) -> Self {
        Self {
            id,
            seq: 0,
            at: Timestamp(0),
            settings: Settings::default(),
            numbers: Numbers::default(),
            records: Records::default(),
            timers: Timers::default(),
            memory: Memory::default(),
            touched: Vec::new(),
        }
    }

    /// Applies one commit as an atom.
    ///
    /// # Panics
    /// When the commit does not follow on this state (a gap, an older time, an unknown id or format): replay stops here
    /// rather than going on with what nobody decided.
    pub fn evolve(&mut self, commit: &Commit) {
        assert_eq!(commit.format, FORMAT, "commit {} has format {}, not {FORMAT}", commit.seq, commit.format);
        assert_eq!(commit.seq, self.seq + 1, "commit {} does not follow on {}", commit.seq, self.seq);
        assert!(commit.at >= self.at, "commit {} is older than the one before it", commit.seq);
        (self.seq, self.at) = (commit.seq, commit.at);
        for event in &commit.events {
            evolve::apply(self, commit.at, event);
        }
        self.remember(commit);
        self.set_timers();
    }

    fn remember(&mut self, commit: &Commit) {
        if let Cause::Command { id, body_hash, remembered: true, .. } = &commit.cause {
            self.memory.keep(commit.seq, commit.at, *id, *body_hash, commit.answer.clone());
        }
        self.memory.forget(commit.at);
    }

    fn set_timers(&mut self) {
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        touched.dedup();
        for key in touched.drain(..) {
            match key {
                TimerKey::Incident(id) => self.set_incident_timer(id),
                TimerKey::Volunteer(id) => self.set_volunteer_timer(id),
            }
        }
        self.touched = touched;
    }

    fn set_incident_timer(&mut self, id: IncidentId) {
        let Some(record) = self.records.incidents.get(id.0) else { return };
        let before = record.armed;
        let step_at = due::next_step(self, record).map(|(_, at)| at);
        let after = due::of_incident(self, record);
        if let Some(record) = self.records.incidents.get_mut(id.0) {
            record.incident.next_step_at = step_at;
            record.armed = after;
        }
        self.rearm(TimerKey::Incident(id), before, after);
    }

    fn set_volunteer_timer(&mut self, id: VolunteerId) {
        let Some(record) = self.records.volunteers.get_mut(id.0) else { return };
        let before = record.armed;
        let after = due::of_volunteer(record);
        record.armed = after;
        self.rearm(TimerKey::Volunteer(id), before, after);
    }

    fn rearm(&mut self, key: TimerKey, before: Option<Timestamp>, after: Option<Timestamp>) {
        if before == after {
            return;
        }
        if let Some(at) = before {
            self.timers.disarm(at, key);
        }
        if let Some(at) = after {
            self.timers.arm(at, key);
        }
    }

    /// When `Command::Tick` has something to do next.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.timers.first().map(|(at, _)| at)
    }

    /// Whose timer is due at `now`, the longest overdue first.
    pub fn due(&self, now: Timestamp) -> Option<TimerKey> {
        self.timers.first().filter(|&(at, _)| at <= now).map(|(_, key)| key)
    }

    /// When the timer of `owner` goes off; `None` when it has none. Looks at every timer: for checks.
    pub fn timer_of(&self, owner: TimerKey) -> Option<Timestamp> {
        self.timers.iter().find(|&(_, key)| key == owner).map(|(at, _)| at)
    }

    pub(crate) fn timers(&self) -> &Timers {
        &self.timers
    }

    /// One number for all of this state; equal after replaying the same log.
    pub fn digest(&self) -> u64 {
        digest_of(self)
    }

    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// `None` before the district was defined.
    pub fn centre(&self) -> Option<Position> {
        self.settings.centre
    }

    /// Whether new incidents are drills.
    pub fn drill(&self) -> bool {
        self.settings.drill
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn numbers(&self) -> Numbers {
        self.numbers
    }

    pub fn skills(&self) -> impl Iterator<Item = &Skill> {
        self.settings.skills.values()
    }

    pub fn skill(&self, id: SkillId) -> Option<&Skill> {
        self.settings.skills.get(&id)
    }

    pub fn skill_by_code(&self, code: &str) -> Option<&Skill> {
        self.skills().find(|skill| skill.code == code)
    }

    pub fn grids(&self) -> impl Iterator<Item = &Grid> {
        self.records.grids.iter().map(|record| &record.grid)
    }

    pub fn grid(&self, id: GridId) -> Option<&Grid> {
        self.records.grids.get(id.0).map(|record| &record.grid)
    }

    /// The first grid, by id, that the point lies on.
    pub fn grid_at(&self, position: Position) -> Option<GridId> {
        let on = |record: &&GridRecord| record.bounds.contains(position) && grid_contains(&record.grid, position);
        self.records.grids.iter().find(on).map(|record| record.grid.id)
    }

    /// The grid that the point lies on, else the one whose box is nearest; `None` before any is defined.
    pub fn nearest_grid(&self, position: Position) -> Option<GridId> {
        let distance_cm =
            |record: &&GridRecord| (position.distance_m(record.bounds.nearest_to(position)) * 100.0) as u64;
        let nearest = || self.records.grids.iter().min_by_key(distance_cm).map(|record| record.grid.id);
        self.grid_at(position).or_else(nearest)
    }

    pub fn teams(&self) -> impl Iterator<Item = &Team> {
        self.settings.teams.values()
    }

    pub fn team(&self, id: TeamId) -> Option<&Team> {
        self.settings.teams.get(&id)
    }

    pub fn plans(&self) -> impl Iterator<Item = &ResponsePlan> {
        self.settings.plans.values()
    }

    pub fn plan(&self, kind: &str) -> Option<&ResponsePlan> {
        self.settings.plans.get(kind)
    }

    /// The plan of a kind, or what is done for an alarm whose kind has none.
    pub fn plan_or_fallback(&self, kind: &str) -> Cow<'_, ResponsePlan> {
        self.plan(kind).map_or_else(|| Cow::Owned(ResponsePlan::fallback(kind)), Cow::Borrowed)
    }

    /// All incidents that are not archived, in the order of their ids.
    pub fn incidents(&self) -> impl Iterator<Item = &Incident> {
        self.records.incidents.iter().map(|record| &record.incident)
    }

    pub fn incident(&self, id: IncidentId) -> Option<&Incident> {
        self.incident_record(id).map(|record| &record.incident)
    }

    pub fn incident_record(&self, id: IncidentId) -> Option<&IncidentRecord> {
        self.records.incidents.get(id.0)
    }

    pub(crate) fn incident_records(&self) -> impl Iterator<Item = &IncidentRecord> {
        self.records.incidents.iter()
    }

    pub(crate) fn offers(&self) -> impl Iterator<Item = &Offer> {
        self.records.offers.iter()
    }

    pub(crate) fn assignments(&self) -> impl Iterator<Item = &Assignment> {
        self.records.assignments.iter()
    }

    pub(crate) fn customs(&self) -> impl Iterator<Item = &Custom> {
        self.records.customs.iter()
    }

    pub(crate) fn grid_records(&self) -> impl Iterator<Item = &GridRecord> {
        self.records.grids.iter()
    }

    pub fn offer(&self, id: OfferId) -> Option<&Offer> {
        self.records.offers.get(id.0)
    }

    pub fn assignment(&self, id: AssignmentId) -> Option<&Assignment> {
        self.records.assignments.get(id.0)
    }

    pub fn task(&self, id: TaskId) -> Option<&DeskTask> {
        self.records.tasks.get(id.0)
    }

    pub fn tasks(&self) -> impl Iterator<Item = &DeskTask> {
        self.records.tasks.iter()
    }

    pub fn volunteer(&self, id: VolunteerId) -> Option<&VolunteerRecord> {
        self.records.volunteers.get(id.0)
    }

    pub fn volunteers(&self) -> impl Iterator<Item = &VolunteerRecord> {
        self.records.volunteers.iter()
    }

    pub fn volunteer_count(&self) -> usize {
        self.records.volunteers.count()
    }

    /// Volunteers of this home grid who are on duty, also resting or engaged ones.
    pub fn on_duty(&self, grid: GridId) -> u16 {
        self.records.grids.get(grid.0).map_or(0, |record| record.on_duty)
    }

    /// The rounds of offers of an incident, each with its explanation; empty when it is not known.
    pub fn waves(&self, incident: IncidentId) -> &[WaveRecord] {
        self.incident_record(incident).map_or(&[], |record| &record.waves)
    }

    /// What a command of the last 72 h was answered.
    pub fn remembered(&self, command: CommandId) -> Option<(BodyHash, Answer)> {
        self.memory.get(command).map(|(body_hash, answer)| (body_hash, answer.clone()))
    }

    /// The incident that a call of the last 72 h opened or was merged into.
    pub fn incident_of_command(&self, command: CommandId) -> Option<IncidentId> {
        match self.memory.get(command) {
            Some((_, Answer::Opened { incident, .. })) => Some(*incident),
            Some((_, Answer::Done | Answer::Assigned { .. } | Answer::NothingToDo)) | None => None,
        }
    }
}

impl World for District {
    fn get<R: Kept>(&self, key: u64) -> Option<&R> {
        R::shelf(&self.records).get(key)
    }

    fn get_mut<R: Kept>(&mut self, key: u64) -> Option<&mut R> {
        let record = R::shelf_mut(&mut self.records).get_mut(key)?;
        self.touched.extend(record.timer());
        Some(record)
    }

    fn put<R: Kept>(&mut self, record: R) {
        self.touched.extend(record.timer());
        R::shelf_mut(&mut self.records).put(record);
    }

    fn take<R: Kept>(&mut self, key: u64) {
        let taken = R::shelf_mut(&mut self.records).take(key);
        if let Some((timer, armed)) = taken.and_then(|record| record.timer().zip(record.armed())) {
            self.timers.disarm(armed, timer);
        }
    }

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    fn numbers_mut(&mut self) -> &mut Numbers {
        &mut self.numbers
    }

    fn live(&self) -> Vec<IncidentId> {
        let live = self.incidents().filter(|incident| !incident.state.ended());
        live.map(|incident| incident.id).collect()
    }
}
