//! The `latest` lane: one slot per key for the whole district, not per client. A client holds only a number, the
//! version up to which it has read, so a slow one skips what was overwritten and costs no memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::{PoisonError, RwLock};

use bytes::Bytes;

/// Keys of one district: a position and a presence for each of 40,000 volunteers, and counters. A key beyond is dropped.
pub const LATEST_KEYS_MAX: usize = 100_000;

/// The slots of one district and one view.
#[derive(Debug, Default)]
pub struct LatestStore {
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    slots: HashMap<String, u64>,
    order: BTreeMap<u64, (String, Bytes)>,
}

impl LatestStore {
    /// Overwrites the slot of `key`. Versions rise.
    pub fn put(&self, key: &str, version: u64, frame: Bytes) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        if inner.slots.len() >= LATEST_KEYS_MAX && !inner.slots.contains_key(key) {
            metrics::counter!("baiying_latest_dropped_total").increment(1);
            return;
        }
        if let Some(old) = inner.slots.insert(key.to_owned(), version) {
            inner.order.remove(&old);
        }
        inner.order.insert(version, (key.to_owned(), frame));
    }

    /// Empties the slot of `key`: nobody who comes later hears of it.
    pub fn forget(&self, key: &str) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(version) = inner.slots.remove(key) {
            inner.order.remove(&version);
        }
    }

    /// At most `limit` frames after version `after`, oldest first, each with its version.
    pub fn since(&self, after: u64, limit: usize) -> Vec<(u64, Bytes)> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let newer = inner.order.range(after + 1..).take(limit);
        newer.map(|(version, (_, frame))| (*version, frame.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_sees_each_key_once_and_only_its_last_value() {
        let store = LatestStore::default();
        store.put("position/1", 1, Bytes::from_static(b"a"));
        store.put("position/2", 2, Bytes::from_static(b"b"));
        store.put("position/1", 3, Bytes::from_static(b"c"));
        assert_eq!(store.since(0, 9), vec![(2, Bytes::from_static(b"b")), (3, Bytes::from_static(b"c"))]);
        assert_eq!(store.since(2, 9), vec![(3, Bytes::from_static(b"c"))]);
        assert_eq!(store.since(0, 1).len(), 1);
        store.forget("position/1");
        assert_eq!(store.since(2, 9), vec![]);
    }
}
