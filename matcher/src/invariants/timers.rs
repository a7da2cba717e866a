//! Timers: each owner is armed for the earliest thing that is due, and nobody else is.

use std::collections::BTreeSet;

use super::{Found, ensure};
use crate::model::Timestamp;
use crate::state::{District, TimerKey, due};

pub fn each_owner_is_armed_for_what_is_due(district: &District, found: &mut Found) {
    let incidents = district.incident_records().filter_map(|record| {
        let at = due::of_incident(district, record)?;
        Some((at, TimerKey::Incident(record.incident.id)))
    });
    let volunteers = district.volunteers().filter_map(|record| {
        let at = due::of_volunteer(record)?;
        Some((at, TimerKey::Volunteer(record.profile.id)))
    });
    let due: BTreeSet<(Timestamp, TimerKey)> = incidents.chain(volunteers).collect();
    let armed: BTreeSet<(Timestamp, TimerKey)> = district.timers().iter().collect();
    for missing in due.difference(&armed) {
        ensure(found, false, "timer", || format!("{missing:?} is due and not armed"));
    }
    for idle in armed.difference(&due) {
        ensure(found, false, "timer", || format!("{idle:?} is armed and not due"));
    }
}
