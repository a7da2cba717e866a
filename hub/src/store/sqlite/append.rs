//! Writes that are fenced by the head: claim, append, beat.

use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use super::desk::{Desk, blob, failure, insert_sql, uuid_at};
use crate::store::checksum;
use crate::store::error::JournalError;
use crate::store::journal::Answer;
use crate::store::rows::{About, Append, CommitRow, FORMAT, Fence, Head, SealedRow};

/// Rows in one multi-row insert; a longer batch takes several, in the same transaction. Each number of rows is a
/// prepared statement of its own that is kept: more would hold tens of MB for the sake of a rare large batch.
const INSERT_ROWS_MAX: usize = 32;

const INSERT_EVENTS: &str = "INSERT INTO event (district, seq, term, at_ms, sum, body)";
const INSERT_ABOUT: &str = "INSERT INTO event_about (district, incident, seq)";
const INSERT_SEALED: &str = "INSERT INTO sealed (reference, district, seq, body)";

/// The head of a district, if it has one.
pub async fn head(conn: &mut SqliteConnection, district: u32) -> Answer<Option<Head>> {
    let sql =
        "SELECT district, last_seq, term, owner, history, beat_at_ms, format, wake_seq FROM head WHERE district = ?";
    let row = sqlx::query(sql).bind(district).fetch_optional(conn).await.map_err(failure)?;
    row.map(|row| {
        Ok(Head {
            district: row.try_get(0)?,
            last_seq: row.try_get::<i64, _>(1)?.cast_unsigned(),
            term: row.try_get::<i64, _>(2)?.cast_unsigned(),
            owner: uuid_at(&row, 3)?,
            history: uuid_at(&row, 4)?,
            beat_at_ms: row.try_get(5)?,
            format: row.try_get(6)?,
            wake_seq: row.try_get::<i64, _>(7)?.cast_unsigned(),
        })
    })
    .transpose()
    .map_err(failure)
}

/// Takes the next term for `owner`; makes the head of a new district.
pub async fn claim(desk: &mut Desk, district: u32, owner: Uuid) -> Answer<Head> {
    let history = Uuid::new_v4();
    let sql = "INSERT INTO head (district, term, owner, history, format) VALUES (?1, 1, ?2, ?3, ?4) \
               ON CONFLICT (district) DO UPDATE SET term = term + 1, owner = excluded.owner";
    let head = desk
        .atomically(async |conn| {
            let claim = sqlx::query(sql).bind(district).bind(blob(owner)).bind(blob(history)).bind(FORMAT);
            claim.execute(&mut *conn).await.map_err(failure)?;
            head(conn, district).await
        })
        .await?;
    let head = head.ok_or_else(|| JournalError::Failed(format!("district {district}: its head did not stay")))?;
    if head.format > FORMAT {
        return Err(JournalError::Format { district, found: head.format, known: FORMAT });
    }
    Ok(head)
}

/// The group commit: moves the head by compare-and-set, inserts commits and sealed rows, syncs once.
pub async fn append(desk: &mut Desk, batch: Append) -> Answer<()> {
    desk.atomically(async |conn| {
        move_head(conn, &batch).await?;
        for (chunk, commits) in batch.commits.chunks(INSERT_ROWS_MAX).enumerate() {
            let first_seq = batch.last_seq + (chunk * INSERT_ROWS_MAX) as u64 + 1;
            insert_commits(conn, batch.fence, first_seq, commits).await?;
        }
        for about in batch.about.chunks(INSERT_ROWS_MAX) {
            insert_about(conn, batch.fence.district, about).await?;
        }
        for sealed in batch.sealed.chunks(INSERT_ROWS_MAX) {
            insert_sealed(conn, &batch, sealed).await?;
        }
        Ok(())
    })
    .await
}

async fn move_head(conn: &mut SqliteConnection, batch: &Append) -> Answer<()> {
    let sql = "UPDATE head SET last_seq = last_seq + ? \
               WHERE district = ? AND term = ? AND owner = ? AND last_seq = ?";
    let Fence { district, term, owner } = batch.fence;
    let moved = sqlx::query(sql)
        .bind(batch.commits.len() as i64)
        .bind(district)
        .bind(term.cast_signed())
        .bind(blob(owner))
        .bind(batch.last_seq.cast_signed())
        .execute(conn)
        .await
        .map_err(failure)?;
    one_or_fenced(moved.rows_affected(), batch.fence)
}

