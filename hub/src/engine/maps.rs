//! The `latest` lane of one district: positions and presence as desks and walls may see them, and counters.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use matcher::{DutyStatus, Timestamp, VolunteerId};
use wire::server::{Latest, LatestData, ServerFrame};
use wire::{Place, Time};

use super::board::SharedDistrict;
use super::latest::LatestStore;
use super::positions::{Changes, Fix};
use super::render::{exact, rounded};
use super::view::StreamView;

/// The slots of a district.
pub struct Maps {
    district: u32,
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
        Maps {
            district,
            desk: Arc::default(),
            wall: Arc::default(),
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
            self.put_both(&format!("presence/{id}"), at, LatestData::Presence { online });
        }
        self.off_map(&changes.stale, at);
    }

    /// Takes positions off every map: those who look are told, those who come later never hear of them.
    pub fn off_map(&mut self, volunteers: &[VolunteerId], at: Timestamp) {
        for id in volunteers {
            self.put_both(&format!("position/{id}"), at, LatestData::Gone);
        }
    }

    fn position(&mut self, id: VolunteerId, fix: &Fix) {
        let key = format!("position/{id}");
        let version = self.next_version(fix.at);
        let data = |place: Place| LatestData::Position {
            lat: place.lat,
            lng: place.lng,
            accuracy_m: fix.accuracy_m,
            at: Time(fix.at.0),
        };
        self.desk.put(&key, version, self.frame(&key, version, data(exact(fix.position))));
        self.wall.put(&key, version, self.frame(&key, version, data(rounded(fix.position))));
    }

    fn put_both(&mut self, key: &str, at: Timestamp, data: LatestData) {
        let version = self.next_version(at);
        let frame = self.frame(key, version, data);
        self.desk.put(key, version, frame.clone());
        self.wall.put(key, version, frame);
    }

    fn next_version(&mut self, at: Timestamp) -> u64 {
        self.has_news = true;
        self.version = (self.version + 1).max(at.0.unsigned_abs());
        self.version
    }

    fn frame(&self, key: &str, version: u64, data: LatestData) -> Bytes {
        let latest = Latest { district: self.district.to_string(), key: key.to_owned(), version, data };
        let frame = ServerFrame::<()>::Latest(latest);
        serde_json::to_vec(&frame).expect("positions are finite").into()
    }

    /// Counts what walls show in figures. True if the `latest` lane has news since the last call.
    pub fn count(&mut self, district: &SharedDistrict, online: usize) -> bool {
        let (at, open, on_duty) = {
            let district = district.read().unwrap_or_else(PoisonError::into_inner);
            let open = district.incidents().filter(|incident| !incident.state.ended()).count();
            let on_duty: usize = district.grids().map(|grid| usize::from(district.on_duty(grid.id))).sum();
            (district.at, open, on_duty)
        };
        for (name, value) in [("online", online), ("open_incidents", open), ("on_duty", on_duty)] {
            metrics::gauge!("baiying_district", "what" => name).set(value as f64);
            let value = i64::try_from(value).unwrap_or(i64::MAX);
            if self.counters.insert(name, value) != Some(value) {
                self.put_both(&format!("counter/{name}"), at, LatestData::Counter(value));
            }
        }
        std::mem::take(&mut self.has_news)
    }
}
