//! When nothing goes wrong any more: everybody is served, everybody sees the same, nobody waits.

use matcher::state::TimerKey;
use matcher::{District, IncidentId, Timestamp};

use super::front::Front;
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
            assert!(self.is_up_to_date(who), "I5: {who:?} has not been told everything that was said to him");
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

    /// Enough people come, or it has been told that they do not, or somebody is being asked who has only now become free.
    fn every_incident_is_looked_after(&self) {
        let state = self.processes[0].state().expect("it leads");
        let now = self.processes[0].time(self.processes[0].pid).expect("it leads");
        for incident in state.district.incidents().filter(|incident| !incident.state.ended()) {
            let told = incident.open_slots().is_empty() || incident.shortfall.is_some();
            let asked = is_being_asked(&state.district, incident.id, now);
            let record = state.district.incident_record(incident.id);
            assert!(told || asked, "I11: at {now:?} nobody looks after {record:?}");
        }
    }

    fn everybody_is_answered(&mut self) {
        for who in self.people.everybody() {
            let waiting = self.people.post(who).map_or(0, |post| post.len());
            assert_eq!(waiting, 0, "I11: {who:?} still waits for answers");
        }
    }

    /// One after the other, while everything goes wrong: whoever has just heard all that was said to him sees what is.
    pub async fn compare_next(&mut self) {
        let everybody = self.people.everybody();
        self.compared += 1;
        let who = everybody[self.compared % everybody.len()];
        if self.is_up_to_date(who) {
            self.sees_what_is(who).await;
            self.tally.count("views compared under way");
        }
    }

    fn front_of(&self, who: Who) -> Option<&Front> {
        let pid = self.links[&who].pid;
        self.processes.iter().find(|process| process.pid == pid)?.front.as_ref()
    }

    /// Nothing is on its way to him, and he waits for no part of a snapshot.
    /// Nothing that was said is still under way.
    pub fn everybody_has_heard(&mut self) -> bool {
        self.people.everybody().into_iter().all(|who| self.is_up_to_date(who))
    }

    fn is_up_to_date(&mut self, who: Who) -> bool {
        let point = self.people.replica(who).point.map(|(_, seq)| seq);
        let session = self.links[&who].session;
        point.is_some() && self.front_of(who).and_then(|front| front.last(who, session)) == point
    }

    /// I5: what a client has put together from deltas is what he would be shown if he came anew.
    async fn sees_what_is(&mut self, who: Who) {
        let view = self.people.view(who);
        let front = self.front_of(who).expect("he is connected");
        let mut anew = Replica::default();
        for part in front.fresh(view).await {
            anew.take(&part);
        }
        let (shown, expected) = (lasting(&self.people.replica(who).rows), lasting(&anew.rows));
        let point = self.people.replica(who).point.map(|(_, seq)| seq);
        assert!(
            shown == expected,
            "I5: {who:?}, at {point:?}, sees something else than there is: {}",
            difference(&shown, &expected)
        );
    }
}

/// Somebody is asked, his time has not run out, and the timer is set that will not leave it at that when it has.
fn is_being_asked(district: &District, incident: IncidentId, now: Timestamp) -> bool {
    let standing = district.incident_record(incident).map_or(&[][..], |record| &record.standing);
    let deadlines = standing.iter().filter_map(|&offer| district.offer(offer)).map(|offer| offer.deadline);
    let Some(first) = deadlines.min() else { return false };
    let looked_at = district.timer_of(TimerKey::Incident(incident));
    first.plus_ms(LATE_MS_MAX) > now && looked_at.is_some_and(|at| at <= first)
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
