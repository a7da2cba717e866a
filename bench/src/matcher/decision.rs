//! The whole decision: an alarm comes in, its plan is read, open incidents are looked at for the same, a wave of eight is
//! chosen and explained. The real `decide` on the real state, everything but the journal.

use std::time::Instant;

use matcher::select::{Availability, Entry};
use matcher::{
    Actor, BodyHash, CallSource, CallerKey, Cause, Clocks, Command, CommandId, Commit, DeclineReason, DistrictId,
    DutyStatus, Event, Grid, GridPreference, MergeRule, NewIncident, Observation, OfferId, Position, ProviderClass,
    Request, ResponsePlan, Role, Skill, SkillHeld, SkillId, State, Timestamp, Urgency, Volunteer, WavePolicy, WaveSize,
    decide, event,
};
use serde_json::Value;

use super::city::{CENTRE, City, SKILLS};
use super::{percentiles_us, stopwatch};

const ALARMS: usize = 3_000;
const ALARM_EVERY_MS: u64 = 200;
const START: Timestamp = Timestamp(1_800_000_000_000);

/// Waves of eight; and waves that fit, of as many as it takes to be nine tenths sure of both.
pub const EIGHT: WaveSize = WaveSize::Fixed(8);
pub(super) const FITTING: WaveSize = WaveSize::fitting(900, 24);

/// p50, p99 and p99.9 of deciding [`ALARMS`] alarms.
///
/// # Errors
/// The engine refuses the city or an alarm.
pub fn decision_us(people: &[Entry], seed: u64, size: WaveSize) -> anyhow::Result<Value> {
    let mut alarms = Alarms::new(people, seed, size)?;
    let mut histogram = stopwatch();
    for _ in 0..ALARMS {
        histogram.saturating_record(alarms.decide_next()?);
    }
    Ok(percentiles_us(&histogram))
}

/// An engine with the whole city in it, and one alarm after the other, each of a skill of its own choosing.
pub struct Alarms {
    engine: Engine,
    city: City,
    /// Half of those asked say no, so that there are habits to be looked at.
    learning: bool,
}

impl Alarms {
    /// `seed`: the one the people were drawn with, so that alarms are raised where they live.
    ///
    /// # Errors
    /// The engine refuses the city.
    pub fn new(people: &[Entry], seed: u64, size: WaveSize) -> anyhow::Result<Self> {
        let mut engine = Engine { state: State::new(DistrictId(1)), now: START, commands: 0, asked: Vec::new() };
        let city = City::new(seed);
        engine.found(people, city.grids(), size)?;
        Ok(Self { engine, city, learning: size.fit().is_some() })
    }

    /// How many nanoseconds the next decision took.
    ///
    /// # Errors
    /// The engine refuses the alarm.
    pub fn decide_next(&mut self) -> anyhow::Result<u64> {
        let (at, _) = self.city.address();
        let kind = kind(SkillId(self.city.skill().0.trailing_zeros() as u8));
        self.engine.now = self.engine.now.plus_ms(ALARM_EVERY_MS);
        self.engine.asked.clear();
        let took_ns = self.engine.submit(Command::RaiseAlarm(alarm(kind, at, self.engine.commands)))?;
        if self.learning {
            self.engine.decline_half()?;
        }
        Ok(took_ns)
    }
}

struct Engine {
    state: State,
    now: Timestamp,
    commands: u64,
    /// By the last alarm.
    asked: Vec<OfferId>,
}

impl Engine {
    fn found(&mut self, people: &[Entry], grids: Vec<Grid>, size: WaveSize) -> anyhow::Result<()> {
        let limit = matcher::command::ITEMS_PER_COMMAND_MAX;
        self.submit(Command::DefineDistrict { name: "bench".into(), centre: CENTRE })?;
        self.submit(Command::DefineSkills { skills: (0..SKILLS).map(skill).collect() })?;
        self.submit(Command::DefineGrids { grids })?;
        self.submit(Command::DefinePlans { plans: (0..SKILLS).map(|skill| plan(SkillId(skill), size)).collect() })?;
        for some in people.chunks(limit) {
            self.submit(Command::EnrolVolunteers { volunteers: some.iter().map(volunteer).collect() })?;
        }
        for person in people.iter().filter(|person| person.availability == Availability::Ready) {
            let (volunteer, status) = (person.volunteer, DutyStatus::Available);
            self.submit(Command::GoOnDuty { volunteer, status, until: None })?;
            let fix = Observation::Fix { volunteer, position: person.position, at: self.now };
            self.state.observe(&[fix, Observation::Reach { volunteer, reachable: true }]);
        }
        Ok(())
    }

