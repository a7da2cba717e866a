//! What really arrived where, and when: filled by every phone and by whoever raises alarms, read when all is over.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crowd::drive::Notice;
use uuid::Uuid;
use wire::Id;
use wire::server::Outcome;

/// One alarm, by its command id, which is the trace of everything that followed.
#[derive(Debug, Default)]
struct Alarm {
    /// When it was to be raised, whether or not anybody was late.
    due: Option<Instant>,
    committed: Option<Instant>,
    merged: bool,
    asked: u16,
    /// When offers reached phones, any wave.
    offers: Vec<Instant>,
}

/// From which commit to which somebody had an assignment.
#[derive(Debug)]
struct Engagement {
    incident: Id,
    phone: u64,
    from: u64,
    until: Option<u64>,
}

#[derive(Debug, Default)]
struct Inner {
    alarms: HashMap<Uuid, Alarm>,
    acknowledged: Vec<Acknowledged>,
    engagements: HashMap<Id, Engagement>,
    failed: BTreeMap<String, u64>,
    refused: BTreeMap<String, u64>,
    online: HashSet<u64>,
    on_duty: HashSet<u64>,
    offers: u64,
    accepted: u64,
    doubled: u64,
    lost: u64,
}

#[derive(Debug, Default)]
pub struct Ledger(Mutex<Inner>);

/// Latencies and counts of one run.
#[derive(Debug, Default)]
pub struct Account {
    pub alarms: u64,
    pub merged: u64,
    pub offers: u64,
    pub accepted: u64,
    pub double_assignments: u64,
    pub pushes_lost: u64,
    pub pushes_duplicated: u64,
    /// Deltas that phones found missing in their streams; what a snapshot brings instead is not missing.
    pub gaps: u64,
    pub to_commit: Vec<Duration>,
    pub to_offer: Vec<Duration>,
    /// Alarms that were not acknowledged, by what was said.
    pub failed: BTreeMap<String, u64>,
    /// Other commands that were refused, by code.
    pub refused: BTreeMap<String, u64>,
}

impl Ledger {
    fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn due(&self, id: Uuid, due: Instant) {
        self.with(|inner| inner.alarms.entry(id).or_default().due = Some(due));
    }

    /// The hub has acknowledged the alarm of call `number`.
    pub fn committed(&self, id: Uuid, number: usize, outcome: &Outcome) {
        let now = Instant::now();
        self.with(|inner| {
            let incident = outcome.incident.into_iter();
            inner.acknowledged.extend(incident.map(|incident| Acknowledged { id, incident, number }));
            let alarm = inner.alarms.entry(id).or_default();
            (alarm.committed, alarm.merged) = (Some(now), outcome.merged);
            alarm.asked = outcome.asked.unwrap_or(0);
        });
    }

    pub fn failed(&self, why: &str) {
        self.with(|inner| *inner.failed.entry(why.to_owned()).or_default() += 1);
    }

    /// Every alarm acknowledged since the last time this was asked.
    pub fn take_acknowledged(&self) -> Vec<Acknowledged> {
        self.with(|inner| std::mem::take(&mut inner.acknowledged))
    }

    /// When the first offer about an alarm reached a phone.
    pub fn first_offer(&self, alarm: Uuid) -> Option<Instant> {
        self.with(|inner| inner.alarms.get(&alarm)?.offers.iter().min().copied())
    }

    /// Whether an alarm that was due after `moment` has reached a phone.
    pub fn is_dispatched_since(&self, moment: Instant) -> bool {
        let is_since = |alarm: &Alarm| alarm.due.is_some_and(|due| due > moment) && !alarm.offers.is_empty();
        self.with(|inner| inner.alarms.values().any(is_since))
    }

    /// Sockets open, and phones that have gone on duty.
    pub fn online_and_on_duty(&self) -> (usize, usize) {
        self.with(|inner| (inner.online.len(), inner.on_duty.len()))
    }

    pub fn notice(&self, phone: u64, notice: Notice) {
        let now = Instant::now();
        self.with(|inner| match notice {
            Notice::Online { .. } => _ = inner.online.insert(phone),
            Notice::OnDuty => _ = inner.on_duty.insert(phone),
            Notice::Offline { .. } => _ = inner.online.remove(&phone),
            Notice::Offered { trace, .. } => {
                inner.offers += 1;
                if let Some(trace) = trace {
                    inner.alarms.entry(trace).or_default().offers.push(now);
                }
            }
            Notice::Assigned { assignment, incident, seq } => {
                let engagement = Engagement { incident, phone, from: seq, until: None };
                inner.engagements.entry(assignment).or_insert(engagement);
            }
            Notice::AssignmentOver { assignment, seq } => {
                if let Some(engagement) = inner.engagements.get_mut(&assignment) {
                    engagement.until.get_or_insert(seq);
                }
            }
            Notice::Answered { name: "accept", refused: None } => inner.accepted += 1,
            Notice::Answered { refused: None, .. } => {}
            Notice::Answered { name, refused: Some(code) } => {
                *inner.refused.entry(format!("{name}: {code}")).or_default() += 1;
            }
            Notice::Doubled { .. } => inner.doubled += 1,
            Notice::Lost { .. } => inner.lost += 1,
            Notice::Dropped { name } => *inner.refused.entry(format!("{name}: dropped unsent")).or_default() += 1,
        });
    }

