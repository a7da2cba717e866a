//! Who may do what: one pure function over one table, default deny. HTTP, commands and streams ask it.
//!
//! It knows roles, districts, teams and ownership; it does not know tokens (that is the office) nor whether an offer
//! stands (that is the core).

use matcher::{CallerKey, DistrictId, TeamId, VolunteerId};
use wire::server::Role;

use crate::engine::StreamView;
use crate::records::{Identity, Subject};

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Raise an alarm, or take one's own back.
    RaiseAlarm,
    RequestService,
    /// Duty, receipts, answers and milestones of a volunteer.
    Serve,
    /// All that the desk does with an incident.
    Dispatch,
    /// Turn drills on and off.
    SetDrill,
    /// Incidents with their calls, offers, timeline and explanations, and the desk's stream.
    ReadCases,
    /// A caller's words and number, or a volunteer's; audited.
    ReadContact,
    /// The wall's stream.
    ReadWall,
    /// The stream of what is one's own.
    ReadOwn,
    /// Grids, plans, skills and the menu: what everybody may know.
    ReadPlan,
    /// The list of volunteers and teams.
    ReadVolunteers,
    /// Change grids, teams and plans.
    Define,
    Enrol,
    ManageUsers,
    /// CAP 1.2 messages, in and out.
    ExchangeCap,
}

impl Verb {
    pub const ALL: [Verb; 15] = [
        Self::RaiseAlarm,
        Self::RequestService,
        Self::Serve,
        Self::Dispatch,
        Self::SetDrill,
        Self::ReadCases,
        Self::ReadContact,
        Self::ReadWall,
        Self::ReadOwn,
        Self::ReadPlan,
        Self::ReadVolunteers,
        Self::Define,
        Self::Enrol,
        Self::ManageUsers,
        Self::ExchangeCap,
    ];
}

/// What it is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource {
    pub district: DistrictId,
    pub owner: Owner,
}

/// Whose a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    District,
    Team(TeamId),
    Volunteer(VolunteerId),
    Caller(CallerKey),
}

impl Resource {
    pub fn of(district: DistrictId) -> Self {
        Self { district, owner: Owner::District }
    }

    pub fn owned(district: DistrictId, owner: Owner) -> Self {
        Self { district, owner }
    }
}

/// How far a role's right reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Never,
    /// What is one's own, in one's districts.
    Own,
    /// What belongs to one's team, in one's districts.
    Team,
    /// Everything of one's districts.
    District,
    /// In every district: an alarm's place decides.
    Anywhere,
}

/// Whether `actor` may do `verb` to `resource`. Default deny.
pub fn allow(actor: &Identity, verb: Verb, resource: Resource) -> bool {
    let here = actor.districts.contains(&resource.district);
    match reach(actor.role, verb) {
        Reach::Never => false,
        Reach::Own => here && owns(actor, resource.owner),
        Reach::Team => here && actor.team.is_some_and(|team| resource.owner == Owner::Team(team)),
        Reach::District => here,
        Reach::Anywhere => true,
    }
}

/// Whether `verb` may reach anything at all of `district`: for lists, which show only what each row allows.
pub fn may_look(actor: &Identity, verb: Verb, district: DistrictId) -> bool {
    reach(actor.role, verb) != Reach::Never && actor.districts.contains(&district)
}

fn owns(actor: &Identity, owner: Owner) -> bool {
    match (owner, actor.subject, actor.actor) {
        (Owner::Volunteer(whose), Subject::Volunteer(who), _) => whose == who,
        (Owner::Caller(whose), _, matcher::Actor::Resident(who)) => whose == who,
        _ => false,
    }
}

fn reach(role: Role, verb: Verb) -> Reach {
    match role {
        Role::Resident => resident(verb),
        Role::Volunteer => volunteer(verb),
        Role::TeamLeader => team_leader(verb),
        Role::Operator => operator(verb),
        Role::Reviewer => reviewer(verb),
        Role::Wall => wall(verb),
        Role::Admin => admin(verb),
        Role::Integration => integration(verb),
    }
}

