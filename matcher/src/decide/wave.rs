//! Sending a wave: whom to ask, how far, until when.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::chance::Chances;
use super::cover::able_slots;
use super::draft::Draft;
use super::settle::{covered, engaged};
use crate::event::{Event, Excluded, OfferMade, WaveExplanation};
use crate::model::*;
use crate::select::{Chosen, Turn, Wave, WaveQuery, distance_m, pace_ms_per_m, wave};
use crate::state::VolunteerRecord;
use crate::state::world::World;

/// Whether the plan has another round.
pub fn rounds_left(draft: &Draft<'_>, id: IncidentId) -> bool {
    draft.incident(id).rounds < draft.plan_of(id).wave.waves_max
}

/// Whom a batch has matched to which incident: nobody else asks them in that round.
pub type Reserved = BTreeMap<VolunteerId, IncidentId>;

/// The next round: wider than the last, and wider still at once while there are too few to ask.
pub fn round(draft: &mut Draft<'_>, id: IncidentId) {
    round_reserving(draft, id, &Reserved::new());
}

/// A round that leaves out whom the batch needs elsewhere.
pub fn round_reserving(draft: &mut Draft<'_>, id: IncidentId, reserved: &Reserved) {
    let plan = draft.plan_of(id).into_owned();
    let mut radius_m = radius_of_round(&plan.wave, draft.incident(id).rounds);
    let mut found = choose(draft, id, &plan, radius_m, plan.wave.size, reserved);
    while too_few(&found, plan.wave.size) && radius_m < plan.wave.radius_m_max {
        radius_m = wider(&plan.wave, radius_m);
        found = choose(draft, id, &plan, radius_m, plan.wave.size, reserved);
    }
    let deadline = draft.now.plus_ms(plan.wave.deadline_ms);
    let another = draft.incident(id).rounds + 1 < plan.wave.waves_max;
    send(draft, id, found, deadline, another.then_some(deadline), false);
}

/// Nobody was found for some slot, or not enough to be as sure as the plan wants.
fn too_few(found: &Wave, size: WaveSize) -> bool {
    let unsure = found.explanation.fit.is_some_and(|fit| fit.counted_permille < fit.target_permille);
    !found.explanation.short.is_empty() || unsure && found.offers.len() < usize::from(size.max())
}

/// As many more as offers that no phone has received, as near as the last round; nothing when there is nobody more.
pub fn supplement(draft: &mut Draft<'_>, id: IncidentId, count: usize) {
    let plan = draft.plan_of(id).into_owned();
    let record = draft.incident(id);
    let radius_m = record.waves.last().map_or(plan.wave.radius_m, |wave| wave.explanation.radius_m);
    let next_wave_at = record.incident.next_wave_at;
    let size = WaveSize::Fixed(u16::try_from(count).unwrap_or(u16::MAX));
    let mut found = choose(draft, id, &plan, radius_m, size, &Reserved::new());
    found.offers.truncate(count);
    if !found.offers.is_empty() {
        send(draft, id, found, draft.now.plus_ms(plan.wave.deadline_ms), next_wave_at, true);
    }
}

/// Asks this one volunteer, who has just become free, for an incident that is short; false when he cannot help.
pub fn ask_one(draft: &mut Draft<'_>, id: IncidentId, volunteer: VolunteerId) -> bool {
    let plan = draft.plan_of(id).into_owned();
    let Some(found) = fit(draft, id, &plan, volunteer) else { return false };
    let next_wave_at = draft.incident(id).incident.next_wave_at;
    send(draft, id, found, draft.now.plus_ms(plan.wave.deadline_ms), next_wave_at, true);
    true
}

/// A wave of him alone, if his skills, the way and his peace allow it.
fn fit(draft: &Draft<'_>, id: IncidentId, plan: &ResponsePlan, volunteer: VolunteerId) -> Option<Wave> {
    let incident = &draft.incident(id).incident;
    let entry = draft.state.observed.index().get(volunteer)?;
    let wanted = covered(draft, id).wanted();
    let slots = SlotSet(able_slots(&incident.slots, draft.volunteer(volunteer).skills_at(draft.now)).0 & wanted.0);
    let distance_m = distance_m(incident.place.position, entry.position);
    if incident.state.ended() || slots.is_empty() || distance_m > plan.wave.radius_m_max {
        return None;
    }
    let Turn { alerts_today, .. } = judge_of(draft, id, plan.alert_budget)(volunteer).ok()?;
    let travel_ms = u64::from(distance_m) * pace_ms_per_m(entry.travel);
    let own_grid = entry.grid == incident.place.grid;
    let standing = Standing {
        distance_m,
        travel_ms,
        own_grid,
        alerts_today,
        unreachable: !entry.reachable,
        chance_permille: None,
    };
    let explanation = WaveExplanation { radius_m: plan.wave.radius_m_max, ..WaveExplanation::default() };
    Some(Wave { offers: vec![Chosen { volunteer, slots, standing }], explanation })
}

/// `radius_m * (1 + growth_percent / 100)^rounds`, at most `radius_m_max`.
fn radius_of_round(policy: &WavePolicy, rounds: u16) -> u32 {
    let mut radius_m = policy.radius_m.min(policy.radius_m_max);
    for _ in 0..rounds {
        let grown = grown(policy, radius_m);
        if grown == radius_m {
            break;
        }
        radius_m = grown;
    }
    radius_m
}

fn grown(policy: &WavePolicy, radius_m: u32) -> u32 {
    let grown = u64::from(radius_m) * (100 + u64::from(policy.growth_percent)) / 100;
    grown.min(u64::from(policy.radius_m_max)) as u32
}

