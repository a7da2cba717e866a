//! People in need: they call, they call again, they take it back.

use matcher::{Actor, CallSource, CallerKey, Command, CommandId, NewIncident};

use super::chance::Chance;
use super::post::Post;
use super::replica::Replica;
use super::town::{GRIDS, KINDS, street};

/// One resident with a device.
pub struct Caller {
    pub key: CallerKey,
    pub replica: Replica,
    pub post: Post,
    alarms: Vec<(CommandId, NewIncident)>,
    chance: Chance,
}

impl Caller {
    pub fn new(key: CallerKey, chance: Chance) -> Self {
        let post = Post::new(Actor::Resident(key), chance.clone());
        Self { key, replica: Replica::default(), post, alarms: Vec::new(), chance }
    }

    /// Does what frightened people do.
    pub fn call(&mut self, now_ms: u64) {
        let before = self.chance.pick(&self.alarms);
        match (self.chance.of(0..=9), before) {
            // Pressed again: the same id, the same words.
            (0, Some((id, new))) => self.post.put_as(now_ms, id, Command::RaiseAlarm(new)),
            // A client that mixes up its ids.
            (1, Some((id, new))) => {
                let other = NewIncident { kind: "fall".into(), drill: !new.drill, ..new };
                self.post.put_as(now_ms, id, Command::RaiseAlarm(other));
            }
            (2, Some((alarm, _))) => {
                self.post.put(now_ms, Command::CancelAlarm { alarm });
            }
            // The same thing once more, as a new call.
            (3, Some((_, new))) => self.raise(now_ms, new),
            (_, _) => {
                let new = self.trouble();
                self.raise(now_ms, new);
            }
        }
    }

    fn raise(&mut self, now_ms: u64, new: NewIncident) {
        let id = self.post.put(now_ms, Command::RaiseAlarm(new.clone()));
        self.alarms.push((id, new));
    }

    fn trouble(&mut self) -> NewIncident {
        let kind = self.chance.pick(&KINDS).expect("there are kinds");
        let source = self.chance.pick(&[CallSource::Button, CallSource::Phone, CallSource::Web]);
        // Some houses are in trouble more often, so that calls meet; some places are unknown, or nowhere near.
        let east_m = self.chance.pick(&[200, 210, 260, 1_400, self.chance.clone().of(0..=GRIDS * 500 - 1)]);
        let position = match self.chance.of(0..=9) {
            0 => None,
            1 => Some(street(90_000)),
            _ => east_m.map(street),
        };
        NewIncident {
            kind: kind.into(),
            source: source.expect("there are sources"),
            position,
            fallback: self.chance.permille(500).then(|| street(1_000)),
            caller: Some(self.key),
            raised_by: None,
            sealed: None,
            drill: self.chance.permille(50),
            roles: None,
        }
    }
}
