//! Own: the units chosen by the engine really go, and each is busy as long as the unit was that was really sent.

use std::collections::BTreeMap;

use matcher::{
    Actor, AssignmentId, Command, Commit, Disposition, DutyStatus, Event, IncidentId, MilestoneStep, Observation,
    OfferId, SkillId, Timestamp, VolunteerId,
};

use super::agenda::Agenda;
use super::engine::Engine;
use super::fleet::{Fleet, chosen_at};
use super::followed::new_incident;
use super::mirror::Mirror;
use super::tally::Tally;
use super::town::{DESK, ended};
use crate::calls::Call;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Free(AssignmentId),
    Call(usize),
    LookAt(IncidentId),
}

/// How long each unit type is needed, in the order of the rows; what is left is for slots not filled yet.
type Needs = BTreeMap<SkillId, Vec<u64>>;

pub struct Own<'a> {
    pub engine: Engine,
    pub mirror: Mirror,
    pub tally: Tally,
    calls: &'a [Call],
    fleet: &'a Fleet,
    agenda: Agenda<Next>,
    needs: BTreeMap<IncidentId, Needs>,
    /// The call that is just being taken.
    taking: usize,
}

impl<'a> Own<'a> {
    pub fn new(engine: Engine, mirror: Mirror, calls: &'a [Call], fleet: &'a Fleet) -> Self {
        let mut agenda = Agenda::default();
        (0..calls.len()).for_each(|number| agenda.add(chosen_at(&calls[number]), Next::Call(number)));
        let (tally, needs) = (Tally::default(), BTreeMap::new());
        Self { engine, mirror, tally, calls, fleet, agenda, needs, taking: 0 }
    }

    /// # Errors
    /// The journal cannot be written, or the engine refuses what it must not.
    pub fn run(&mut self, mut progress: impl FnMut()) -> anyhow::Result<()> {
        let start = self.calls.first().map_or(Timestamp(0), |call| call.at);
        for unit in &self.fleet.units {
            let command = Command::GoOnDuty { volunteer: unit.id, status: DutyStatus::Available, until: None };
            self.must(start, Actor::Volunteer(unit.id), command)?;
        }
        while let Some(at) = self.agenda.next_at() {
            let timer = self.engine.next_deadline().filter(|timer| *timer <= at);
            if let Some(timer) = timer {
                self.tick(timer)?;
                continue;
            }
            match self.agenda.take() {
                Some((at, Next::Call(number))) => {
                    self.call(at, number)?;
                    progress();
                }
                Some((at, Next::Free(assignment))) => self.come_free(at, assignment)?,
                Some((at, Next::LookAt(incident))) => self.look_at(at, incident)?,
                None => {}
            }
        }
        Ok(())
    }

    fn call(&mut self, at: Timestamp, number: usize) -> anyhow::Result<()> {
        self.tally.calls += 1;
        self.taking = number;
        let call = &self.calls[number];
        let roles = self.fleet.roles(call);
        self.must(at, DESK, Command::RaiseAlarm(new_incident(call, number, &roles)))
    }

    /// Units on duty do as they are told, at once. Where a type is short, more of another are asked than are needed; the
    /// surplus is withdrawn as the first say yes.
    fn take(&mut self, at: Timestamp, offer: OfferId, volunteer: VolunteerId) -> anyhow::Result<()> {
        if !self.mirror.stands(offer) {
            return Ok(());
        }
        self.must(at, Actor::Volunteer(volunteer), Command::Accept { offer, eta_min: None })
    }

    fn come_free(&mut self, at: Timestamp, assignment: AssignmentId) -> anyhow::Result<()> {
        let Some((incident, volunteer)) = self.mirror.assignment(assignment) else { return Ok(()) };
        let position = self.mirror.cases.get(&incident).map(|case| case.place);
        if let Some(position) = position {
            self.engine.observe(&[Observation::Fix { volunteer, position, at }]);
            self.mirror.moved(volunteer, position);
        }
        let done = Command::ReachMilestone { assignment, step: MilestoneStep::Done, tapped_ago_ms: 0, sheet: None };
        self.must(at, Actor::Volunteer(volunteer), done)?;
        self.agenda.add(at, Next::LookAt(incident));
        Ok(())
    }

    /// Closes what nobody is on any more; what was not filled by then will not be.
    fn look_at(&mut self, at: Timestamp, incident: IncidentId) -> anyhow::Result<()> {
        let Some(case) = self.mirror.cases.get(&incident).filter(|case| !case.ended && case.active == 0) else {
            return Ok(());
        };
        let helped = case.first_accept_at.is_some();
        let disposition = if helped { Disposition::Resolved } else { Disposition::NobodyFound };
        self.must(at, DESK, Command::Close { incident, disposition, words: None })
    }

    fn tick(&mut self, at: Timestamp) -> anyhow::Result<()> {
        let commit = self.engine.tick(at)?;
        commit.iter().try_for_each(|commit| self.follow(commit))
    }

    fn must(&mut self, at: Timestamp, actor: Actor, command: Command) -> anyhow::Result<()> {
        let told = format!("{command:?}");
        match self.engine.submit(at, actor, command)? {
            Ok(commit) => commit.iter().try_for_each(|commit| self.follow(commit)),
            Err(rejection) => anyhow::bail!("{told} was refused at {}: {rejection}", at.0),
        }
    }

    fn follow(&mut self, commit: &Commit) -> anyhow::Result<()> {
        self.mirror.follow(commit);
        self.tally.follow(commit);
        commit.events.iter().try_for_each(|event| self.hear(commit.at, event))?;
        for incident in commit.events.iter().filter_map(ended) {
            self.needs.remove(&incident);
            if let Some(case) = self.mirror.forget(incident) {
                self.tally.close(&case);
            }
        }
        Ok(())
    }

    fn hear(&mut self, at: Timestamp, event: &Event) -> anyhow::Result<()> {
        if let Event::IncidentOpened { incident, .. } = event {
            let call = &self.calls[self.taking];
            self.needs.insert(*incident, needs(call, self.fleet));
            let last = call.units.iter().map(|unit| unit.available).max().unwrap_or(at);
            self.agenda.add(last.max(at), Next::LookAt(*incident));
        }
        if let Event::WaveSent { offers, .. } = event {
            offers.iter().try_for_each(|offer| self.take(at, offer.id, offer.volunteer))?;
        }
        if let Event::VolunteerAssigned { assignment, incident, volunteer, .. } = event {
            self.busy(at, *assignment, *incident, *volunteer);
        }
        Ok(())
    }

    fn busy(&mut self, at: Timestamp, assignment: AssignmentId, incident: IncidentId, volunteer: VolunteerId) {
        let (Some(case), Some(seen)) = (self.mirror.cases.get(&incident), self.mirror.people.get(&volunteer)) else {
            return;
        };
        self.tally.chosen_m.push(seen.position.distance_m(case.place).round() as u64);
        let skill = seen.skills.iter().next();
        let needs = skill.and_then(|skill| self.needs.get_mut(&incident)?.get_mut(&skill));
        let for_ms = needs.and_then(Vec::pop).unwrap_or_default();
        self.agenda.add(at.plus_ms(for_ms), Next::Free(assignment));
    }
}

/// From dispatch to available, by type; the last row first, because they are taken from the end.
fn needs(call: &Call, fleet: &Fleet) -> Needs {
    let mut needs = Needs::new();
    for unit in call.units.iter().rev() {
        needs.entry(fleet.skill(unit)).or_default().push(unit.available.since_ms(unit.dispatch));
    }
    needs
}
