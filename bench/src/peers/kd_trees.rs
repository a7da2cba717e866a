//! kiddo: one mutable tree for each skill, 32-bit metres, only those who are available in it.

use std::num::NonZero;

use kiddo::{MutableKdTree, SquaredEuclidean};
use matcher::select::Entry;

use super::{COUNT, Found, RADIUS_M, Side, Step, findable, found, plane_m, skills_of};
use crate::matcher::SKILLS;

type Tree = MutableKdTree<f32, 2>;

pub struct KdTrees {
    trees: Vec<Tree>,
    /// By number: where the trees have them, and their skills (none: in no tree).
    places: Vec<([f32; 2], u64)>,
}

impl KdTrees {
    /// # Errors
    /// kiddo refuses the points.
    pub fn new(people: &[Entry]) -> anyhow::Result<Self> {
        let mut entries: Vec<Vec<(u32, [f32; 2])>> = vec![Vec::new(); usize::from(SKILLS)];
        let mut places = vec![([0.0; 2], 0); people.len() + 1];
        for (person, skill) in findable(people) {
            let (number, place) = (person.volunteer.number(), plane_m(person.position));
            entries[usize::from(skill.0)].push((number as u32, place));
            places[number as usize] = (place, person.skills.0 as u64);
        }
        let tree =
            |some: &Vec<(u32, [f32; 2])>| Tree::new_from_entries(some).map_err(|e| anyhow::anyhow!("kiddo: {e}"));
        Ok(Self { trees: entries.iter().map(tree).collect::<anyhow::Result<_>>()?, places })
    }

    fn move_to(&mut self, number: usize, place: [f32; 2]) -> anyhow::Result<()> {
        let (before, skills) = self.places[number];
        for skill in skills_of(u128::from(skills)) {
            let tree = &mut self.trees[usize::from(skill.0)];
            tree.remove(&before, number as u32);
            tree.add(&place, number as u32).map_err(|e| anyhow::anyhow!("kiddo: {e}"))?;
        }
        self.places[number].0 = place;
        Ok(())
    }
}

impl Side for KdTrees {
    fn name(&self) -> &'static str {
        "kiddo"
    }

    fn run(&mut self, steps: &[Step], answers: &mut Vec<Found>) -> anyhow::Result<()> {
        const WANTED: NonZero<usize> = NonZero::new(COUNT).unwrap();
        for &step in steps {
            match step {
                Step::Move { volunteer, position } => self.move_to(volunteer.number() as usize, plane_m(position))?,
                Step::Ask { at, skill } => {
                    // The radius is looked at afterwards: a limit inside the search only makes it slower.
                    let tree = &self.trees[usize::from(skill.0)];
                    let near = tree.query(&plane_m(at)).nearest_n::<SquaredEuclidean<f32>>(WANTED).execute();
                    let within = near.iter().filter(|near| near.distance <= (RADIUS_M * RADIUS_M) as f32);
                    answers.push(found(within.map(|near| near.item)));
                }
            }
        }
        Ok(())
    }
}
