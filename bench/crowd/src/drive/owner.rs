//! The person with what lies on his screen and what he has said, and the clock they live by.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use matcher::{SECOND_MS, Timestamp};
use rand::RngExt;
use wire::Time;
use wire::client::{ClientFrame, Crs, Ping, PositionFrame, StreamPoint};
use wire::rows::VolunteerRows;
use wire::server::Pong;

use super::outbox::Outbox;
use super::proof::Proof;
use super::table::Table;
use crate::model::{Heard, Person};

/// A fix goes out so often while moving, and while not.
const FIX_MOVING_MS: u64 = 3 * SECOND_MS;
const FIX_IDLE_MS: u64 = 30 * SECOND_MS;
/// What a telephone's receiver gives between houses.
const ACCURACY_M: f32 = 15.0;

pub struct Owner {
    pub person: Person,
    pub clock: Clock,
    pub table: Table,
    pub outbox: Outbox,
    /// By district number.
    pub streams: BTreeMap<String, Proof>,
}

/// Wall time from one reading of the system clock and the monotonic clock after it.
#[derive(Clone, Copy)]
pub struct Clock {
    start: Instant,
    start_ms: i64,
}

impl Clock {
    fn new() -> Self {
        let start_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
        Self { start: Instant::now(), start_ms }
    }

    pub fn now(&self) -> Timestamp {
        Timestamp(self.start_ms + self.start.elapsed().as_millis() as i64)
    }

    pub fn instant(&self, at: Timestamp) -> Instant {
        self.start + Duration::from_millis(at.since_ms(Timestamp(self.start_ms)))
    }
}

/// When the phone speaks of itself next.
pub struct Rhythm {
    heartbeat: Duration,
    pub ping_at: Instant,
    pub fix_at: Instant,
}

impl Owner {
    pub fn new(person: Person) -> Self {
        Self {
            person,
            clock: Clock::new(),
            table: Table::default(),
            outbox: Outbox::default(),
            streams: BTreeMap::new(),
        }
    }

    /// The home district, once the hub has said which it is.
    pub fn district(&self) -> Option<String> {
        self.streams.keys().next().cloned()
    }

    /// Puts rows on the screen; what its owner hears of them.
    pub fn take(&mut self, rows: &VolunteerRows) -> Vec<Heard> {
        let heard = self.table.upsert(rows);
        self.hear(heard.clone());
        heard
    }

    pub fn hear(&mut self, heard: Vec<Heard>) {
        let now = self.clock.now();
        heard.into_iter().for_each(|heard| self.person.hear(now, heard));
    }

    /// Where each stream goes on after a new connection.
    pub fn resume(&self) -> BTreeMap<String, Option<StreamPoint>> {
        self.streams.iter().map(|(district, stream)| (district.clone(), stream.point())).collect()
    }

    /// Whether the hub has sent what has not come.
    pub fn behind(&self, pong: &Pong) -> bool {
        pong.districts.iter().any(|(district, point)| self.seq(district) < point.last)
    }

    /// Where the stream of `district` stands here; 0 before it began.
    pub fn seq(&self, district: &str) -> u64 {
        self.streams.get(district).and_then(Proof::point).map_or(0, |at| at.seq)
    }

    /// When there is something to do of oneself.
    pub fn next_at(&self, rhythm: &Rhythm, open: bool) -> Instant {
        if !open {
            return rhythm.ping_at;
        }
        let person = self.person.next_deadline().map(|at| self.clock.instant(at));
        let own = rhythm.ping_at.min(rhythm.fix_at);
        [person, self.outbox.next_at()].into_iter().flatten().fold(own, Instant::min)
    }

    pub fn fix(&self) -> ClientFrame {
        let here = self.person.position(self.clock.now());
        let (lat, lng) = (here.lat(), here.lng());
        ClientFrame::Position(PositionFrame { lat, lng, accuracy_m: ACCURACY_M, age_ms: 0, crs: Crs::Wgs84 })
    }

    pub fn ping(&self) -> ClientFrame {
        ClientFrame::Ping(Ping { at: Time(self.clock.now().0) })
    }
}

impl Rhythm {
    /// Before the welcome.
    pub fn quiet() -> Self {
        Self::of(wire::HEARTBEAT_IDLE_MS)
    }

    pub fn of(heartbeat_ms: u32) -> Self {
        let heartbeat = Duration::from_millis(u64::from(heartbeat_ms));
        // The first fix and ping of ten thousand phones must not all come at once.
        let spread = heartbeat.mul_f64(rand::rng().random_range(0.0..1.0));
        let now = Instant::now();
        Self { heartbeat, ping_at: now + spread, fix_at: now + spread }
    }

    pub fn fixed(&mut self, now: Instant, moving: bool) {
        self.fix_at = now + Duration::from_millis(if moving { FIX_MOVING_MS } else { FIX_IDLE_MS });
    }

    pub fn pinged(&mut self, now: Instant) {
        self.ping_at = now + self.heartbeat;
    }
}
