//! Reads: commits with their sums checked, sealed rows, districts, the server's clock.

use bytes::Bytes;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::append::number;
use super::failure::failure;
use crate::store::checksum;
use crate::store::error::JournalError;
use crate::store::journal::Answer;
use crate::store::rows::{CommitRow, Pulse, READ_ROWS_MAX, SealedRow};

/// Commits after `after_seq`; stops at the first that is missing or whose sum is wrong.
pub async fn commits(conn: &mut PgConnection, district: u32, after_seq: u64, limit: usize) -> Answer<Vec<CommitRow>> {
    let sql = "SELECT seq, term, at_ms, sum, body FROM event WHERE district = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    let select = sqlx::query(sql).bind(i64::from(district)).bind(signed(after_seq)).bind(rows_of(limit));
    let rows = select.fetch_all(&mut *conn).await.map_err(failure)?;
    if let Some(first_seq) = first_beyond(conn, district, after_seq, rows.first()).await? {
        return Err(JournalError::Archived { district, first_seq });
    }
    // Rows first: beyond the last seq there is no next one to count to.
    rows.iter().zip(1..).map(|(row, nth)| next_commit(district, after_seq.saturating_add(nth), row)).collect()
}

/// Commits about one incident after `after_seq`.
pub async fn commits_about(
    conn: &mut PgConnection,
    district: u32,
    incident: u64,
    after_seq: u64,
    limit: usize,
) -> Answer<Vec<CommitRow>> {
    let sql = "SELECT e.seq, e.term, e.at_ms, e.sum, e.body FROM event_about a \
               JOIN event e ON e.district = a.district AND e.seq = a.seq \
               WHERE a.district = $1 AND a.incident = $2 AND a.seq > $3 ORDER BY a.seq LIMIT $4";
    let select = sqlx::query(sql).bind(i64::from(district)).bind(incident.cast_signed());
    let rows = select.bind(signed(after_seq)).bind(rows_of(limit)).fetch_all(conn).await.map_err(failure)?;
    rows.iter().map(|row| commit(district, row)).collect()
}

/// Where the log begins, if that is why `row` is not the one after `after_seq`.
async fn first_beyond(
    conn: &mut PgConnection,
    district: u32,
    after_seq: u64,
    row: Option<&PgRow>,
) -> Answer<Option<u64>> {
    let Some(row) = row else { return Ok(None) };
    let found: i64 = row.try_get(0).map_err(failure)?;
    if found.cast_unsigned() == after_seq + 1 {
        return Ok(None);
    }
    let select = sqlx::query_scalar("SELECT min(seq) FROM event WHERE district = $1").bind(i64::from(district));
    let first: Option<i64> = select.fetch_one(conn).await.map_err(failure)?;
    // Beside an archive that goes on, more may have gone since the rows were read.
    Ok(first.filter(|first| *first >= found).map(i64::cast_unsigned))
}

/// A seq as the database counts: what is beyond its range is beyond every log.
fn signed(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

fn rows_of(limit: usize) -> i64 {
    limit.min(READ_ROWS_MAX) as i64
}

fn next_commit(district: u32, due_seq: u64, row: &PgRow) -> Answer<CommitRow> {
    let commit = commit(district, row)?;
    if commit.seq != due_seq {
        let what = format!("a missing commit (the next is {})", commit.seq);
        return Err(JournalError::corrupt(district, due_seq, what));
    }
    Ok(commit)
}

fn commit(district: u32, row: &PgRow) -> Answer<CommitRow> {
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
pub async fn unseal(conn: &mut PgConnection, mut references: Vec<Uuid>) -> Answer<Vec<SealedRow>> {
    references.truncate(READ_ROWS_MAX);
    let select = sqlx::query("SELECT reference, body FROM sealed WHERE reference = ANY ($1)").bind(references);
    let rows = select.fetch_all(conn).await.map_err(failure)?;
    rows.iter().map(sealed_row).collect::<Result<_, sqlx::Error>>().map_err(failure)
}

/// Sealed rows of commits up to `seq_max`, by their references.
pub async fn sealed(conn: &mut PgConnection, district: u32, seq_max: u64, after: Uuid) -> Answer<Vec<SealedRow>> {
    let sql = "SELECT reference, body FROM sealed WHERE district = $1 AND seq <= $2 AND reference > $3 \
               ORDER BY reference LIMIT $4";
    let select = sqlx::query(sql).bind(i64::from(district)).bind(signed(seq_max)).bind(after);
    let rows = select.bind(READ_ROWS_MAX as i64).fetch_all(conn).await.map_err(failure)?;
    rows.iter().map(sealed_row).collect::<Result<_, sqlx::Error>>().map_err(failure)
}

fn sealed_row(row: &PgRow) -> Result<SealedRow, sqlx::Error> {
    Ok(SealedRow { reference: row.try_get(0)?, body: row.try_get::<Vec<u8>, _>(1)?.into() })
}

/// Deletes sealed rows.
pub async fn erase(conn: &mut PgConnection, references: Vec<Uuid>) -> Answer<u64> {
    let delete = sqlx::query("DELETE FROM sealed WHERE reference = ANY ($1)").bind(references);
    Ok(delete.execute(conn).await.map_err(failure)?.rows_affected())
}

/// The districts that have a head.
pub async fn districts(conn: &mut PgConnection) -> Answer<Vec<u32>> {
    let rows = sqlx::query("SELECT district FROM head ORDER BY district").fetch_all(conn).await.map_err(failure)?;
    rows.iter().map(|row| number(row, 0).map_err(failure)).collect()
}

/// The server's clock, and how long the leader of the district has been silent by it.
pub async fn pulse(conn: &mut PgConnection, district: u32) -> Answer<Pulse> {
    let sql = "SELECT (extract(epoch FROM c.now) * 1000)::bigint, \
                      (extract(epoch FROM c.now - head.beaten_at) * 1000)::bigint \
               FROM (SELECT clock_timestamp() AS now) c LEFT JOIN head ON head.district = $1";
    let row = sqlx::query(sql).bind(i64::from(district)).fetch_one(conn).await.map_err(failure)?;
    let silent: Option<i64> = row.try_get(1).map_err(failure)?;
    let silent_ms = silent.map(|ms| u64::try_from(ms).unwrap_or(0));
    Ok(Pulse { now_ms: Some(row.try_get(0).map_err(failure)?), silent_ms })
}

/// Where a term falls, the first few.
pub async fn terms_fallen(conn: &mut PgConnection, district: u32) -> Answer<Vec<u64>> {
    let sql = "SELECT seq FROM (SELECT seq, term, LAG(term) OVER (ORDER BY seq) AS before FROM event WHERE district = $1) AS e \
               WHERE term < before ORDER BY seq LIMIT 5";
    let rows = sqlx::query(sql).bind(i64::from(district)).fetch_all(conn).await.map_err(failure)?;
    let seq = |row: &PgRow| Ok(row.try_get::<i64, _>(0)?.cast_unsigned());
    rows.iter().map(seq).collect::<Result<_, sqlx::Error>>().map_err(failure)
}
