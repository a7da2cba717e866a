//! Timers as data: who has to be looked at when. Each owner has at most one, its earliest; what is due then is decided
//! by looking at the owner itself, so a timer can never disagree with the state.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::*;
use crate::shared;

/// Whose time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerKey {
    Incident(IncidentId),
    Volunteer(VolunteerId),
}

/// Timers of 65.536 s share a set, so that a clone of the district does not copy them one by one.
const SPAN_BITS: u32 = 16;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Timers {
    spans: BTreeMap<i64, Span>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
struct Span(#[serde(with = "shared")] Arc<BTreeSet<(Timestamp, TimerKey)>>);

impl Timers {
    pub(super) fn arm(&mut self, at: Timestamp, key: TimerKey) {
        Arc::make_mut(&mut self.spans.entry(at.0 >> SPAN_BITS).or_default().0).insert((at, key));
    }

    pub(super) fn disarm(&mut self, at: Timestamp, key: TimerKey) {
        let span = at.0 >> SPAN_BITS;
        let Some(set) = self.spans.get_mut(&span) else { return };
        Arc::make_mut(&mut set.0).remove(&(at, key));
        if set.0.is_empty() {
            self.spans.remove(&span);
        }
    }

    pub fn first(&self) -> Option<(Timestamp, TimerKey)> {
        self.spans.values().next().and_then(|span| span.0.first().copied())
    }

    pub fn iter(&self) -> impl Iterator<Item = (Timestamp, TimerKey)> {
        self.spans.values().flat_map(|span| span.0.iter().copied())
    }
}
