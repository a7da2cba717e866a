//! How a client gives commands: each under its own id, kept and sent again until it is answered.

use std::collections::BTreeMap;

use matcher::{Actor, BodyHash, Command, CommandId, Request};

use super::chance::Chance;

/// How long a client waits before it sends the same again.
const AGAIN_AFTER_MS: std::ops::RangeInclusive<u64> = 1_500..=5_000;

/// What a client has asked and not been answered yet.
#[derive(Debug)]
pub struct Post {
    actor: Actor,
    waiting: BTreeMap<CommandId, (Request, u64)>,
    chance: Chance,
}

impl Post {
    pub fn new(actor: Actor, chance: Chance) -> Self {
        Self { actor, waiting: BTreeMap::new(), chance }
    }

    /// Takes a command on; it goes out with the next [`Post::due`].
    pub fn put(&mut self, now_ms: u64, command: Command) -> CommandId {
        let id = CommandId(self.chance.bits());
        self.put_as(now_ms, id, command);
        id
    }

    /// As [`Post::put`], under a given id: a client that repeats himself, or that has mixed up his ids.
    pub fn put_as(&mut self, now_ms: u64, id: CommandId, command: Command) {
        let body_hash = BodyHash(hash(&command));
        let request = Request { id, body_hash, actor: self.actor, command };
        self.waiting.insert(id, (request, now_ms));
    }

    /// Requests to send now: new ones, and those that have waited too long for an answer.
    pub fn due(&mut self, now_ms: u64) -> Vec<Request> {
        let chance = &mut self.chance;
        let due = self.waiting.values_mut().filter(|(_, at_ms)| *at_ms <= now_ms);
        due.map(|(request, at_ms)| {
            *at_ms = now_ms + chance.of(AGAIN_AFTER_MS);
            request.clone()
        })
        .collect()
    }

    pub fn next_ms(&self) -> Option<u64> {
        self.waiting.values().map(|(_, at_ms)| *at_ms).min()
    }

    /// The request that `id` names, which is now answered.
    pub fn answered(&mut self, id: CommandId) -> Option<Request> {
        self.waiting.remove(&id).map(|(request, _)| request)
    }

    /// The app was killed and had written nothing down, except alarms.
    pub fn forget(&mut self) {
        self.waiting.retain(|_, (request, _)| request.command.is_alarm());
    }

    pub fn len(&self) -> usize {
        self.waiting.len()
    }
}

/// FNV-1a over the JSON of a body: any hash does, as long as it is the same each time.
pub fn hash(body: &impl serde::Serialize) -> u64 {
    let bytes = serde_json::to_vec(body).expect("commands have string keys and finite numbers");
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}
