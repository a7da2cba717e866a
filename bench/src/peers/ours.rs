//! `matcher::select::Index`.

use matcher::select::{Entry, Finder, Index, NearestQuery};
use matcher::{Position, SkillSet, VolunteerId};

use super::{COUNT, Found, RADIUS_M, Side, Step, found};

/// Moves that are taken in together at most; the hub takes in what came in 200 ms.
const MOVES_TOGETHER: usize = 256;

pub struct Ours {
    pub index: Index,
    finder: Finder,
    /// Moves since the last question.
    moves: Vec<(VolunteerId, Position)>,
}

impl Ours {
    pub fn new(people: &[Entry]) -> Self {
        Self { index: people.iter().copied().collect(), finder: Finder::default(), moves: Vec::new() }
    }

    fn take_in(&mut self) {
        self.index.move_all(&self.moves);
        self.moves.clear();
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
                    self.moves.push((volunteer, position));
                    if self.moves.len() == MOVES_TOGETHER {
                        self.take_in();
                    }
                }
                Step::Ask { at, skill } => {
                    self.take_in();
                    let query = NearestQuery { at, radius_m: RADIUS_M, skills: SkillSet::only(skill), count: COUNT };
                    let near = self.index.nearest(&query, &mut self.finder);
                    answers.push(found(near.iter().map(|near| near.volunteer.number() as u32)));
                }
            }
        }
        self.take_in();
        Ok(())
    }
}
