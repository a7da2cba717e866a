//! Which incidents a person's calls are about: what his snapshot shows is looked up here, so that ten thousand phones
//! that come back at once do not each look through every incident of the day.

use std::collections::HashMap;

use matcher::state::IncidentRecord;
use matcher::{Commit, District, IncidentId};

use super::effects::{Effect, Row, effects};
use super::touched::{Person, Touched};

/// Incidents by who called, as device, as telephone or as volunteer. Names may be listed too many (a call that was
/// taken out of an incident), never too few: whoever renders looks at the calls themselves.
#[derive(Debug, Default)]
pub struct Raised(HashMap<Person, Vec<IncidentId>>);

impl Raised {
    /// Of all incidents that are not archived.
    pub fn of(district: &District) -> Self {
        let mut raised = Raised::default();
        for incident in district.incidents() {
            let record = district.incident_record(incident.id);
            record.into_iter().flat_map(persons).for_each(|person| raised.add(person, incident.id));
        }
        raised
    }

    /// Takes in what a commit has touched: whoever called is told of every change of his incident, of its opening too.
    pub fn follow(&mut self, touched: &Touched) {
        for (&person, own) in &touched.persons {
            own.calls.iter().for_each(|&(incident, _)| self.add(person, incident));
        }
    }

    /// Forgets what `commit` is about to archive.
    pub fn leave(&mut self, commit: &Commit, before: &District) {
        for effect in commit.events.iter().flat_map(effects) {
            if let Effect::Forget(Row::Incident(id)) = effect
                && let Some(record) = before.incident_record(id)
            {
                persons(record).for_each(|person| self.remove(person, id));
            }
        }
    }

    /// The incidents of these persons, each once, in the order of their ids.
    pub fn by(&self, whose: &[Person]) -> Vec<IncidentId> {
        let mut found: Vec<IncidentId> =
            whose.iter().filter_map(|person| self.0.get(person)).flatten().copied().collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    fn add(&mut self, person: Person, incident: IncidentId) {
        let incidents = self.0.entry(person).or_default();
        // The newest are asked for most.
        if !incidents.iter().rev().any(|&known| known == incident) {
            incidents.reserve_exact(1);
            incidents.push(incident);
        }
    }

    fn remove(&mut self, person: Person, incident: IncidentId) {
        if let Some(incidents) = self.0.get_mut(&person) {
            incidents.retain(|&known| known != incident);
            if incidents.is_empty() {
                self.0.remove(&person);
            }
        }
    }
}

fn persons(record: &IncidentRecord) -> impl Iterator<Item = Person> + '_ {
    let callers = record.incident.calls.iter().filter_map(|call| call.caller.map(Person::Caller));
    callers.chain(record.raised_by.map(Person::Volunteer))
}
