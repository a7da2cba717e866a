//! What waits for one socket: two bounded lanes of frames, and a place in the `latest` lane. The publisher, the walk and
//! the socket's own task meet here and nowhere else; none ever waits for another. A walk writes to the connection itself
//! where it can: ten thousand tasks need not be woken for one write each.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use wire::close::CloseCode;
use wire::{Framed, OUTBOUND_BYTES_MAX, OUTBOUND_MESSAGES_MAX, SNAPSHOT_PART_BYTES_MAX};

use super::frame::Delta;
use super::latest::LatestStore;

/// Bytes of frames that wait for a socket or are being written to it. With the part of a snapshot that may be under way, a
/// client that takes nothing holds no more than [`OUTBOUND_BYTES_MAX`] in all.
pub const QUEUE_BYTES_MAX: usize = OUTBOUND_BYTES_MAX - SNAPSHOT_PART_BYTES_MAX;

/// Which lane a frame takes. Within a lane order is kept; a subscription's deltas all take one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// To this client alone: results, offers, pongs. Drained first.
    Unicast,
    /// To everybody of a view.
    Broadcast,
}

/// A connection that takes bytes as they are.
pub trait Outlet: fmt::Debug + Send + Sync {
    /// Writes what fits now, without waiting. How many bytes of `frames`, one behind the other, have gone: none where nobody
    /// is there any more, which the socket's own task finds out.
    fn write_now(&self, frames: &[Framed]) -> usize;
}

/// The queue of one socket.
#[derive(Debug, Default)]
pub struct Outbox {
    queue: Mutex<Queue>,
    bell: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    /// What a walk could not write: goes out before anything else.
    rest: Vec<Framed>,
    unicast: VecDeque<Framed>,
    broadcast: VecDeque<Framed>,
    bytes: usize,
    /// Drained and not yet written.
    writing_bytes: usize,
    is_latest_due: bool,
    closed: Option<CloseCode>,
    streams: Vec<Stream>,
    outlet: Option<Arc<dyn Outlet>>,
    /// Its own task is writing, and nobody else may.
    is_held: bool,
}

/// One district followed on this socket.
#[derive(Debug)]
struct Stream {
    district: u32,
    /// The seq of the last delta or snapshot sent: the next one's `prev`.
    last: u64,
    latest: Option<(Arc<LatestStore>, u64)>,
}

impl Outbox {
    /// An empty queue.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a whole frame. False when the socket is closed or just became too slow.
    pub fn push(&self, lane: Lane, frame: Framed) -> bool {
        let is_open = self.lock().push(lane, frame);
        self.bell.notify_one();
        is_open
    }

    /// Queues a delta of `district` behind what that subscription was sent before.
    pub fn push_delta(&self, lane: Lane, district: u32, delta: &Delta) -> bool {
        self.push_deltas(lane, district, [delta])
    }

    /// Queues several, in order of their seq; its task is woken once for all of them, and writes them in one go.
    pub fn push_deltas<'a>(&self, lane: Lane, district: u32, deltas: impl IntoIterator<Item = &'a Delta>) -> bool {
        let mut queue = self.lock();
        let has_news = queue.push_deltas(lane, district, deltas);
        let is_open = queue.closed.is_none();
        drop(queue);
        if has_news {
            self.bell.notify_one();
        }
        is_open
    }

    /// What a walk brings: deltas, and word that the `latest` lane has news. Written at once where that can be; else its
    /// task is woken. False when the socket is closed.
    pub fn serve<'a>(&self, district: u32, deltas: impl IntoIterator<Item = &'a Delta>, has_latest: bool) -> bool {
        let mut queue = self.lock();
        let has_news = queue.push_deltas(Lane::Broadcast, district, deltas) || has_latest;
        queue.is_latest_due |= has_latest;
        let is_open = queue.closed.is_none();
        let is_left = has_news && !queue.write_now();
        drop(queue);
        if is_left {
            self.bell.notify_one();
        }
        is_open
    }

    /// From here on a walk may write to the connection itself, whenever its own task does not.
    pub fn open(&self, outlet: Arc<dyn Outlet>) {
        let mut queue = self.lock();
        if queue.closed.is_none() {
            queue.outlet = Some(outlet);
        }
    }

    /// Begins (or begins again) a district's stream at `seq`, with the `latest` lane it may see.
    pub fn begin(&self, district: u32, seq: u64, latest: Option<Arc<LatestStore>>) {
        let mut queue = self.lock();
        queue.is_latest_due |= latest.is_some();
        queue.streams.retain(|stream| stream.district != district);
        queue.streams.push(Stream { district, last: seq, latest: latest.map(|store| (store, 0)) });
        drop(queue);
        self.bell.notify_one();
    }

    /// Ends a district's stream: a snapshot is on its way, and nothing may come between its parts.
    pub fn end(&self, district: u32) {
        self.lock().streams.retain(|stream| stream.district != district);
    }

    /// The seq of the last delta queued for a district's stream, if it is followed.
    pub fn last(&self, district: u32) -> Option<u64> {
        self.lock().streams.iter().find(|stream| stream.district == district).map(|stream| stream.last)
    }

    /// Ends the socket with a code; what is queued is let go, except by [`CloseCode::Drain`], which flushes first.
    pub fn close(&self, code: CloseCode) {
        self.lock().close(code);
        self.bell.notify_one();
    }

    /// Whether nobody needs to push here any more.
    pub fn is_closed(&self) -> bool {
        self.lock().closed.is_some()
    }

    /// Waits until [`Outbox::drain`] has something. Safe to drop and call again.
    pub async fn ready(&self) {
        loop {
            let rung = self.bell.notified();
            if self.lock().has_work() {
                return;
            }
            rung.await;
        }
    }

    /// Moves what waits into `frames`, to be written in one go: unicast, then broadcast, then `latest`. Says with which
    /// code to close after writing them, if the socket is to be closed.
    ///
    /// What was drained counts against the socket until [`Outbox::flushed`]; until then nobody else writes to it.
    pub fn drain(&self, frames: &mut Vec<Framed>) -> Option<CloseCode> {
        self.lock().drain(frames)
    }

    /// All that was drained has been written, and nothing is drained for now.
    pub fn flushed(&self) {
        let mut queue = self.lock();
        (queue.writing_bytes, queue.is_held) = (0, false);
    }
}

