//! A town to test in: ten grids in a row, a few skills and plans, and a log that is checked after every commit.

use crate::decide::decide;
use crate::event::{Cause, Commit, FORMAT};
use crate::invariants::{Auditor, check};
use crate::{
    Actor, Answer, BodyHash, Clocks, Command, CommandId, DistrictId, DutyStatus, Event, Grid, GridId, GridPreference,
    IncidentId, MINUTE_MS, MergeRule, NewIncident, OfferId, Polygon, Position, ProviderClass, Rejection, Request,
    ResponsePlan, Role, SECOND_MS, Skill, SkillHeld, SkillId, State, Timestamp, TravelMode, Urgency, Volunteer,
    VolunteerId, WavePolicy, WaveSize,
};

pub const DISTRICT: DistrictId = DistrictId(7);
pub const DOCTOR: SkillId = SkillId(0);
pub const DRIVER: SkillId = SkillId(1);
pub const NIGHT: Timestamp = Timestamp(1_700_000_000_000);

pub struct Town {
    pub state: State,
    pub log: Vec<Commit>,
    pub now: Timestamp,
    auditor: Auditor,
    commands: u128,
}

/// A point `east_m` metres along the street that runs through all grids.
pub fn at(east_m: f64) -> Position {
    Position::from_degrees(45.75, 126.6 + east_m / 77_600.0).expect("the street lies on the globe")
}

pub fn grid_id(number: u64) -> GridId {
    GridId::new(DISTRICT, number)
}

pub fn volunteer_id(number: u64) -> VolunteerId {
    VolunteerId::new(DISTRICT, number)
}

/// Grid `number` covers the street from (number - 1) to number kilometres.
pub fn grid(number: u64) -> Grid {
    let corner = |east_km: u64, north: f64| {
        Position::from_degrees(45.75 + north, at(east_km as f64 * 1_000.0).lng()).expect("on the globe")
    };
    let outer = vec![corner(number - 1, -0.01), corner(number, -0.01), corner(number, 0.01), corner(number - 1, 0.01)];
    let shape = vec![Polygon { outer, holes: Vec::new() }];
    Grid { id: grid_id(number), name: format!("第{number}网格"), shape, minimum_on_duty: 0, team: None }
}

/// A plan that asks `levels`, with nothing else that could disturb a test.
pub fn plan(kind: &str, levels: Vec<Vec<Role>>) -> ResponsePlan {
    ResponsePlan {
        kind: kind.to_owned(),
        name: kind.to_owned(),
        urgency: Urgency::Urgent,
        levels,
        one_person_several_roles: false,
        wave: WavePolicy {
            size: WaveSize::Fixed(2),
            radius_m: 1_000,
            radius_m_max: 4_000,
            growth_percent: 100,
            waves_max: 3,
            deadline_ms: 30 * SECOND_MS,
        },
        grid_preference: GridPreference::None,
        merge: MergeRule { radius_m: 0, window_ms: 0 },
        escalation: Vec::new(),
        clocks: Clocks { answer_ms: 0, arrive_ms: 0, close_ms: 0 },
        rest_ms: 0,
        alert_budget: true,
        sensitive: false,
        words: String::new(),
        batch_ms: 0,
    }
}

pub fn role(skill: Option<SkillId>, count: u8) -> Role {
    Role { skill, count }
}

/// Somebody on foot who lives on the street.
pub fn person(number: u64, east_m: f64, skills: &[SkillId]) -> Volunteer {
    Volunteer {
        id: volunteer_id(number),
        class: ProviderClass::GeneralVolunteer,
        skills: skills.iter().map(|&skill| SkillHeld { skill, until: None }).collect(),
        home_grid: grid_id((east_m / 1_000.0) as u64 + 1),
        home: at(east_m),
        travel: TravelMode::Walk,
        team: None,
        capacity: 1,
        alerts_per_day_max: None,
        guest: false,
    }
}

pub fn alarm(kind: &str, east_m: f64) -> NewIncident {
    NewIncident {
        kind: kind.to_owned(),
        source: crate::CallSource::Phone,
        position: Some(at(east_m)),
        fallback: None,
        caller: None,
        raised_by: None,
        sealed: None,
        drill: false,
        roles: None,
    }
}

impl Town {
    /// Grids, skills and the given plans; nobody lives here yet.
    pub fn with_plans(plans: Vec<ResponsePlan>) -> Self {
        let mut town =
            Self { state: State::new(DISTRICT), log: Vec::new(), now: NIGHT, auditor: Auditor::new(), commands: 0 };
        let skill = |id: SkillId, code: &str| Skill { id, code: code.into(), name: code.into() };
        town.must(Command::DefineDistrict { name: "道里".into(), centre: at(5_000.0) });
        town.must(Command::DefineSkills { skills: vec![skill(DOCTOR, "doctor"), skill(DRIVER, "driver")] });
        town.must(Command::DefineGrids { grids: (1..=10).map(grid).collect() });
        if !plans.is_empty() {
            town.must(Command::DefinePlans { plans });
        }
        town
    }

