//! Who did what: rows whose hash covers the row before, so that none can be changed or taken out unseen (I13).
//!
//! hash = SHA-256(previous hash || canonical bytes); the first row's previous hash is 32 zero bytes. Canonical bytes: the
//! row's number and time as big-endian 64-bit integers, then each text as its length (64-bit) and its UTF-8 bytes. No
//! personal data: actors and resources are numbers.

use std::path::Path;

use futures_util::{FutureExt, TryStreamExt};
use matcher::Actor;
use sha2::{Digest, Sha256};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::error::Answer;
use super::office::Office;
use super::once::Once;
use super::rows::now;
use super::shelf::Shelf;

/// One act to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    pub actor: Actor,
    /// `show_phone`, `add_account`.
    pub verb: &'static str,
    /// `volunteer/1000000041`.
    pub resource: String,
    /// What else must be known, without personal data; may be empty.
    pub detail: String,
}

/// The first row that does not fit the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the audit chain breaks at row {row}: it was changed, or a row before it was taken out")]
pub struct AuditFault {
    pub row: i64,
}

const FIRST: [u8; 32] = [0; 32];

impl Office {
    /// Keeps one act.
    pub async fn audit(&self, entry: AuditEntry) -> Answer<()> {
        self.audit_once(entry, None).await
    }

    /// Keeps one act, once under a key.
    ///
    /// # Errors
    /// `IdempotencyConflict`.
    pub async fn audit_once(&self, entry: AuditEntry, once: Option<Once>) -> Answer<()> {
        self.write_once(once, move |conn| put(conn, entry).boxed()).await
    }

    /// Checks the chain of this office, from the first row. `Ok(Ok(rows))`: it holds.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn check_audit(&self) -> anyhow::Result<Result<u64, AuditFault>> {
        let mut conn = self.0.reader().await?;
        check_chain(&mut conn).await
    }

    /// The same for the office in `folder`, on which no hub runs; nothing of it is touched.
    ///
    /// # Errors
    /// When `office.db` cannot be read.
    pub async fn verify_audit(folder: &Path) -> anyhow::Result<Result<u64, AuditFault>> {
        let mut conn = Shelf::look(folder).await?;
        check_chain(&mut conn).await
    }
}

/// Keeps one act inside a transaction.
pub(super) async fn put(conn: &mut AnyConnection, entry: AuditEntry) -> Answer<()> {
    let last = sqlx::query("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1").fetch_optional(&mut *conn).await?;
    let (id, previous) = match last {
        Some(row) => (row.try_get::<i64, _>("id")? + 1, row.try_get::<Vec<u8>, _>("hash")?),
        None => (1, FIRST.to_vec()),
    };
    let (at, actor) = (now().0, actor_text(entry.actor));
    let hash = link(&previous, id, at, [&actor, entry.verb, &entry.resource, &entry.detail]);
    let sql = "INSERT INTO audit (id, at, actor, verb, resource, detail, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let insert = sqlx::query(sql).bind(id).bind(at).bind(actor).bind(entry.verb);
    insert.bind(entry.resource).bind(entry.detail).bind(&hash[..]).execute(conn).await?;
    Ok(())
}

async fn check_chain(conn: &mut AnyConnection) -> anyhow::Result<Result<u64, AuditFault>> {
    let mut rows = sqlx::query("SELECT * FROM audit ORDER BY id").fetch(conn);
    let (mut previous, mut count) = (FIRST.to_vec(), 0u64);
    while let Some(row) = rows.try_next().await? {
        let (id, hash) = (row.try_get::<i64, _>("id")?, row.try_get::<Vec<u8>, _>("hash")?);
        count += 1;
        if id != count.cast_signed() || hash != expected(&previous, &row)? {
            return Ok(Err(AuditFault { row: id }));
        }
        previous = hash;
    }
    Ok(Ok(count))
}

fn expected(previous: &[u8], row: &AnyRow) -> anyhow::Result<[u8; 32]> {
    let texts: [&str; 4] =
        [row.try_get("actor")?, row.try_get("verb")?, row.try_get("resource")?, row.try_get("detail")?];
    Ok(link(previous, row.try_get("id")?, row.try_get("at")?, texts))
}

fn link(previous: &[u8], id: i64, at: i64, texts: [&str; 4]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(previous);
    hash.update(id.to_be_bytes());
    hash.update(at.to_be_bytes());
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().into()
}

fn actor_text(actor: Actor) -> String {
    match actor {
        Actor::Volunteer(id) => format!("volunteer/{id}"),
        Actor::Desk(id) => format!("account/{id}"),
        Actor::Resident(key) => format!("resident/{:016x}", key.0),
        Actor::Integration(id) => format!("integration/{id}"),
        Actor::System => "system".to_owned(),
    }
}
