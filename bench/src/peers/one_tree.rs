//! rstar: one tree of everybody; those who cannot come are stepped over on the way outward.

use matcher::select::{Availability, Entry};
use rstar::RTree;
use rstar::primitives::GeomWithData;

use super::{COUNT, Found, RADIUS_M, Side, Step, found, plane_m};

type Leaf = GeomWithData<[f32; 2], u32>;

pub struct OneTree {
    tree: RTree<Leaf>,
    /// By number: where the tree has them, and their skills if they are available.
    places: Vec<([f32; 2], u64)>,
}

impl OneTree {
    pub fn new(people: &[Entry]) -> Self {
        let mut places = vec![([0.0; 2], 0); people.len() + 1];
        for person in people {
            let ready = person.availability == Availability::Ready;
            let skills = if ready { person.skills.0 as u64 } else { 0 };
            places[person.volunteer.number() as usize] = (plane_m(person.position), skills);
        }
        let leaf = |number: usize| Leaf::new(places[number].0, number as u32);
        Self { tree: RTree::bulk_load((1..places.len()).map(leaf).collect()), places }
    }
}

impl Side for OneTree {
    fn name(&self) -> &'static str {
        "rstar"
    }

    fn run(&mut self, steps: &[Step], answers: &mut Vec<Found>) -> anyhow::Result<()> {
        for &step in steps {
            match step {
                Step::Move { volunteer, position } => {
                    let number = volunteer.number() as usize;
                    let after = plane_m(position);
                    let before = std::mem::replace(&mut self.places[number].0, after);
                    self.tree.remove(&Leaf::new(before, number as u32));
                    self.tree.insert(Leaf::new(after, number as u32));
                }
                Step::Ask { at, skill } => {
                    let limit = (RADIUS_M * RADIUS_M) as f32;
                    let near = self.tree.nearest_neighbor_iter_with_distance_2(plane_m(at));
                    let within = near.take_while(|(_, square)| *square <= limit).map(|(leaf, _)| leaf.data);
                    let able = within.filter(|&number| self.places[number as usize].1 >> skill.0 & 1 == 1);
                    answers.push(found(able.take(COUNT)));
                }
            }
        }
        Ok(())
    }
}
