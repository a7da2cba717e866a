//! What a subscription may see: a filter over one log. The edge asks `allow` and then builds one of these.

use matcher::{CallerKey, TeamId, VolunteerId};

use super::touched::Person;

/// A view of a district.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamView {
    /// Operators: everything but sealed text and numbers.
    Desk,
    /// A team leader: the desk's rows as far as his team reaches.
    Team(TeamId),
    /// Wall screens: masked.
    Wall,
    /// A volunteer: himself, what he was asked, and his own calls.
    Volunteer {
        /// Who he is.
        id: VolunteerId,
        /// Under which key his device calls.
        caller: Option<CallerKey>,
    },
    /// A resident: own calls.
    Resident(CallerKey),
}

/// Views that many share: encoded once for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// [`StreamView::Desk`].
    Desk,
    /// [`StreamView::Team`].
    Team(TeamId),
    /// [`StreamView::Wall`].
    Wall,
}

impl StreamView {
    /// The group it belongs to; `None` for a person's own view.
    pub fn group(self) -> Option<Group> {
        match self {
            StreamView::Desk => Some(Group::Desk),
            StreamView::Team(team) => Some(Group::Team(team)),
            StreamView::Wall => Some(Group::Wall),
            StreamView::Volunteer { .. } | StreamView::Resident(_) => None,
        }
    }

    /// Under which names its own frames are kept, but for what [`Person::Everybody`] is told: a volunteer's calls may have
    /// come before he was known.
    pub fn persons(self) -> Vec<Person> {
        match self {
            StreamView::Desk | StreamView::Team(_) | StreamView::Wall => Vec::new(),
            StreamView::Volunteer { id, caller } => {
                std::iter::once(Person::Volunteer(id)).chain(caller.map(Person::Caller)).collect()
            }
            StreamView::Resident(caller) => vec![Person::Caller(caller)],
        }
    }
}
