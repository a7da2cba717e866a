//! `matcher::select::Index`.

use matcher::SkillSet;
use matcher::select::{Entry, Finder, Index, NearestQuery};

use super::{COUNT, Found, RADIUS_M, Side, Step, found};

pub struct Ours {
    pub index: Index,
    finder: Finder,
}

impl Ours {
    pub fn new(people: &[Entry]) -> Self {
        Self { index: people.iter().copied().collect(), finder: Finder::default() }
    }
}

impl Side for Ours {
    fn name(&self) -> &'static str {
        "baiying"
    }

    fn run(&mut self, steps: &[Step], answers: &mut Vec<Found>) -> anyhow::Result<()> {
        for &step in steps {
            match step {
                Step::Move { volunteer, position } => {
                    self.index.move_to(volunteer, position);
                }
                Step::Ask { at, skill } => {
                    let query = NearestQuery { at, radius_m: RADIUS_M, skills: SkillSet::only(skill), count: COUNT };
                    let near = self.index.nearest(&query, &mut self.finder);
                    answers.push(found(near.iter().map(|near| near.volunteer.number() as u32)));
                }
            }
        }
        Ok(())
    }
}
