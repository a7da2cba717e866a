//! The `latest` lane of one district: positions and presence as desks and walls may see them, and counters.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use matcher::{DutyStatus, Timestamp, VolunteerId};
use wire::server::LatestData;
use wire::{Place, Time};

use super::board::SharedDistrict;
use super::latest::{Key, LatestSlots, LatestStore, Sight, Value};
use super::positions::{Changes, Fix};
use super::render::{exact, rounded};
use super::view::StreamView;

/// The slots of a district.
pub struct Maps {
    slots: Arc<LatestSlots>,
    desk: Arc<LatestStore>,
    wall: Arc<LatestStore>,
    /// Rises with every slot written, over restarts too: it is never below the time.
    version: u64,
    counters: HashMap<&'static str, i64>,
    has_news: bool,
}

impl Maps {
    /// Empty slots.
    pub fn new(district: u32) -> Self {
        let slots = LatestSlots::new(district);
        Maps {
            desk: LatestStore::new(slots.clone(), Sight::Exact),
            wall: LatestStore::new(slots.clone(), Sight::Rounded),
            slots,
            version: 0,
            counters: HashMap::new(),
            has_news: false,
        }
    }

    /// The slots that a view may see; a team leader's and a person's own view have none.
    pub fn of(&self, view: StreamView) -> Option<Arc<LatestStore>> {
        match view {
            StreamView::Desk => Some(self.desk.clone()),
            StreamView::Wall => Some(self.wall.clone()),
            StreamView::Team(_) | StreamView::Volunteer { .. } | StreamView::Resident(_) => None,
        }
    }

    /// Takes in what was observed: only of volunteers on duty is a position shown.
    pub fn observed(&mut self, changes: &Changes, district: SharedDistrict) {
        let district = district.read().unwrap_or_else(PoisonError::into_inner);
        let at = district.at;
        let is_on_duty =
            |id: VolunteerId| district.volunteer(id).is_some_and(|record| record.duty.status != DutyStatus::OffDuty);
        for (id, fix) in changes.fixes.iter().filter(|(id, _)| is_on_duty(*id)) {
            self.position(*id, fix);
        }
        for &(id, online) in &changes.presence {
            self.put(Key::Presence(id), at, LatestData::Presence { online });
        }
        self.off_map(&changes.stale, at);
    }

    /// Takes positions off every map: those who look are told, those who come later never hear of them.
    pub fn off_map(&mut self, volunteers: &[VolunteerId], at: Timestamp) {
        for &id in volunteers {
            self.put(Key::Position(id), at, LatestData::Gone);
        }
    }

    fn position(&mut self, id: VolunteerId, fix: &Fix) {
        let data = |place: Place| LatestData::Position {
            lat: place.lat,
            lng: place.lng,
            accuracy_m: fix.accuracy_m,
            at: Time(fix.at.0),
        };
        let value = Value { exact: data(exact(fix.position)), rounded: Some(data(rounded(fix.position))) };
        let version = self.next_version(fix.at);
        self.slots.put(Key::Position(id), version, value);
    }

    fn put(&mut self, key: Key, at: Timestamp, data: LatestData) {
        let version = self.next_version(at);
        self.slots.put(key, version, Value { exact: data, rounded: None });
    }

    fn next_version(&mut self, at: Timestamp) -> u64 {
        self.has_news = true;
        self.version = (self.version + 1).max(at.0.unsigned_abs());
        self.version
    }

    /// Counts what walls show in figures, and lets be read what is known by now. True if the `latest` lane has news since the last call.
    pub fn count(&mut self, district: &SharedDistrict, online: usize) -> bool {
        let (number, at, open, on_duty, short) = {
            let district = district.read().unwrap_or_else(PoisonError::into_inner);
            let open = district.incidents().filter(|incident| !incident.state.ended()).count();
            let on_duty: usize = district.grids().map(|grid| usize::from(district.on_duty(grid.id))).sum();
            let short = district.grids().filter(|grid| district.on_duty(grid.id) < grid.minimum_on_duty).count();
            (district.id.to_string(), district.at, open, on_duty, short)
        };
        // So that "no wall" is a 0 and not a series that was never there.
        metrics::gauge!("baiying_walls_open", "district" => number.clone()).increment(0.0);
        let counted = [("online", online), ("open_incidents", open), ("on_duty", on_duty), ("grids_short", short)];
        for (name, value) in counted {
            metrics::gauge!("baiying_district", "district" => number.clone(), "what" => name).set(value as f64);
            let value = i64::try_from(value).unwrap_or(i64::MAX);
            if self.counters.insert(name, value) != Some(value) {
                self.put(Key::Counter(name), at, LatestData::Counter(value));
            }
        }
        let has_news = std::mem::take(&mut self.has_news);
        if has_news {
            self.slots.cut();
        }
        has_news
    }
}
