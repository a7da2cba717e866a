//! The journal that the settings have chosen: whoever composes a hub has one type for either.

use bytes::Bytes;
use uuid::Uuid;

use super::journal::{Answer, Journal};
use super::rows::{
    About, Append, CommitRow, Fence, Head, IntakeRow, Pulse, SealedRow, Snapshot, SnapshotMark, WakeOutcome, WakeRow,
    WakeSlot,
};
use super::{PostgresJournal, Shorten, SqliteJournal};

/// One of the two that last.
#[derive(Clone)]
pub enum ChosenJournal {
    /// Embedded: this hub alone.
    Sqlite(SqliteJournal),
    /// Shared by several hubs.
    Postgres(PostgresJournal),
}

impl ChosenJournal {
    /// Whether other hubs may write it.
    pub fn is_shared(&self) -> bool {
        matches!(self, ChosenJournal::Postgres(_))
    }

    /// Closes it in order, after which another process may open it.
    pub async fn close(self) {
        match self {
            ChosenJournal::Sqlite(journal) => journal.close().await,
            // Its connections end with the last handle; the server needs no farewell.
            ChosenJournal::Postgres(journal) => drop(journal),
        }
    }
}

/// Hands a call on to whichever it is.
macro_rules! hand_on {
    ($of:ident: $($name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)* $(+ { $($more:item)* })?) => {
        impl $of for ChosenJournal {
            $(async fn $name(&self, $($argument: $kind),*) -> Answer<$answer> {
                match self {
                    ChosenJournal::Sqlite(journal) => journal.$name($($argument),*).await,
                    ChosenJournal::Postgres(journal) => journal.$name($($argument),*).await,
                }
            })*
            $($($more)*)?
        }
    };
}

hand_on! { Shorten:
    begin_after(fence: Fence, seq: u64) -> ();
    remove_about(fence: Fence, to_seq: u64, after: About) -> Option<About>;
    remove(fence: Fence, base_seq: u64) -> u64;
}

hand_on! { Journal:
    claim(district: u32, owner: Uuid) -> Head;
    head(district: u32) -> Option<Head>;
    districts() -> Vec<u32>;
    append(batch: Append) -> ();
    read(district: u32, after_seq: u64, limit: usize) -> Vec<CommitRow>;
    terms_fallen(district: u32) -> Vec<u64>;
    read_about(district: u32, incident: u64, after_seq: u64, limit: usize) -> Vec<CommitRow>;
    unseal(references: Vec<Uuid>) -> Vec<SealedRow>;
    sealed(district: u32, seq_max: u64, after: Uuid) -> Vec<SealedRow>;
    erase(references: Vec<Uuid>) -> u64;
    put_snapshot_part(fence: Fence, seq: u64, part: u32, body: Bytes) -> ();
    finish_snapshot(fence: Fence, mark: SnapshotMark) -> ();
    snapshot(district: u32, seq_max: u64) -> Option<Snapshot>;
    enqueue_wakes(fence: Fence, from_seq: u64, to_seq: u64, slots: Vec<WakeSlot>) -> ();
    due_wakes(district: u32, now_ms: i64, limit: usize) -> Vec<WakeRow>;
    settle_wakes(fence: Fence, outcomes: Vec<(i64, WakeOutcome)>) -> ();
    beat(fence: Fence, now_ms: i64) -> ();
    renew_history(fence: Fence) -> Uuid;
    attend(district: u32, owner: Uuid) -> u32;
    depart(district: u32, owner: Uuid) -> ();
    raise_format(fence: Fence, format: u32) -> ();
    pulse(district: u32) -> Pulse;
    put_intake(row: IntakeRow) -> ();
    intake(district: u32) -> Vec<IntakeRow>;
    mark_intake(district: u32, commands: Vec<Uuid>) -> ();
    + {
        fn reads(&self) -> u32 {
            match self {
                ChosenJournal::Sqlite(journal) => journal.reads(),
                ChosenJournal::Postgres(journal) => journal.reads(),
            }
        }

        fn is_low_on_space(&self) -> bool {
            match self {
                ChosenJournal::Sqlite(journal) => journal.is_low_on_space(),
                ChosenJournal::Postgres(journal) => journal.is_low_on_space(),
            }
        }
    }
}
