//! A state on its way into the journal: encoded part by part while the parts before are written, so that a snapshot of
//! any size takes no more memory than a few parts.

use std::io::{self, Write};

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::mpsc;

use super::error::JournalError;
use super::journal::{Answer, Journal};
use super::rows::{Fence, SNAPSHOT_PART_BYTES_MAX, SnapshotMark};

/// Encoded parts that may wait to be written; at the limit the encoder waits.
const PARTS_WAITING_MAX: usize = 2;

/// Stores `state` as [`store`] does, as what the log is to begin with.
///
/// # Errors
/// As [`store`].
pub async fn store_base<J: Journal>(
    journal: &J,
    fence: Fence,
    (seq, at_ms): (u64, i64),
    state: impl Serialize + Send + 'static,
) -> Answer<()> {
    put(journal, fence, SnapshotMark { seq, at_ms, parts: 0, is_base: true }, state).await
}

/// Stores `state` as it is after commit `seq`. Encodes on a thread of its own; the journal writes between its appends.
///
/// # Errors
/// The journal's. A part that fails ends the encoding; what was written of it counts for nothing.
pub async fn store<J: Journal>(
    journal: &J,
    fence: Fence,
    (seq, at_ms): (u64, i64),
    state: impl Serialize + Send + 'static,
) -> Answer<()> {
    put(journal, fence, SnapshotMark { seq, at_ms, parts: 0, is_base: false }, state).await
}

async fn put<J: Journal>(
    journal: &J,
    fence: Fence,
    mark: SnapshotMark,
    state: impl Serialize + Send + 'static,
) -> Answer<()> {
    let (parts, mut encoded) = mpsc::channel(PARTS_WAITING_MAX);
    let encoder = tokio::task::spawn_blocking(move || encode(&state, parts));
    let mut count = 0;
    while let Some(part) = encoded.recv().await {
        journal.put_snapshot_part(fence, mark.seq, count, part).await?;
        count += 1;
    }
    // Only a whole encoding is declared complete.
    let done = encoder.await.map_err(|err| JournalError::Failed(format!("a snapshot: {err}")))?;
    done.map_err(|err| JournalError::Failed(format!("a snapshot: {err}")))?;
    journal.finish_snapshot(fence, SnapshotMark { parts: count, ..mark }).await
}

fn encode(state: &impl Serialize, parts: mpsc::Sender<Bytes>) -> io::Result<()> {
    let mut cutter = Cutter { part: Vec::with_capacity(SNAPSHOT_PART_BYTES_MAX), parts };
    serde_json::to_writer(&mut cutter, state)?;
    cutter.cut()
}

/// Cuts what is written to it into parts of exactly [`SNAPSHOT_PART_BYTES_MAX`], the last one shorter.
struct Cutter {
    part: Vec<u8>,
    parts: mpsc::Sender<Bytes>,
}

impl Cutter {
    fn cut(&mut self) -> io::Result<()> {
        let part = std::mem::replace(&mut self.part, Vec::with_capacity(SNAPSHOT_PART_BYTES_MAX));
        // Whoever writes has given up.
        self.parts.blocking_send(part.into()).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }
}

impl Write for Cutter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.part.len() == SNAPSHOT_PART_BYTES_MAX {
            self.cut()?;
        }
        let room = SNAPSHOT_PART_BYTES_MAX - self.part.len();
        let taken = bytes.len().min(room);
        self.part.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::store::MemoryJournal;

    #[tokio::test]
    async fn what_is_stored_in_parts_comes_back_whole() {
        let journal = MemoryJournal::new();
        let head = journal.claim(1, Uuid::new_v4()).await.unwrap();
        // Around the borders of a part: two quotes are written beside the letters.
        for letters in [0, 1, SNAPSHOT_PART_BYTES_MAX - 2, SNAPSHOT_PART_BYTES_MAX - 1, 3 * SNAPSHOT_PART_BYTES_MAX] {
            let state = "a".repeat(letters);
            let seq = letters as u64;
            store(&journal, head.fence(), (seq, 7), state.clone()).await.unwrap();
            let found = journal.snapshot(1, seq).await.unwrap().expect("it was finished");
            assert_eq!((found.seq, found.at_ms), (seq, 7));
            assert_eq!(serde_json::from_slice::<String>(&found.body).unwrap(), state);
        }
    }

    #[tokio::test]
    async fn a_fenced_writer_stores_nothing_and_leaves_no_encoder_behind() {
        let journal = MemoryJournal::new();
        let stale = journal.claim(1, Uuid::new_v4()).await.unwrap();
        journal.claim(1, Uuid::new_v4()).await.unwrap();
        let stored = store(&journal, stale.fence(), (5, 0), "a".repeat(9 * SNAPSHOT_PART_BYTES_MAX)).await;
        assert!(matches!(stored, Err(JournalError::Fenced { .. })), "{stored:?}");
        assert_eq!(journal.snapshot(1, u64::MAX).await.unwrap(), None);
    }
}
