//! The `latest` lane: one slot per key for the whole district, not per client. A client holds only a number, the
//! version up to which it has read, so a slow one skips what was overwritten and costs no memory.
//!
//! A slot holds what is known, not a frame. Once a second what is known by then may be read: the first client of a view
//! has the frames made, in one piece, and whoever has read as far as he had shares it: ten thousand walls cost one
//! encoding and a write each, however many phones move. Where nobody looks, they cost none.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use matcher::VolunteerId;
use wire::Framed;
use wire::server::{Latest, LatestData, ServerFrame};

/// Keys of one district: a position and a presence for each of 40,000 volunteers, and counters. A key beyond is dropped.
pub const LATEST_KEYS_MAX: usize = 100_000;

/// Frames of one piece, some 40 KiB: a delta waits behind one piece at most.
pub const PIECE_FRAMES_MAX: usize = 256;

/// Pieces of a second that are kept for others; whoever reads on from elsewhere has one made for himself.
const PIECES_KEPT_MAX: usize = 64;

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
    /// The version up to which may be read. Not under the lock: ten thousand walls look at it, from threads that yield,
    /// and whoever writes must not wait for one of them.
    readable: AtomicU64,
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
}

impl LatestSlots {
    /// Empty slots.
    pub fn new(district: u32) -> Arc<Self> {
        Arc::new(LatestSlots { district, readable: AtomicU64::new(0), inner: RwLock::default() })
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
        inner.order.insert(version, Slot { key, value });
    }

    /// Lets be read what is known by now: all who are told of it read the same.
    pub fn cut(&self) {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        self.readable.store(inner.order.last_key_value().map_or(0, |(&version, _)| version), Ordering::Release);
    }

    fn frame(&self, (version, key, data): (u64, Key, LatestData)) -> Framed {
        let latest = Latest { district: self.district.to_string(), key: key.to_string(), version, data };
        let frame = ServerFrame::<()>::Latest(latest);
        Framed::written(|text| serde_json::to_writer(text, &frame).expect("positions are finite"))
    }
}

/// What is newer than some version, or the first part of it.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Oldest first.
    pub frames: Framed,
    /// The version of the last.
    pub up_to: u64,
    /// That was not all.
    pub is_more: bool,
}

/// The slots of one district as one view sees them.
#[derive(Debug)]
pub struct LatestStore {
    slots: Arc<LatestSlots>,
    sight: Sight,
    made: Mutex<Made>,
}

/// Pieces of one cut, by the version that they follow on.
#[derive(Debug, Default)]
struct Made {
    readable: u64,
    pieces: HashMap<u64, Piece>,
}

impl LatestStore {
    /// A view of `slots`.
    pub fn new(slots: Arc<LatestSlots>, sight: Sight) -> Arc<Self> {
        Arc::new(LatestStore { slots, sight, made: Mutex::default() })
    }

    /// What was known at the last cut and is newer than version `after`; `None` if nothing is.
    pub fn after(&self, after: u64) -> Option<Piece> {
        let readable = self.slots.readable.load(Ordering::Acquire);
        if after >= readable {
            return None;
        }
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if made.readable < readable {
            *made = Made { readable, pieces: HashMap::new() };
        }
        if let Some(piece) = made.pieces.get(&after) {
            return Some(piece.clone());
        }
        let piece = self.make(after, made.readable)?;
        if made.pieces.len() < PIECES_KEPT_MAX {
            made.pieces.insert(after, piece.clone());
        }
        Some(piece)
    }

    fn make(&self, after: u64, readable: u64) -> Option<Piece> {
        let (newer, is_more) = self.newer(after, readable);
        let (up_to, ..) = *newer.last()?;
        let frames = newer.into_iter().map(|slot| self.slots.frame(slot));
        Some(Piece { frames: Framed::joined(frames), up_to, is_more })
    }