    /// Enrols them and puts them on duty.
    pub fn people(&mut self, volunteers: Vec<Volunteer>) {
        let ids: Vec<VolunteerId> = volunteers.iter().map(|volunteer| volunteer.id).collect();
        self.must(Command::EnrolVolunteers { volunteers });
        for volunteer in ids {
            self.must(Command::GoOnDuty { volunteer, status: DutyStatus::Available, until: None });
        }
    }

    pub fn next_id(&mut self) -> CommandId {
        self.commands += 1;
        CommandId(self.commands)
    }

    pub fn give(&mut self, actor: Actor, command: Command) -> Result<Answer, Rejection> {
        let (id, body_hash) = (self.next_id(), BodyHash(0));
        self.send(Request { id, body_hash, actor, command })
    }

    /// Decides, commits and applies one request.
    pub fn send(&mut self, request: Request) -> Result<Answer, Rejection> {
        let decision = decide(&self.state, self.now, &request)?;
        if !decision.events.is_empty() {
            let Request { id, body_hash, actor, .. } = request;
            let remembered = request.command.remembered();
            let cause = match request.command {
                Command::Tick => Cause::Clock,
                _ => Cause::Command { id, body_hash, actor, remembered },
            };
            self.commit(cause, decision.events, decision.answer.clone());
        }
        Ok(decision.answer)
    }

    fn commit(&mut self, cause: Cause, events: Vec<Event>, answer: Answer) {
        let commit = Commit { format: FORMAT, seq: self.state.district.seq + 1, at: self.now, cause, events, answer };
        self.state.evolve(&commit);
        let wrong = [self.auditor.audit(&commit), check(&self.state.district)].concat();
        assert!(wrong.is_empty(), "after {commit:#?}: {wrong:#?}");
        self.log.push(commit);
    }

    /// By the desk; it must be taken.
    pub fn must(&mut self, command: Command) -> Answer {
        let name = format!("{command:?}");
        self.give(Actor::System, command).unwrap_or_else(|no| panic!("{name}: {no}"))
    }

    pub fn must_be_refused(&mut self, command: Command) -> Rejection {
        match self.give(Actor::System, command.clone()) {
            Err(no) => no,
            Ok(answer) => panic!("{command:?} was taken: {answer:?}"),
        }
    }

    pub fn raise(&mut self, new: NewIncident) -> IncidentId {
        match self.must(Command::RaiseAlarm(new)) {
            Answer::Opened { incident, .. } => incident,
            other => panic!("an alarm was answered {other:?}"),
        }
    }

    /// Lets time pass, and everything happen that it brings.
    pub fn pass(&mut self, ms: u64) {
        let until = self.now.plus_ms(ms);
        while let Some(due) = self.state.next_deadline().filter(|&due| due <= until) {
            self.now = self.now.max(due);
            let before = self.log.len();
            self.must(Command::Tick);
            assert!(self.log.len() > before, "a tick that was due changed nothing at {due:?}");
        }
        self.now = until;
    }

    pub fn minutes(&mut self, minutes: u64) {
        self.pass(minutes * MINUTE_MS);
    }

    /// Names of the events since commit `seq`.
    pub fn names_since(&self, seq: u64) -> Vec<&'static str> {
        let since = self.log.iter().filter(|commit| commit.seq > seq);
        since.flat_map(|commit| commit.events.iter().map(Event::name)).collect()
    }

    pub fn seq(&self) -> u64 {
        self.state.district.seq
    }

    /// Who is asked now about the incident, in the order they were asked.
    pub fn asked(&self, incident: IncidentId) -> Vec<u64> {
        let record = self.state.district.incident_record(incident).expect("it is there");
        record
            .standing
            .iter()
            .map(|&offer| self.state.district.offer(offer).expect("it is there").volunteer.number())
            .collect()
    }

    /// The standing offer of a volunteer.
    pub fn offer_to(&self, number: u64) -> OfferId {
        let record = self.state.district.volunteer(volunteer_id(number)).expect("he is enrolled");
        *record.offers.last().unwrap_or_else(|| panic!("volunteer {number} is not asked"))
    }

    pub fn accept(&mut self, number: u64) -> Answer {
        let offer = self.offer_to(number);
        self.must(Command::Accept { offer, eta_min: None })
    }

    pub fn decline(&mut self, number: u64) {
        let (offer, reason) = (self.offer_to(number), crate::DeclineReason::Busy);
        self.must(Command::Decline { offer, reason, words: None });
    }
}
