//! Waves and what becomes of each offer. An end state is never left.

use std::sync::Arc;

use super::incident::refresh;
use super::learning;
use crate::event::{OfferMade, WaveExplanation};
use crate::model::*;
use crate::state::records::{IncidentRecord, VolunteerRecord, WaveRecord};
use crate::state::world::World;

/// Waves of one incident that stay in the state; the log has them all.
const WAVES_KEPT_MAX: usize = 64;

/// The head of a wave.
pub struct Sent {
    pub incident: IncidentId,
    pub wave: u16,
    pub deadline: Timestamp,
    pub supplement: bool,
}

pub fn wave_sent(
    world: &mut impl World,
    at: Timestamp,
    sent: Sent,
    next_wave_at: Option<Timestamp>,
    offers: &[OfferMade],
    explanation: &Arc<WaveExplanation>,
) {
    let counts = counts_as_alert(world, &world.must::<IncidentRecord>(sent.incident.0).incident);
    for made in offers {
        offer_made(world, at, &sent, made, counts);
    }
    let record = world.must_mut::<IncidentRecord>(sent.incident.0);
    record.incident.wave = sent.wave;
    record.incident.next_wave_at = next_wave_at;
    record.rounds += u16::from(!sent.supplement);
    record.incident.offers.extend(offers.iter().map(|made| made.id));
    record.standing.extend(offers.iter().map(|made| made.id));
    if record.waves.len() == WAVES_KEPT_MAX {
        record.waves.remove(0);
    }
    let explanation = Arc::clone(explanation);
    // Most incidents have one wave, and are kept for a day.
    record.waves.reserve_exact(1);
    let Sent { wave, deadline, supplement, .. } = sent;
    record.waves.push(WaveRecord { wave, sent_at: at, deadline, supplement, explanation });
    refresh(world, sent.incident);
}

fn offer_made(world: &mut impl World, at: Timestamp, sent: &Sent, made: &OfferMade, counts: bool) {
    world.put(Offer {
        id: made.id,
        incident: sent.incident,
        volunteer: made.volunteer,
        wave: sent.wave,
        slots: made.slots,
        standing: made.standing,
        made_at: at,
        deadline: sent.deadline,
        state: OfferState::Made,
        received_at: None,
        seen_at: None,
        ended_at: None,
    });
    let numbers = world.numbers_mut();
    numbers.offer = numbers.offer.max(made.id.number());
    let volunteer = world.must_mut::<VolunteerRecord>(made.volunteer.0);
    // Lists of a copy that was just made: one more and no room to spare mostly fits where they lie.
    volunteer.offers.reserve_exact(1);
    volunteer.offers.push(made.id);
    if counts {
        volunteer.alerts.drain(..volunteer.alerts_before(at));
        volunteer.alerts.reserve_exact(1);
        volunteer.alerts.push(at);
    }
}

/// Whether being asked for it counts against how often somebody may be asked in a day. A drill counts in nothing.
fn counts_as_alert(world: &impl World, incident: &Incident) -> bool {
    !incident.drill && world.settings().plans.get(&incident.kind).is_none_or(|plan| plan.alert_budget)
}

pub fn received(world: &mut impl World, at: Timestamp, id: OfferId) {
    let offer = world.must_mut::<Offer>(id.0);
    offer.state = OfferState::Received;
    offer.received_at = Some(at);
}

/// Seen implies received, even when that receipt was lost.
pub fn seen(world: &mut impl World, at: Timestamp, id: OfferId) {
    let offer = world.must_mut::<Offer>(id.0);
    offer.state = OfferState::Seen;
    offer.received_at.get_or_insert(at);
    offer.seen_at = Some(at);
}

pub fn unreceived(world: &mut impl World, id: OfferId) {
    let incident = world.must::<Offer>(id.0).incident;
    world.must_mut::<IncidentRecord>(incident.0).unreceived.push(id);
}

fn end(world: &mut impl World, at: Timestamp, id: OfferId, state: OfferState) {
    let offer = world.must_mut::<Offer>(id.0);
    offer.state = state;
    offer.ended_at = Some(at);
    let (incident, volunteer) = (offer.incident, offer.volunteer);
    let record = world.must_mut::<IncidentRecord>(incident.0);
    record.standing.retain(|&standing| standing != id);
    record.unreceived.retain(|&standing| standing != id);
    world.must_mut::<VolunteerRecord>(volunteer.0).offers.retain(|&standing| standing != id);
    learning::learn(world, at, id);
    refresh(world, incident);
}

pub fn accepted(world: &mut impl World, at: Timestamp, id: OfferId) {
    end(world, at, id, OfferState::Accepted);
}

pub fn declined(world: &mut impl World, at: Timestamp, id: OfferId, reason: DeclineReason) {
    end(world, at, id, OfferState::Declined(reason));
}

pub fn expired(world: &mut impl World, at: Timestamp, id: OfferId) {
    end(world, at, id, OfferState::Expired);
}

pub fn withdrawn(world: &mut impl World, at: Timestamp, id: OfferId, why: WithdrawReason) {
    end(world, at, id, OfferState::Withdrawn(why));
}
