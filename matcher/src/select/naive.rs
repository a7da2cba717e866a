//! The slow obvious oracle: every volunteer is looked at, everything is sorted. The fast index must answer the same.

use std::collections::BTreeMap;

use super::entry::{Availability, Entry};
use super::order::{Judge, RankKey, RankQuery, Ranked, Ranking, Way, distance_m};
use super::query::{Census, Near, NearestQuery, distance_mm};
use crate::model::{Position, SkillSet, VolunteerId};

/// A list of volunteers and nothing else.
#[derive(Clone, Debug, Default)]
pub struct Naive {
    entries: BTreeMap<VolunteerId, Entry>,
}

impl Naive {
    pub fn upsert(&mut self, entry: Entry) {
        self.entries.insert(entry.volunteer, entry);
    }

    pub fn remove(&mut self, volunteer: VolunteerId) -> bool {
        self.entries.remove(&volunteer).is_some()
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn entry(&self, volunteer: VolunteerId) -> Option<Entry> {
        self.entries.get(&volunteer).copied()
    }

    /// The entry to be changed in place.
    pub fn entry_mut(&mut self, volunteer: VolunteerId) -> Option<&mut Entry> {
        self.entries.get_mut(&volunteer)
    }

    pub fn nearest(&self, query: &NearestQuery) -> Vec<Near> {
        let askable = self.askable(query.skills, false);
        let mut near: Vec<(u64, &Entry)> =
            askable.map(|entry| (distance_mm(query.at, entry.position), entry)).collect();
        near.retain(|(distance_mm, _)| *distance_mm <= u64::from(query.radius_m) * 1_000);
        near.sort_unstable_by_key(|(distance_mm, entry)| (*distance_mm, entry.volunteer));
        near.truncate(query.count);
        let found = |(_, entry): (u64, &Entry)| Near {
            volunteer: entry.volunteer,
            distance_m: distance_m(query.at, entry.position),
        };
        near.into_iter().map(found).collect()
    }

    pub fn rank(&self, query: &RankQuery, mut judge: impl Judge) -> Ranking {
        let mut near: Vec<(Way, &Entry, u32)> = Vec::new();
        for entry in self.askable(query.skills, query.resting_too) {
            let distance_m = distance_m(query.at, entry.position);
            if distance_m <= query.radius_m {
                let way = query.way(distance_m, entry.travel, entry.grid == query.grid, entry.reachable);
                near.push((way, entry, distance_m));
            }
        }
        let (mut found, mut refused) = (Vec::new(), Vec::new());
        for (way, entry, distance_m) in near {
            let volunteer = entry.volunteer;
            match judge(volunteer) {
                Ok(turn) => found.push(Ranked {
                    key: RankKey { way, turn, volunteer },
                    distance_m,
                    own_grid: entry.grid == query.grid,
                }),
                Err(why) => refused.push((way, volunteer, why)),
            }
        }
        found.sort_unstable();
        found.truncate(query.count);
        if found.len() == query.count {
            let last = found.last().map(|last| last.key.way);
            refused.retain(|(way, ..)| Some(*way) <= last);
        }
        Ranking { found, refused: refused.into_iter().map(|(_, volunteer, why)| (volunteer, why)).collect() }
    }

    pub fn census(&self, skills: SkillSet, at: Position, radius_m: u32) -> Census {
        let mut census = Census::default();
        for entry in self.entries.values() {
            let within = distance_m(at, entry.position) <= radius_m;
            let count = match (entry.availability, within) {
                _ if !entry.skills.covers(skills) => &mut census.lacks_skill,
                (Availability::OffDuty, _) => &mut census.off_duty,
                (Availability::Engaged, _) => &mut census.engaged,
                (Availability::Resting, true) => &mut census.resting_within,
                (Availability::Resting, false) => &mut census.resting_beyond,
                (Availability::Ready, true) => &mut census.ready_within,
                (Availability::Ready, false) => &mut census.ready_beyond,
            };
            *count += 1;
        }
        census
    }

    fn askable(&self, skills: SkillSet, resting_too: bool) -> impl Iterator<Item = &Entry> {
        let on = move |availability| match availability {
            Availability::Ready => true,
            Availability::Resting => resting_too,
            Availability::Engaged | Availability::OffDuty => false,
        };
        self.entries.values().filter(move |entry| on(entry.availability) && entry.skills.covers(skills))
    }
}
