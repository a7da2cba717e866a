//! When nothing goes wrong any more: everybody is served, everybody sees the same, nobody waits.

use matcher::{Incident, IncidentId};

use super::people::Who;
use super::replica::{Replica, Rows, lasting};
use super::town::DISTRICT;
use super::world::World;

/// A timer may be served so late, milliseconds: a turn that began before it was due is still being written.
const LATE_MS_MAX: u64 = 1_000;

impl World {
    /// I11 and what belongs to it.
    pub async fn check_healed(&mut self) {
        self.one_process_leads();
        self.every_incident_is_looked_after();
        self.everybody_is_answered();
        for who in self.people.everybody() {
            self.sees_what_is(who).await;
        }
        let rows = self.disk.all_rows(DISTRICT.0);
        self.witness.close(&rows);
    }

    fn one_process_leads(&self) {
        let [process] = self.processes.as_slice() else { panic!("{} processes are left", self.processes.len()) };
        let state =
            process.state().unwrap_or_else(|| panic!("I11: seed {} nobody leads: {}", self.seed, process.doing()));
        let (now, due) = (process.time(process.pid).expect("it leads"), state.next_deadline());
        assert!(
            due.is_none_or(|at| at.plus_ms(LATE_MS_MAX) > now),
            "I11: a timer has been due since {due:?}, and now it is {now:?}"
        );
    }

    /// Filled, escalated, told to be short, or somebody who has only now become free is being asked (that no timer is
    /// overdue is another check, so this one ends).
    fn every_incident_is_looked_after(&self) {
        let open = self.witness.district.incidents().filter(|incident| !incident.state.ended());
        let asked = |incident: &Incident| {
            self.witness.district.incident_record(incident.id).is_some_and(|record| !record.standing.is_empty())
        };
        let left = open.filter(|incident| !is_looked_after(incident) && !asked(incident));
        let left: Vec<IncidentId> = left.map(|it| it.id).collect();
        let first = left.first().and_then(|&id| self.witness.district.incident_record(id));
        assert!(left.is_empty(), "I11: nobody looks after {left:?}: {first:?}");
    }

    fn everybody_is_answered(&mut self) {
        for who in self.people.everybody() {
            let waiting = self.people.post(who).map_or(0, |post| post.len());
            assert_eq!(waiting, 0, "I11: {who:?} still waits for answers");
        }
    }

    /// I5: what a client has put together from deltas is what he would be shown if he came anew.
    async fn sees_what_is(&mut self, who: Who) {
        let view = self.people.view(who);
        let front = self.processes[0].front.as_ref().expect("it leads");
        let mut anew = Replica::default();
        for part in front.fresh(view).await {
            anew.take(&part);
        }
        let (mut shown, mut expected) = (lasting(&self.people.replica(who).rows), lasting(&anew.rows));
        // A person is shown the district's own row with a snapshot only.
        if !matches!(who, Who::Desk | Who::Wall) {
            let key = ("district".to_owned(), String::new());
            shown.remove(&key);
            expected.remove(&key);
        }
        let link = &self.links[&who];
        let (last, point) = (front.last(who, link.session), self.people.replica(who).point.map(|(_, seq)| seq));
        assert!(
            shown == expected,
            "I5: {who:?}, at {point:?} and sent up to {last:?}, sees something else than there is: {}",
            difference(&shown, &expected)
        );
    }
}

/// Enough people come, or somebody has been told that they do not.
fn is_looked_after(incident: &Incident) -> bool {
    let is_filled = incident.open_slots().is_empty();
    is_filled || incident.shortfall.is_some() || incident.escalation_step > 0
}

fn difference(shown: &Rows, expected: &Rows) -> String {
    let wrong = expected.iter().find(|(key, row)| shown.get(*key) != Some(row));
    let surplus = shown.keys().find(|key| !expected.contains_key(*key));
    match (wrong, surplus) {
        (Some((key, row)), _) => format!("{key:?} is {row}, he sees {:?}", shown.get(key).map(ToString::to_string)),
        (None, Some(key)) => format!("he still sees {key:?}"),
        (None, None) => "nothing".to_owned(),
    }
}
