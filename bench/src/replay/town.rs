//! Calls among simulated people: the whole file in its own calendar, everybody walking, answering, ignoring, working.

use std::collections::BTreeSet;

use crowd::model::{Act, Heard, KindKey, Pace, Person};
use matcher::{
    AccountId, Actor, AssignmentId, CallSource, CallerKey, Command, Commit, Disposition, Event, HOUR_MS, IncidentId,
    MINUTE_MS, MilestoneStep, NewIncident, Observation, Position, TaskId, TaskOutcome, Timestamp, VolunteerId,
    WithdrawReason, event::OfferMade,
};

use super::agenda::Agenda;
use super::burden::Burden;
use super::engine::Engine;
use super::mirror::Mirror;
use super::tally::Tally;
use crate::calls::Call;
use crate::scene::{DISTRICT, Resident};

/// An incident nobody is on any more is closed by the desk after so long, and looked at again so often until then.
const GIVEN_UP_AFTER_MS: u64 = 2 * HOUR_MS;
const LOOKED_AT_AGAIN_MS: u64 = 30 * MINUTE_MS;
/// The desk settles a task of its own (call back, supervise) after so long.
const TASK_SETTLED_MS: u64 = MINUTE_MS;
/// A telephone in motion says where it is so often; in life more often, which changes no choice.
const FIX_MS: u64 = MINUTE_MS;
/// The world goes on so long after the last call.
const AFTERWARDS_MS: u64 = 3 * HOUR_MS;

pub const DESK: Actor = Actor::Desk(AccountId::new(DISTRICT, 1));

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Wake(usize),
    Fix(usize),
    LookAt(IncidentId),
    Settle(TaskId),
}

pub struct Town {
    pub engine: Engine,
    pub mirror: Mirror,
    pub tally: Tally,
    pub burden: Burden,
    people: Vec<Person>,
    /// Whether his next fix is in the agenda.
    fixing: Vec<bool>,
    agenda: Agenda<Next>,
    /// Calls are service requests, not alarms.
    requests: bool,
    centre: Position,
    /// Who has been reached already by somebody.
    reached: BTreeSet<IncidentId>,
}

impl Town {
    /// Everybody in `residents` is enrolled in the engine already; here they go on duty.
    ///
    /// # Errors
    /// The journal cannot be written, or the engine refuses.
    pub fn new(
        engine: Engine,
        mirror: Mirror,
        residents: &[Resident],
        (requests, centre): (bool, Position),
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        let people: Vec<_> = residents.iter().map(|r| Person::new(r.temper, r.volunteer.home, Pace::LIFE)).collect();
        let fixing = vec![false; people.len()];
        let (tally, agenda, reached) = (Tally::default(), Agenda::default(), BTreeSet::new());
        let burden = Burden::of(residents.len());
        let mut town = Self { engine, mirror, tally, burden, people, fixing, agenda, requests, centre, reached };
        for resident in residents {
            let volunteer = resident.volunteer.id;
            town.engine.observe(&[Observation::Reach { volunteer, reachable: true }]);
            let status = matcher::DutyStatus::Available;
            let command = Command::GoOnDuty { volunteer, status, until: None };
            town.must(now, Actor::Volunteer(volunteer), command)?;
        }
        Ok(town)
    }

    /// Lives through the calls; `progress` hears of each.
    ///
    /// # Errors
    /// The journal cannot be written, or the engine refuses what it must not.
    pub fn live(&mut self, calls: &[Call], mut progress: impl FnMut()) -> anyhow::Result<()> {
        for (number, call) in (1..).zip(calls) {
            self.live_until(call.at)?;
            self.call(number, call)?;
            progress();
        }
        let end = calls.last().map_or(Timestamp(0), |call| call.at).plus_ms(AFTERWARDS_MS);
        self.live_until(end)?;
        let left: Vec<IncidentId> = self.mirror.cases.keys().copied().collect();
        left.into_iter().for_each(|incident| self.count(incident));
        Ok(())
    }

    /// Timers and people in order of time; at one moment timers first, as in the hub's writer.
    fn live_until(&mut self, end: Timestamp) -> anyhow::Result<()> {
        loop {
            let (timer, next) = (self.engine.next_deadline(), self.agenda.next_at());
            let Some(now) = timer.into_iter().chain(next).min().filter(|at| *at <= end) else { return Ok(()) };
            if timer.is_some_and(|timer| timer <= now) {
                self.engine.tick(now)?.iter().for_each(|commit| self.follow(commit));
            } else if let Some((_, next)) = self.agenda.take() {
                self.step(now, next)?;
            }
        }
    }

