//! A volunteer's answers: received, seen, yes, no, and coming forward unasked.

use super::draft::Draft;
use super::limits::at_most;
use super::settle;
use super::{ETA_MIN_MAX, cover};
use crate::command::{Answer, Field, Rejection};
use crate::event::Event;
use crate::model::*;
use crate::state::records::VolunteerRecord;
use crate::state::world::World;

/// An offer of his own.
fn own(draft: &Draft<'_>, id: OfferId) -> Result<Offer, Rejection> {
    let offer: &Offer = draft.known(Field::Offer, id.0)?;
    draft.owned_by(offer.volunteer)?;
    Ok(offer.clone())
}

pub fn received(draft: &mut Draft<'_>, id: OfferId) -> Result<Answer, Rejection> {
    if own(draft, id)?.state != OfferState::Made {
        return Ok(Answer::NothingToDo);
    }
    draft.push(Event::OfferReceived { offer: id });
    Ok(Answer::Done)
}

pub fn seen(draft: &mut Draft<'_>, id: OfferId) -> Result<Answer, Rejection> {
    match own(draft, id)?.state {
        OfferState::Made | OfferState::Received => draft.push(Event::OfferSeen { offer: id }),
        OfferState::Seen
        | OfferState::Accepted
        | OfferState::Declined(_)
        | OfferState::Expired
        | OfferState::Withdrawn(_) => return Ok(Answer::NothingToDo),
    }
    Ok(Answer::Done)
}

pub fn accept(draft: &mut Draft<'_>, id: OfferId, eta_min: Option<u16>) -> Result<Answer, Rejection> {
    check_eta(eta_min)?;
    let offer = own(draft, id)?;
    if offer.state == OfferState::Accepted {
        return accepted_before(draft, &offer);
    } else if !offer.state.standing() {
        return Err(Rejection::OfferOver { state: offer.state, incident: offer.incident });
    }
    come(draft, offer.incident, offer.volunteer, Some(id), eta_min)
}

fn check_eta(eta_min: Option<u16>) -> Result<(), Rejection> {
    at_most(Field::EtaMin, u64::from(eta_min.unwrap_or_default()), u64::from(ETA_MIN_MAX))
}

fn accepted_before(draft: &Draft<'_>, offer: &Offer) -> Result<Answer, Rejection> {
    let assignments = draft.incident(offer.incident).incident.assignments.iter();
    let mut made = assignments.filter_map(|id| draft.get::<Assignment>(id.0));
    let over = Rejection::OfferOver { state: offer.state, incident: offer.incident };
    let made = made.find(|assignment| assignment.offer == Some(offer.id)).ok_or(over)?;
    Ok(Answer::Assigned { assignment: made.id, incident: offer.incident })
}

/// He comes if there is a place for him, whether he was asked or not.
fn come(
    draft: &mut Draft<'_>,
    incident: IncidentId,
    volunteer: VolunteerId,
    offer: Option<OfferId>,
    eta_min: Option<u16>,
) -> Result<Answer, Rejection> {
    let record = draft.volunteer(volunteer);
    if record.full() {
        return Err(Rejection::Engaged { volunteer });
    }
    if !may_fill_any(draft, incident, record) {
        return Err(Rejection::NotQualified { volunteer });
    }
    if seats_for(draft, incident, volunteer).is_none() {
        return Err(Rejection::AlreadyFilled { incident });
    }
    if let Some(offer) = offer {
        draft.push(Event::OfferAccepted { offer, eta_min });
    }
    let assignment = seat_on(draft, incident, volunteer, offer, eta_min);
    let assignment = assignment.ok_or(Rejection::AlreadyFilled { incident })?;
    Ok(Answer::Assigned { assignment, incident })
}

fn may_fill_any(draft: &Draft<'_>, incident: IncidentId, record: &VolunteerRecord) -> bool {
    let incident = &draft.incident(incident).incident;
    let able = cover::able_slots(&incident.slots, record.skills_at(draft.now));
    incident.slots.is_empty() || !able.is_empty()
}

