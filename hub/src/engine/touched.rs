//! Which rows a commit has changed, and for whom: effects, expanded by what the district knows.

use std::collections::{BTreeMap, BTreeSet};

use matcher::{
    AssignmentId, CallId, CallerKey, Command, Commit, District, DistrictId, GridId, Incident, IncidentId,
    IncidentState, KindCode, OfferId, SkillId, TaskId, TeamId, VolunteerId,
};

use super::effects::{Effect, Row, WakeWhen, effects};

/// A table of a stream: the list in `wire::rows` whose row is to be forgotten.
pub type Table = &'static str;

/// Somebody who sees only what is his own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Person {
    /// By his number.
    Volunteer(VolunteerId),
    /// By the key of the device or telephone that calls.
    Caller(CallerKey),
    /// Every volunteer and every resident: what all of them see. The last, so that whoever is also told something of his
    /// own in the same commit has had that frame, with this in it, before.
    Everybody,
}

/// What of one person's own rows has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// The district's own row.
    pub district: bool,
    /// His duty.
    pub me: bool,
    /// His offers.
    pub offers: BTreeSet<OfferId>,
    /// His assignments.
    pub assignments: BTreeSet<AssignmentId>,
    /// His calls.
    pub calls: BTreeSet<(IncidentId, CallId)>,
    /// Rows he has to forget.
    pub gone: BTreeSet<(Table, u64)>,
}

/// Everything that one commit has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    pub district: bool,
    pub skills: BTreeSet<SkillId>,
    pub teams: BTreeSet<TeamId>,
    pub plans: BTreeSet<KindCode>,
    pub grids: BTreeSet<GridId>,
    pub volunteers: BTreeSet<VolunteerId>,
    pub incidents: BTreeSet<IncidentId>,
    pub calls: BTreeSet<(IncidentId, CallId)>,
    pub offers: BTreeSet<OfferId>,
    pub assignments: BTreeSet<AssignmentId>,
    pub tasks: BTreeSet<TaskId>,
    pub gone: BTreeSet<(Table, u64)>,
    pub persons: BTreeMap<Person, Own>,
    pub wakes: Vec<(OfferId, WakeWhen)>,
    pub tells: Vec<(DistrictId, Command)>,
    pub off_map: Vec<VolunteerId>,
}

/// What leaves the state or its place in it takes with it; looked up before the commit is applied.
#[derive(Clone, Debug, Default)]
pub struct Leaving {
    gone: BTreeSet<(Table, u64)>,
    persons: Vec<(Person, Table, u64)>,
    /// Where volunteers counted who may count elsewhere from now on, or nowhere.
    grids: BTreeSet<GridId>,
}

impl Leaving {
    /// What `commit` is about to archive, and whom it may move.
    pub fn of(commit: &Commit, before: &District) -> Self {
        let mut leaving = Leaving::default();
        for effect in commit.events.iter().flat_map(effects) {
            match effect {
                Effect::Forget(Row::Incident(id)) => {
                    before.incident(id).into_iter().for_each(|it| leaving.add(it, before))
                }
                Effect::Forget(Row::Volunteer(id)) | Effect::Refresh(Row::Volunteer(id)) => {
                    leaving.grids.extend(before.volunteer(id).map(|record| record.profile.home_grid));
                }
                Effect::Refresh(_) | Effect::Forget(_) | Effect::Wake(..) | Effect::OffMap(_) | Effect::Tell(..) => {}
            }
        }
        leaving
    }

    fn add(&mut self, incident: &Incident, before: &District) {
        for call in &incident.calls {
            self.gone.insert(("calls", call.id.0));
            self.persons.extend(call.caller.map(|key| (Person::Caller(key), "alarms", call.id.0)));
        }
        for &id in &incident.offers {
            self.gone.insert(("offers", id.0));
            self.persons.extend(before.offer(id).map(|it| (Person::Volunteer(it.volunteer), "offers", id.0)));
        }
        for &id in &incident.assignments {
            self.gone.insert(("assignments", id.0));
            self.persons.extend(before.assignment(id).map(|it| (Person::Volunteer(it.volunteer), "assignments", id.0)));
        }
        self.gone.extend(incident.tasks.iter().map(|task| ("tasks", task.0)));
    }
}

