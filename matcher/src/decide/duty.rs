//! Volunteers as such: enrolment, duty, rest.

use super::draft::Draft;
use super::limits::{self, at_most, ensure, items};
use super::offer::withdraw_all;
use super::{CAPACITY_MAX, DUTY_MS_MAX, SKILLS_HELD_MAX};
use crate::command::{Answer, Field, Rejection, Why};
use crate::event::Event;
use crate::model::*;
use crate::state::records::VolunteerRecord;
use crate::state::world::World;

pub fn enrol(draft: &mut Draft<'_>, volunteers: &[Volunteer]) -> Result<Answer, Rejection> {
    items(Field::Volunteers, volunteers.len())?;
    limits::no_twice(Field::Volunteers, volunteers.iter().map(|volunteer| volunteer.id))?;
    let new = volunteers.iter().filter(|volunteer| draft.get::<VolunteerRecord>(volunteer.id.0).is_none()).count();
    at_most(Field::Volunteers, (draft.state.district.volunteer_count() + new) as u64, VOLUNTEERS_MAX as u64)?;
    for volunteer in volunteers {
        check(draft, volunteer)?;
    }
    draft.push(Event::VolunteersEnrolled { volunteers: volunteers.to_vec() });
    volunteers.iter().for_each(|volunteer| unsettle_his(draft, volunteer.id));
    volunteers.iter().filter(|volunteer| volunteer.guest).for_each(|volunteer| let_go(draft, volunteer.id));
    Ok(Answer::Done)
}

/// What he can do may have changed: where he is asked or engaged, others may be needed now.
fn unsettle_his(draft: &mut Draft<'_>, volunteer: VolunteerId) {
    if draft.volunteer(volunteer).full() {
        withdraw_all(draft, volunteer);
    }
    let record = draft.volunteer(volunteer);
    let asked = record.offers.iter().map(|id| draft.must::<Offer>(id.0).incident);
    let engaged = record.assignments.iter().map(|id| draft.must::<Assignment>(id.0).incident);
    let his: Vec<IncidentId> = asked.chain(engaged).collect();
    his.into_iter().for_each(|incident| draft.unsettle(incident));
}

fn check(draft: &Draft<'_>, volunteer: &Volunteer) -> Result<(), Rejection> {
    let district = &draft.state.district;
    limits::own(district, Field::Volunteers, volunteer.id.0)?;
    limits::position(Field::Position, volunteer.home)?;
    ensure(volunteer.capacity > 0, Field::Capacity, Why::Zero)?;
    at_most(Field::Capacity, u64::from(volunteer.capacity), u64::from(CAPACITY_MAX))?;
    at_most(Field::Skills, volunteer.skills.len() as u64, SKILLS_HELD_MAX as u64)?;
    limits::no_twice(Field::Skills, volunteer.skills.iter().map(|held| held.skill))?;
    if let Some(held) = volunteer.skills.iter().find(|held| district.skill(held.skill).is_none()) {
        return Err(Rejection::UnknownSkill(held.skill.0));
    }
    if district.grid(volunteer.home_grid).is_none() {
        return Err(Rejection::Unknown { what: Field::Grid, id: volunteer.home_grid.0 });
    }
    match volunteer.team.filter(|&team| district.team(team).is_none()) {
        Some(team) => Err(Rejection::Unknown { what: Field::Team, id: team.0 }),
        None => Ok(()),
    }
}

/// Their offers are withdrawn and their assignments aborted, so that others are asked at once.
pub fn retire(draft: &mut Draft<'_>, volunteers: &[VolunteerId]) -> Result<Answer, Rejection> {
    items(Field::Volunteers, volunteers.len())?;
    limits::no_twice(Field::Volunteers, volunteers.iter())?;
    for &volunteer in volunteers {
        draft.known::<VolunteerRecord>(Field::Volunteer, volunteer.0)?;
    }
    volunteers.iter().for_each(|&volunteer| let_go(draft, volunteer));
    super::settle::all(draft);
    draft.push(Event::VolunteersRetired { volunteers: volunteers.to_vec() });
    Ok(Answer::Done)
}

/// Nothing holds him here any more.
fn let_go(draft: &mut Draft<'_>, volunteer: VolunteerId) {
    end(draft, volunteer, DutyEnd::Retired);
    for assignment in draft.volunteer(volunteer).assignments.clone() {
        draft.push(Event::AssignmentAborted { assignment, reason: AbortReason::ByDesk, words: None });
    }
}

/// A guest is committed by the district that is his home, and by no other.
///
/// # Errors
/// [`Rejection::Guest`].
pub fn at_home(record: &VolunteerRecord) -> Result<(), Rejection> {
    if record.profile.guest { Err(Rejection::Guest { volunteer: record.profile.id }) } else { Ok(()) }
}

/// Goes off duty in whatever way: nothing new reaches him, what he has promised stays.
fn end(draft: &mut Draft<'_>, volunteer: VolunteerId, why: DutyEnd) {
    if draft.volunteer(volunteer).on_duty() {
        draft.push(Event::DutyEnded { volunteer, why });
    }
    withdraw_all(draft, volunteer);
}

pub fn start(
    draft: &mut Draft<'_>,
    volunteer: VolunteerId,
    status: DutyStatus,
    until: Option<Timestamp>,
) -> Result<Answer, Rejection> {
    draft.owned_by(volunteer)?;
    let record: &VolunteerRecord = draft.known(Field::Volunteer, volunteer.0)?;
    at_home(record)?;
    ensure(matches!(status, DutyStatus::Available | DutyStatus::OnPatrol), Field::Status, Why::NotChoosable)?;
    if let Some(until) = until {
        ensure(until > draft.now, Field::Until, Why::InThePast)?;
        at_most(Field::Until, until.since_ms(draft.now), DUTY_MS_MAX)?;
    }
    if record.on_duty() && (record.before_rest, record.duty.until) == (status, until) {
        return Ok(Answer::NothingToDo);
    }
    draft.push(Event::DutyStarted { volunteer, status, until });
    Ok(Answer::Done)
}

pub fn stop(draft: &mut Draft<'_>, volunteer: VolunteerId) -> Result<Answer, Rejection> {
    draft.owned_by(volunteer)?;
    let on_duty = draft.known::<VolunteerRecord>(Field::Volunteer, volunteer.0)?.on_duty();
    if !on_duty {
        return Ok(Answer::NothingToDo);
    }
    end(draft, volunteer, DutyEnd::Asked);
    Ok(Answer::Done)
}

pub fn check_in(draft: &mut Draft<'_>, volunteer: VolunteerId) -> Result<Answer, Rejection> {
    draft.owned_by(volunteer)?;
    draft.known::<VolunteerRecord>(Field::Volunteer, volunteer.0)?;
    draft.push(Event::CheckedIn { volunteer });
    Ok(Answer::Done)
}

/// What his clock says: the end of his rest, the end of his duty.
pub fn time_up(draft: &mut Draft<'_>, volunteer: VolunteerId) {
    let record = draft.volunteer(volunteer);
    let due = |at: Option<Timestamp>| at.is_some_and(|at| at <= draft.now);
    let (rested, over) = (due(record.rest_until), due(record.duty.until));
    if rested {
        draft.push(Event::RestEnded { volunteer });
    }
    if over {
        end(draft, volunteer, DutyEnd::TimeUp);
    }
}
