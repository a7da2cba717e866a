//! The `latest` lane: one slot per key for the whole district, not per client. A client holds only a number, the
//! version up to which it has read, so a slow one skips what was overwritten and costs no memory.
//!
//! A slot holds what is known, not a frame: one is made when the first client of a view reads it, and shared from then
//! on. Where nobody looks, ten thousand phones that move cost no encoding and no bytes.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use bytes::Bytes;
use matcher::VolunteerId;
use wire::server::{Latest, LatestData, ServerFrame};

/// Keys of one district: a position and a presence for each of 40,000 volunteers, and counters. A key beyond is dropped.
pub const LATEST_KEYS_MAX: usize = 100_000;

/// What a slot is about; on the wire `position/1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// Where a volunteer is.
    Position(VolunteerId),
    /// Whether he has a socket open.
    Presence(VolunteerId),
    /// A figure of the district.
    Counter(&'static str),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Position(id) => write!(f, "position/{id}"),
            Self::Presence(id) => write!(f, "presence/{id}"),
            Self::Counter(name) => write!(f, "counter/{name}"),
        }
    }
}

/// What may be seen of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// As it is: desks.
    Exact = 0,
    /// Places to about 100 m: walls.
    Rounded = 1,
}

/// The value of a slot, for each sight.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// As desks see it.
    pub exact: LatestData,
    /// As walls see it, where that is another.
    pub rounded: Option<LatestData>,
}

impl Value {
    fn seen(&self, sight: Sight) -> &LatestData {
        match sight {
            Sight::Exact => &self.exact,
            Sight::Rounded => self.rounded.as_ref().unwrap_or(&self.exact),
        }
    }
}

/// The slots of one district.
#[derive(Debug)]
pub struct LatestSlots {
    district: u32,
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    slots: HashMap<Key, u64>,
    order: BTreeMap<u64, Slot>,
}

#[derive(Debug)]
struct Slot {
    key: Key,
    value: Value,
    /// By sight, once somebody has looked.
    frames: [OnceLock<Bytes>; 2],
}

impl LatestSlots {
    /// Empty slots.
    pub fn new(district: u32) -> Arc<Self> {
        Arc::new(LatestSlots { district, inner: RwLock::default() })
    }

    /// Overwrites the slot of `key`. Versions rise.
    pub fn put(&self, key: Key, version: u64, value: Value) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        if inner.slots.len() >= LATEST_KEYS_MAX && !inner.slots.contains_key(&key) {
            metrics::counter!("baiying_latest_dropped_total").increment(1);
            return;
        }
        if let Some(old) = inner.slots.insert(key, version) {
            inner.order.remove(&old);
        }
        inner.order.insert(version, Slot { key, value, frames: Default::default() });
    }

    fn frame(&self, version: u64, slot: &Slot, sight: Sight) -> Bytes {
        let encode = || {
            let data = slot.value.seen(sight).clone();
            let latest = Latest { district: self.district.to_string(), key: slot.key.to_string(), version, data };
            serde_json::to_vec(&ServerFrame::<()>::Latest(latest)).expect("positions are finite").into()
        };
        slot.frames[sight as usize].get_or_init(encode).clone()
    }
}

/// The slots of one district as one view sees them.
#[derive(Debug)]
pub struct LatestStore {
    slots: Arc<LatestSlots>,
    sight: Sight,
}

impl LatestStore {
    /// A view of `slots`.
    pub fn new(slots: Arc<LatestSlots>, sight: Sight) -> Arc<Self> {
        Arc::new(LatestStore { slots, sight })
    }

    /// At most `limit` frames after version `after`, oldest first, each with its version.
    pub fn since(&self, after: u64, limit: usize) -> Vec<(u64, Bytes)> {
        let inner = self.slots.inner.read().unwrap_or_else(PoisonError::into_inner);
        let newer = inner.order.range(after + 1..).take(limit);
        newer.map(|(&version, slot)| (version, self.slots.frame(version, slot, self.sight))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(value: i64) -> Value {
        Value { exact: LatestData::Counter(value), rounded: None }
    }

    fn versions(store: &LatestStore, after: u64, limit: usize) -> Vec<u64> {
        store.since(after, limit).into_iter().map(|(version, _)| version).collect()
    }

    #[test]
    fn a_reader_sees_each_key_once_and_only_its_last_value() {
        let slots = LatestSlots::new(1);
        let store = LatestStore::new(slots.clone(), Sight::Exact);
        slots.put(Key::Counter("online"), 1, counted(1));
        slots.put(Key::Counter("on_duty"), 2, counted(2));
        slots.put(Key::Counter("online"), 3, counted(3));
        assert_eq!(versions(&store, 0, 9), vec![2, 3]);
        assert_eq!(versions(&store, 2, 9), vec![3]);
        assert_eq!(versions(&store, 0, 1), vec![2]);
        let frame = r#"{"op":"latest","district":"1","key":"counter/online","version":3,"data":{"counter":3}}"#;
        assert_eq!(store.since(2, 9)[0].1, frame);
    }

    #[test]
    fn each_sight_has_its_own_frame_and_shares_it() {
        let slots = LatestSlots::new(1);
        let (desk, wall) =
            (LatestStore::new(slots.clone(), Sight::Exact), LatestStore::new(slots.clone(), Sight::Rounded));
        let value = Value { exact: LatestData::Counter(45_123), rounded: Some(LatestData::Counter(45_000)) };
        slots.put(Key::Position(VolunteerId(7)), 1, value);
        let (exact, rounded) = (&desk.since(0, 9)[0].1, &wall.since(0, 9)[0].1);
        assert!(exact.windows(5).any(|w| w == b"45123") && !rounded.windows(5).any(|w| w == b"45123"));
        assert_eq!(desk.since(0, 9)[0].1.as_ptr(), exact.as_ptr());
    }
}
