//! How often: sign-ins by address; commands, reads and polls by session. Alarms pass no limiter.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use wire::{COMMANDS_BURST_MAX, COMMANDS_PER_MINUTE_MAX};

use super::error::Refusal;
use crate::records::SessionId;

/// Sign-ins of one address: this many at once, then one each [`SIGN_IN_PERIOD`]. A community centre behind one address
/// must still be able to start its morning.
const SIGN_IN_BURST_MAX: u32 = 30;
const SIGN_IN_PERIOD: Duration = Duration::from_secs(2);
/// Reads of one session: a page that opens reads a dozen things at once; a thousand a minute is a program gone wild.
const READS_BURST_MAX: u32 = 60;
const READS_PER_MINUTE_MAX: u32 = 300;
/// Polls of one session: as fast as a stream is worth polling, and a snapshot is dear.
const POLLS_BURST_MAX: u32 = 20;
const POLLS_PER_MINUTE_MAX: u32 = 60;
/// Keys that a limiter holds before those that are full again are let go.
const KEYS_MAX: usize = 10_000;

pub struct Limits {
    sign_ins: DefaultKeyedRateLimiter<IpAddr>,
    commands: DefaultKeyedRateLimiter<SessionId>,
    reads: DefaultKeyedRateLimiter<SessionId>,
    polls: DefaultKeyedRateLimiter<SessionId>,
    clock: DefaultClock,
}

impl Limits {
    pub fn new() -> Self {
        let burst = |n: u32| NonZeroU32::new(n).expect("limits are above zero");
        let sign_ins = Quota::with_period(SIGN_IN_PERIOD).expect("a period is above zero");
        let by_session = |per_minute: u32, at_once: u32| {
            DefaultKeyedRateLimiter::keyed(Quota::per_minute(burst(per_minute)).allow_burst(burst(at_once)))
        };
        Self {
            sign_ins: DefaultKeyedRateLimiter::keyed(sign_ins.allow_burst(burst(SIGN_IN_BURST_MAX))),
            commands: by_session(COMMANDS_PER_MINUTE_MAX, COMMANDS_BURST_MAX),
            reads: by_session(READS_PER_MINUTE_MAX, READS_BURST_MAX),
            polls: by_session(POLLS_PER_MINUTE_MAX, POLLS_BURST_MAX),
            clock: DefaultClock::default(),
        }
    }

    /// # Errors
    /// 429 with the time to wait.
    pub fn sign_in(&self, address: IpAddr) -> Result<(), Refusal> {
        check(&self.sign_ins, &address, &self.clock)
    }

    /// A command over HTTP that is not an alarm.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub fn command(&self, session: SessionId) -> Result<(), Refusal> {
        check(&self.commands, &session, &self.clock)
    }

    /// A read over HTTP.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub fn read(&self, session: SessionId) -> Result<(), Refusal> {
        check(&self.reads, &session, &self.clock)
    }

    /// A poll of a stream.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub fn poll(&self, session: SessionId) -> Result<(), Refusal> {
        check(&self.polls, &session, &self.clock)
    }
}

fn check<K: std::hash::Hash + Eq + Clone>(
    limiter: &DefaultKeyedRateLimiter<K>,
    key: &K,
    clock: &DefaultClock,
) -> Result<(), Refusal> {
    if limiter.len() > KEYS_MAX {
        limiter.retain_recent();
    }
    limiter.check_key(key).map_err(|not_until| too_often(not_until.wait_time_from(clock.now())))
}

fn too_often(wait: Duration) -> Refusal {
    let (zh, en) = ("操作太频繁,请稍后再试", "too often; wait a moment and send the same again");
    let ms = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX).max(1);
    Refusal::new(StatusCode::TOO_MANY_REQUESTS, "rate", zh, en).after_ms(ms)
}

/// The commands of one socket: a token bucket of 16 bytes.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    tokens: f32,
    at: Instant,
}

impl Bucket {
    pub fn full(now: Instant) -> Self {
        Self { tokens: COMMANDS_BURST_MAX as f32, at: now }
    }

    /// Takes a token, or says how long until there is one.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub fn take(&mut self, now: Instant) -> Result<(), Refusal> {
        let per_s = COMMANDS_PER_MINUTE_MAX as f32 / 60.0;
        let gained = now.duration_since(self.at).as_secs_f32() * per_s;
        self.tokens = (self.tokens + gained).min(COMMANDS_BURST_MAX as f32);
        self.at = now;
        if self.tokens < 1.0 {
            return Err(too_often(Duration::from_secs_f32((1.0 - self.tokens) / per_s)));
        }
        self.tokens -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_and_then_two_a_second() {
        let start = Instant::now();
        let mut bucket = Bucket::full(start);
        let taken = (0..100).filter(|_| bucket.take(start).is_ok()).count();
        assert_eq!(taken, COMMANDS_BURST_MAX as usize);
        let later = start + Duration::from_secs(3);
        let taken = (0..100).filter(|_| bucket.take(later).is_ok()).count();
        assert_eq!(taken, 6);
        let minute = start + Duration::from_secs(63);
        assert!(bucket.take(minute).is_ok());
    }

    #[test]
    fn a_flood_of_sign_ins_from_one_address_does_not_touch_another() {
        let limits = Limits::new();
        let (flood, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let passed = (0..1_000).filter(|_| limits.sign_in(flood).is_ok()).count();
        assert!((SIGN_IN_BURST_MAX as usize..SIGN_IN_BURST_MAX as usize + 3).contains(&passed), "{passed}");
        assert!(limits.sign_in(other).is_ok());
    }
}
