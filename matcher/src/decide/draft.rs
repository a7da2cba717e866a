//! A decision in the making: the state, and over it what the events made so far have changed.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::command::{Field, Rejection};
use crate::event::Event;
use crate::model::*;
use crate::select::Availability;
use crate::state::records::{GridRecord, IncidentRecord, Kept, Records, VolunteerRecord};
use crate::state::world::World;
use crate::state::{Numbers, Settings, State, availability, evolve};

pub struct Draft<'a> {
    pub state: &'a State,
    pub now: Timestamp,
    pub actor: Actor,
    events: Vec<Event>,
    /// Copies of the records that the events so far have changed.
    changed: Records,
    settings: Option<Settings>,
    numbers: Numbers,
    /// Incidents to be brought to rest although no event has changed them.
    unsettled: Vec<IncidentId>,
}

impl<'a> Draft<'a> {
    pub fn new(state: &'a State, now: Timestamp, actor: Actor) -> Self {
        let numbers = state.district.numbers();
        let (events, changed) = (Vec::new(), Records::default());
        Self { state, now, actor, events, changed, settings: None, numbers, unsettled: Vec::new() }
    }

    /// Makes it happen, as far as this decision is concerned.
    pub fn push(&mut self, event: Event) {
        evolve::apply(self, self.now, &event);
        self.events.push(event);
    }

    pub fn into_events(self) -> Vec<Event> {
        self.events
    }

    /// Whether this decision has sent a round (not only a supplement) for the incident already.
    pub fn round_sent(&self, id: IncidentId) -> bool {
        let sent =
            |event: &Event| matches!(event, Event::WaveSent { incident, supplement: false, .. } if *incident == id);
        self.events.iter().any(sent)
    }

    /// Has the incident settled at the end, although no event changes it.
    pub fn unsettle(&mut self, incident: IncidentId) {
        self.unsettled.push(incident);
    }

    /// In the order of their ids.
    pub fn incidents_to_settle(&self) -> Vec<IncidentId> {
        let changed = self.changed.incidents().map(|record| record.incident.id);
        let all: BTreeSet<IncidentId> = changed.chain(self.unsettled.iter().copied()).collect();
        all.into_iter().collect()
    }

    /// Volunteers who can be asked now and could not before this decision.
    pub fn freed(&self) -> Vec<VolunteerId> {
        let before = |id: VolunteerId| self.state.district.volunteer(id).map(availability);
        let ready = self.changed.volunteers().filter(|record| availability(record) == Availability::Ready);
        let freed = ready.filter(|record| before(record.profile.id) != Some(Availability::Ready));
        freed.map(|record| record.profile.id).collect()
    }

    pub fn changed_grids(&self) -> Vec<GridId> {
        self.changed.grids().map(|record| record.grid.id).collect()
    }

    /// # Errors
    /// [`Rejection::Unknown`], naming `what`.
    pub fn known<R: Kept>(&self, what: Field, id: u64) -> Result<&R, Rejection> {
        self.get(id).ok_or(Rejection::Unknown { what, id })
    }

    pub fn incident(&self, id: IncidentId) -> &IncidentRecord {
        self.must(id.0)
    }

    pub fn volunteer(&self, id: VolunteerId) -> &VolunteerRecord {
        self.must(id.0)
    }

    /// Whether this decision has changed anything about a volunteer.
    pub fn has_changed(&self, id: VolunteerId) -> bool {
        VolunteerRecord::shelf(&self.changed).get(id.0).is_some()
    }

    /// An incident that has not ended.
    ///
    /// # Errors
    /// Unknown, or ended.
    pub fn live_incident(&self, what: Field, id: IncidentId) -> Result<&IncidentRecord, Rejection> {
        let record: &IncidentRecord = self.known(what, id.0)?;
        match record.incident.state.ended() {
            true => Err(Rejection::IncidentEnded { incident: id }),
            false => Ok(record),
        }
    }

    /// The plan that an incident is answered by.
    pub fn plan_of(&self, incident: IncidentId) -> Cow<'a, ResponsePlan> {
        self.state.district.plan_or_fallback(&self.incident(incident).incident.kind)
    }

    /// A volunteer may speak for himself only; desk and hub for anybody.
    ///
    /// # Errors
    /// [`Rejection::NotYours`].
    pub fn owned_by(&self, volunteer: VolunteerId) -> Result<(), Rejection> {
        match self.actor {
            Actor::Volunteer(actor) if actor == volunteer => Ok(()),
            Actor::Desk(_) | Actor::System => Ok(()),
            Actor::Volunteer(_) | Actor::Resident(_) | Actor::Integration(_) => Err(Rejection::NotYours),
        }
    }

    pub fn next_incident(&mut self) -> IncidentId {
        self.numbers.incident += 1;
        IncidentId::new(self.state.district.id, self.numbers.incident)
    }

    pub fn next_call(&mut self) -> CallId {
        self.numbers.call += 1;
        CallId::new(self.state.district.id, self.numbers.call)
    }

    pub fn next_offer(&mut self) -> OfferId {
        self.numbers.offer += 1;
        OfferId::new(self.state.district.id, self.numbers.offer)
    }

    pub fn next_assignment(&mut self) -> AssignmentId {
        self.numbers.assignment += 1;
        AssignmentId::new(self.state.district.id, self.numbers.assignment)
    }

    pub fn next_task(&mut self) -> TaskId {
        self.numbers.task += 1;
        TaskId::new(self.state.district.id, self.numbers.task)
    }
}

impl World for Draft<'_> {
    fn get<R: Kept>(&self, key: u64) -> Option<&R> {
        R::shelf(&self.changed).get(key).or_else(|| self.state.district.get(key))
    }

    fn get_mut<R: Kept>(&mut self, key: u64) -> Option<&mut R> {
        if R::shelf(&self.changed).get(key).is_none() {
            let copy = self.state.district.get::<R>(key)?.clone();
            R::shelf_mut(&mut self.changed).put(copy);
        }
        R::shelf_mut(&mut self.changed).get_mut(key)
    }

    fn put<R: Kept>(&mut self, record: R) {
        R::shelf_mut(&mut self.changed).put(record);
    }

    /// What leaves the state is not looked at again in the same decision; below, it is still there.
    fn take<R: Kept>(&mut self, key: u64) {
        R::shelf_mut(&mut self.changed).take(key);
    }

    fn settings(&self) -> &Settings {
        self.settings.as_ref().unwrap_or_else(|| self.state.district.settings())
    }

    fn settings_mut(&mut self) -> &mut Settings {
        let district = &self.state.district;
        self.settings.get_or_insert_with(|| district.settings().clone())
    }

    fn numbers_mut(&mut self) -> &mut Numbers {
        &mut self.numbers
    }

    fn live(&self) -> Vec<IncidentId> {
        self.state.district.live()
    }
}

/// Fewer on duty than the grid's minimum, with what is counted.
pub fn under_minimum(record: &GridRecord) -> bool {
    record.on_duty < record.grid.minimum_on_duty
}
