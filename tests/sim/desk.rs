//! An operator who does everything that a desk can do, on what his screen shows, which may be old.

use matcher::*;
use serde_json::Value;

use super::chance::Chance;
use super::post::Post;
use super::replica::{Replica, id_of};
use super::town::{MENU_KIND, street};

/// A desk with its screen.
pub struct Desk {
    pub replica: Replica,
    pub post: Post,
    chance: Chance,
}

impl Desk {
    pub fn new(account: AccountId, chance: Chance) -> Self {
        Self { replica: Replica::default(), post: Post::new(Actor::Desk(account), chance.clone()), chance }
    }

    fn one(&mut self, list: &str, fits: impl Fn(&Value) -> bool) -> Option<u64> {
        let ids: Vec<u64> = self.replica.list(list).filter(|row| fits(row)).map(|row| id_of(row, "id")).collect();
        self.chance.pick(&ids)
    }

    fn incident(&mut self, ended: bool) -> Option<IncidentId> {
        let fits = |row: &Value| ["closed", "cancelled", "duplicate_of"].iter().any(|s| row["state"] == *s) == ended;
        self.one("incidents", fits).map(IncidentId)
    }

    fn assignment(&mut self) -> Option<AssignmentId> {
        let fits = |row: &Value| ["assigned", "en_route", "on_scene"].iter().any(|s| row["state"] == *s);
        self.one("assignments", fits).map(AssignmentId)
    }

    fn volunteer(&mut self) -> Option<VolunteerId> {
        self.one("volunteers", |_| true).map(VolunteerId)
    }

    /// Gives one command, or none if there is nothing to give it about.
    pub fn work(&mut self, now_ms: u64) {
        if let Some(command) = self.think() {
            self.post.put(now_ms, command);
        }
    }

    fn think(&mut self) -> Option<Command> {
        match self.chance.of(0..=19) {
            0..=3 => Some(Command::Assign { incident: self.incident(false)?, volunteer: self.volunteer()? }),
            4..=5 => Some(Command::Substitute { assignment: self.assignment()?, by: self.volunteer()? }),
            6 => Some(Command::Reassign { assignment: self.assignment()?, to: self.incident(false)? }),
            7 => Some(Command::StandDown { incident: self.incident(false)?, assignment: None }),
            8 => self.stand_down_one(),
            9 => Some(Command::Escalate { incident: self.incident(false)? }),
            10..=11 => Some(Command::Merge { duplicate: self.incident(false)?, into: self.incident(false)? }),
            12 => Some(Command::Unmerge { incident: self.incident(true)?, call: None }),
            13 => self.unmerge_call(),
            14 => Some(Command::Cancel { incident: self.incident(false)?, words: None }),
            15 => self.close(),
            16..=17 => Some(Command::Reopen { incident: self.incident(true)? }),
            18 => self.complete(),
            _ => Some(self.request_or_settle()),
        }
    }

    fn stand_down_one(&mut self) -> Option<Command> {
        let id = self.assignment()?;
        let row = self.replica.rows.get(&("assignments".to_owned(), id.to_string()))?;
        Some(Command::StandDown { incident: IncidentId(id_of(row, "incident")), assignment: Some(id) })
    }

    fn unmerge_call(&mut self) -> Option<Command> {
        let call = self.one("calls", |_| true)?;
        let row = self.replica.rows.get(&("calls".to_owned(), call.to_string()))?;
        Some(Command::Unmerge { incident: IncidentId(id_of(row, "incident")), call: Some(CallId(call)) })
    }

    fn close(&mut self) -> Option<Command> {
        use Disposition::{FalseAlarm, HandedOver, NobodyFound, Resolved};
        let endings = [Resolved, FalseAlarm, NobodyFound, HandedOver(PublicService::Ambulance)];
        let disposition = self.chance.pick(&endings)?;
        Some(Command::Close { incident: self.incident(false)?, disposition, words: None })
    }

    fn complete(&mut self) -> Option<Command> {
        use TaskOutcome::{Done, NotReached, TakenOver};
        let task = TaskId(self.one("tasks", |row| row["outcome"].is_null())?);
        Some(Command::CompleteTask { task, outcome: self.chance.pick(&[Done, TakenOver, NotReached])? })
    }

    fn request_or_settle(&mut self) -> Command {
        match self.chance.of(0..=5) {
            0 => Command::SetDrill { on: self.chance.permille(500) },
            1 => self.incident(false).map_or(Command::SetDrill { on: false }, |incident| Command::AddNote {
                incident,
                note: SealedRef(self.chance.bits()),
            }),
            _ => Command::RequestService(NewIncident {
                kind: MENU_KIND.into(),
                source: CallSource::Desk,
                position: Some(street(self.chance.of(0..=2_900))),
                fallback: None,
                caller: None,
                raised_by: None,
                sealed: None,
                drill: false,
                roles: None,
            }),
        }
    }
}
