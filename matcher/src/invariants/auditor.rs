//! Reads a log and says which events were not legal when they happened. Shares no code with `decide` or `evolve`.

use std::collections::{BTreeMap, BTreeSet};

use super::Violation;
use super::fitting;
use super::ledger::{Asked, Ledger, Verdict, that};
use crate::event::{Cause, Commit, Event};
use crate::model::*;

/// Remembered command ids are looked at for this long, as the engine promises to remember them.
const REMEMBERED_MS: u64 = 72 * HOUR_MS;

/// A second opinion on a log, fed commit by commit from the first one.
#[derive(Debug, Default)]
pub struct Auditor {
    seq: u64,
    at: Timestamp,
    ledger: Ledger,
    commands: BTreeMap<CommandId, Timestamp>,
    turns: BTreeSet<(Timestamp, CommandId)>,
}

impl Auditor {
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks at the next commit. Empty: nothing wrong with it.
    pub fn audit(&mut self, commit: &Commit) -> Vec<Violation> {
        let mut found = Vec::new();
        let mut note = |check: &'static str, verdict: Verdict| {
            let at = |why: String| Violation { check, detail: format!("commit {}: {why}", commit.seq) };
            found.extend(verdict.err().map(at));
        };
        note("I4 seq", that(commit.seq == self.seq + 1, || format!("follows on {}", self.seq)));
        note("clock", that(commit.at >= self.at, || format!("{:?} after {:?}", commit.at, self.at)));
        note("empty", that(!commit.events.is_empty(), || "nothing happened".to_owned()));
        (self.seq, self.at) = (commit.seq, commit.at);
        note("I6 once", self.once(commit));
        for event in &commit.events {
            note(event.name(), self.event(event));
        }
        found
    }

    /// A remembered command takes effect once.
    fn once(&mut self, commit: &Commit) -> Verdict {
        while let Some(&(at, id)) = self.turns.first().filter(|&&(at, _)| commit.at.since_ms(at) >= REMEMBERED_MS) {
            self.turns.remove(&(at, id));
            self.commands.remove(&id);
        }
        let Cause::Command { id, remembered: true, .. } = commit.cause else { return Ok(()) };
        self.turns.insert((commit.at, id));
        let before = self.commands.insert(id, commit.at);
        that(before.is_none(), || format!("command {id} took effect before"))
    }

    fn event(&mut self, event: &Event) -> Verdict {
        let book = &mut self.ledger;
        match event {
            Event::DistrictDefined { .. }
            | Event::SkillsDefined { .. }
            | Event::TeamsDefined { .. }
            | Event::DrillSet { .. }
            | Event::ServiceResumed { .. } => Ok(()),
            Event::PlansDefined { plans } => {
                let rules = |plan: &ResponsePlan| (plan.wave.size, plan.one_person_several_roles);
                book.plans.extend(plans.iter().map(|plan| (plan.kind.clone(), rules(plan))));
                Ok(())
            }
            Event::GridsDefined { grids } => {
                book.grids.extend(grids.iter().map(|grid| grid.id));
                Ok(())
            }
            Event::GridsRemoved { grids } => {
                grids.iter().try_for_each(|grid| known_grid(book.grids.remove(grid), *grid))
            }
            Event::GridUnderMinimum { grid, .. } | Event::GridAtMinimum { grid } => {
                known_grid(book.grids.contains(grid), *grid)
            }

            Event::VolunteersEnrolled { volunteers } => {
                volunteers.iter().for_each(|volunteer| {
                    book.people.entry(volunteer.id).or_default().capacity = volunteer.capacity;
                });
                Ok(())
            }
            Event::VolunteersRetired { volunteers } => volunteers.iter().try_for_each(|&id| book.retire(id)),
            Event::DutyStarted { volunteer, .. } => book.duty(*volunteer, true),
            Event::DutyEnded { volunteer, .. } => book.duty(*volunteer, false),
            Event::RestStarted { volunteer, .. } | Event::RestEnded { volunteer } | Event::CheckedIn { volunteer } => {
                book.person(*volunteer).map(|_| ())
            }

            Event::IncidentOpened { incident, kind, call, roles, .. } => book.open(*incident, kind, call.id, roles),
            Event::CallMerged { into, call } => book.merge_call(*into, call.id),
            Event::IncidentMerged { duplicate, into } => book.merge(*duplicate, *into),
            Event::Unmerged { from, incident, call } => book.unmerge(*from, *incident, *call),
            Event::LevelRaised { incident, roles, .. } => book.raise_level(*incident, roles),
            Event::AidAsked { request, .. } => book.aid_asked(request.aid),
            Event::AidTold { aid, over, .. } => book.aid_answered(*aid, *over),
            Event::AidExpired { aid, .. } | Event::AidWithdrawn { aid, .. } => book.aid_answered(*aid, true),
            Event::AidBegun { incident, aid, .. } => book.aid_begun(*incident, *aid),
            Event::AidGiven { incident, aid, over, .. } => book.aid_given(*incident, *aid, *over),
            Event::SlotsReleased { incident, .. }
            | Event::Escalated { incident, .. }
            | Event::Supervised { incident, .. } => book.live(*incident).map(|_| ()),
            Event::ShortfallTold { incident, missing } => book.short(*incident, Some(*missing)),
            Event::ShortfallEnded { incident } => book.short(*incident, None),
            Event::IncidentClosed { incident, .. } | Event::IncidentCancelled { incident, .. } => book.end(*incident),
            Event::IncidentReopened { incident } => book.reopen(*incident),
            Event::NoteAdded { incident, .. } => book.case(*incident).map(|_| ()),
            Event::IncidentArchived { incident } => book.archive(*incident),

            Event::WaveSent { incident, wave, offers, explanation, supplement, .. } => {
                book.wave(*incident, *wave, offers)?;
                let kind = book.case(*incident)?.kind.clone();
                let rules = book.plans.get(&kind).copied();
                fitting::as_sure_as_it_says(offers, explanation, rules, *supplement)
            }
            Event::OfferReceived { offer } => book.offer_moves(*offer, Asked::Received),
            Event::OfferSeen { offer } => book.offer_moves(*offer, Asked::Seen),
            Event::OfferUnreceived { offer } => match book.offers.get(offer) {
                Some((_, _, Asked::Made)) => Ok(()),
                other => Err(format!("offer {offer} is {other:?}, and said not to be received")),
            },
            Event::OfferAccepted { offer, .. }
            | Event::OfferDeclined { offer, .. }
            | Event::OfferExpired { offer }
            | Event::OfferWithdrawn { offer, .. } => book.offer_moves(*offer, Asked::Over),

            Event::VolunteerAssigned { assignment, incident, volunteer, slots, .. } => {
                book.assign(*assignment, *incident, *volunteer, *slots)
            }
            Event::SlotsChanged { assignment, slots } => book.change_slots(*assignment, *slots),
            Event::MilestoneReached { assignment, milestone, .. } => book.milestone(*assignment, milestone.step),
            Event::AssignmentAborted { assignment, .. }
            | Event::AssignmentSubstituted { assignment, .. }
            | Event::StoodDown { assignment, .. } => book.disengage(*assignment, false),

            Event::TaskOpened { task, incident, .. } => book.task(*task, *incident),
            Event::TaskOverdue { task } => book.task_open(*task, false),
            Event::TaskCompleted { task, .. } => book.task_open(*task, true),
        }
    }
}

fn known_grid(known: bool, grid: GridId) -> Verdict {
    that(known, || format!("grid {grid} is not known"))
}
