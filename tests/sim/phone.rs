//! A volunteer's telephone and its owner: what it shows, what he does about it.

use std::collections::BTreeSet;

use crowd::model::{Act, Heard, KindKey, Pace, Person, Temper};
use matcher::{
    Actor, AssignmentId, Command, DutyStatus, IncidentId, MilestoneStep, OfferId, Position, Timestamp, VolunteerId,
};
use serde_json::Value;

use super::chance::Chance;
use super::post::Post;
use super::replica::{Replica, id_of};

/// People here do everything so many times faster than in life: a run has minutes, not hours.
pub const PACE: Pace = Pace(12);

/// One volunteer with his telephone.
pub struct Phone {
    pub volunteer: VolunteerId,
    person: Person,
    pub replica: Replica,
    pub post: Post,
    /// What the owner knows of: offers he can answer, assignments he is on.
    offers: BTreeSet<OfferId>,
    assignments: BTreeSet<AssignmentId>,
    chance: Chance,
}

impl Phone {
    pub fn new(volunteer: VolunteerId, person: Person, chance: Chance) -> Self {
        let post = Post::new(Actor::Volunteer(volunteer), chance.clone());
        Self {
            volunteer,
            person,
            replica: Replica::default(),
            post,
            offers: BTreeSet::new(),
            assignments: BTreeSet::new(),
            chance,
        }
    }

    /// The person `index` of a seed's crowd.
    pub fn owner(seed: u64, index: usize, home: Position) -> Person {
        let temper = Temper::of(seed, index as u64);
        Person::new(temper, home, PACE)
    }

    pub fn position(&self, now: Timestamp) -> Position {
        self.person.position(now)
    }

    /// The app was killed: what it had not sent is forgotten, and so is what its owner was about to do.
    pub fn restart(&mut self, fresh: Person) {
        self.person = fresh;
        self.replica = Replica::default();
        self.post.forget();
        self.offers.clear();
        self.assignments.clear();
    }

    /// Compares what is shown now with what its owner knows, and tells him the difference.
    pub fn look(&mut self, now: Timestamp) {
        let offers: Vec<Value> = self.replica.list("offers").filter(|row| is_standing(row)).cloned().collect();
        let assignments: Vec<Value> = self.replica.list("assignments").filter(|row| is_active(row)).cloned().collect();
        let shown: BTreeSet<OfferId> = offers.iter().map(|row| OfferId(id_of(row, "id"))).collect();
        for offer in self.offers.difference(&shown) {
            self.person.hear(now, Heard::OfferOver { offer: *offer });
        }
        for row in &offers {
            let (offer, incident) = (OfferId(id_of(row, "id")), IncidentId(id_of(row, "incident")));
            let kind = KindKey::of(row["kind_name"].as_str().unwrap_or_default());
            if !self.offers.contains(&offer) {
                self.person.hear(now, Heard::Offered { offer, incident, near: place(&row["near"]), kind });
            }
        }
        self.offers = shown;
        self.look_at_assignments(now, &assignments);
    }

    fn look_at_assignments(&mut self, now: Timestamp, rows: &[Value]) {
        let shown: BTreeSet<AssignmentId> = rows.iter().map(|row| AssignmentId(id_of(row, "id"))).collect();
        for assignment in self.assignments.difference(&shown) {
            self.person.hear(now, Heard::AssignmentOver { assignment: *assignment });
        }
        for row in rows {
            let assignment = AssignmentId(id_of(row, "id"));
            if !self.assignments.contains(&assignment) {
                self.person.hear(now, Heard::Assigned { assignment, place: place(&row["place"]) });
            }
        }
        self.assignments = shown;
    }

    /// What the owner does now goes into the post.
    pub fn act(&mut self, now_ms: u64, now: Timestamp) {
        while let Some(act) = self.person.wake(now) {
            self.post.put(now_ms, command(act));
        }
    }

    /// Now and then he does something that nobody asked him to.
    pub fn whim(&mut self, now_ms: u64, open: &[IncidentId]) {
        let volunteer = self.volunteer;
        let status = if self.chance.permille(300) { DutyStatus::OnPatrol } else { DutyStatus::Available };
        let command = match self.chance.of(0..=9) {
            0..=1 => Command::GoOffDuty { volunteer },
            2 => Command::CheckIn { volunteer },
            3..=4 => match self.chance.pick(open) {
                Some(incident) => Command::VolunteerFor { incident, volunteer, eta_min: Some(5) },
                None => return,
            },
            _ => Command::GoOnDuty { volunteer, status, until: None },
        };
        self.post.put(now_ms, command);
    }

    /// When its owner does something next, or the post goes out again.
    pub fn next_ms(&self) -> Option<u64> {
        let acts_ms = self.person.next_deadline().map(|at| at.since_ms(Timestamp(0)));
        [acts_ms, self.post.next_ms()].into_iter().flatten().min()
    }
}

fn is_standing(row: &Value) -> bool {
    ["made", "received", "seen"].iter().any(|state| row["state"] == *state)
}

fn is_active(row: &Value) -> bool {
    ["assigned", "en_route", "on_scene"].iter().any(|state| row["state"] == *state)
}

fn place(row: &Value) -> Position {
    let degrees = |name: &str| row[name].as_f64().unwrap_or_else(|| panic!("no {name} in {row}"));
    Position::from_degrees(degrees("lat"), degrees("lng")).expect("a place lies on the globe")
}

fn command(act: Act) -> Command {
    let reach = |assignment, step| Command::ReachMilestone { assignment, step, tapped_ago_ms: 0, sheet: None };
    match act {
        Act::Receive(offer) => Command::OfferReceived { offer },
        Act::See(offer) => Command::OfferSeen { offer },
        Act::Accept { offer, eta_min } => Command::Accept { offer, eta_min: Some(eta_min) },
        Act::Decline { offer, reason } => Command::Decline { offer, reason, words: None },
        Act::SetOut(assignment) => reach(assignment, MilestoneStep::EnRoute),
        Act::Arrive(assignment) => reach(assignment, MilestoneStep::OnScene),
        Act::Finish(assignment) => reach(assignment, MilestoneStep::Done),
        Act::GiveUp(assignment, reason) => Command::AbortAssignment { assignment, reason, words: None },
    }
}
