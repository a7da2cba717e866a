//! What every decision ends with, whatever it was: each incident it has touched is brought to rest. Nobody stays asked
//! for nothing, nobody needed stays unasked, and who is short is told at once.

use super::cover::{Cover, Person, able_slots, person_of};
use super::draft::{Draft, under_minimum};
use super::wave;
use super::{aid, ending};
use crate::event::Event;
use crate::model::*;
use crate::state::records::GridRecord;
use crate::state::world::World;

pub fn all(draft: &mut Draft<'_>) {
    for incident in draft.incidents_to_settle() {
        settle_incident(draft, incident);
        aid::tell(draft, incident);
    }
    for volunteer in draft.freed() {
        ask_where_short(draft, volunteer);
    }
    for grid in draft.changed_grids() {
        settle_grid(draft, grid);
    }
}

/// Short incidents that somebody who becomes free is looked at for, the gravest first.
const SHORT_LOOKED_AT_MAX: usize = 64;

/// Somebody is free who was not: the gravest of the incidents that are short, and that he can help with, asks him at once.
///
/// This is also what goes on after a plan's last round and last step. No timer asks again then, for everybody in reach has
/// been asked; the shortfall stands on the desk and the wall, and whoever comes on duty, has rested, is done elsewhere or
/// is enrolled is asked if he fits and was not asked for this incident before. Who was may still come forward.
fn ask_where_short(draft: &mut Draft<'_>, volunteer: VolunteerId) {
    let mut short = draft.state.observed.live().short().take(SHORT_LOOKED_AT_MAX);
    if let Some(incident) = short.find(|&id| wave::ask_one(draft, id, volunteer)) {
        tell_shortfall(draft, incident);
    }
}

/// Brings one incident to rest.
pub fn settle_incident(draft: &mut Draft<'_>, id: IncidentId) {
    if draft.incident(id).incident.state.ended() {
        return;
    }
    aid::withdraw_needless(draft, id);
    if all_done(draft, id) {
        ending::close_as(draft, id, Disposition::Resolved, None);
        return;
    }
    if !draft.incident(id).in_batch() {
        withdraw_useless(draft, id);
        ask_if_uncovered(draft, id);
        tell_shortfall(draft, id);
        aid::give_up_if_nobody(draft, id);
    }
}

/// Everybody who was needed came and says it is done, and the desk has nothing left to do.
fn all_done(draft: &Draft<'_>, id: IncidentId) -> bool {
    let record = draft.incident(id);
    let (needed, filled) = record.incident.needed_and_filled();
    let tasks = record.incident.tasks.iter().filter_map(|task| draft.get::<DeskTask>(task.0));
    let waiting = tasks.filter(|task| task.outcome.is_none()).count();
    let is_helped = record.incident.aids.iter().any(|aid| aid.state.live());
    filled > 0 && filled == needed && record.active.is_empty() && waiting == 0 && !is_helped
}

/// Those who are engaged, on their seats.
pub fn engaged<'a>(draft: &'a Draft<'_>, id: IncidentId) -> (Cover<'a>, Vec<AssignmentId>) {
    let record = draft.incident(id);
    let combine = draft.plan_of(id).one_person_several_roles;
    let person = |assignment: &AssignmentId| {
        let assignment = draft.must::<Assignment>(assignment.0);
        person_of(record, draft.volunteer(assignment.volunteer), assignment.slots, draft.now)
    };
    (Cover::new(record, combine, record.active.iter().map(person).collect()), record.active.clone())
}

/// Somebody who was asked, as a person who sits nowhere yet.
pub fn asked(draft: &Draft<'_>, id: IncidentId, offer: OfferId) -> Person {
    let offer = draft.must::<Offer>(offer.0);
    person_of(draft.incident(id), draft.volunteer(offer.volunteer), SlotSet::default(), draft.now)
}

/// Those who are engaged, and those who are asked as if they had said yes.
pub fn covered<'a>(draft: &'a Draft<'_>, id: IncidentId) -> Cover<'a> {
    let (mut cover, _) = engaged(draft, id);
    for &offer in &draft.incident(id).standing {
        if cover.uncovered().is_empty() {
            break;
        }
        cover.seat(asked(draft, id, offer));
    }
    cover
}

/// Slots that stay empty even if everybody who is asked says yes.
fn uncovered(draft: &Draft<'_>, id: IncidentId) -> SlotSet {
    covered(draft, id).uncovered()
}

fn withdraw_useless(draft: &mut Draft<'_>, id: IncidentId) {
    let wanted = engaged(draft, id).0.wanted();
    let record = draft.incident(id);
    let useless = |offer: &&OfferId| {
        let volunteer = draft.volunteer(draft.must::<Offer>(offer.0).volunteer);
        able_slots(&record.incident.slots, volunteer.skills_at(draft.now)).0 & wanted.0 == 0
    };
    let withdrawn: Vec<OfferId> = record.standing.iter().filter(useless).copied().collect();
    for offer in withdrawn {
        draft.push(Event::OfferWithdrawn { offer, why: WithdrawReason::Filled });
    }
}

/// More slots are uncovered than it was last said: somebody else may have come meanwhile, so the next round goes out now.
fn ask_if_uncovered(draft: &mut Draft<'_>, id: IncidentId) {
    let told = draft.incident(id).incident.shortfall.map_or(0, |shortfall| u32::from(shortfall.missing));
    let worse = uncovered(draft, id).len() > told;
    if worse && wave::rounds_left(draft, id) && !draft.round_sent(id) {
        wave::round(draft, id);
    }
}

fn tell_shortfall(draft: &mut Draft<'_>, id: IncidentId) {
    let missing = uncovered(draft, id).len() as u8;
    let told = draft.incident(id).incident.shortfall.map_or(0, |shortfall| shortfall.missing);
    match missing {
        _ if missing == told => {}
        0 => draft.push(Event::ShortfallEnded { incident: id }),
        _ => draft.push(Event::ShortfallTold { incident: id, missing }),
    }
}

/// Said when it changes and not again.
fn settle_grid(draft: &mut Draft<'_>, grid: GridId) {
    let record = draft.must::<GridRecord>(grid.0);
    let (on_duty, minimum) = (record.on_duty, record.grid.minimum_on_duty);
    match (under_minimum(record), record.under_minimum) {
        (true, false) => draft.push(Event::GridUnderMinimum { grid, on_duty, minimum }),
        (false, true) => draft.push(Event::GridAtMinimum { grid }),
        (true, true) | (false, false) => {}
    }
}
