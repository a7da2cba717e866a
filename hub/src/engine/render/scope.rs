//! A team leader's view: the desk's rows, as far as his team and its grids reach.

use std::collections::BTreeSet;

use matcher::state::VolunteerRecord;
use matcher::{District, Incident, TeamId, VolunteerId};
use wire::rows::DeskRows;

use super::View;
use super::desk::{desk_rows, filtered_page};
use super::page::{Cursor, Page};
use crate::engine::touched::Touched;

/// A team and all below it.
#[derive(Clone, Debug)]
pub struct Scope {
    teams: BTreeSet<TeamId>,
}

impl Scope {
    /// The team and whatever names it as being above, at any depth.
    pub fn of(district: &District, team: TeamId) -> Self {
        let mut teams = BTreeSet::from([team]);
        // A chain of four levels needs three rounds; each round that adds nothing is the last.
        loop {
            let below: Vec<TeamId> = district
                .teams()
                .filter(|it| it.above.is_some_and(|above| teams.contains(&above)) && !teams.contains(&it.id))
                .map(|it| it.id)
                .collect();
            if below.is_empty() {
                return Scope { teams };
            }
            teams.extend(below);
        }
    }

    /// Whether the volunteer belongs to the team.
    pub fn has(&self, record: &VolunteerRecord) -> bool {
        record.profile.team.is_some_and(|team| self.teams.contains(&team))
    }

    fn has_id(&self, district: &District, id: VolunteerId) -> bool {
        district.volunteer(id).is_some_and(|record| self.has(record))
    }

    /// Whether the incident lies on one of the team's grids, or one of the team was asked or sent.
    pub fn sees(&self, district: &District, incident: &Incident) -> bool {
        let grid = district.grid(incident.place.grid);
        let on_grid = grid.and_then(|grid| grid.team).is_some_and(|team| self.teams.contains(&team));
        let asked = || incident.offers.iter().filter_map(|&id| district.offer(id)).map(|it| it.volunteer);
        let sent = || incident.assignments.iter().filter_map(|&id| district.assignment(id)).map(|it| it.volunteer);
        on_grid || asked().chain(sent()).any(|volunteer| self.has_id(district, volunteer))
    }

    fn cut(&self, district: &District, touched: &Touched) -> Touched {
        let sees = |id: &matcher::IncidentId| district.incident(*id).is_some_and(|it| self.sees(district, it));
        let mut cut = touched.clone();
        cut.incidents.retain(sees);
        cut.calls.retain(|(incident, _)| sees(incident));
        cut.offers.retain(|&id| district.offer(id).is_some_and(|it| sees(&it.incident)));
        cut.assignments.retain(|&id| district.assignment(id).is_some_and(|it| sees(&it.incident)));
        cut.tasks.retain(|&id| district.task(id).is_some_and(|it| sees(&it.incident)));
        cut.volunteers.retain(|&id| self.has_id(district, id));
        cut
    }
}

/// The rows that a commit has changed for the leader of `team`.
pub fn team_rows(view: &View<'_>, touched: &Touched, team: TeamId) -> Option<DeskRows> {
    let scope = Scope::of(view.district, team);
    desk_rows(view, &scope.cut(view.district, touched))
}

/// Writes one part of his snapshot. True when it is the last.
pub fn team_page(view: &View<'_>, team: TeamId, cursor: &mut Cursor, page: &mut Page) -> bool {
    let scope = Scope::of(view.district, team);
    filtered_page(view, cursor, page, |_| true, |it| scope.sees(view.district, it), |it| scope.has(it))
}
