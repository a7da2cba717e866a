//! Followed: the engine chooses for each call, then the state is put back to what really happened. So every choice is
//! made among the units that were really free, and can be compared with the naive one and with the one really made.

use super::engine::Engine;
use super::fleet::{Fleet, chosen_at};
use super::mirror::Mirror;
use super::tally::Tally;
use super::town::DESK;
use crate::calls::Call;
use matcher::event::OfferMade;
use matcher::{
    Actor, CallSource, CallerKey, Command, Commit, Disposition, DutyStatus, Event, IncidentId, NewIncident,
    Observation, Position, Role, Timestamp, VolunteerId,
};

/// What happened, in the order that things of one second are taken: first units come free, then the choice, and only
/// then are the units gone that were really sent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Free,
    Choice,
    Sent,
}

pub struct Followed<'a> {
    pub engine: Engine,
    pub mirror: Mirror,
    pub tally: Tally,
    calls: &'a [Call],
    fleet: &'a Fleet,
    /// Calls that each unit is on by the file: it is sent again before it is free in a few rows.
    busy: Vec<u32>,
}

impl<'a> Followed<'a> {
    pub fn new(engine: Engine, mirror: Mirror, calls: &'a [Call], fleet: &'a Fleet) -> Self {
        let tally = Tally { regret_m: Some(0), ..Tally::default() };
        Self { engine, mirror, tally, calls, fleet, busy: vec![0; fleet.units.len()] }
    }

    /// # Errors
    /// The journal cannot be written, or the engine refuses what it must not.
    pub fn run(&mut self, mut progress: impl FnMut()) -> anyhow::Result<()> {
        let start = self.calls.first().map_or(Timestamp(0), |call| call.at);
        for unit in &self.fleet.units {
            self.duty(start, unit.id, true)?;
        }
        for (at, what, call, unit) in history(self.calls) {
            self.tick(at)?;
            match what {
                What::Free => self.come_free(at, call, unit)?,
                What::Sent => self.go(at, call, unit)?,
                What::Choice => {
                    self.choose(at, call)?;
                    progress();
                }
            }
        }
        Ok(())
    }

    fn choose(&mut self, at: Timestamp, number: usize) -> anyhow::Result<()> {
        let call = &self.calls[number];
        self.tally.calls += 1;
        let roles = self.fleet.roles(call);
        let alarm = Command::RaiseAlarm(new_incident(call, number, &roles));
        let Some(commit) = self.must(at, alarm)? else { anyhow::bail!("an alarm without a commit") };
        let Some((incident, offers)) = wave(&commit) else { anyhow::bail!("an alarm of {roles:?} without a wave") };
        let place = self.mirror.cases.get(&incident).map_or(Position { lat_e7: 0, lng_e7: 0 }, |case| case.place);
        self.compare(&roles, place, &offers);
        for unit in &call.units {
            let here = self.mirror.people[&self.fleet.id(unit)].position;
            self.tally.sent_m.push(here.distance_m(place).round() as u64);
        }
        let close = Command::Close { incident, disposition: Disposition::NoDispatchNeeded, words: None };
        self.must(at, close)?;
        self.mirror.forget(incident);
        Ok(())
    }

    /// Metres that the chosen are farther away, all together, than the nearest free of the same types. Where a type is
    /// short, more of another are asked than are needed: those do not count.
    fn compare(&mut self, roles: &[Role], place: Position, offers: &[OfferMade]) {
        for role in roles {
            let of_role = offers.iter().filter(|offer| self.fits(*role, offer.volunteer));
            let mut chosen: Vec<u64> = of_role.map(|offer| self.away_m(offer.volunteer, place)).collect();
            chosen.sort_unstable();
            chosen.truncate(usize::from(role.count));
            let naive: u64 = self.nearest_m(*role, place, offers).iter().sum();
            let regret = chosen.iter().sum::<u64>().abs_diff(naive).cast_signed();
            self.tally.regret_m = self.tally.regret_m.map(|so_far| so_far + regret);
            self.tally.unfilled += (usize::from(role.count) - chosen.len()) as u64;
            self.tally.chosen_m.extend(chosen);
        }
    }

    fn fits(&self, role: Role, volunteer: VolunteerId) -> bool {
        role.skill.is_none_or(|skill| self.mirror.people[&volunteer].skills.contains(skill))
    }