    /// `incomplete`: phones whose last pong did not say that all had come.
    pub fn account(&self, incomplete: u64) -> Account {
        self.with(|inner| {
            let mut account = Account {
                offers: inner.offers,
                accepted: inner.accepted,
                double_assignments: doubled(&inner.engagements),
                pushes_lost: inner.lost + incomplete,
                pushes_duplicated: inner.doubled,
                gaps: inner.lost,
                failed: inner.failed.clone(),
                refused: inner.refused.clone(),
                ..Account::default()
            };
            inner.alarms.values_mut().for_each(|alarm| account.take(alarm));
            account
        })
    }
}

/// Assignments that began while the same person, or the same incident (which asks for one), still had another.
fn doubled(engagements: &HashMap<Id, Engagement>) -> u64 {
    let mut by: BTreeMap<(bool, u64), Vec<(u64, u64)>> = BTreeMap::new();
    for engagement in engagements.values() {
        let span = (engagement.from, engagement.until.unwrap_or(u64::MAX));
        by.entry((false, engagement.incident.0)).or_default().push(span);
        by.entry((true, engagement.phone)).or_default().push(span);
    }
    let overlaps = |spans: &mut Vec<(u64, u64)>| {
        spans.sort_unstable();
        let mut until = 0;
        let overlap = |(from, to): &&(u64, u64)| {
            let overlap = *from < until;
            until = until.max(*to);
            overlap
        };
        spans.iter().filter(overlap).count() as u64
    };
    by.values_mut().map(overlaps).sum()
}

/// One alarm that the hub has acknowledged, and which call it was.
#[derive(Clone, Copy, Debug)]
pub struct Acknowledged {
    pub id: Uuid,
    pub incident: Id,
    pub number: usize,
}

impl Account {
    fn take(&mut self, alarm: &mut Alarm) {
        let (Some(due), Some(committed)) = (alarm.due, alarm.committed) else { return };
        self.alarms += 1;
        if alarm.merged {
            self.merged += 1;
            return;
        }
        self.to_commit.push(committed - due);
        // The receipt says how many were asked at once; whatever comes after those is a later wave.
        alarm.offers.sort_unstable();
        let first_wave = alarm.offers.iter().take(usize::from(alarm.asked));
        self.to_offer.extend(first_wave.map(|arrived| *arrived - due));
        self.pushes_lost += u64::from(alarm.asked).saturating_sub(alarm.offers.len() as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_that_never_arrived_is_lost_and_a_later_wave_is_no_latency() {
        let ledger = Ledger::default();
        let (alarm, merged) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let now = Instant::now();
        ledger.due(alarm, now);
        ledger.due(merged, now);
        let offered = || Notice::Offered { offer: Id(1), incident: Id(1), trace: Some(alarm) };
        ledger.notice(0, offered());
        ledger.committed(alarm, 0, &Outcome { asked: Some(2), ..Outcome::default() });
        ledger.committed(merged, 1, &Outcome { merged: true, ..Outcome::default() });
        let one_missing = ledger.account(0);
        assert_eq!((one_missing.alarms, one_missing.merged, one_missing.pushes_lost), (2, 1, 1));
        ledger.notice(0, offered());
        ledger.notice(0, offered());
        let complete = ledger.account(0);
        assert_eq!((complete.pushes_lost, complete.to_offer.len(), complete.offers), (0, 2, 3));
        assert_eq!(complete.to_commit.len(), 1, "a merged call is kept out of the latencies");
    }

    #[test]
    fn two_at_once_for_one_incident_or_one_person_are_seen_and_one_after_the_other_is_not() {
        let ledger = Ledger::default();
        let assigned =
            |assignment, incident, seq| Notice::Assigned { assignment: Id(assignment), incident: Id(incident), seq };
        let over = |assignment, seq| Notice::AssignmentOver { assignment: Id(assignment), seq };
        ledger.notice(7, assigned(1, 10, 5));
        ledger.notice(8, assigned(2, 10, 9));
        // Heard late, but committed before the second began: phones are not heard in the order of commits.
        ledger.notice(7, over(1, 9));
        assert_eq!(ledger.account(0).double_assignments, 0);
        ledger.notice(9, assigned(3, 10, 11));
        assert_eq!(ledger.account(0).double_assignments, 1, "an incident with two");
        ledger.notice(8, assigned(4, 11, 12));
        assert_eq!(ledger.account(0).double_assignments, 2, "a person with two");
    }
}
