//! A fire department's units as volunteers: one skill each, its unit type; driven, always on duty unless sent.

use std::collections::BTreeMap;

use matcher::{Position, ProviderClass, Role, SkillHeld, SkillId, Timestamp, TravelMode, Volunteer, VolunteerId};

use crate::calls::{Call, UnitSent};
use crate::scene::{DISTRICT, Scene, grid_of};

pub struct Fleet {
    pub units: Vec<Volunteer>,
    ids: BTreeMap<String, VolunteerId>,
    types: BTreeMap<String, SkillId>,
}

impl Fleet {
    /// Every unit that the file names. Where it stands before its first call is not in the file: the middle (median
    /// latitude and longitude) of all the places it was sent to, which is about its station's beat.
    pub fn of(calls: &[Call], scene: &Scene) -> Self {
        let types: BTreeMap<String, SkillId> =
            scene.skills.iter().map(|skill| (skill.name.clone(), skill.id)).collect();
        let mut sent: BTreeMap<&str, (&UnitSent, Vec<Position>)> = BTreeMap::new();
        for call in calls {
            for unit in &call.units {
                let places = &mut sent.entry(&unit.unit).or_insert((unit, Vec::new())).1;
                places.extend(call.place);
            }
        }
        let numbered =
            (1..).zip(&sent).map(|(number, (name, _))| ((*name).to_owned(), VolunteerId::new(DISTRICT, number)));
        let ids: BTreeMap<String, VolunteerId> = numbered.collect();
        let units = sent.iter().map(|(name, (unit, places))| {
            let home = middle(places).unwrap_or(scene.centre);
            volunteer(ids[*name], types[&unit.unit_type], home, scene)
        });
        Self { units: units.collect(), ids, types }
    }

    pub fn id(&self, unit: &UnitSent) -> VolunteerId {
        self.ids[&unit.unit]
    }

    pub fn skill(&self, unit: &UnitSent) -> SkillId {
        self.types[&unit.unit_type]
    }

    /// The unit types really sent, as roles.
    pub fn roles(&self, call: &Call) -> Vec<Role> {
        let mut counts: BTreeMap<SkillId, u8> = BTreeMap::new();
        call.units.iter().for_each(|unit| *counts.entry(self.skill(unit)).or_default() += 1);
        counts.into_iter().map(|(skill, count)| Role { skill: Some(skill), count }).collect()
    }
}

/// When the first unit was sent: the moment of the choice.
pub fn chosen_at(call: &Call) -> Timestamp {
    call.units.iter().map(|unit| unit.dispatch).min().unwrap_or(call.at)
}

fn volunteer(id: VolunteerId, skill: SkillId, home: Position, scene: &Scene) -> Volunteer {
    Volunteer {
        id,
        class: ProviderClass::MemberOrganisation,
        skills: vec![SkillHeld { skill, until: None }],
        home_grid: grid_of(&scene.grids, home),
        home,
        travel: TravelMode::Car,
        team: None,
        capacity: 1,
        alerts_per_day_max: None,
        guest: false,
    }
}

fn middle(places: &[Position]) -> Option<Position> {
    let median = |mut values: Vec<i32>| {
        values.sort_unstable();
        values.get(values.len() / 2).copied()
    };
    let lat_e7 = median(places.iter().map(|place| place.lat_e7).collect())?;
    let lng_e7 = median(places.iter().map(|place| place.lng_e7).collect())?;
    Some(Position { lat_e7, lng_e7 })
}