/// Own calls; the helper's first name and time of arrival.
fn resident(verb: Verb) -> Reach {
    match verb {
        Verb::RaiseAlarm => Reach::Anywhere,
        Verb::RequestService | Verb::ReadPlan => Reach::District,
        Verb::ReadOwn => Reach::Own,
        _ => Reach::Never,
    }
}

/// Own offers; exact address and phone only after accept.
fn volunteer(verb: Verb) -> Reach {
    match verb {
        Verb::RaiseAlarm => Reach::Anywhere,
        Verb::RequestService | Verb::ReadPlan => Reach::District,
        Verb::Serve | Verb::ReadOwn | Verb::ReadContact => Reach::Own,
        _ => Reach::Never,
    }
}

/// Own team and grids.
fn team_leader(verb: Verb) -> Reach {
    match verb {
        Verb::RaiseAlarm => Reach::Anywhere,
        Verb::RequestService | Verb::ReadPlan | Verb::ReadWall => Reach::District,
        Verb::Serve | Verb::Dispatch | Verb::ReadCases | Verb::ReadContact | Verb::ReadVolunteers | Verb::Enrol => {
            Reach::Team
        }
        _ => Reach::Never,
    }
}

/// The district; also for a volunteer who answers by phone.
fn operator(verb: Verb) -> Reach {
    match verb {
        Verb::RaiseAlarm => Reach::Anywhere,
        Verb::ReadOwn | Verb::Define | Verb::ManageUsers => Reach::Never,
        _ => Reach::District,
    }
}

/// Orders to review: none before the menu's orders exist.
fn reviewer(verb: Verb) -> Reach {
    match verb {
        Verb::RaiseAlarm => Reach::Anywhere,
        Verb::ReadPlan => Reach::District,
        _ => Reach::Never,
    }
}

/// Read only.
fn wall(verb: Verb) -> Reach {
    match verb {
        Verb::ReadWall | Verb::ReadPlan => Reach::District,
        _ => Reach::Never,
    }
}

/// Users and settings, no case content.
fn admin(verb: Verb) -> Reach {
    match verb {
        Verb::RaiseAlarm => Reach::Anywhere,
        Verb::SetDrill | Verb::ReadPlan | Verb::ReadVolunteers | Verb::Define | Verb::Enrol | Verb::ManageUsers => {
            Reach::District
        }
        _ => Reach::Never,
    }
}

/// Another system: brings calls and hears of alerts by CAP.
fn integration(verb: Verb) -> Reach {
    match verb {
        Verb::RaiseAlarm | Verb::RequestService | Verb::ReadPlan | Verb::ExchangeCap => Reach::District,
        _ => Reach::Never,
    }
}

