//! The wall's view: masked names, rounded places, no personal data.

use matcher::state::VolunteerRecord;
use matcher::{Assignment, AssignmentState, District, Grid, Incident, Place, Position, Timestamp};
use wire::rows::{WallAssignmentRow, WallIncidentRow, WallRows, WallVolunteerRow};
use wire::{Id, Place as WirePlace};

use super::desk::grid_row;
use super::incident::{is_sensitive, kind_name, progress, time};
use super::page::{Cursor, Page};
use super::{View, gone, rounded, words};
use crate::engine::touched::{Table, Touched};

/// How long an incident that has ended stays on walls that start anew, milliseconds.
const ENDED_SHOWN_MS: u64 = 10 * matcher::MINUTE_MS;

/// What a sensitive kind is called on a wall.
const SENSITIVE_KIND: &str = "求助";

/// Who is responsible while nobody has accepted.
const DESK: &str = "值班台";

/// Lists that a wall knows: others are not its business even to forget.
const TABLES: [Table; 4] = ["grids", "volunteers", "incidents", "assignments"];

/// The rows that a commit has changed for walls; `None` when there is nothing to show.
pub fn wall_rows(view: &View<'_>, touched: &Touched) -> Option<WallRows> {
    let district = view.district;
    let rows = WallRows {
        district: touched.district.then(|| view.district_row()),
        gone: gone(touched.gone.iter().filter(|(table, _)| TABLES.contains(table))),
        grids: touched.grids.iter().filter_map(|&id| district.grid(id)).map(|it| grid_row(view, it)).collect(),
        volunteers: touched
            .volunteers
            .iter()
            .filter_map(|&id| district.volunteer(id))
            .map(|it| volunteer_row(view, it))
            .collect(),
        incidents: touched
            .incidents
            .iter()
            .filter_map(|&id| district.incident(id))
            .map(|it| incident_row(view, it))
            .collect(),
        assignments: touched.assignments.iter().filter_map(|&id| district.assignment(id)).map(assignment_row).collect(),
    };
    (rows != WallRows::default()).then_some(rows)
}

/// Writes one part of the wall's snapshot. True when it is the last.
pub fn wall_page(view: &View<'_>, cursor: &mut Cursor, page: &mut Page) -> bool {
    let district = view.district;
    let shown = || district.incidents().filter(|it| is_shown(it, district.at));
    loop {
        let is_through = match cursor.stage {
            0 => {
                page.member("district", &view.district_row());
                true
            }
            1 => page.feed("grids", district.grids().map(|it| grid_row(view, it)), cursor),
            2 => page.feed("incidents", shown().map(|it| incident_row(view, it)), cursor),
            3 => {
                let assignments = shown().flat_map(|it| &it.assignments).filter_map(|&id| district.assignment(id));
                page.feed("assignments", assignments.map(assignment_row), cursor)
            }
            4 => page.feed("volunteers", district.volunteers().map(|it| volunteer_row(view, it)), cursor),
            _ => return true,
        };
        if !is_through {
            return false;
        }
        *cursor = Cursor { stage: cursor.stage + 1, at: 0 };
    }
}

fn is_shown(incident: &Incident, now: Timestamp) -> bool {
    !incident.state.ended() || incident.ended_at.is_some_and(|at| now.since_ms(at) < ENDED_SHOWN_MS)
}

fn volunteer_row(view: &View<'_>, record: &VolunteerRecord) -> WallVolunteerRow {
    let profile = &record.profile;
    WallVolunteerRow {
        id: Id(profile.id.0),
        name: view.names.masked(profile.id),
        class: words::class(profile.class),
        home_grid: Id(profile.home_grid.0),
        duty: words::duty(record.duty.status),
        engaged: !record.assignments.is_empty(),
    }
}

fn incident_row(view: &View<'_>, incident: &Incident) -> WallIncidentRow {
    let district = view.district;
    let sensitive = is_sensitive(district, incident);
    WallIncidentRow {
        id: Id(incident.id.0),
        class: words::incident_class(incident.class),
        kind_name: if sensitive { SENSITIVE_KIND.to_owned() } else { kind_name(district, incident) },
        urgency: words::urgency(incident.urgency),
        sensitive,
        drill: incident.drill,
        grid: Id(incident.place.grid.0),
        place: if sensitive { middle_of_grid(district, incident.place) } else { rounded(incident.place.position) },
        opened_at: time(incident.opened_at),
        ended_at: incident.ended_at.map(time),
        state: words::incident_state(incident.state),
        progress: progress(district, incident),
        responsible: responsible(view, incident),
    }
}

/// The middle of the box around the grid's outer rings; the rounded place when the grid is not known.
fn middle_of_grid(district: &District, place: Place) -> WirePlace {
    district.grid(place.grid).and_then(middle).map_or_else(|| rounded(place.position), rounded)
}

fn middle(grid: &Grid) -> Option<Position> {
    let points = || grid.shape.iter().flat_map(|polygon| &polygon.outer);
    let between = |low: i32, high: i32| low + (high - low) / 2;
    let lat_e7 = between(points().map(|it| it.lat_e7).min()?, points().map(|it| it.lat_e7).max()?);
    let lng_e7 = between(points().map(|it| it.lng_e7).min()?, points().map(|it| it.lng_e7).max()?);
    Some(Position { lat_e7, lng_e7 })
}

/// The first who goes, by masked name; the desk until then.
fn responsible(view: &View<'_>, incident: &Incident) -> String {
    let assignments = incident.assignments.iter().filter_map(|&id| view.district.assignment(id));
    let first = assignments.filter(|it| it.state.active()).min_by_key(|it| (it.made_at, it.id));
    first.map_or_else(|| DESK.to_owned(), |it| view.names.masked(it.volunteer))
}

fn assignment_row(assignment: &Assignment) -> WallAssignmentRow {
    let state: AssignmentState = assignment.state;
    WallAssignmentRow {
        id: Id(assignment.id.0),
        incident: Id(assignment.incident.0),
        volunteer: Id(assignment.volunteer.0),
        state: words::assignment_state(state),
    }
}
