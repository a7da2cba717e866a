//! Aid: what this district has asked of others, and what it gives.

use super::incident::refresh;
use crate::model::*;
use crate::state::records::IncidentRecord;
use crate::state::world::World;

pub fn asked(world: &mut impl World, at: Timestamp, id: AidId, aid: (DistrictId, SlotSet, Timestamp)) {
    let (of, slots, answer_by) = aid;
    let (number, state, filled) = (id.number, AidState::Asked, SlotSet::default());
    let asked = Aid { number, of, slots, asked_at: at, answer_by, state, answered_at: None, filled, heard: 0 };
    world.must_mut::<IncidentRecord>(id.incident.0).incident.aids.push(asked);
}

fn change(world: &mut impl World, id: AidId, how: impl FnOnce(&mut Aid)) {
    let incident = &mut world.must_mut::<IncidentRecord>(id.incident.0).incident;
    if let Some(aid) = incident.aids.iter_mut().find(|aid| aid.number == id.number) {
        how(aid);
    }
    refresh(world, id.incident);
}

pub fn told(world: &mut impl World, at: Timestamp, id: AidId, filled: SlotSet, (over, telling): (bool, u32)) {
    change(world, id, |aid| {
        aid.filled = filled;
        aid.heard = aid.heard.max(telling);
        aid.answered_at = aid.answered_at.or((over || !filled.is_empty()).then_some(at));
        aid.state = match (over, filled.is_empty() && aid.state == AidState::Asked) {
            (true, _) => AidState::Ended,
            (false, true) => AidState::Asked,
            (false, false) => AidState::Given,
        };
    });
}

pub fn expired(world: &mut impl World, id: AidId) {
    change(world, id, |aid| aid.state = AidState::Expired);
}

pub fn withdrawn(world: &mut impl World, id: AidId) {
    change(world, id, |aid| aid.state = AidState::Withdrawn);
}

pub fn begun(world: &mut impl World, id: IncidentId, aid: AidId, needs: SlotSet) {
    let given = AidFor { aid, needs, told: SlotSet::default(), telling: 0, over: false };
    world.must_mut::<IncidentRecord>(id.0).incident.aid_for = Some(given);
}

pub fn given(world: &mut impl World, id: IncidentId, filled: SlotSet, (over, telling): (bool, u32)) {
    let incident = &mut world.must_mut::<IncidentRecord>(id.0).incident;
    if let Some(given) = &mut incident.aid_for {
        (given.told, given.over, given.telling) = (filled, over, telling);
    }
}
