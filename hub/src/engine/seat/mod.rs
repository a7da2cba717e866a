//! A district's task in this process: it leads, with the writer, or follows, with the log; never both.
//!
//! - [`leading`] commands, timers, beats; any failure of the journal drops the state
//! - [`following`] reads what the leader commits, so that whoever is connected here hears of it; keeps the state warm
//! - [`intake`] alarms that were kept while nobody led

mod following;
mod intake;
mod leading;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{broadcast, mpsc, watch};
use uuid::Uuid;

pub use intake::encode_kept;

use super::clock::{Anchor, SystemClock};
use super::hubs::{Hold, Role, Wish};
use super::lanes::{LanesOut, Submission};
use super::positions::Positions;
use super::publisher::{Control, Note};
use super::submit::SubmitError;
use super::writer::Writer;
use crate::cluster::Ring;
use crate::store::{Fence, Journal, JournalError};

/// How often hubs tell each other which form of rows they read.
const ATTEND_EVERY: Duration = Duration::from_secs(2);

/// What the task listens to.
pub struct Ears {
    pub lanes: LanesOut,
    pub controls: mpsc::Receiver<Control>,
    pub stopped: watch::Receiver<bool>,
}

/// What ties the task to the other hubs.
pub struct Beside {
    /// What the election wants.
    pub wish: watch::Receiver<Wish>,
    /// What is told to it.
    pub hold: watch::Sender<Hold>,
    /// Where the log stands, to be rung; `None` while another leads.
    pub top: watch::Sender<Option<Ring>>,
    /// What the others ring.
    pub rings: broadcast::Receiver<Ring>,
    /// How many districts this hub leads.
    pub led: Arc<AtomicUsize>,
}

/// What a seat is made from.
pub struct SeatParts<J> {
    pub writer: Writer<J, SystemClock>,
    pub journal: J,
    pub notes: mpsc::Sender<Note>,
    pub positions: Arc<Positions>,
    pub fence: watch::Sender<Option<Fence>>,
    pub anchor: watch::Sender<Option<Anchor>>,
    pub role: watch::Sender<Role>,
    pub beside: Option<Beside>,
}

/// The task of one district, with everything it tells.
pub struct Seat<J> {
    parts: SeatParts<J>,
    /// The log's identity, as the publisher knows it.
    history: Uuid,
    /// The publisher was told of everything up to here.
    told_seq: u64,
    /// A closed phone can be reached, so nobody is ever unreachable.
    is_waking: bool,
    /// The log's identity was renewed since it was loaded.
    has_renewed: bool,
    /// Where the publisher last took over the writer's state.
    shared_seq: u64,
    /// When the other hubs were last told what this one reads.
    attended: Option<Instant>,
}

/// Why the task left off leading or following.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// It was asked to end.
    Stopped,
    /// Its role has changed.
    Changed,
}

impl<J: Journal> Seat<J> {
    /// A seat whose publisher stands at `told_seq`.
    pub fn new(parts: SeatParts<J>, history: Uuid, told_seq: u64, is_waking: bool) -> Self {
        Seat { parts, history, told_seq, is_waking, has_renewed: false, shared_seq: 0, attended: None }
    }

    /// Serves until it is stopped.
    ///
    /// # Errors
    /// A log that cannot be trusted; everything else is waited for.
    pub async fn run(mut self, mut ears: Ears) -> Result<(), JournalError> {
        loop {
            let is_leading = self.parts.writer.is_leading();
            let left = if is_leading { self.lead(&mut ears).await? } else { self.follow(&mut ears).await? };
            if left == Left::Changed {
                continue;
            }
            let SeatParts { writer, journal, .. } = &self.parts;
            let (journal, district, owner) = (journal.clone(), writer.district(), writer.owner());
            let ended = if is_leading { self.finish(ears.lanes).await } else { Ok(()) };
            // Not told: it is forgotten by itself.
            journal.depart(district, owner).await.ok();
            return ended;
        }
    }

    /// Tells everybody that this hub leads under the writer's term, or no longer leads.
    fn take_role(&self, role: Role) {
        self.tell_term();
        let SeatParts { writer, beside, .. } = &self.parts;
        if let Some(Beside { hold, led, .. }) = beside {
            let had = matches!(*hold.borrow(), Hold::Term(_));
            let has = writer.fence().map_or(Hold::Nothing, |fence| Hold::Term(fence.term));
            match (had, has != Hold::Nothing) {
                (false, true) => drop(led.fetch_add(1, Ordering::Relaxed)),
                (true, false) => drop(led.fetch_sub(1, Ordering::Relaxed)),
                _ => {}
            }
            hold.send_replace(has);
        }
        self.parts.role.send_replace(role);
    }

    /// Tells by which term and from which moment the writer leads; the moment of the last term stays.
    fn tell_term(&self) {
        let SeatParts { writer, fence, anchor, .. } = &self.parts;
        if let Some(own) = writer.anchor() {
            anchor.send_replace(Some(own));
        }
        fence.send_replace(writer.fence());
    }

    /// Tells the other hubs now and then what this one reads; the form of rows that all of them read, when it was told.
    async fn attend(&mut self) -> Option<u32> {
        if self.parts.beside.is_some() && self.attended.is_some_and(|at| at.elapsed() < ATTEND_EVERY) {
            return None;
        }
        self.attended = Some(Instant::now());
        let (district, owner) = (self.parts.writer.district(), self.parts.writer.owner());
        // Said again in a moment; nothing rises meanwhile.
        self.parts.journal.attend(district, owner).await.ok()
    }

    /// The other hubs are to look into the log.
    fn ring(&self) {
        if let (Some(beside), Some(fence)) = (&self.parts.beside, self.parts.writer.fence()) {
            let ring = Ring { district: fence.district, term: fence.term, seq: self.told_seq };
            beside.top.send_replace(Some(ring));
        }
    }
}

/// The leader is asked instead, by whoever asked here.
fn send_elsewhere(batch: Vec<Submission>) {
    for submission in batch {
        submission.reply.send(Err(SubmitError::Elsewhere)).ok();
    }
}