    /// The slots of a piece, and whether there are more. Only copied under the lock: whoever writes positions serves
    /// persons too, and must not wait for the encoding.
    fn newer(&self, after: u64, readable: u64) -> (Vec<(u64, Key, LatestData)>, bool) {
        let inner = self.slots.inner.read().unwrap_or_else(PoisonError::into_inner);
        let mut newer = inner.order.range((Bound::Excluded(after), Bound::Included(readable)));
        let slots = newer.by_ref().take(PIECE_FRAMES_MAX);
        let slots = slots.map(|(&version, slot)| (version, slot.key, slot.value.seen(self.sight).clone())).collect();
        (slots, newer.next().is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(value: i64) -> Value {
        Value { exact: LatestData::Counter(value), rounded: None }
    }

    fn texts(piece: &Piece) -> Vec<String> {
        piece.frames.texts().map(|text| String::from_utf8_lossy(&text).into_owned()).collect()
    }

    fn frame(key: &str, version: u64, value: i64) -> String {
        format!(r#"{{"op":"latest","district":"1","key":"{key}","version":{version},"data":{{"counter":{value}}}}}"#)
    }

    #[test]
    fn a_reader_sees_each_key_once_and_only_its_last_value() {
        let slots = LatestSlots::new(1);
        let store = LatestStore::new(slots.clone(), Sight::Exact);
        slots.put(Key::Counter("online"), 1, counted(1));
        slots.put(Key::Counter("on_duty"), 2, counted(2));
        slots.put(Key::Counter("online"), 3, counted(3));
        assert!(store.after(0).is_none(), "nothing may be read before the cut");
        slots.cut();
        let all = store.after(0).expect("two keys");
        assert_eq!(texts(&all), [frame("counter/on_duty", 2, 2), frame("counter/online", 3, 3)]);
        assert_eq!((all.up_to, all.is_more), (3, false));
        assert_eq!(texts(&store.after(2).expect("one key")), [frame("counter/online", 3, 3)]);
        assert!(store.after(3).is_none());
    }

    #[test]
    fn what_comes_after_the_cut_is_read_after_the_next() {
        let slots = LatestSlots::new(1);
        let store = LatestStore::new(slots.clone(), Sight::Exact);
        slots.put(Key::Counter("online"), 1, counted(1));
        slots.cut();
        slots.put(Key::Counter("on_duty"), 2, counted(2));
        assert_eq!(store.after(0).map(|piece| piece.up_to), Some(1));
        slots.cut();
        assert_eq!(texts(&store.after(1).expect("the other")), [frame("counter/on_duty", 2, 2)]);
        assert_eq!(store.after(0).map(|piece| piece.up_to), Some(2), "no piece of the cut before is given");
    }

    #[test]
    fn a_long_list_is_read_piece_by_piece() {
        let slots = LatestSlots::new(1);
        let store = LatestStore::new(slots.clone(), Sight::Exact);
        let keys = PIECE_FRAMES_MAX as u64 * 2 + 1;
        (1..=keys).for_each(|key| slots.put(Key::Presence(VolunteerId(key)), key, counted(0)));
        slots.cut();
        let (mut read_up_to, mut frames) = (0, Vec::new());
        while let Some(piece) = store.after(read_up_to) {
            read_up_to = piece.up_to;
            frames.push(piece.frames.texts().count());
            assert_eq!(piece.is_more, read_up_to < keys);
        }
        assert_eq!(frames, [PIECE_FRAMES_MAX, PIECE_FRAMES_MAX, 1]);
    }

    #[test]
    fn each_sight_has_its_own_piece_and_shares_it() {
        let slots = LatestSlots::new(1);
        let (desk, wall) =
            (LatestStore::new(slots.clone(), Sight::Exact), LatestStore::new(slots.clone(), Sight::Rounded));
        let value = Value { exact: LatestData::Counter(45_123), rounded: Some(LatestData::Counter(45_000)) };
        slots.put(Key::Position(VolunteerId(7)), 1, value);
        slots.cut();
        let exact = desk.after(0).expect("a key");
        assert_eq!(texts(&exact), [frame("position/7", 1, 45_123)]);
        assert_eq!(texts(&wall.after(0).expect("a key")), [frame("position/7", 1, 45_000)]);
        assert_eq!(desk.after(0).expect("a key").frames.bytes().as_ptr(), exact.frames.bytes().as_ptr());
    }
}
