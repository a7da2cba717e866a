//! Hears, thinks, answers, goes, works, goes home.

use matcher::{
    AbortReason, AssignmentId, DeclineReason, IncidentId, MINUTE_MS, OfferId, Position, Timestamp, TravelMode,
};

use super::agenda::Agenda;
use super::rhythm::KindKey;
use super::temper::{Pace, Temper, Will};
use super::trip::{Trip, way_ms};

/// What reaches a person's ear or eye.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// `near`: about where, as the offer shows it; `kind`: what it is called.
    Offered {
        offer: OfferId,
        incident: IncidentId,
        near: Position,
        kind: KindKey,
    },
    /// It expired, was withdrawn, or the answer came too late.
    OfferOver {
        offer: OfferId,
    },
    Assigned {
        assignment: AssignmentId,
        place: Position,
    },
    /// Stood down with thanks, given to another, ended by the desk.
    AssignmentOver {
        assignment: AssignmentId,
    },
}

/// What a person does with his telephone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// His telephone has it; he himself need not know yet.
    Receive(OfferId),
    See(OfferId),
    Accept {
        offer: OfferId,
        eta_min: u16,
    },
    Decline {
        offer: OfferId,
        reason: DeclineReason,
    },
    SetOut(AssignmentId),
    Arrive(AssignmentId),
    Finish(AssignmentId),
    GiveUp(AssignmentId, AbortReason),
}

impl Act {
    pub fn offer(self) -> Option<OfferId> {
        match self {
            Self::Receive(offer) | Self::See(offer) => Some(offer),
            Self::Accept { offer, .. } | Self::Decline { offer, .. } => Some(offer),
            Self::SetOut(_) | Self::Arrive(_) | Self::Finish(_) | Self::GiveUp(..) => None,
        }
    }

    pub fn assignment(self) -> Option<AssignmentId> {
        match self {
            Self::SetOut(id) | Self::Arrive(id) | Self::Finish(id) | Self::GiveUp(id, _) => Some(id),
            Self::Receive(_) | Self::See(_) | Self::Accept { .. } | Self::Decline { .. } => None,
        }
    }
}

/// One simulated person. Moments are of whatever clock the caller keeps; they must not run backwards.
#[derive(Clone, Debug)]
pub struct Person {
    temper: Temper,
    home: Position,
    /// Of ways and work.
    pace: Pace,
    answers: Pace,
    trip: Trip,
    agenda: Agenda,
}

impl Person {
    pub fn new(temper: Temper, home: Position, pace: Pace) -> Self {
        Self { temper, home, pace, answers: pace, trip: Trip::standing(home), agenda: Agenda::default() }
    }

    /// Looks and answers at another pace than he walks and works.
    pub fn answering(self, answers: Pace) -> Self {
        Self { answers, ..self }
    }

    pub fn home(&self) -> Position {
        self.home
    }

    pub fn travel(&self) -> TravelMode {
        self.temper.travel
    }

    pub fn position(&self, now: Timestamp) -> Position {
        self.trip.position(now)
    }

    /// Whether his position changes just now.
    pub fn moving(&self, now: Timestamp) -> bool {
        self.trip.under_way(now)
    }

    /// When he is going to say yes to this offer, if he is left to.
    pub fn accepts_at(&self, offer: OfferId) -> Option<Timestamp> {
        self.agenda.find(|act| matches!(act, Act::Accept { .. }) && act.offer() == Some(offer))
    }

    /// When [`Person::wake`] has something to say next.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.agenda.next_at()
    }

    /// Takes in what he hears; what comes of it lies in the agenda, some of it due at once.
    pub fn hear(&mut self, now: Timestamp, heard: Heard) {
        match heard {
            Heard::Offered { offer, incident, near, kind } => {
                let will = self.temper.will(incident.0, now, kind);
                self.consider(now, offer, near, will);
            }
            Heard::OfferOver { offer } => self.agenda.forget_offer(offer),
            Heard::Assigned { assignment, place } => self.plan_the_way(now, assignment, place),
            Heard::AssignmentOver { assignment } => {
                self.agenda.forget_assignment(assignment);
                self.go_home(now);
            }
        }
    }

    /// What he does now; `None` when nothing is due. Call until `None`.
    pub fn wake(&mut self, now: Timestamp) -> Option<Act> {
        let act = self.agenda.take_due(now)?;
        if matches!(act, Act::Finish(_) | Act::GiveUp(..)) {
            self.go_home(now);
        }
        Some(act)
    }

    fn consider(&mut self, now: Timestamp, offer: OfferId, near: Position, will: Will) {
        self.agenda.forget_offer(offer);
        self.agenda.add(now, Act::Receive(offer));
        let seen = now.plus_ms(self.answers.of_ms(self.temper.sees_after_ms(offer.0)));
        if will != (Will::Ignores { looks: false }) {
            self.agenda.add(seen, Act::See(offer));
        }
        let answered = seen.plus_ms(self.answers.of_ms(self.temper.decides_after_ms(offer.0)));
        match will {
            Will::Comes => self.agenda.add(answered, Act::Accept { offer, eta_min: self.eta_min(now, near) }),
            Will::SaysNo => self.agenda.add(answered, Act::Decline { offer, reason: self.reason(offer) }),
            Will::Ignores { .. } => {}
        }
    }

    fn eta_min(&self, now: Timestamp, near: Position) -> u16 {
        let way = way_ms(self.position(now), near, self.temper.travel);
        // What can be said to the hub: 0 ..= 720 minutes.
        way.div_ceil(MINUTE_MS).min(720) as u16
    }

    fn reason(&self, offer: OfferId) -> DeclineReason {
        use DeclineReason::{Busy, NotSaid, TooFar, Unwell};
        [Busy, NotSaid, TooFar, Unwell][self.temper.why_not(offer.0)]
    }

    fn plan_the_way(&mut self, now: Timestamp, assignment: AssignmentId, place: Position) {
        self.agenda.forget_assignment(assignment);
        let here = self.position(now);
        let leave = now.plus_ms(self.pace.of_ms(self.temper.sets_out_after_ms(assignment.0)));
        let way = self.pace.of_ms(way_ms(here, place, self.temper.travel));
        self.trip = Trip::new(here, place, leave, way);
        self.agenda.add(leave, Act::SetOut(assignment));
        if self.temper.gives_up(assignment.0) {
            let halfway = leave.plus_ms(way / 2);
            return self.agenda.add(halfway, Act::GiveUp(assignment, AbortReason::CannotGo));
        }
        let there = self.trip.arrive();
        self.agenda.add(there, Act::Arrive(assignment));
        let done = there.plus_ms(self.pace.of_ms(self.temper.works_for_ms(assignment.0)));
        self.agenda.add(done, Act::Finish(assignment));
    }

    fn go_home(&mut self, now: Timestamp) {
        let here = self.position(now);
        self.trip = Trip::new(here, self.home, now, self.pace.of_ms(way_ms(here, self.home, self.temper.travel)));
    }
}
