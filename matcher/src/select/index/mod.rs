//! Who is where, and what they can do: the index that every wave is chosen from.

use super::entry::{Availability, Entry};
use super::naive::Naive;
use super::order::{Judge, RankQuery, Ranking};
use super::query::{Census, Near, NearestQuery};
use crate::model::{Position, SkillSet, VolunteerId};

/// All volunteers of a district by place and skill, changed in place by its single writer.
#[derive(Clone, Debug, Default)]
pub struct Index {
    list: Naive,
}

impl Index {
    /// An empty index.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many volunteers it holds, whatever their availability.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a volunteer, or replaces all that is known of one.
    pub fn upsert(&mut self, entry: Entry) {
        self.list.upsert(entry);
    }

    /// Forgets a volunteer; false when there was none.
    pub fn remove(&mut self, volunteer: VolunteerId) -> bool {
        self.list.remove(volunteer)
    }

    /// What is known of a volunteer.
    pub fn get(&self, volunteer: VolunteerId) -> Option<Entry> {
        self.list.entry(volunteer)
    }

    /// Moves a volunteer; false when there is none.
    pub fn move_to(&mut self, volunteer: VolunteerId, position: Position) -> bool {
        self.change(volunteer, |entry| entry.position = position)
    }

    pub fn set_availability(&mut self, volunteer: VolunteerId, availability: Availability) -> bool {
        self.change(volunteer, |entry| entry.availability = availability)
    }

    pub fn set_reachable(&mut self, volunteer: VolunteerId, reachable: bool) -> bool {
        self.change(volunteer, |entry| entry.reachable = reachable)
    }

    pub fn set_skills(&mut self, volunteer: VolunteerId, skills: SkillSet) -> bool {
        self.change(volunteer, |entry| entry.skills = skills)
    }

    /// The nearest who are ready and have the skills, in the order of distance, then id.
    pub fn nearest(&self, query: &NearestQuery, out: &mut Vec<Near>) {
        out.clear();
        out.extend(self.list.nearest(query));
    }

    /// The first `query.count` in the product order.
    pub fn rank(&self, query: &RankQuery, judge: impl Judge) -> Ranking {
        self.list.rank(query, judge)
    }

    /// How many there are, by the first reason not to be asked.
    pub fn census(&self, skills: SkillSet, at: Position, radius_m: u32) -> Census {
        self.list.census(skills, at, radius_m)
    }

    fn change(&mut self, volunteer: VolunteerId, change: impl FnOnce(&mut Entry)) -> bool {
        self.list.entry_mut(volunteer).map(change).is_some()
    }
}
