//! From the wire's arguments to the core's commands: places to WGS-84, codes to numbers, words into sealed rows.

use matcher::{
    AbortReason, AssignmentId, CallId, CallSource, CallerKey, Command, CommandId, DeclineReason, Disposition, District,
    DutyStatus, IncidentId, MilestoneStep, NewIncident, OfferId, Position, PublicService, Role, TaskId, TaskOutcome,
    Timestamp, VolunteerId,
};
use wire::command::{self as wired, CommandArgs, MilestoneArgs};
use wire::{Id, Place};

use super::datum;
use super::error::Refusal;
use super::sealed::Sealed;
use crate::engine::SealedRow;

/// Who calls, as far as the core may know: for merging, for floods, and for a place when none was told.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    pub volunteer: Option<VolunteerId>,
    pub key: Option<CallerKey>,
    /// The last fix, else home.
    pub fallback: Option<Position>,
    pub source: CallSource,
}

/// A command with the row that must be kept with it.
pub type Mapped = (Command, Option<SealedRow>);

/// The kind of an alarm that names none.
const KIND_UNSAID: &str = "sos";

/// Maps `args`, given by `caller`, in `district`.
///
/// # Errors
/// A field out of its limits, an unknown skill, or a volunteer's command by who is none.
pub fn core(args: CommandArgs, caller: &Caller, district: &District) -> Result<Mapped, Refusal> {
    match args {
        CommandArgs::GoOnDuty(duty) => go_on_duty(duty, caller),
        CommandArgs::GoOffDuty(_) => plain(Command::GoOffDuty { volunteer: own(caller)? }),
        CommandArgs::CheckIn(_) => plain(Command::CheckIn { volunteer: own(caller)? }),
        CommandArgs::OfferReceived(a) => plain(Command::OfferReceived { offer: OfferId(a.offer.0) }),
        CommandArgs::OfferSeen(a) => plain(Command::OfferSeen { offer: OfferId(a.offer.0) }),
        CommandArgs::Accept(a) => plain(Command::Accept { offer: OfferId(a.offer.0), eta_min: a.eta_min }),
        CommandArgs::Decline(a) => decline(a),
        CommandArgs::VolunteerFor(a) => volunteer_for(&a, caller),
        CommandArgs::EnRoute(a) => plain(milestone(&a, MilestoneStep::EnRoute)),
        CommandArgs::OnScene(a) => plain(milestone(&a, MilestoneStep::OnScene)),
        CommandArgs::Done(a) => done(a),
        CommandArgs::Abort(a) => abort(a),
        CommandArgs::RaiseAlarm(a) => Ok(raise_alarm(a, caller)),
        CommandArgs::RequestService(a) => request_service(a, caller, district),
        CommandArgs::CancelAlarm(a) => plain(Command::CancelAlarm { alarm: CommandId(a.alarm.as_u128()) }),
        CommandArgs::Assign(a) => {
            plain(Command::Assign { incident: incident(a.incident), volunteer: VolunteerId(a.volunteer.0) })
        }
        CommandArgs::Reassign(a) => {
            plain(Command::Reassign { assignment: AssignmentId(a.assignment.0), to: incident(a.to) })
        }
        CommandArgs::Substitute(a) => {
            plain(Command::Substitute { assignment: AssignmentId(a.assignment.0), by: VolunteerId(a.by.0) })
        }
        CommandArgs::StandDown(a) => plain(stand_down(&a)),
        CommandArgs::Escalate(a) => plain(Command::Escalate { incident: incident(a.incident) }),
        CommandArgs::Merge(a) => plain(Command::Merge { duplicate: incident(a.duplicate), into: incident(a.into) }),
        CommandArgs::Unmerge(a) => plain(unmerge(&a)),
        CommandArgs::Cancel(a) => cancel(a),
        CommandArgs::Close(a) => close(a),
        CommandArgs::Reopen(a) => plain(Command::Reopen { incident: incident(a.incident) }),
        CommandArgs::Note(a) => note(a),
        CommandArgs::CompleteTask(a) => {
            plain(Command::CompleteTask { task: TaskId(a.task.0), outcome: outcome(a.outcome) })
        }
        CommandArgs::Drill(a) => plain(Command::SetDrill { on: a.on }),
    }
}

fn plain(command: Command) -> Result<Mapped, Refusal> {
    Ok((command, None))
}

