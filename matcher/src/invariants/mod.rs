//! Named checks of what must never happen, called by tests, the simulator, debug builds and a production counter.
//!
//! [`check`] looks at a state: do its parts agree with each other? [`Auditor`] looks at a log, commit by commit, with a
//! small model of its own that shares no code with `decide` or `evolve`: was each event legal when it happened?

mod auditor;
mod engagements;
mod fitting;
mod incidents;
mod ledger;
mod timers;

pub use auditor::Auditor;

use crate::state::District;

/// Something that must never happen has happened: always a bug.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{check}: {detail}")]
pub struct Violation {
    /// The check's name, for a counter's label.
    pub check: &'static str,
    pub detail: String,
}

type Found = Vec<Violation>;

/// Checks a whole state; takes time in proportion to its size. Empty: all is well.
pub fn check(district: &District) -> Vec<Violation> {
    let mut found = Vec::new();
    incidents::slots_agree_with_assignments(district, &mut found);
    incidents::lists_agree(district, &mut found);
    incidents::the_ended_are_quiet(district, &mut found);
    incidents::shortfall_is_true(district, &mut found);
    incidents::aid_is_of_use(district, &mut found);
    engagements::volunteers_agree(district, &mut found);
    engagements::guests_are_free(district, &mut found);
    engagements::one_place_in_an_incident(district, &mut found);
    engagements::milestones_are_written_once(district, &mut found);
    engagements::grids_count_right(district, &mut found);
    fitting::what_is_learnt_is_sound(district, &mut found);
    timers::each_owner_is_armed_for_what_is_due(district, &mut found);
    found
}

fn ensure(found: &mut Found, holds: bool, check: &'static str, detail: impl FnOnce() -> String) {
    if !holds {
        found.push(Violation { check, detail: detail() });
    }
}