async fn insert_commits(
    conn: &mut SqliteConnection,
    fence: Fence,
    first_seq: u64,
    commits: &[CommitRow],
) -> Answer<()> {
    let mut insert = sqlx::query(insert_sql(INSERT_EVENTS, 6, commits.len()));
    for (seq, commit) in (first_seq..).zip(commits) {
        debug_assert_eq!(seq, commit.seq, "the writer numbers its commits from the head");
        let sum = checksum::of_commit(fence.district, seq, fence.term, commit.at_ms, &commit.body);
        insert = insert
            .bind(fence.district)
            .bind(seq.cast_signed())
            .bind(fence.term.cast_signed())
            .bind(commit.at_ms)
            .bind(sum.to_vec())
            .bind(commit.body.to_vec());
    }
    insert.execute(conn).await.map_err(failure)?;
    Ok(())
}

async fn insert_about(conn: &mut SqliteConnection, district: u32, about: &[About]) -> Answer<()> {
    let mut insert = sqlx::query(insert_sql(INSERT_ABOUT, 3, about.len()));
    for About { incident, seq } in about {
        insert = insert.bind(district).bind(incident.cast_signed()).bind(seq.cast_signed());
    }
    insert.execute(conn).await.map_err(failure)?;
    Ok(())
}

async fn insert_sealed(conn: &mut SqliteConnection, batch: &Append, sealed: &[SealedRow]) -> Answer<()> {
    let last_seq = batch.last_seq + batch.commits.len() as u64;
    let mut insert = sqlx::query(insert_sql(INSERT_SEALED, 4, sealed.len()));
    for row in sealed {
        let reference = row.reference;
        insert = insert
            .bind(blob(reference))
            .bind(batch.fence.district)
            .bind(last_seq.cast_signed())
            .bind(row.body.to_vec());
    }
    insert.execute(conn).await.map_err(failure)?;
    Ok(())
}

/// Deletes sealed rows; `secure_delete` is not needed, since the file is rewritten over freed pages and backups are
/// the operator's to keep or drop.
pub async fn erase(desk: &mut Desk, references: Vec<Uuid>) -> Answer<u64> {
    desk.atomically(async |conn| {
        let mut erased = 0;
        for reference in &references {
            let delete = sqlx::query("DELETE FROM sealed WHERE reference = ?").bind(blob(*reference));
            erased += delete.execute(&mut *conn).await.map_err(failure)?.rows_affected();
        }
        Ok(erased)
    })
    .await
}

/// Says that the leader lives, and looks after the ballast.
pub async fn beat(desk: &mut Desk, fence: Fence, now_ms: i64) -> Answer<()> {
    desk.tend().await?;
    desk.atomically(async |conn| {
        let sql = "UPDATE head SET beat_at_ms = ? WHERE district = ? AND term = ? AND owner = ?";
        let beat =
            sqlx::query(sql).bind(now_ms).bind(fence.district).bind(fence.term.cast_signed()).bind(blob(fence.owner));
        one_or_fenced(beat.execute(conn).await.map_err(failure)?.rows_affected(), fence)
    })
    .await
}

/// Rows may have this form from now on.
pub async fn raise_format(desk: &mut Desk, fence: Fence, format: u32) -> Answer<()> {
    desk.atomically(async |conn| {
        let sql = "UPDATE head SET format = max(format, ?) WHERE district = ? AND term = ? AND owner = ?";
        let raise = sqlx::query(sql).bind(format).bind(fence.district).bind(fence.term.cast_signed());
        one_or_fenced(raise.bind(blob(fence.owner)).execute(conn).await.map_err(failure)?.rows_affected(), fence)
    })
    .await
}

/// Gives the log a new identity.
pub async fn renew_history(desk: &mut Desk, fence: Fence) -> Answer<Uuid> {
    let history = Uuid::new_v4();
    desk.atomically(async |conn| {
        let sql = "UPDATE head SET history = ? WHERE district = ? AND term = ? AND owner = ?";
        let renew = sqlx::query(sql)
            .bind(blob(history))
            .bind(fence.district)
            .bind(fence.term.cast_signed())
            .bind(blob(fence.owner));
        one_or_fenced(renew.execute(conn).await.map_err(failure)?.rows_affected(), fence)
    })
    .await?;
    Ok(history)
}

/// Zero rows moved means that somebody else leads.
pub fn one_or_fenced(rows: u64, fence: Fence) -> Answer<()> {
    match rows {
        1 => Ok(()),
        _ => Err(JournalError::Fenced { district: fence.district, term: fence.term }),
    }
}
