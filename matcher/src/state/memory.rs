//! Answers of the last 72 h by command id, so that a repeated command gets the same answer and takes effect once.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::shelf::{Record, Shelf};
use crate::command::Answer;
use crate::model::*;
use crate::shared;

/// How long an answer is kept.
pub const REMEMBERED_FOR_MS: u64 = 72 * HOUR_MS;
/// Answers kept; above it the oldest is forgotten early.
pub const REMEMBERED_MAX: usize = 500_000;
/// Parts that are copied separately after a clone.
const PARTS: u64 = 256;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    body_hash: BodyHash,
    answer: Answer,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Part(#[serde(with = "shared")] Arc<BTreeMap<CommandId, Kept>>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Turn {
    seq: u64,
    at: Timestamp,
    id: CommandId,
}

impl Record for Turn {
    fn key(&self) -> u64 {
        self.seq
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Memory {
    parts: BTreeMap<u64, Part>,
    turns: Shelf<Turn>,
}

impl Memory {
    pub fn get(&self, id: CommandId) -> Option<(BodyHash, &Answer)> {
        let kept = self.parts.get(&part_of(id))?.0.get(&id)?;
        Some((kept.body_hash, &kept.answer))
    }

    pub(super) fn keep(&mut self, seq: u64, at: Timestamp, id: CommandId, body_hash: BodyHash, answer: Answer) {
        let part = self.parts.entry(part_of(id)).or_default();
        Arc::make_mut(&mut part.0).insert(id, Kept { body_hash, answer });
        self.turns.put(Turn { seq, at, id });
    }

    /// Forgets what is older than 72 h, and the oldest above the limit.
    pub(super) fn forget(&mut self, now: Timestamp) {
        while let Some(turn) = self.oldest() {
            let expired = now.since_ms(turn.at) >= REMEMBERED_FOR_MS;
            if !expired && self.turns.count() <= REMEMBERED_MAX {
                return;
            }
            self.turns.take(turn.seq);
            if let Some(part) = self.parts.get_mut(&part_of(turn.id)) {
                Arc::make_mut(&mut part.0).remove(&turn.id);
            }
        }
    }

    fn oldest(&self) -> Option<Turn> {
        self.turns.iter().next().cloned()
    }
}

fn part_of(id: CommandId) -> u64 {
    (id.0 as u64 ^ (id.0 >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32 & (PARTS - 1)
}
