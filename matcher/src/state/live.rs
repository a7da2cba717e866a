//! Incidents that have not ended, by place, and recent ones by caller: what a new call may belong to. Derived from the
//! district, so neither journalled nor digested.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::District;
use crate::model::*;

/// Cells of about 1.1 km from south to north, in 1e-7 degrees.
const CELL_E7: i32 = 100_000;
/// The fourth new incident of one caller within this time is a flood.
pub const FLOOD_WINDOW_MS: u64 = 10 * MINUTE_MS;
/// New incidents of one caller within the window that are taken as they come.
pub const FLOOD_AFTER: usize = 3;

type Cell = (i32, i32);

#[derive(Clone, Debug, Default)]
pub struct Live {
    cells: BTreeMap<Cell, Vec<IncidentId>>,
    callers: BTreeMap<CallerKey, Vec<(Timestamp, IncidentId)>>,
    /// Callers in the order of their incidents, to be forgotten when the flood window has passed.
    turns: VecDeque<(Timestamp, CallerKey)>,
    count: usize,
    /// Those that have been told to be short of people, the gravest first.
    short: BTreeSet<(Reverse<Urgency>, IncidentId)>,
}

fn cell_of(position: Position) -> Cell {
    (position.lat_e7.div_euclid(CELL_E7), position.lng_e7.div_euclid(CELL_E7))
}

impl Live {
    pub fn of(district: &District) -> Self {
        let mut live = Self::default();
        for incident in district.incidents() {
            live.opened(incident);
            if incident.state.ended() {
                live.ended(incident);
            }
            live.shortfall(incident);
        }
        live
    }

    /// How many incidents have not ended.
    pub fn count(&self) -> usize {
        self.count
    }

    pub(super) fn opened(&mut self, incident: &Incident) {
        self.reopened(incident);
        self.forget_callers(incident.opened_at);
        if let Some(caller) = incident.calls.first().and_then(|call| call.caller) {
            self.callers.entry(caller).or_default().push((incident.opened_at, incident.id));
            self.turns.push_back((incident.opened_at, caller));
        }
    }

    fn forget_callers(&mut self, now: Timestamp) {
        while let Some(&(at, caller)) = self.turns.front().filter(|&&(at, _)| now.since_ms(at) >= FLOOD_WINDOW_MS) {
            self.turns.pop_front();
            let Some(recent) = self.callers.get_mut(&caller) else { continue };
            recent.retain(|&(opened_at, _)| opened_at > at);
            if recent.is_empty() {
                self.callers.remove(&caller);
            }
        }
    }

    pub(super) fn reopened(&mut self, incident: &Incident) {
        self.cells.entry(cell_of(incident.place.position)).or_default().push(incident.id);
        self.count += 1;
    }

    /// Short of people, or no longer.
    pub(super) fn shortfall(&mut self, incident: &Incident) {
        if incident.shortfall.is_some() {
            self.short.insert((Reverse(incident.urgency), incident.id));
        } else {
            self.short.remove(&(Reverse(incident.urgency), incident.id));
        }
    }

    /// Incidents that are short of people: the gravest first, among these the oldest.
    pub fn short(&self) -> impl Iterator<Item = IncidentId> + '_ {
        self.short.iter().map(|&(_, id)| id)
    }

    pub(super) fn ended(&mut self, incident: &Incident) {
        self.short.remove(&(Reverse(incident.urgency), incident.id));
        let cell = cell_of(incident.place.position);
        let Some(here) = self.cells.get_mut(&cell) else { return };
        let before = here.len();
        here.retain(|&id| id != incident.id);
        self.count -= before - here.len();
        if here.is_empty() {
            self.cells.remove(&cell);
        }
    }

    /// Live incidents of the cells that a disc touches; the caller measures the distance.
    pub fn near(&self, position: Position, radius_m: u32) -> impl Iterator<Item = IncidentId> + '_ {
        let reach_lat = degrees_e7(radius_m, 1.0);
        let reach_lng = degrees_e7(radius_m, position.lat().to_radians().cos().max(0.01));
        let rows = cells_between(position.lat_e7, reach_lat);
        let columns = cells_between(position.lng_e7, reach_lng);
        let range = rows.flat_map(move |row| self.cells.range((row, *columns.start())..=(row, *columns.end())));
        range.flat_map(|(_, here)| here.iter().copied())
    }

    /// Incidents that this caller opened within the flood window before `now`, oldest first.
    pub fn recent_of(&self, caller: CallerKey, now: Timestamp) -> impl Iterator<Item = IncidentId> + '_ {
        let recent = self.callers.get(&caller).map_or(&[][..], Vec::as_slice);
        recent.iter().filter(move |&&(at, _)| now.since_ms(at) < FLOOD_WINDOW_MS).map(|&(_, id)| id)
    }
}

/// Metres as 1e-7 degrees where a degree is `shrunk` times as long as one of latitude, rounded up.
fn degrees_e7(metres: u32, shrunk: f64) -> i64 {
    (f64::from(metres) / (EARTH_RADIUS_M * shrunk) * (180.0 / std::f64::consts::PI) * 1e7).ceil() as i64
}

fn cells_between(middle_e7: i32, reach_e7: i64) -> std::ops::RangeInclusive<i32> {
    let cell = |e7: i64| e7.div_euclid(i64::from(CELL_E7)) as i32;
    cell(i64::from(middle_e7) - reach_e7)..=cell(i64::from(middle_e7) + reach_e7)
}