fn incident(id: Id) -> IncidentId {
    IncidentId(id.0)
}

/// The volunteer who gives his own command.
fn own(caller: &Caller) -> Result<VolunteerId, Refusal> {
    caller.volunteer.ok_or_else(Refusal::forbidden)
}

fn go_on_duty(duty: wired::GoOnDuty, caller: &Caller) -> Result<Mapped, Refusal> {
    let status = if duty.patrol { DutyStatus::OnPatrol } else { DutyStatus::Available };
    let until = duty.until.map(|time| Timestamp(time.0));
    plain(Command::GoOnDuty { volunteer: own(caller)?, status, until })
}

fn decline(args: wired::Decline) -> Result<Mapped, Refusal> {
    let (words, row) = Sealed::words(args.words).checked()?.into_row();
    let reason = args.reason.map_or(DeclineReason::NotSaid, decline_reason);
    Ok((Command::Decline { offer: OfferId(args.offer.0), reason, words }, row))
}

fn volunteer_for(args: &wired::VolunteerFor, caller: &Caller) -> Result<Mapped, Refusal> {
    plain(Command::VolunteerFor { incident: incident(args.incident), volunteer: own(caller)?, eta_min: args.eta_min })
}

fn milestone(args: &MilestoneArgs, step: MilestoneStep) -> Command {
    let assignment = AssignmentId(args.assignment.0);
    Command::ReachMilestone { assignment, step, tapped_ago_ms: args.tapped_ago_ms, sheet: None }
}

fn done(args: wired::DoneArgs) -> Result<Mapped, Refusal> {
    let (sheet, row) = Sealed { sheet: args.sheet, ..Sealed::default() }.checked()?.into_row();
    let assignment = AssignmentId(args.assignment.0);
    let step = MilestoneStep::Done;
    Ok((Command::ReachMilestone { assignment, step, tapped_ago_ms: args.tapped_ago_ms, sheet }, row))
}

fn abort(args: wired::Abort) -> Result<Mapped, Refusal> {
    let (words, row) = Sealed::words(args.words).checked()?.into_row();
    let reason = args.reason.map_or(AbortReason::NotSaid, abort_reason);
    Ok((Command::AbortAssignment { assignment: AssignmentId(args.assignment.0), reason, words }, row))
}

fn raise_alarm(args: wired::RaiseAlarm, caller: &Caller) -> Mapped {
    let position = args.place.and_then(|place| datum::position(place.lat, place.lng, args.crs));
    let kind = args.kind.unwrap_or_else(|| KIND_UNSAID.to_owned());
    let sealed = Sealed::call(args.caller_name, args.caller_phone, args.address, args.words);
    let (sealed, row) = sealed.into_row();
    let incident = NewIncident {
        kind,
        source: caller.source,
        position,
        fallback: caller.fallback,
        caller: caller.key,
        raised_by: caller.volunteer,
        sealed,
        drill: args.drill,
        roles: None,
    };
    (Command::RaiseAlarm(incident), row)
}

fn request_service(args: wired::RequestService, caller: &Caller, district: &District) -> Result<Mapped, Refusal> {
    let position = datum::position(args.place.lat, args.place.lng, args.crs).ok_or_else(|| out_of_range(args.place))?;
    let roles = args.roles.map(|roles| skilled(roles, district, "/roles")).transpose()?;
    let sealed = Sealed::call(args.caller_name, args.caller_phone, args.address, args.words);
    let (sealed, row) = sealed.checked()?.into_row();
    let incident = NewIncident {
        kind: args.kind,
        source: caller.source,
        position: Some(position),
        fallback: None,
        caller: caller.key,
        raised_by: caller.volunteer,
        sealed,
        drill: args.drill,
        roles,
    };
    Ok((Command::RequestService(incident), row))
}

/// A place that is none: latitude beyond 90, longitude beyond 180, or (0, 0).
pub fn out_of_range(place: Place) -> Refusal {
    let field = if place.lat.abs() > 90.0 { "/place/lat" } else { "/place/lng" };
    let en = format!(
        "{},{} is no place on Earth: WGS-84 degrees, latitude -90..90, longitude -180..180",
        place.lat, place.lng
    );
    Refusal::field(field, "out_of_range", format!("坐标 {},{} 超出范围", place.lat, place.lng), en)
}

