//! What an offer's end teaches. See [`crate::state::learnt`].

use crate::model::*;
use crate::state::learnt::{ASK, Answered, CUSTOMS_MAX, Custom, Learning, band_of};
use crate::state::records::{IncidentRecord, VolunteerRecord};
use crate::state::world::World;

/// Learning begins with the first plan whose waves are to fit, and goes on whatever plans say later.
pub fn plans_defined(world: &mut impl World) {
    let settings = world.settings();
    let fits = |plan: &ResponsePlan| plan.wave.size.fit().is_some();
    if settings.learning.is_none() && !settings.plans.values().any(fits) {
        return;
    }
    let settings = world.settings_mut();
    settings.learning.get_or_insert_with(Learning::default).know(settings.plans.keys());
}

/// One ask, or the part of one that it was.
struct Lesson {
    kind: u16,
    band: u8,
    asked: u32,
    accepted: u32,
}

/// After an offer's end. A drill teaches nothing, and nor does an offer to somebody who was taken elsewhere.
pub fn learn(world: &mut impl World, at: Timestamp, id: OfferId) {
    if world.settings().learning.is_none() {
        return;
    }
    let offer = world.must::<Offer>(id.0);
    let (volunteer, made_at, deadline) = (offer.volunteer, offer.made_at, offer.deadline);
    let Some(answered) = answered(offer.state) else { return };
    let incident = &world.must::<IncidentRecord>(offer.incident.0).incident;
    if incident.drill {
        return;
    }
    let kind = incident.kind.clone();
    let Some(learning) = &mut world.settings_mut().learning else { return };
    let (age_ms, whole_ms) = (at.since_ms(made_at), deadline.since_ms(made_at));
    let asked = if answered == Answered::Silence { learning.haste.parts(age_ms, whole_ms) } else { ASK };
    learning.haste.note(age_ms.min(whole_ms), answered);
    let accepted = if answered == Answered::Yes { ASK } else { 0 };
    let kind = learning.number(&kind);
    if asked > 0 {
        take(world, volunteer, &Lesson { kind, band: band_of(made_at), asked, accepted });
    }
}

fn answered(state: OfferState) -> Option<Answered> {
    match state {
        OfferState::Accepted => Some(Answered::Yes),
        OfferState::Declined(_) => Some(Answered::No),
        OfferState::Expired
        | OfferState::Withdrawn(WithdrawReason::Filled | WithdrawReason::IncidentEnded | WithdrawReason::ByDesk) => {
            Some(Answered::Silence)
        }
        OfferState::Withdrawn(WithdrawReason::NoLongerFree)
        | OfferState::Made
        | OfferState::Received
        | OfferState::Seen => None,
    }
}

fn take(world: &mut impl World, volunteer: VolunteerId, lesson: &Lesson) {
    let record = world.must_mut::<VolunteerRecord>(volunteer.0);
    record.habit.add(lesson.kind, lesson.band, lesson.asked, lesson.accepted);
    let grid = record.profile.home_grid;
    count(world, Custom::of_all(), lesson);
    count(world, Custom::of_district(lesson.kind), lesson);
    count(world, Custom::of_grid(grid, lesson.kind), lesson);
}

fn count(world: &mut impl World, key: u64, lesson: &Lesson) {
    if world.get::<Custom>(key).is_none() {
        let Some(learning) = &mut world.settings_mut().learning else { return };
        if learning.customs == CUSTOMS_MAX {
            return;
        }
        learning.customs += 1;
        world.put(Custom::new(key));
    }
    world.must_mut::<Custom>(key).add(lesson.band, lesson.asked, lesson.accepted);
}