    fn step(&mut self, now: Timestamp, next: Next) -> anyhow::Result<()> {
        match next {
            Next::Wake(index) => self.wake(now, index),
            Next::Fix(index) => {
                self.fixing[index] = false;
                self.fix(now, index);
                Ok(())
            }
            Next::LookAt(incident) => self.look_at(now, incident),
            Next::Settle(task) => {
                self.may(now, DESK, Command::CompleteTask { task, outcome: TaskOutcome::Done }).map(drop)
            }
        }
    }

    fn call(&mut self, number: u64, call: &Call) -> anyhow::Result<()> {
        self.tally.calls += 1;
        // A service request needs a place: where the file has none, the desk writes down the city hall. An alarm does not.
        let known = self.requests.then_some(self.centre);
        let incident = NewIncident {
            kind: call.kind.clone(),
            source: CallSource::Phone,
            position: call.place.or(known),
            fallback: None,
            caller: Some(CallerKey(number)),
            raised_by: None,
            sealed: None,
            drill: false,
            roles: None,
        };
        let command = match self.requests {
            true => Command::RequestService(incident),
            false => Command::RaiseAlarm(incident),
        };
        self.must(call.at, DESK, command)
    }

    fn wake(&mut self, now: Timestamp, index: usize) -> anyhow::Result<()> {
        while let Some(act) = self.people[index].wake(now) {
            if act.assignment().is_some() {
                self.fix(now, index);
            }
            let on = act.assignment().and_then(|assignment| self.mirror.assignment(assignment));
            let taken = self.may(now, Actor::Volunteer(volunteer(index)), command(act))?;
            self.burden.redundant_arrivals += u64::from(!taken && matches!(act, Act::Accept { .. }));
            match (act.offer(), act) {
                (Some(offer), _) if !taken => self.people[index].hear(now, Heard::OfferOver { offer }),
                (_, Act::Finish(_)) => self.finished(now, on.map(|(incident, _)| incident)),
                _ => {}
            }
        }
        self.schedule(index);
        Ok(())
    }

    /// Once everybody who was needed has come and gone, the desk closes.
    fn finished(&mut self, now: Timestamp, incident: Option<IncidentId>) {
        let case = incident.and_then(|incident| Some((incident, self.mirror.cases.get(&incident)?)));
        if let Some((incident, case)) = case
            && case.active == 0
            && case.open_slots() == 0
        {
            self.agenda.add(now, Next::LookAt(incident));
        }
    }

    /// Says where he is, and again while he is on his way with nothing else to do.
    fn fix(&mut self, now: Timestamp, index: usize) {
        let (volunteer, position) = (volunteer(index), self.people[index].position(now));
        self.engine.observe(&[Observation::Fix { volunteer, position, at: now }]);
        self.mirror.moved(volunteer, position);
        if self.people[index].moving(now) && !std::mem::replace(&mut self.fixing[index], true) {
            self.agenda.add(now.plus_ms(FIX_MS), Next::Fix(index));
        }
    }

    fn look_at(&mut self, now: Timestamp, incident: IncidentId) -> anyhow::Result<()> {
        let Some(case) = self.mirror.cases.get(&incident).filter(|case| !case.ended) else { return Ok(()) };
        if case.active > 0 {
            self.agenda.add(now.plus_ms(LOOKED_AT_AGAIN_MS), Next::LookAt(incident));
            return Ok(());
        }
        let helped = case.first_accept_at.is_some();
        let disposition = if helped { Disposition::Resolved } else { Disposition::NobodyFound };
        self.may(now, DESK, Command::Close { incident, disposition, words: None }).map(drop)
    }

