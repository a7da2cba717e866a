//! Everybody is looked at: what a first version would do.

use matcher::SkillSet;
use matcher::select::{Entry, Naive, NearestQuery};

use super::{COUNT, Found, RADIUS_M, Side, Step, found};

pub struct Scan(Naive);

impl Scan {
    pub fn new(people: &[Entry]) -> Self {
        let mut naive = Naive::default();
        people.iter().for_each(|&person| naive.upsert(person));
        Self(naive)
    }
}

impl Side for Scan {
    fn name(&self) -> &'static str {
        "naive"
    }

    fn run(&mut self, steps: &[Step], answers: &mut Vec<Found>) -> anyhow::Result<()> {
        for &step in steps {
            match step {
                Step::Move { volunteer, position } => {
                    if let Some(entry) = self.0.entry_mut(volunteer) {
                        entry.position = position;
                    }
                }
                Step::Ask { at, skill } => {
                    let query = NearestQuery { at, radius_m: RADIUS_M, skills: SkillSet::only(skill), count: COUNT };
                    answers.push(found(self.0.nearest(&query).iter().map(|near| near.volunteer.number() as u32)));
                }
            }
        }
        Ok(())
    }
}
