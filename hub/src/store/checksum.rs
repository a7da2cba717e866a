//! The sum that a stored row carries. Databases trust their disks; a sum of our own tells a torn or altered
//! row from a sound one before it is replayed.

use sha2::{Digest, Sha256};

/// Bytes of a stored sum: SHA-256, cut. Against decay, not against an enemy (the audit chain is for that).
pub const SUM_BYTES: usize = 8;

/// The sum of one commit row.
pub fn of_commit(district: u32, seq: u64, term: u64, at_ms: i64, body: &[u8]) -> [u8; SUM_BYTES] {
    let mut hash = Sha256::new();
    hash.update(district.to_le_bytes());
    hash.update(seq.to_le_bytes());
    hash.update(term.to_le_bytes());
    hash.update(at_ms.to_le_bytes());
    hash.update(body);
    cut(hash)
}

/// The sum of one part of a snapshot.
pub fn of_part(district: u32, seq: u64, part: u32, body: &[u8]) -> [u8; SUM_BYTES] {
    let mut hash = Sha256::new();
    hash.update(district.to_le_bytes());
    hash.update(seq.to_le_bytes());
    hash.update(part.to_le_bytes());
    hash.update(body);
    cut(hash)
}

fn cut(hash: Sha256) -> [u8; SUM_BYTES] {
    let mut sum = [0; SUM_BYTES];
    sum.copy_from_slice(&hash.finalize()[..SUM_BYTES]);
    sum
}