/// When a radius has too few people in it, the next try is at least twice as far: a few tries reach any maximum.
fn wider(policy: &WavePolicy, radius_m: u32) -> u32 {
    grown(policy, radius_m).max(radius_m.saturating_mul(2).clamp(1, policy.radius_m_max))
}

fn choose(
    draft: &Draft<'_>,
    id: IncidentId,
    plan: &ResponsePlan,
    radius_m: u32,
    size: WaveSize,
    reserved: &Reserved,
) -> Wave {
    let record = draft.incident(id);
    let wanted = engaged(draft, id).0.wanted();
    let open: Vec<(usize, Option<SkillId>)> =
        wanted.iter().map(|slot| (slot, record.incident.slots[slot].skill)).collect();
    let query = WaveQuery {
        place: record.incident.place,
        radius_m,
        size,
        preference: plan.grid_preference,
        open: &open,
        may_combine: plan.one_person_several_roles,
        resting_too: record.incident.urgency == Urgency::LifeThreat,
    };
    let mut judge = judge_of(draft, id, plan.alert_budget);
    let reserving = |volunteer| match reserved.get(&volunteer) {
        Some(&other) if other != id => Err(Excluded::Engaged),
        Some(_) | None => judge(volunteer),
    };
    let mut chances = Chances::of(draft, plan);
    wave(draft.state.observed.index(), &query, reserving, |volunteer, standing| chances.permille(volunteer, standing))
}

/// Says of each volunteer whose turn it is, or why he is left in peace: what the index cannot know.
pub fn judge_of<'d>(
    draft: &'d Draft<'_>,
    id: IncidentId,
    budgeted: bool,
) -> impl FnMut(VolunteerId) -> Result<Turn, Excluded> + 'd {
    let (asked, incident) = (asked_before(draft, id), draft.incident(id));
    // Only somebody whose certificate has just expired, or who was enrolled anew in this decision, may have other skills than the
    // index says; to look them up is dear, for they lie in places of their own.
    let skills_hold = draft.state.observed.skills_hold_at(draft.now);
    move |volunteer| {
        let record = draft.volunteer(volunteer);
        let lacks_skill = || {
            let may_lack = !skills_hold || draft.has_changed(volunteer);
            may_lack && draft.state.observed.index().skills(volunteer) != Some(record.skills_at(draft.now))
        };
        if incident.raised_by == Some(volunteer) {
            Err(Excluded::RaisedItHimself)
        } else if let Some(&why) = asked.get(&volunteer) {
            Err(why)
        } else {
            judge(draft.now, incident.incident.urgency, record, lacks_skill, budgeted)
        }
    }
}

/// Everybody who was asked since the clocks started, or said no at any time, or was engaged here.
fn asked_before(draft: &Draft<'_>, id: IncidentId) -> BTreeMap<VolunteerId, Excluded> {
    let record = draft.incident(id);
    let mut asked: BTreeMap<VolunteerId, Excluded> = BTreeMap::new();
    for offer in record.incident.offers.iter().map(|offer| draft.must::<Offer>(offer.0)) {
        match offer.state {
            OfferState::Declined(_) => asked.insert(offer.volunteer, Excluded::Declined),
            _ if offer.made_at >= record.clock_from => asked.insert(offer.volunteer, Excluded::AlreadyAsked),
            _ => None,
        };
    }
    for assignment in record.incident.assignments.iter().map(|id| draft.must::<Assignment>(id.0)) {
        match assignment.state {
            AssignmentState::Aborted(_) => asked.insert(assignment.volunteer, Excluded::Declined),
            _ if assignment.made_at >= record.clock_from => asked.insert(assignment.volunteer, Excluded::AlreadyAsked),
            _ => None,
        };
    }
    asked
}

/// Whether his duty, his engagements and his peace allow it.
fn judge(
    now: Timestamp,
    urgency: Urgency,
    record: &VolunteerRecord,
    lacks_skill: impl FnOnce() -> bool,
    budgeted: bool,
) -> Result<Turn, Excluded> {
    let for_life = urgency == Urgency::LifeThreat;
    let engagements = record.assignments.len() + if for_life { 0 } else { record.offers.len() };
    let alerts_today = record.alerts_at(now);
    let spent = record.profile.alerts_per_day_max.is_some_and(|max| alerts_today >= max);
    if !record.on_duty() {
        return Err(Excluded::OffDuty);
    } else if engagements >= usize::from(record.profile.capacity) {
        return Err(Excluded::Engaged);
    } else if record.duty.status == DutyStatus::Resting && !for_life {
        return Err(Excluded::Resting);
    } else if lacks_skill() {
        return Err(Excluded::LacksSkill);
    } else if budgeted && spent && !for_life {
        return Err(Excluded::AlertBudget);
    }
    Ok(Turn { alerts_today, last_alert_at: record.alerts.last().copied() })
}

fn send(
    draft: &mut Draft<'_>,
    id: IncidentId,
    found: Wave,
    deadline: Timestamp,
    next_wave_at: Option<Timestamp>,
    supplement: bool,
) {
    let mut offers = Vec::with_capacity(found.offers.len());
    for chosen in found.offers {
        let (volunteer, slots, standing) = (chosen.volunteer, chosen.slots, chosen.standing);
        offers.push(OfferMade { id: draft.next_offer(), volunteer, slots, standing });
    }
    let wave = draft.incident(id).incident.wave.saturating_add(1);
    let explanation = Arc::new(found.explanation);
    draft.push(Event::WaveSent { incident: id, wave, deadline, next_wave_at, offers, explanation, supplement });
}