    /// A command that may be refused, as life goes; whether it was taken.
    fn may(&mut self, now: Timestamp, actor: Actor, command: Command) -> anyhow::Result<bool> {
        match self.engine.submit(now, actor, command)? {
            Ok(Some(commit)) => self.follow(&commit),
            Ok(None) => {}
            Err(_) => {
                self.tally.refused += 1;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A command that the engine has no reason to refuse.
    fn must(&mut self, now: Timestamp, actor: Actor, command: Command) -> anyhow::Result<()> {
        let told = format!("{command:?}");
        match self.engine.submit(now, actor, command)? {
            Ok(commit) => commit.iter().for_each(|commit| self.follow(commit)),
            Err(rejection) => anyhow::bail!("{told} was refused: {rejection}"),
        }
        Ok(())
    }

    fn follow(&mut self, commit: &Commit) {
        self.tally.follow(commit);
        for event in &commit.events {
            // Whose offer or assignment it was is forgotten with the event that ends it.
            let over = self.mirror.over(event);
            if let (Event::OfferWithdrawn { offer, why: WithdrawReason::Filled }, Some((volunteer, _))) = (event, over)
            {
                let comes = self.people[index(volunteer)].accepts_at(*offer).is_some();
                self.burden.redundant_arrivals += u64::from(comes);
            }
            self.mirror.take(commit.at, event);
            if let Some((volunteer, heard)) = over {
                self.tell(commit.at, volunteer, heard);
            }
            self.hear(commit.at, event);
        }
        commit.events.iter().filter_map(ended).for_each(|incident| self.count(incident));
    }

    fn hear(&mut self, now: Timestamp, event: &Event) {
        if let Event::IncidentOpened { incident, .. } = event {
            self.agenda.add(now.plus_ms(GIVEN_UP_AFTER_MS), Next::LookAt(*incident));
        }
        if let Event::WaveSent { incident, offers, deadline, explanation, .. } = event {
            let (near, kind) = (self.place(*incident), self.kind(*incident));
            for made in offers {
                self.tell(now, made.volunteer, Heard::Offered { offer: made.id, incident: *incident, near, kind });
            }
            let people = &self.people;
            let comes =
                |made: &OfferMade| people[index(made.volunteer)].accepts_at(made.id).is_some_and(|at| at < *deadline);
            self.burden.asked(offers, explanation.fit, comes);
        }
        if let Event::VolunteerAssigned { assignment, incident, volunteer, .. } = event {
            let place = self.place(*incident);
            let here = self.people[index(*volunteer)].position(now);
            self.tally.chosen_m.push(here.distance_m(place).round() as u64);
            self.tell(now, *volunteer, Heard::Assigned { assignment: *assignment, place });
        }
        if let Event::MilestoneReached { assignment, milestone, .. } = event
            && milestone.step == MilestoneStep::OnScene
        {
            self.arrived(now, *assignment);
        }
        if let Event::TaskOpened { task, .. } = event {
            self.agenda.add(now.plus_ms(TASK_SETTLED_MS), Next::Settle(*task));
        }
    }

    /// The first who gets there decides whether help was in time.
    fn arrived(&mut self, now: Timestamp, assignment: AssignmentId) {
        let Some((incident, _)) = self.mirror.assignment(assignment) else { return };
        if self.reached.insert(incident)
            && let Some(case) = self.mirror.cases.get(&incident)
        {
            self.tally.arrived_ms.push(now.since_ms(case.opened_at));
        }
    }

    fn place(&self, incident: IncidentId) -> Position {
        self.mirror.cases.get(&incident).expect("an incident opens before anything else happens to it").place
    }

    fn kind(&self, incident: IncidentId) -> KindKey {
        KindKey::of(self.engine.kind(incident).unwrap_or_default())
    }

    fn tell(&mut self, now: Timestamp, volunteer: VolunteerId, heard: Heard) {
        let index = index(volunteer);
        self.people[index].hear(now, heard);
        self.schedule(index);
    }

    fn schedule(&mut self, index: usize) {
        if let Some(at) = self.people[index].next_deadline() {
            self.agenda.add(at, Next::Wake(index));
        }
    }

    fn count(&mut self, incident: IncidentId) {
        if let Some(case) = self.mirror.forget(incident) {
            self.tally.close(&case);
        }
    }
}

/// The incident that ends here for good.
pub fn ended(event: &Event) -> Option<IncidentId> {
    let closed = if let Event::IncidentClosed { incident, .. } = event { Some(*incident) } else { None };
    let cancelled = if let Event::IncidentCancelled { incident, .. } = event { Some(*incident) } else { None };
    closed.or(cancelled)
}

fn volunteer(index: usize) -> VolunteerId {
    VolunteerId::new(DISTRICT, index as u64 + 1)
}

fn index(volunteer: VolunteerId) -> usize {
    volunteer.number() as usize - 1
}

/// What an act is to the engine.
fn command(act: Act) -> Command {
    let milestone = |assignment, step| Command::ReachMilestone { assignment, step, tapped_ago_ms: 0, sheet: None };
    match act {
        Act::Receive(offer) => Command::OfferReceived { offer },
        Act::See(offer) => Command::OfferSeen { offer },
        Act::Accept { offer, eta_min } => Command::Accept { offer, eta_min: Some(eta_min) },
        Act::Decline { offer, reason } => Command::Decline { offer, reason, words: None },
        Act::SetOut(assignment) => milestone(assignment, MilestoneStep::EnRoute),
        Act::Arrive(assignment) => milestone(assignment, MilestoneStep::OnScene),
        Act::Finish(assignment) => milestone(assignment, MilestoneStep::Done),
        Act::GiveUp(assignment, reason) => Command::AbortAssignment { assignment, reason, words: None },
    }
}