impl Queue {
    fn push(&mut self, lane: Lane, frame: Framed) -> bool {
        if self.closed.is_some() {
            return false;
        }
        let waiting = self.unicast.len() + self.broadcast.len();
        let held = self.bytes + self.writing_bytes;
        let is_full = waiting >= OUTBOUND_MESSAGES_MAX || held + frame.len() > QUEUE_BYTES_MAX;
        if is_full && waiting + held > 0 {
            metrics::counter!("baiying_sockets_too_slow_total").increment(1);
            self.close(CloseCode::Slow);
            return false;
        }
        self.bytes += frame.len();
        match lane {
            Lane::Unicast => self.unicast.push_back(frame),
            Lane::Broadcast => self.broadcast.push_back(frame),
        }
        true
    }

    /// Whether there was something to push.
    fn push_deltas<'a>(&mut self, lane: Lane, district: u32, deltas: impl IntoIterator<Item = &'a Delta>) -> bool {
        let mut has_news = false;
        for delta in deltas {
            if let Some(last) = self.advance(district, delta.seq) {
                self.push(lane, delta.after(last));
                has_news = true;
            }
        }
        has_news
    }

    /// Moves a stream on to `seq` and gives its `prev`; `None` if it is not followed or stands there already.
    fn advance(&mut self, district: u32, seq: u64) -> Option<u64> {
        let stream = self.streams.iter_mut().find(|stream| stream.district == district)?;
        (stream.last < seq).then(|| std::mem::replace(&mut stream.last, seq))
    }

    fn close(&mut self, code: CloseCode) {
        if self.closed.is_some() {
            return;
        }
        self.closed = Some(code);
        // Whoever is gone from here is gone from the network too. What is half out is finished by his task all the same.
        self.outlet = None;
        if code != CloseCode::Drain {
            (self.unicast, self.broadcast, self.bytes) = (VecDeque::new(), VecDeque::new(), 0);
        }
        self.streams = Vec::new();
    }

    fn has_work(&self) -> bool {
        let has_frames = !(self.rest.is_empty() && self.unicast.is_empty() && self.broadcast.is_empty());
        self.closed.is_some() || self.is_latest_due || has_frames
    }

    fn drain(&mut self, frames: &mut Vec<Framed>) -> Option<CloseCode> {
        self.empty(frames);
        // Whoever drains again has written what he drained before.
        self.writing_bytes = std::mem::take(&mut self.bytes);
        self.is_held = true;
        self.closed
    }

    /// Moves out all that waits, in the order in which it is written.
    fn empty(&mut self, frames: &mut Vec<Framed>) {
        // Taken whole, so that an idle socket holds no buffer.
        frames.extend(std::mem::take(&mut self.rest));
        frames.extend(std::mem::take(&mut self.unicast));
        frames.extend(std::mem::take(&mut self.broadcast));
        if self.is_latest_due {
            self.is_latest_due = self.drain_latest(frames);
        }
    }

    /// Writes what waits to the connection itself; false if any of it is left to the socket's own task.
    fn write_now(&mut self) -> bool {
        // What could not be written before cannot be now, and is what its task is waiting with.
        let is_blocked = self.is_held || !self.rest.is_empty();
        if is_blocked || self.outlet.is_none() {
            return false;
        }
        let mut frames = Vec::new();
        self.empty(&mut frames);
        let gone = self.outlet.as_ref().map_or(0, |outlet| outlet.write_now(&frames));
        self.rest = left(frames, gone);
        self.bytes = self.rest.iter().map(Framed::len).sum();
        !self.has_work()
    }

    /// Whether more is left than one drain takes.
    fn drain_latest(&mut self, frames: &mut Vec<Framed>) -> bool {
        let mut is_more = false;
        for stream in &mut self.streams {
            let Some((store, read_up_to)) = &mut stream.latest else { continue };
            if let Some(piece) = store.after(*read_up_to) {
                *read_up_to = piece.up_to;
                is_more |= piece.is_more;
                frames.push(piece.frames);
            }
        }
        is_more
    }
}