impl Touched {
    /// What `commit` has changed; `after` is the district after it.
    pub fn of(commit: &Commit, leaving: Leaving, after: &District) -> Self {
        let mut touched = Touched { gone: leaving.gone, grids: leaving.grids, ..Touched::default() };
        for (person, table, id) in leaving.persons {
            touched.own(person).gone.insert((table, id));
        }
        let resumed = commit.events.iter().any(|event| matches!(event, matcher::Event::ServiceResumed { .. }));
        if resumed {
            touched.whatever_waits(after);
        }
        for effect in commit.events.iter().flat_map(effects) {
            touched.apply(effect, after);
        }
        touched.tell_callers(after);
        touched.tell_everybody();
        touched
    }

    fn own(&mut self, person: Person) -> &mut Own {
        self.persons.entry(person).or_default()
    }

    fn apply(&mut self, effect: Effect, after: &District) {
        match effect {
            Effect::Refresh(row) => self.refresh(row, after),
            Effect::Forget(row) => self.forget(row),
            Effect::Wake(offer, when) => self.wakes.push((offer, when)),
            Effect::Tell(district, command) => self.tells.push((district, *command)),
            Effect::OffMap(volunteer) => self.off_map.push(volunteer),
        }
    }

    fn refresh(&mut self, row: Row, after: &District) {
        match row {
            Row::District => self.district = true,
            Row::Skill(id) => {
                self.skills.insert(id);
            }
            Row::Team(id) => {
                self.teams.insert(id);
            }
            Row::Plan(kind) => {
                self.plans.insert(kind);
            }
            Row::Grid(id) => {
                self.grids.insert(id);
            }
            Row::Volunteer(id) => self.volunteer(id, after),
            Row::Incident(id) => self.incident(id, after),
            Row::Case(id) => self.case(id, after),
            Row::Call(incident, call) => {
                self.calls.insert((incident, call));
            }
            Row::Offer(id) => self.offer(id, after),
            Row::OffersOf(id) => self.standing_offers(id, after),
            Row::Assignment(id) => self.assignment(id, after),
            Row::Task(id) => {
                self.tasks.insert(id);
            }
        }
    }

    fn forget(&mut self, row: Row) {
        let (table, id) = match row {
            Row::Grid(id) => ("grids", id.0),
            Row::Volunteer(id) => ("volunteers", id.0),
            Row::Incident(id) | Row::Case(id) => ("incidents", id.0),
            Row::Skill(id) => ("skills", u64::from(id.0)),
            Row::Team(id) => ("teams", id.0),
            Row::Offer(id) => ("offers", id.0),
            Row::Assignment(id) => ("assignments", id.0),
            Row::Task(id) => ("tasks", id.0),
            Row::Call(_, id) => ("calls", id.0),
            // None of these is ever removed by itself.
            Row::District | Row::Plan(_) | Row::OffersOf(_) => return,
        };
        self.gone.insert((table, id));
    }

    /// What happens to a duplicate shows on what answers for it.
    fn incident(&mut self, id: IncidentId, after: &District) {
        self.incidents.insert(id);
        let mut answers = responsible(id, after);
        while self.incidents.insert(answers) {
            answers = responsible(answers, after);
        }
    }

    fn case(&mut self, id: IncidentId, after: &District) {
        self.incidents.insert(id);
        let Some(incident) = after.incident(id) else { return };
        self.calls.extend(incident.calls.iter().map(|call| (id, call.id)));
        self.offers.extend(incident.offers.iter().copied());
        self.assignments.extend(incident.assignments.iter().copied());
        self.tasks.extend(incident.tasks.iter().copied());
    }

    /// His duty counts on his home grid.
    fn volunteer(&mut self, id: VolunteerId, after: &District) {
        self.volunteers.insert(id);
        self.own(Person::Volunteer(id)).me = true;
        self.grids.extend(after.volunteer(id).map(|record| record.profile.home_grid));
    }

    /// The volunteer's own row is left alone: only `alerts_today` changed on it, and eight more rows with each wave
    /// would be most of what a wall is sent.
    fn offer(&mut self, id: OfferId, after: &District) {
        let Some(offer) = after.offer(id) else { return };
        self.offers.insert(id);
        self.incidents.insert(offer.incident);
        self.own(Person::Volunteer(offer.volunteer)).offers.insert(id);
    }