    fn decline_half(&mut self) -> anyhow::Result<()> {
        for offer in std::mem::take(&mut self.asked).into_iter().step_by(2) {
            self.submit(Command::Decline { offer, reason: DeclineReason::Busy, words: None })?;
        }
        Ok(())
    }

    /// Decides and applies; how many nanoseconds the decision took.
    fn submit(&mut self, command: Command) -> anyhow::Result<u64> {
        self.commands += 1;
        let (id, body_hash, actor) = (CommandId(self.commands.into()), BodyHash(self.commands), Actor::System);
        let request = Request { id, body_hash, actor, command };
        let started = Instant::now();
        let decision = decide(&self.state, self.now, &request);
        let took_ns = started.elapsed().as_nanos() as u64;
        let decision = decision.map_err(|rejection| anyhow::anyhow!("the engine refuses: {rejection}"))?;
        let cause = Cause::Command { id, body_hash, actor, remembered: request.command.remembered() };
        let seq = self.state.district.seq + 1;
        self.asked.extend(decision.events.iter().flat_map(offers));
        let (events, answer) = (decision.events, decision.answer);
        self.state.evolve(&Commit { format: event::FORMAT, seq, at: self.now, cause, events, answer });
        Ok(took_ns)
    }
}

fn offers(event: &Event) -> impl Iterator<Item = OfferId> {
    let made = if let Event::WaveSent { offers, .. } = event { &offers[..] } else { &[] };
    made.iter().map(|made| made.id)
}

fn kind(skill: SkillId) -> String {
    format!("k{}", skill.0)
}

fn skill(number: u8) -> Skill {
    Skill { id: SkillId(number), code: format!("s{number}"), name: format!("skill {number}") }
}

/// One person with the skill and one anybody.
fn plan(skill: SkillId, size: WaveSize) -> ResponsePlan {
    let role = |skill| Role { skill, count: 1 };
    let (kind, name) = (kind(skill), format!("plan {}", skill.0));
    let (radius_m, radius_m_max, deadline_ms) = (5_000, 5_000, 45_000);
    ResponsePlan {
        kind,
        name,
        urgency: Urgency::LifeThreat,
        levels: vec![vec![role(Some(skill)), role(None)]],
        one_person_several_roles: false,
        wave: WavePolicy { size, radius_m, radius_m_max, growth_percent: 0, waves_max: 1, deadline_ms },
        grid_preference: GridPreference::MetresNearer(300),
        merge: MergeRule { radius_m: 100, window_ms: 600_000 },
        escalation: Vec::new(),
        clocks: Clocks { answer_ms: 0, arrive_ms: 0, close_ms: 0 },
        rest_ms: 0,
        alert_budget: true,
        sensitive: false,
        words: String::new(),
        batch_ms: 0,
    }
}

fn volunteer(person: &Entry) -> Volunteer {
    let held = |skill: &SkillId| SkillHeld { skill: *skill, until: None };
    let skills: Vec<SkillId> = (0..SKILLS).map(SkillId).filter(|&skill| person.skills.0 >> skill.0 & 1 == 1).collect();
    Volunteer {
        id: person.volunteer,
        class: ProviderClass::SkilledVolunteer,
        skills: skills.iter().map(held).collect(),
        home_grid: person.grid,
        home: person.position,
        travel: person.travel,
        team: None,
        capacity: 1,
        alerts_per_day_max: None,
        guest: false,
    }
}

fn alarm(kind: String, at: Position, caller: u64) -> NewIncident {
    NewIncident {
        kind,
        source: CallSource::Phone,
        position: Some(at),
        fallback: None,
        caller: Some(CallerKey(caller)),
        raised_by: None,
        sealed: None,
        drill: false,
        roles: None,
    }
}