/// Where he would sit, and those who would move for it; the offers that stand are seated after him, so that he takes the
/// place that leaves the most of theirs. `None` when there is no place.
fn seats_for(
    draft: &Draft<'_>,
    incident: IncidentId,
    volunteer: VolunteerId,
) -> Option<(SlotSet, Vec<(AssignmentId, SlotSet)>)> {
    let (mut cover, engaged) = settle::engaged(draft, incident);
    let record = draft.incident(incident);
    let person = cover::person_of(record, draft.volunteer(volunteer), SlotSet::default(), draft.now);
    let (his, seated) = cover.seat(person);
    if !seated {
        return None;
    }
    for &offer in &record.standing {
        if draft.must::<Offer>(offer.0).volunteer != volunteer {
            cover.seat(settle::asked(draft, incident, offer));
        }
    }
    let slots_now = |id: AssignmentId| draft.must::<Assignment>(id.0).slots;
    let seats = engaged.iter().enumerate().map(|(index, &id)| (id, cover.held_by(index)));
    let moved = seats.filter(|&(id, slots)| slots != slots_now(id)).collect();
    Some((cover.held_by(his), moved))
}

/// Makes him part of the incident if there is a place: moves those who have to move, frees him of other offers if he is
/// full now.
pub fn seat_on(
    draft: &mut Draft<'_>,
    incident: IncidentId,
    volunteer: VolunteerId,
    offer: Option<OfferId>,
    eta_min: Option<u16>,
) -> Option<AssignmentId> {
    let (slots, moved) = seats_for(draft, incident, volunteer)?;
    withdraw_own(draft, incident, volunteer);
    for (assignment, slots) in moved {
        draft.push(Event::SlotsChanged { assignment, slots });
    }
    let assignment = draft.next_assignment();
    draft.push(Event::VolunteerAssigned { assignment, incident, volunteer, slots, offer, eta_min });
    if draft.volunteer(volunteer).full() {
        withdraw_all(draft, volunteer);
    }
    Some(assignment)
}

/// He comes by another way than the offer he still has for this incident.
fn withdraw_own(draft: &mut Draft<'_>, incident: IncidentId, volunteer: VolunteerId) {
    let here = |id: &&OfferId| draft.must::<Offer>(id.0).incident == incident;
    let offers: Vec<OfferId> = draft.volunteer(volunteer).offers.iter().filter(here).copied().collect();
    for offer in offers {
        draft.push(Event::OfferWithdrawn { offer, why: WithdrawReason::NoLongerFree });
    }
}

/// He cannot come to anything else now.
pub fn withdraw_all(draft: &mut Draft<'_>, volunteer: VolunteerId) {
    for offer in draft.volunteer(volunteer).offers.clone() {
        draft.push(Event::OfferWithdrawn { offer, why: WithdrawReason::NoLongerFree });
    }
}

pub fn decline(
    draft: &mut Draft<'_>,
    id: OfferId,
    reason: DeclineReason,
    words: Option<SealedRef>,
) -> Result<Answer, Rejection> {
    let offer = own(draft, id)?;
    if !offer.state.standing() {
        return match offer.state {
            OfferState::Declined(_) => Ok(Answer::NothingToDo),
            state => Err(Rejection::OfferOver { state, incident: offer.incident }),
        };
    }
    draft.push(Event::OfferDeclined { offer: id, reason, words });
    Ok(Answer::Done)
}

/// Coming forward unasked, or after the deadline. Whoever comes counts as there, on duty or not.
pub fn volunteer_for(
    draft: &mut Draft<'_>,
    incident: IncidentId,
    volunteer: VolunteerId,
    eta_min: Option<u16>,
) -> Result<Answer, Rejection> {
    check_eta(eta_min)?;
    draft.owned_by(volunteer)?;
    super::duty::at_home(draft.known(Field::Volunteer, volunteer.0)?)?;
    let record = draft.live_incident(Field::Incident, incident)?;
    let active = record.active.iter().map(|id| draft.must::<Assignment>(id.0));
    if let Some(here) = active.clone().find(|assignment| assignment.volunteer == volunteer) {
        return Ok(Answer::Assigned { assignment: here.id, incident });
    }
    let mut standing = record.standing.iter().map(|id| draft.must::<Offer>(id.0));
    let offer = standing.find(|offer| offer.volunteer == volunteer).map(|offer| offer.id);
    come(draft, incident, volunteer, offer, eta_min)
}