    fn assignment(&mut self, id: AssignmentId, after: &District) {
        let Some(assignment) = after.assignment(id) else { return };
        self.assignments.insert(id);
        self.incidents.insert(assignment.incident);
        self.volunteers.insert(assignment.volunteer);
        let own = self.own(Person::Volunteer(assignment.volunteer));
        own.assignments.insert(id);
        own.me = true;
        self.standing_offers(assignment.incident, after);
    }

    /// 还需 1 人: what the others who were asked see has changed too.
    fn standing_offers(&mut self, incident: IncidentId, after: &District) {
        let Some(record) = after.incident_record(incident) else { return };
        for &id in &record.standing {
            if let Some(offer) = after.offer(id) {
                self.own(Person::Volunteer(offer.volunteer)).offers.insert(id);
            }
        }
    }

    /// Deadlines of offers and the moments of next waves have moved.
    fn whatever_waits(&mut self, after: &District) {
        for incident in after.incidents().filter(|incident| !incident.state.ended()) {
            let standing = after.incident_record(incident.id).map_or(&[][..], |record| &record.standing);
            standing.iter().for_each(|&id| self.offer(id, after));
            if incident.next_wave_at.is_some() {
                self.incidents.insert(incident.id);
            }
        }
    }

    /// Whoever called sees how his incident goes.
    fn tell_callers(&mut self, after: &District) {
        let ids: Vec<IncidentId> = self.incidents.iter().copied().collect();
        for record in ids.into_iter().filter_map(|id| after.incident_record(id)) {
            let incident = &record.incident;
            for call in &incident.calls {
                let caller = call.caller.map(Person::Caller);
                if let Some(person) = caller {
                    self.own(person).calls.insert((incident.id, call.id));
                }
            }
            let raised = record.raised_by.zip(incident.calls.first());
            if let Some((volunteer, call)) = raised {
                self.own(Person::Volunteer(volunteer)).calls.insert((incident.id, call.id));
            }
        }
    }

    /// The district's own row is everybody's: its name, and whether this is a drill.
    fn tell_everybody(&mut self) {
        if self.district {
            self.own(Person::Everybody);
            self.persons.values_mut().for_each(|own| own.district = true);
        }
    }
}

/// The incidents that a commit is about, each once; `after` is the district after it or later.
pub fn incidents(commit: &Commit, after: &District) -> BTreeSet<IncidentId> {
    let mut about = BTreeSet::new();
    for effect in commit.events.iter().flat_map(effects) {
        match effect {
            Effect::Refresh(row) | Effect::Forget(row) => about.extend(incident_of(&row, after)),
            Effect::Wake(..) | Effect::OffMap(_) | Effect::Tell(..) => {}
        }
    }
    about
}

fn incident_of(row: &Row, after: &District) -> Option<IncidentId> {
    match row {
        Row::Incident(id) | Row::Case(id) | Row::Call(id, _) | Row::OffersOf(id) => Some(*id),
        Row::Offer(id) => after.offer(*id).map(|offer| offer.incident),
        Row::Assignment(id) => after.assignment(*id).map(|assignment| assignment.incident),
        Row::Task(id) => after.task(*id).map(|task| task.incident),
        Row::District | Row::Skill(_) | Row::Team(_) | Row::Plan(_) | Row::Grid(_) | Row::Volunteer(_) => None,
    }
}

/// Whether `incident` is the one that answers for a call of its own: a duplicate leaves that to what it was merged into.
pub fn answers_for(incident: &Incident, call: CallId, district: &District) -> bool {
    let IncidentState::DuplicateOf(into) = incident.state else { return true };
    !district.incident(into).is_some_and(|other| other.calls.iter().any(|it| it.id == call))
}

/// The incident that now answers for `id`: itself, or what it is a duplicate of.
pub fn responsible(id: IncidentId, district: &District) -> IncidentId {
    match district.incident(id).map(|incident| incident.state) {
        Some(IncidentState::DuplicateOf(other)) => other,
        _ => id,
    }
}
