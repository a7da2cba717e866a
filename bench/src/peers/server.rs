//! Geo servers over a socket: one set for each skill, of those who are available; 64 questions in flight.
//!
//! GEOSEARCH sorts all that a circle holds, so the circle starts small, as the density of its set says, and grows until it
//! holds three or is 5 km wide.

use std::collections::VecDeque;

use matcher::select::Entry;
use matcher::{Position, SkillId};

use super::resp::{Connection, Reply};
use super::{COUNT, Found, RADIUS_M, Side, Step, findable, found, skills_of};
use crate::matcher::{SIDE_M, SKILLS};

/// Commands in flight; half of them are read before more are sent.
const IN_FLIGHT: usize = 64;
/// A first circle would hold so many if people lived evenly; in communities it holds more.
const HOPED_FOR: f64 = 1.0;
const GROWTH: f64 = 2.5;

/// Which commands the server knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Geosearch,
    Nearby,
}

pub struct Server {
    connection: Connection,
    dialect: Dialect,
    prefix: String,
    /// By number: the skills of those who are available.
    skills: Vec<u64>,
    first_radius_m: Vec<f64>,
}

/// A question on its way.
#[derive(Clone, Copy)]
struct Asked {
    answer: usize,
    at: Position,
    skill: SkillId,
    radius_m: f64,
}

/// What a reply will be to.
type Awaited = Option<Asked>;

impl Server {
    /// Gives the server the city under keys of its own.
    ///
    /// # Errors
    /// Nobody listens there, or the server refuses.
    pub fn new(address: &str, dialect: Dialect, people: &[Entry]) -> anyhow::Result<Self> {
        let mut holders = vec![0u32; usize::from(SKILLS)];
        let mut skills = vec![0; people.len() + 1];
        for (person, skill) in findable(people) {
            holders[usize::from(skill.0)] += 1;
            skills[person.volunteer.number() as usize] = person.skills.0 as u64;
        }
        let even =
            |&count: &u32| (HOPED_FOR * SIDE_M * SIDE_M / (std::f64::consts::PI * f64::from(count.max(1)))).sqrt();
        let first_radius_m = holders.iter().map(|count| even(count).min(f64::from(RADIUS_M))).collect();
        let prefix = format!("bench:{}:", std::process::id());
        let mut server = Self { connection: Connection::open(address)?, dialect, prefix, skills, first_radius_m };
        server.fill(people)?;
        Ok(server)
    }

    fn fill(&mut self, people: &[Entry]) -> anyhow::Result<()> {
        let mut sent = 0;
        for (person, skill) in findable(people) {
            self.put(person.volunteer.number() as u32, skill, person.position);
            sent += 1;
            if sent == 1_000 {
                self.settle(std::mem::take(&mut sent))?;
            }
        }
        self.settle(sent)
    }

    fn settle(&mut self, sent: usize) -> anyhow::Result<()> {
        self.connection.flush()?;
        (0..sent).try_for_each(|_| self.connection.receive().map(drop))
    }

    fn key(&self, skill: SkillId) -> String {
        format!("{}{}", self.prefix, skill.0)
    }

    fn put(&mut self, number: u32, skill: SkillId, position: Position) {
        let (key, number) = (self.key(skill), number.to_string());
        let (lat, lng) = (position.lat().to_string(), position.lng().to_string());
        match self.dialect {
            Dialect::Geosearch => self.connection.send(&["GEOADD", &key, &lng, &lat, &number]),
            Dialect::Nearby => self.connection.send(&["SET", &key, &number, "POINT", &lat, &lng]),
        }
    }

    fn ask(&mut self, asked: &Asked) {
        let (key, radius) = (self.key(asked.skill), asked.radius_m.to_string());
        let (lat, lng) = (asked.at.lat().to_string(), asked.at.lng().to_string());
        let count = COUNT.to_string();
        match self.dialect {
            Dialect::Geosearch => self.connection.send(&[
                "GEOSEARCH",
                &key,
                "FROMLONLAT",
                &lng,
                &lat,
                "BYRADIUS",
                &radius,
                "m",
                "ASC",
                "COUNT",
                &count,
            ]),
            Dialect::Nearby => {
                self.connection.send(&["NEARBY", &key, "LIMIT", &count, "IDS", "POINT", &lat, &lng, &radius]);
            }
        }
    }

    fn first_question(&self, answer: usize, at: Position, skill: SkillId) -> Asked {
        let radius_m = match self.dialect {
            Dialect::Geosearch => self.first_radius_m[usize::from(skill.0)],
            Dialect::Nearby => f64::from(RADIUS_M),
        };
        Asked { answer, at, skill, radius_m }
    }

    /// The commands of one step; what their replies will be to.
    fn begin(&mut self, step: Step, answers: &mut Vec<Found>, awaited: &mut VecDeque<Awaited>) {
        match step {
            Step::Move { volunteer, position } => {
                let number = volunteer.number() as u32;
                for skill in skills_of(u128::from(self.skills[number as usize])) {
                    self.put(number, skill, position);
                    awaited.push_back(None);
                }
            }
            Step::Ask { at, skill } => {
                answers.push([0; COUNT]);
                let asked = self.first_question(answers.len() - 1, at, skill);
                self.ask(&asked);
                awaited.push_back(Some(asked));
            }
        }
    }

    /// One reply; a circle that held too few is asked again, wider.
    fn end(&mut self, answers: &mut [Found], awaited: &mut VecDeque<Awaited>) -> anyhow::Result<()> {
        let reply = self.connection.receive()?;
        let Some(asked) = awaited.pop_front().flatten() else { return Ok(()) };
        let found = numbers(self.dialect, &reply);
        if found[COUNT - 1] != 0 || asked.radius_m >= f64::from(RADIUS_M) {
            answers[asked.answer] = found;
            return Ok(());
        }
        let wider = Asked { radius_m: (asked.radius_m * GROWTH).min(f64::from(RADIUS_M)), ..asked };
        self.ask(&wider);
        awaited.push_back(Some(wider));
        Ok(())
    }
}

/// NEARBY answers with a cursor and the ids.
fn numbers(dialect: Dialect, reply: &Reply) -> Found {
    match (dialect, reply) {
        (Dialect::Nearby, Reply::List(items)) => found(items.iter().flat_map(Reply::numbers)),
        _ => found(reply.numbers()),
    }
}

impl Side for Server {
    fn name(&self) -> &'static str {
        match self.dialect {
            Dialect::Geosearch => "redis",
            Dialect::Nearby => "nearby",
        }
    }

    fn run(&mut self, steps: &[Step], answers: &mut Vec<Found>) -> anyhow::Result<()> {
        let (mut steps, mut awaited) = (steps.iter(), VecDeque::new());
        loop {
            while awaited.len() < IN_FLIGHT
                && let Some(&step) = steps.next()
            {
                self.begin(step, answers, &mut awaited);
            }
            if awaited.is_empty() && steps.len() == 0 {
                return Ok(());
            }
            self.connection.flush()?;
            for _ in 0..awaited.len().div_ceil(2) {
                self.end(answers, &mut awaited)?;
            }
        }
    }
}

/// Leaves nothing behind.
impl Drop for Server {
    fn drop(&mut self) {
        for skill in (0..SKILLS).map(SkillId) {
            let key = self.key(skill);
            match self.dialect {
                Dialect::Geosearch => self.connection.send(&["DEL", &key]),
                Dialect::Nearby => self.connection.send(&["DROP", &key]),
            }
        }
        if self.settle(usize::from(SKILLS)).is_err() {
            eprintln!("{} did not take back the keys {}*", self.name(), self.prefix);
        }
    }
}