/// Roles with their skills by number; `at` is where they stand.
///
/// # Errors
/// `unknown_skill`.
pub fn skilled(roles: Vec<wired::RoleArgs>, district: &District, at: &str) -> Result<Vec<Role>, Refusal> {
    let numbered = roles.into_iter().enumerate().map(|(index, role)| {
        let skill = role.skill.map(|code| {
            let pointer = format!("{at}/{index}/skill");
            let known = district.skill_by_code(&code).map(|skill| skill.id);
            known.ok_or_else(|| unknown_skill(&pointer, &code))
        });
        Ok(Role { skill: skill.transpose()?, count: role.count })
    });
    numbered.collect()
}

pub fn unknown_skill(pointer: &str, code: &str) -> Refusal {
    let en = format!("{pointer}: the skill {code:?} is not defined in this district");
    Refusal::field(pointer, "unknown_skill", format!("本区没有“{code}”这项技能"), en)
}

fn stand_down(args: &wired::StandDown) -> Command {
    Command::StandDown { incident: incident(args.incident), assignment: args.assignment.map(|id| AssignmentId(id.0)) }
}

fn unmerge(args: &wired::Unmerge) -> Command {
    Command::Unmerge { incident: incident(args.incident), call: args.call.map(|id| CallId(id.0)) }
}

fn cancel(args: wired::EndArgs) -> Result<Mapped, Refusal> {
    let (words, row) = Sealed::words(args.words).checked()?.into_row();
    Ok((Command::Cancel { incident: incident(args.incident), words }, row))
}

fn close(args: wired::Close) -> Result<Mapped, Refusal> {
    let (words, row) = Sealed::words(args.words).checked()?.into_row();
    let disposition = disposition(args.disposition);
    Ok((Command::Close { incident: incident(args.incident), disposition, words }, row))
}

fn note(args: wired::Note) -> Result<Mapped, Refusal> {
    let words = Some(args.words).filter(|words| !words.trim().is_empty());
    let (note, row) = Sealed::words(words).checked()?.into_row();
    let note = note.ok_or_else(|| Refusal::field("/words", "empty", "备注不能为空", "/words is empty"))?;
    Ok((Command::AddNote { incident: incident(args.incident), note }, row))
}

fn decline_reason(reason: wired::DeclineReason) -> DeclineReason {
    match reason {
        wired::DeclineReason::NotSaid => DeclineReason::NotSaid,
        wired::DeclineReason::Busy => DeclineReason::Busy,
        wired::DeclineReason::TooFar => DeclineReason::TooFar,
        wired::DeclineReason::Unwell => DeclineReason::Unwell,
        wired::DeclineReason::NotQualified => DeclineReason::NotQualified,
        wired::DeclineReason::Later => DeclineReason::Later,
    }
}

fn abort_reason(reason: wired::AbortReason) -> AbortReason {
    match reason {
        wired::AbortReason::NotSaid => AbortReason::NotSaid,
        wired::AbortReason::CannotGo => AbortReason::CannotGo,
        wired::AbortReason::NotFound => AbortReason::NotFound,
        wired::AbortReason::Unsafe => AbortReason::Unsafe,
        wired::AbortReason::ByDesk => AbortReason::ByDesk,
    }
}

fn disposition(disposition: wired::Disposition) -> Disposition {
    match disposition {
        wired::Disposition::Resolved => Disposition::Resolved,
        wired::Disposition::NoDispatchNeeded => Disposition::NoDispatchNeeded,
        wired::Disposition::FalseAlarm => Disposition::FalseAlarm,
        wired::Disposition::HandedOver110 => Disposition::HandedOver(PublicService::Police),
        wired::Disposition::HandedOver119 => Disposition::HandedOver(PublicService::Fire),
        wired::Disposition::HandedOver120 => Disposition::HandedOver(PublicService::Ambulance),
        wired::Disposition::NobodyFound => Disposition::NobodyFound,
        wired::Disposition::CouldNotReach => Disposition::CouldNotReach,
    }
}

fn outcome(outcome: wired::TaskOutcome) -> TaskOutcome {
    match outcome {
        wired::TaskOutcome::Done => TaskOutcome::Done,
        wired::TaskOutcome::TakenOver => TaskOutcome::TakenOver,
        wired::TaskOutcome::NotReached => TaskOutcome::NotReached,
        wired::TaskOutcome::NotNeeded => TaskOutcome::NotNeeded,
    }
}