    /// The naive choice: look at every unit, take those of the type that are free, sort by distance.
    fn nearest_m(&self, role: Role, place: Position, offers: &[OfferMade]) -> Vec<u64> {
        let mut found: Vec<u64> = Vec::new();
        for (id, seen) in &self.mirror.people {
            let just_offered = offers.iter().any(|offer| offer.volunteer == *id);
            if self.fits(role, *id) && (seen.free() || just_offered) {
                found.push(self.away_m(*id, place));
            }
        }
        found.sort_unstable();
        found.truncate(usize::from(role.count));
        found
    }

    fn away_m(&self, volunteer: VolunteerId, place: Position) -> u64 {
        self.mirror.people[&volunteer].position.distance_m(place).round() as u64
    }

    fn go(&mut self, at: Timestamp, call: usize, unit: usize) -> anyhow::Result<()> {
        let id = self.fleet.id(&self.calls[call].units[unit]);
        let busy = &mut self.busy[id.number() as usize - 1];
        *busy += 1;
        if *busy == 1 { self.duty(at, id, false) } else { Ok(()) }
    }

    /// A unit that is free again stands where its call was.
    fn come_free(&mut self, at: Timestamp, call: usize, unit: usize) -> anyhow::Result<()> {
        let id = self.fleet.id(&self.calls[call].units[unit]);
        let busy = &mut self.busy[id.number() as usize - 1];
        *busy -= 1;
        if *busy > 0 {
            return Ok(());
        }
        if let Some(position) = self.calls[call].place {
            self.engine.observe(&[Observation::Fix { volunteer: id, position, at }]);
            self.mirror.moved(id, position);
        }
        self.duty(at, id, true)
    }

    fn duty(&mut self, at: Timestamp, volunteer: VolunteerId, on: bool) -> anyhow::Result<()> {
        let command = match on {
            true => Command::GoOnDuty { volunteer, status: DutyStatus::Available, until: None },
            false => Command::GoOffDuty { volunteer },
        };
        self.must(at, command).map(drop)
    }

    fn tick(&mut self, at: Timestamp) -> anyhow::Result<()> {
        while let Some(commit) = self.engine.tick(at)? {
            self.mirror.follow(&commit);
            self.tally.follow(&commit);
        }
        Ok(())
    }

    fn must(&mut self, at: Timestamp, command: Command) -> anyhow::Result<Option<Commit>> {
        let told = format!("{command:?}");
        let actor =
            if matches!(command, Command::RaiseAlarm(_) | Command::Close { .. }) { DESK } else { Actor::System };
        match self.engine.submit(at, actor, command)? {
            Ok(commit) => {
                commit.iter().for_each(|commit| {
                    self.mirror.follow(commit);
                    self.tally.follow(commit);
                });
                Ok(commit)
            }
            Err(rejection) => anyhow::bail!("{told} was refused: {rejection}"),
        }
    }
}

/// Everything that happened, in order: moment, what, call, unit of the call.
fn history(calls: &[Call]) -> Vec<(Timestamp, What, usize, usize)> {
    let mut history = Vec::new();
    for (number, call) in calls.iter().enumerate() {
        history.push((chosen_at(call), What::Choice, number, 0));
        for (unit, sent) in call.units.iter().enumerate() {
            history.push((sent.dispatch, What::Sent, number, unit));
            // A row whose times run backwards still sends before it frees.
            history.push((sent.available.max(sent.dispatch.plus_ms(1)), What::Free, number, unit));
        }
    }
    history.sort_unstable();
    history
}

/// The incident of a call that asks for the unit types really sent.
pub fn new_incident(call: &Call, number: usize, roles: &[Role]) -> NewIncident {
    NewIncident {
        kind: call.kind.clone(),
        source: CallSource::Phone,
        position: call.place,
        fallback: None,
        caller: Some(CallerKey(number as u64 + 1)),
        raised_by: None,
        sealed: None,
        drill: false,
        roles: Some(roles.to_vec()),
    }
}

fn wave(commit: &Commit) -> Option<(IncidentId, Vec<OfferMade>)> {
    commit.events.iter().find_map(|event| match event {
        Event::WaveSent { incident, offers, .. } => Some((*incident, offers.clone())),
        other => shortfall(other).map(|incident| (incident, Vec::new())),
    })
}

/// Nobody at all could be asked.
fn shortfall(event: &Event) -> Option<IncidentId> {
    if let Event::ShortfallTold { incident, .. } = event { Some(*incident) } else { None }
}
