//! From commits to what leaves the hub for others, on the publisher's way: wakes, for who is asked and has no socket or whose
//! phone has not answered; and what another district is told.

use std::sync::PoisonError;

use bytes::Bytes;
use matcher::{Command, Commit, DistrictId, OfferId, VolunteerId};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use uuid::Uuid;
use wire::{Id, Time};

use super::aid::AidOrder;
use crate::engine::board::SharedDistrict;
use crate::engine::effects::WakeWhen;
use crate::store::WakeSlot;

/// Moves of the cursor that may wait for the outbox; at the limit they are joined into the next one.
pub const FEED_WAITING_MAX: usize = 1_024;

/// Commits without a wake after which the cursor moves all the same, so that a start need not look far back.
const IDLE_COMMITS_MAX: u64 = 2_000;

/// Ordinals of wakes are below this: a commit's orders to other districts have their own.
const TELL_ORDINAL_MIN: u32 = 1_000_000;

/// What a gateway is told: whom to wake and about what, without a name, a number or a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WakeBody {
    /// `offer`.
    pub kind: String,
    /// The district's number.
    pub district: String,
    /// Whom to wake.
    pub volunteer: Id,
    /// What he is asked.
    pub offer: Id,
    /// About what.
    pub incident: Id,
    /// Until when he can answer.
    pub deadline: Time,
    /// Whether it is a drill.
    pub drill: bool,
    /// The command that began it all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<Uuid>,
}

/// Wakes of the commits from one seq to another.
#[derive(Debug)]
pub struct WakeMove {
    /// The cursor moves to here.
    pub to_seq: u64,
    /// What goes into the outbox with it.
    pub slots: Vec<WakeSlot>,
}

/// The publisher's end of the outbox; does nothing when no channel is set up.
#[derive(Debug)]
pub struct WakeFeed {
    moves: Option<mpsc::Sender<WakeMove>>,
    /// There is a channel that wakes phones.
    is_waking: bool,
    /// Commits up to here were derived before.
    cursor: u64,
    slots: Vec<WakeSlot>,
}

impl WakeFeed {
    /// A feed into nothing: no channel is set up.
    pub fn none() -> Self {
        WakeFeed { moves: None, is_waking: false, cursor: 0, slots: Vec::new() }
    }

    /// A feed and the outbox's end of it; whether phones are woken, or only other districts told.
    pub fn channel(is_waking: bool) -> (Self, mpsc::Receiver<WakeMove>) {
        let (moves, outbox) = mpsc::channel(FEED_WAITING_MAX);
        (WakeFeed { moves: Some(moves), is_waking, cursor: 0, slots: Vec::new() }, outbox)
    }

    /// Whether there is a channel to wake anybody by.
    pub fn is_waking(&self) -> bool {
        self.is_waking
    }

    /// Commits up to `seq` are in the outbox already; `u64::MAX` where another hub sees to all of them.
    pub fn start_at(&mut self, seq: u64) {
        self.cursor = seq;
        self.slots.clear();
    }

    /// Whether wakes of this commit are to be derived.
    pub fn is_owed(&self, seq: u64) -> bool {
        self.moves.is_some() && seq > self.cursor
    }

    /// Takes the wakes of one commit.
    pub fn derive(
        &mut self,
        commit: &Commit,
        wakes: &[(OfferId, WakeWhen)],
        trace: Option<Uuid>,
        district: &SharedDistrict,
        is_online: impl Fn(VolunteerId) -> bool,
    ) {
        if !self.is_waking || commit.seq <= self.cursor || wakes.is_empty() {
            return;
        }
        let district = district.read().unwrap_or_else(PoisonError::into_inner);
        for (ordinal, &(id, when)) in (0_u32..).zip(wakes) {
            let Some(offer) = district.offer(id).filter(|offer| offer.state.standing()) else { continue };
            if when == WakeWhen::Absent && is_online(offer.volunteer) {
                continue;
            }
            let body = WakeBody {
                kind: "offer".to_owned(),
                district: district.id.to_string(),
                volunteer: Id(offer.volunteer.0),
                offer: Id(id.0),
                incident: Id(offer.incident.0),
                deadline: Time(offer.deadline.0),
                drill: district.incident(offer.incident).is_some_and(|incident| incident.drill),
                trace,
            };
            let body = Bytes::from(serde_json::to_vec(&body).expect("a wake is plain data"));
            self.slots.push(WakeSlot { seq: commit.seq, ordinal, due_at_ms: commit.at.0, body });
        }
    }

    /// Takes what one commit tells other districts.
    pub fn tell(&mut self, from: DistrictId, commit: &Commit, tells: Vec<(DistrictId, Command)>) {
        if !self.is_owed(commit.seq) {
            return;
        }
        for (ordinal, (to, command)) in (TELL_ORDINAL_MIN..).zip(tells) {
            let body = AidOrder::new(from, commit, ordinal, to, command).encode();
            self.slots.push(WakeSlot { seq: commit.seq, ordinal, due_at_ms: commit.at.0, body });
        }
    }

    /// Hands over what was derived up to `to_seq`.
    pub fn flush(&mut self, to_seq: u64) {
        let Some(moves) = &self.moves else { return };
        if self.slots.is_empty() && to_seq.saturating_sub(self.cursor) < IDLE_COMMITS_MAX {
            return;
        }
        match moves.try_send(WakeMove { to_seq, slots: std::mem::take(&mut self.slots) }) {
            Ok(()) => self.cursor = to_seq,
            Err(mpsc::error::TrySendError::Full(back)) => self.slots = back.slots,
            Err(mpsc::error::TrySendError::Closed(_)) => {}
        }
    }
}
