//! Who of those engaged or asked could fill which slot, so that a scarce skill is not burnt on a place that others could
//! take: maximum matching by augmenting paths (Kuhn 1955), those who are engaged first, so nobody engaged ever loses a place.

use crate::model::*;
use crate::state::records::{IncidentRecord, VolunteerRecord};

/// Somebody who has said yes or may still say so.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// Slots whose skill he holds.
    pub able: SlotSet,
    /// Slots he fills now; none for somebody who was only asked.
    pub holds: SlotSet,
}

/// Slots and who sits on them.
#[derive(Clone, Debug)]
pub struct Cover<'a> {
    slots: &'a [Slot],
    /// Slots that count: neither released nor done with.
    places: SlotSet,
    /// One person may sit on one slot of each role.
    combine: bool,
    people: Vec<Person>,
    /// For each slot, who sits on it.
    seats: [Option<usize>; SLOTS_MAX],
}

/// The slots of an incident that the skills allow.
pub fn able_slots(slots: &[Slot], skills: SkillSet) -> SlotSet {
    let able = slots.iter().enumerate().filter(|(_, slot)| slot.skill.is_none_or(|skill| skills.contains(skill)));
    able.fold(SlotSet::default(), |set, (index, _)| set.union(SlotSet::only(index)))
}

pub fn person_of(record: &IncidentRecord, volunteer: &VolunteerRecord, holds: SlotSet, now: Timestamp) -> Person {
    Person { able: able_slots(&record.incident.slots, volunteer.skills_at(now)), holds }
}

impl<'a> Cover<'a> {
    /// With those who are engaged sitting where they are; `places` are their slots and the open ones.
    pub fn new(record: &'a IncidentRecord, combine: bool, engaged: Vec<Person>) -> Self {
        let held = engaged.iter().fold(SlotSet::default(), |set, person| set.union(person.holds));
        let mut seats = [None; SLOTS_MAX];
        for (index, person) in engaged.iter().enumerate() {
            person.holds.iter().for_each(|slot| seats[slot] = Some(index));
        }
        let places = record.incident.open_slots().union(held);
        Self { slots: &record.incident.slots, places, combine, people: engaged, seats }
    }

    /// Finds a place for one more, moving others where that helps; whether he has one, and his index.
    pub fn seat(&mut self, person: Person) -> (usize, bool) {
        let index = self.people.len();
        self.people.push(person);
        let seated =
            if self.combine { self.seat_in_each_role(index) } else { self.augment(index, &mut SlotSet::default()) };
        (index, seated)
    }

    fn seat_in_each_role(&mut self, index: usize) -> bool {
        let mut roles: Vec<Option<SkillId>> = Vec::new();
        for slot in self.people[index].able.iter().filter(|&slot| self.places.contains(slot)) {
            let skill = self.slots[slot].skill;
            if self.seats[slot].is_none() && !roles.contains(&skill) {
                self.seats[slot] = Some(index);
                roles.push(skill);
            }
        }
        !roles.is_empty()
    }

    fn augment(&mut self, index: usize, seen: &mut SlotSet) -> bool {
        let able: Vec<usize> = self.people[index].able.iter().filter(|&slot| self.places.contains(slot)).collect();
        if let Some(&free) = able.iter().find(|&&slot| self.seats[slot].is_none()) {
            self.seats[free] = Some(index);
            return true;
        }
        for slot in able {
            if seen.contains(slot) {
                continue;
            }
            *seen = seen.union(SlotSet::only(slot));
            let holder = self.seats[slot].filter(|&holder| holder != index && self.held_by(holder).len() == 1);
            if holder.is_some_and(|holder| self.augment(holder, seen)) {
                self.seats[slot] = Some(index);
                return true;
            }
        }
        false
    }

    /// Where this person sits now.
    pub fn held_by(&self, index: usize) -> SlotSet {
        let held = (0..self.slots.len()).filter(|&slot| self.seats[slot] == Some(index));
        held.fold(SlotSet::default(), |set, slot| set.union(SlotSet::only(slot)))
    }

    /// Slots on which nobody sits.
    pub fn uncovered(&self) -> SlotSet {
        let empty = self.places.iter().filter(|&slot| self.seats[slot].is_none());
        empty.fold(SlotSet::default(), |set, slot| set.union(SlotSet::only(slot)))
    }

    /// Slots for which one more person would help: the uncovered, and those whose holder could move on to such a one.
    pub fn wanted(&self) -> SlotSet {
        let mut wanted = self.uncovered();
        if self.combine {
            return wanted;
        }
        loop {
            let moves = |slot: &usize| {
                let holder = self.seats[*slot].filter(|&holder| self.held_by(holder).len() == 1);
                holder.is_some_and(|holder| self.people[holder].able.0 & wanted.0 != 0)
            };
            let more = self.places.iter().filter(|&slot| !wanted.contains(slot)).find(moves);
            match more {
                Some(slot) => wanted = wanted.union(SlotSet::only(slot)),
                None => return wanted,
            }
        }
    }
}