/// What is left of `frames` when `gone` bytes of them have gone.
fn left(mut frames: Vec<Framed>, mut gone: usize) -> Vec<Framed> {
    let is_gone = |frame: &mut Framed| {
        let whole = frame.len() <= gone;
        if whole {
            gone -= frame.len();
        } else if gone > 0 {
            *frame = frame.rest(std::mem::take(&mut gone));
        }
        whole
    };
    let count = frames.iter_mut().map(is_gone).take_while(|&is_gone| is_gone).count();
    drop(frames.drain(..count));
    // Nearly always nothing is, and then nothing is held.
    frames.shrink_to_fit();
    frames
}

#[cfg(test)]
mod tests {
    use wire::server::LatestData;

    use super::*;
    use crate::engine::latest::{Key, LatestSlots, Sight, Value};

    fn frame(text: &str) -> Framed {
        Framed::text(text.as_bytes())
    }

    fn drained(outbox: &Outbox) -> (Vec<Framed>, Option<CloseCode>) {
        let mut frames = Vec::new();
        let code = outbox.drain(&mut frames);
        (frames, code)
    }

    #[test]
    fn unicast_goes_before_broadcast_and_latest_goes_last() {
        let outbox = Outbox::new();
        let slots = LatestSlots::new(1);
        slots.put(Key::Counter("online"), 1, Value { exact: LatestData::Counter(9), rounded: None });
        slots.cut();
        let store = LatestStore::new(slots, Sight::Exact);
        let latest = store.after(0).expect("a counter").frames;
        outbox.begin(1, 0, Some(store));
        outbox.push(Lane::Broadcast, frame("wall"));
        outbox.push(Lane::Unicast, frame("offer"));
        assert_eq!(drained(&outbox), (vec![frame("offer"), frame("wall"), latest], None));
        assert_eq!(drained(&outbox), (vec![], None));
    }

    #[test]
    fn the_257th_frame_closes_a_slow_socket_and_frees_its_memory() {
        let outbox = Outbox::new();
        for _ in 0..OUTBOUND_MESSAGES_MAX {
            assert!(outbox.push(Lane::Unicast, frame("x")));
        }
        assert!(!outbox.push(Lane::Broadcast, frame("one too many")));
        assert_eq!(drained(&outbox), (vec![], Some(CloseCode::Slow)));
        assert!(!outbox.push(Lane::Unicast, frame("late")));
    }

    #[test]
    fn bytes_are_bounded_too_but_one_large_frame_always_fits() {
        let large = Framed::text(&vec![b'x'; OUTBOUND_BYTES_MAX + 1]);
        let outbox = Outbox::new();
        assert!(outbox.push(Lane::Unicast, large.clone()));
        assert!(!outbox.push(Lane::Unicast, large));
    }

    #[test]
    fn what_is_being_written_counts_until_it_is_flushed() {
        let half = Framed::text(&vec![b'x'; QUEUE_BYTES_MAX / 2 + 1]);
        let outbox = Outbox::new();
        assert!(outbox.push(Lane::Unicast, half.clone()));
        assert_eq!(drained(&outbox).0.len(), 1);
        outbox.flushed();
        assert!(outbox.push(Lane::Unicast, half.clone()));
        assert_eq!(drained(&outbox).0.len(), 1);
        assert!(!outbox.push(Lane::Broadcast, half));
        assert_eq!(drained(&outbox), (vec![], Some(CloseCode::Slow)));
    }

    #[test]
    fn a_drain_is_flushed_before_the_close() {
        let outbox = Outbox::new();
        outbox.push(Lane::Unicast, frame("go"));
        outbox.close(CloseCode::Drain);
        assert_eq!(drained(&outbox), (vec![frame("go")], Some(CloseCode::Drain)));
    }

    #[tokio::test]
    async fn ready_returns_for_what_came_before_it_was_called() {
        let outbox = Outbox::new();
        outbox.push(Lane::Unicast, frame("early"));
        outbox.ready().await;
        assert_eq!(drained(&outbox).0.len(), 1);
        let waiter = outbox.clone();
        let waiting = tokio::spawn(async move { waiter.ready().await });
        outbox.serve(1, [], true);
        waiting.await.unwrap();
    }
}