/// What `who` sees of a district's stream; `None` when he has no right to any. Asked when a stream is built: a change of
/// role, district or team ends the session, and with it the socket.
pub fn stream_view(who: &Identity, district: DistrictId, key: impl Fn(VolunteerId) -> CallerKey) -> Option<StreamView> {
    let own = |owner| allow(who, Verb::ReadOwn, Resource::owned(district, owner));
    match (who.role, who.actor) {
        (Role::Volunteer, matcher::Actor::Volunteer(id)) => {
            own(Owner::Volunteer(id)).then(|| StreamView::Volunteer { id, caller: Some(key(id)) })
        }
        (Role::Resident, matcher::Actor::Resident(caller)) => {
            own(Owner::Caller(caller)).then_some(StreamView::Resident(caller))
        }
        (Role::TeamLeader, _) => {
            let team = who.team?;
            let his = allow(who, Verb::ReadCases, Resource::owned(district, Owner::Team(team)));
            his.then_some(StreamView::Team(team))
        }
        _ if allow(who, Verb::ReadCases, Resource::of(district)) => Some(StreamView::Desk),
        _ if allow(who, Verb::ReadWall, Resource::of(district)) => Some(StreamView::Wall),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use matcher::{AccountId, Actor, Timestamp};

    use super::*;
    use crate::records::SessionId;

    const HERE: DistrictId = DistrictId(1);
    const THERE: DistrictId = DistrictId(2);
    const TEAM: TeamId = TeamId(1_000_000_001);
    const ME: VolunteerId = VolunteerId(1_000_000_001);
    const MY_KEY: CallerKey = CallerKey(7);

    fn identity(role: Role) -> Identity {
        let (subject, actor) = match role {
            Role::Resident => (Subject::Device(1), Actor::Resident(MY_KEY)),
            Role::Volunteer => (Subject::Volunteer(ME), Actor::Volunteer(ME)),
            _ => (Subject::Account(AccountId(1)), Actor::Desk(AccountId(1))),
        };
        Identity {
            session: SessionId(1),
            subject,
            actor,
            role,
            districts: vec![HERE],
            team: (role == Role::TeamLeader).then_some(TEAM),
            name: String::new(),
            home: None,
            expires_at: Timestamp(i64::MAX),
        }
    }

    /// Every cell: the letters say to which of these six resources the verb reaches.
    /// D district here, T own team, t another team, V own as volunteer or caller, v another's, X district elsewhere.
    const TABLE: [(Verb, [&str; 8]); 15] = [
        //                  resident  volunteer leader  operator reviewer  wall     admin    integration
        (Verb::RaiseAlarm, ["DTtVvX", "DTtVvX", "DTtVvX", "DTtVvX", "DTtVvX", "", "DTtVvX", "DTtVv"]),
        (Verb::RequestService, ["DTtVv", "DTtVv", "DTtVv", "DTtVv", "", "", "", "DTtVv"]),
        (Verb::Serve, ["", "V", "T", "DTtVv", "", "", "", ""]),
        (Verb::Dispatch, ["", "", "T", "DTtVv", "", "", "", ""]),
        (Verb::SetDrill, ["", "", "", "DTtVv", "", "", "DTtVv", ""]),
        (Verb::ReadCases, ["", "", "T", "DTtVv", "", "", "", ""]),
        (Verb::ReadContact, ["", "V", "T", "DTtVv", "", "", "", ""]),
        (Verb::ReadWall, ["", "", "DTtVv", "DTtVv", "", "DTtVv", "", ""]),
        (Verb::ReadOwn, ["V", "V", "", "", "", "", "", ""]),
        (Verb::ReadPlan, ["DTtVv", "DTtVv", "DTtVv", "DTtVv", "DTtVv", "DTtVv", "DTtVv", "DTtVv"]),
        (Verb::ReadVolunteers, ["", "", "T", "DTtVv", "", "", "DTtVv", ""]),
        (Verb::Define, ["", "", "", "", "", "", "DTtVv", ""]),
        (Verb::Enrol, ["", "", "T", "DTtVv", "", "", "DTtVv", ""]),
        (Verb::ManageUsers, ["", "", "", "", "", "", "DTtVv", ""]),
        (Verb::ExchangeCap, ["", "", "", "DTtVv", "", "", "", "DTtVv"]),
    ];

    fn resources(role: Role) -> [(char, Resource); 6] {
        let mine = if role == Role::Resident { Owner::Caller(MY_KEY) } else { Owner::Volunteer(ME) };
        let other = if role == Role::Resident { Owner::Caller(CallerKey(8)) } else { Owner::Volunteer(VolunteerId(9)) };
        [
            ('D', Resource::of(HERE)),
            ('T', Resource::owned(HERE, Owner::Team(TEAM))),
            ('t', Resource::owned(HERE, Owner::Team(TeamId(5)))),
            ('V', Resource::owned(HERE, mine)),
            ('v', Resource::owned(HERE, other)),
            ('X', Resource::of(THERE)),
        ]
    }

    #[test]
    fn every_cell_of_the_table() {
        assert_eq!(TABLE.map(|(verb, _)| verb), Verb::ALL);
        for (verb, row) in TABLE {
            for (role, expected) in Role::ALL.into_iter().zip(row) {
                let actor = identity(role);
                let reached = resources(role).into_iter().filter(|(_, resource)| allow(&actor, verb, *resource));
                let reached: String = reached.map(|(letter, _)| letter).collect();
                assert_eq!(reached, expected, "{role:?} {verb:?}");
            }
        }
    }

    /// Own things in another district are not reached by a right that is bound to districts.
    #[test]
    fn ownership_does_not_cross_districts() {
        for role in [Role::Resident, Role::Volunteer] {
            let owner = resources(role)[3].1.owner;
            assert!(!allow(&identity(role), Verb::ReadOwn, Resource::owned(THERE, owner)));
        }
    }
}
