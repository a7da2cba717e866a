//! Reads: commits with their sums checked, sealed rows, districts.

use bytes::Bytes;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use super::desk::{blob, failure, uuid_at};
use crate::store::checksum;
use crate::store::error::JournalError;
use crate::store::journal::Answer;
use crate::store::rows::{CommitRow, READ_ROWS_MAX, SealedRow};

/// Commits after `after_seq`; stops at the first that is missing or whose sum is wrong.
pub async fn commits(
    conn: &mut SqliteConnection,
    district: u32,
    after_seq: u64,
    limit: usize,
) -> Answer<Vec<CommitRow>> {
    let sql = "SELECT seq, term, at_ms, sum, body FROM event WHERE district = ? AND seq > ? ORDER BY seq LIMIT ?";
    let rows = sqlx::query(sql)
        .bind(district)
        .bind(signed(after_seq))
        .bind(limit.min(READ_ROWS_MAX) as i64)
        .fetch_all(&mut *conn)
        .await
        .map_err(failure)?;
    if let Some(first_seq) = first_beyond(conn, district, after_seq, rows.first()).await? {
        return Err(JournalError::Archived { district, first_seq });
    }
    // Rows first: beyond the last seq there is no next one to count to.
    rows.iter().zip(1..).map(|(row, nth)| next_commit(district, after_seq.saturating_add(nth), row)).collect()
}

/// Where the log begins, if that is why `row` is not the one after `after_seq`.
async fn first_beyond(
    conn: &mut SqliteConnection,
    district: u32,
    after_seq: u64,
    row: Option<&SqliteRow>,
) -> Answer<Option<u64>> {
    let Some(row) = row else { return Ok(None) };
    let found: i64 = row.try_get(0).map_err(failure)?;
    if found.cast_unsigned() == after_seq + 1 {
        return Ok(None);
    }
    let select = sqlx::query_scalar("SELECT min(seq) FROM event WHERE district = ?").bind(district);
    let first: i64 = select.fetch_one(conn).await.map_err(failure)?;
    Ok((first == found).then_some(first.cast_unsigned()))
}

/// A seq as the database counts: what is beyond its range is beyond every log.
fn signed(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// Commits about one incident after `after_seq`.
pub async fn commits_about(
    conn: &mut SqliteConnection,
    district: u32,
    incident: u64,
    after_seq: u64,
    limit: usize,
) -> Answer<Vec<CommitRow>> {
    let sql = "SELECT e.seq, e.term, e.at_ms, e.sum, e.body FROM event_about a \
               JOIN event e ON e.district = a.district AND e.seq = a.seq \
               WHERE a.district = ? AND a.incident = ? AND a.seq > ? ORDER BY a.seq LIMIT ?";
    let rows = sqlx::query(sql)
        .bind(district)
        .bind(incident.cast_signed())
        .bind(signed(after_seq))
        .bind(limit.min(READ_ROWS_MAX) as i64)
        .fetch_all(conn)
        .await
        .map_err(failure)?;
    rows.iter().map(|row| commit(district, row)).collect()
}

fn next_commit(district: u32, due_seq: u64, row: &SqliteRow) -> Answer<CommitRow> {
    let commit = commit(district, row)?;
    if commit.seq != due_seq {
        let what = format!("a missing commit (the next is {})", commit.seq);
        return Err(JournalError::corrupt(district, due_seq, what));
    }
    Ok(commit)
}

fn commit(district: u32, row: &SqliteRow) -> Answer<CommitRow> {
    let seq = row.try_get::<i64, _>(0).map_err(failure)?.cast_unsigned();
    let term = row.try_get::<i64, _>(1).map_err(failure)?.cast_unsigned();
    let at_ms = row.try_get(2).map_err(failure)?;
    let sum: &[u8] = row.try_get(3).map_err(failure)?;
    let body: &[u8] = row.try_get(4).map_err(failure)?;
    if sum != checksum::of_commit(district, seq, term, at_ms, body) {
        return Err(JournalError::corrupt(district, seq, "a commit whose sum does not match"));
    }
    Ok(CommitRow { seq, at_ms, body: Bytes::copy_from_slice(body) })
}

/// The sealed rows that still exist.
pub async fn unseal(conn: &mut SqliteConnection, references: Vec<Uuid>) -> Answer<Vec<SealedRow>> {
    let mut found = Vec::with_capacity(references.len());
    for reference in references.into_iter().take(READ_ROWS_MAX) {
        let select = sqlx::query("SELECT body FROM sealed WHERE reference = ?").bind(blob(reference));
        if let Some(row) = select.fetch_optional(&mut *conn).await.map_err(failure)? {
            let body: Vec<u8> = row.try_get(0).map_err(failure)?;
            found.push(SealedRow { reference, body: body.into() });
        }
    }
    Ok(found)
}

/// Sealed rows of commits up to `seq_max`, by their references.
pub async fn sealed(conn: &mut SqliteConnection, district: u32, seq_max: u64, after: Uuid) -> Answer<Vec<SealedRow>> {
    let sql = "SELECT reference, body FROM sealed WHERE district = ? AND seq <= ? AND reference > ? \
               ORDER BY reference LIMIT ?";
    let select = sqlx::query(sql).bind(district).bind(signed(seq_max)).bind(blob(after)).bind(READ_ROWS_MAX as i64);
    let rows = select.fetch_all(conn).await.map_err(failure)?;
    let row = |row: &SqliteRow| {
        let body: Vec<u8> = row.try_get(1)?;
        Ok(SealedRow { reference: uuid_at(row, 0)?, body: body.into() })
    };
    rows.iter().map(row).collect::<Result<_, sqlx::Error>>().map_err(failure)
}

/// The districts that have a head.
pub async fn districts(conn: &mut SqliteConnection) -> Answer<Vec<u32>> {
    let rows = sqlx::query("SELECT district FROM head ORDER BY district").fetch_all(conn).await.map_err(failure)?;
    rows.iter().map(|row| row.try_get(0).map_err(failure)).collect()
}

/// Where a term falls, the first few.
pub async fn terms_fallen(conn: &mut SqliteConnection, district: u32) -> Answer<Vec<u64>> {
    let sql = "SELECT seq FROM (SELECT seq, term, LAG(term) OVER (ORDER BY seq) AS before FROM event WHERE district = ?) AS e \
               WHERE term < before ORDER BY seq LIMIT 5";
    let rows = sqlx::query(sql).bind(district).fetch_all(conn).await.map_err(failure)?;
    let seq = |row: &SqliteRow| Ok(row.try_get::<i64, _>(0)?.cast_unsigned());
    rows.iter().map(seq).collect::<Result<_, sqlx::Error>>().map_err(failure)
}
