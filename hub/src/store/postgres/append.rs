//! Writes that are fenced by the head: claim, append, beat. Each is one statement, so there is no moment at which a
//! frozen hub could hold the head locked.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::failure::failure;
use crate::store::checksum;
use crate::store::error::JournalError;
use crate::store::journal::Answer;
use crate::store::rows::{Append, Fence, Head};

/// The head's columns in the order in which [`head_of`] reads them.
const HEAD: &str = "district, last_seq, term, owner, history, beat_at_ms, format, wake_seq";

/// The server's timeline: the first eight hexadecimal digits of the name of the file it writes to.
const TIMELINE: &str = "('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int";

/// Moves the head by compare-and-set and inserts everything, or nothing: when the head does not move, `h` is empty and
/// so is every insert that reads from it.
const APPEND: &str = "\
    WITH h AS (UPDATE head SET last_seq = last_seq + $5 \
               WHERE district = $1 AND term = $2 AND owner = $3 AND last_seq = $4 RETURNING 1), \
         e AS (INSERT INTO event (district, seq, term, at_ms, sum, body) \
               SELECT $1, $4 + u.nth, $2, u.at_ms, u.sum, u.body \
               FROM h, UNNEST($6::bigint[], $7::bytea[], $8::bytea[]) WITH ORDINALITY u (at_ms, sum, body, nth) \
               RETURNING 1), \
         a AS (INSERT INTO event_about (district, incident, seq) \
               SELECT $1, u.incident, u.seq FROM h, UNNEST($9::bigint[], $10::bigint[]) u (incident, seq) RETURNING 1), \
         s AS (INSERT INTO sealed (reference, district, seq, body) \
               SELECT u.reference, $1, $4 + $5, u.body FROM h, UNNEST($11::uuid[], $12::bytea[]) u (reference, body) \
               RETURNING 1) \
    SELECT (SELECT count(*) FROM e), (SELECT count(*) FROM a), (SELECT count(*) FROM s)";

fn head_of(row: &PgRow) -> Result<Head, sqlx::Error> {
    Ok(Head {
        district: number(row, 0)?,
        last_seq: row.try_get::<i64, _>(1)?.cast_unsigned(),
        term: row.try_get::<i64, _>(2)?.cast_unsigned(),
        owner: row.try_get(3)?,
        history: row.try_get(4)?,
        beat_at_ms: row.try_get(5)?,
        format: row.try_get::<i32, _>(6)?.cast_unsigned(),
        wake_seq: row.try_get::<i64, _>(7)?.cast_unsigned(),
    })
}

/// A small number from a column of large ones.
pub fn number(row: &PgRow, column: usize) -> Result<u32, sqlx::Error> {
    u32::try_from(row.try_get::<i64, _>(column)?).map_err(|err| sqlx::Error::Decode(Box::new(err)))
}

/// The head of a district, if it has one.
pub async fn head(conn: &mut PgConnection, district: u32) -> Answer<Option<Head>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {HEAD} FROM head WHERE district = $1"));
    let row = sqlx::query(sql).bind(i64::from(district)).fetch_optional(conn).await.map_err(failure)?;
    row.as_ref().map(head_of).transpose().map_err(failure)
}

/// A wish to lead.
#[derive(Clone, Copy)]
pub struct Claim {
    pub district: u32,
    pub owner: Uuid,
    /// The end of the log may be lost at a failover of the database.
    pub may_lose: bool,
    /// The newest form of rows that the hub reads; a new log begins with it.
    pub format_max: u32,
}

/// Takes the next term for `owner`; makes the head of a new district. A log of a newer hub is left alone. Where the end
/// of the log may be lost at a failover (`may_lose`), another timeline means another history.
pub async fn claim(conn: &mut PgConnection, claim: Claim) -> Answer<Head> {
    let Claim { district, owner, may_lose, format_max } = claim;
    let sql = format!(
        "INSERT INTO head (district, term, owner, history, format, beaten_at, timeline) \
         VALUES ($1, 1, $2, $3, $4, clock_timestamp(), {TIMELINE}) \
         ON CONFLICT (district) DO UPDATE SET term = head.term + 1, owner = excluded.owner, \
             beaten_at = excluded.beaten_at, timeline = excluded.timeline, \
             history = CASE WHEN $5 AND head.timeline <> excluded.timeline THEN excluded.history ELSE head.history END \
         WHERE head.format <= excluded.format RETURNING {HEAD}"
    );
    let claim = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(i64::from(district)).bind(owner).bind(Uuid::new_v4());
    let claim = claim.bind(format_max.cast_signed()).bind(may_lose);
    match claim.fetch_optional(&mut *conn).await.map_err(failure)? {
        Some(row) => head_of(&row).map_err(failure),
        None => {
            let found = head(conn, district).await?.map_or(0, |head| head.format);
            Err(JournalError::Format { district, found, known: format_max })
        }
    }
}

/// The group commit.
pub async fn append(conn: &mut PgConnection, batch: Append) -> Answer<()> {
    let Fence { district, term, owner } = batch.fence;
    let numbered = (batch.last_seq + 1..).zip(&batch.commits);
    debug_assert!(numbered.clone().all(|(seq, commit)| seq == commit.seq), "the writer numbers commits from the head");
    let sum = |(seq, commit): (u64, &crate::store::CommitRow)| {
        checksum::of_commit(district, seq, term, commit.at_ms, &commit.body).to_vec()
    };
    let append = sqlx::query(APPEND)
        .bind(i64::from(district))
        .bind(term.cast_signed())
        .bind(owner)
        .bind(batch.last_seq.cast_signed())
        .bind(batch.commits.len() as i64)
        .bind(batch.commits.iter().map(|commit| commit.at_ms).collect::<Vec<_>>())
        .bind(numbered.map(sum).collect::<Vec<_>>())
        .bind(batch.commits.iter().map(|commit| &commit.body[..]).collect::<Vec<_>>())
        .bind(batch.about.iter().map(|about| about.incident.cast_signed()).collect::<Vec<_>>())
        .bind(batch.about.iter().map(|about| about.seq.cast_signed()).collect::<Vec<_>>())
        .bind(batch.sealed.iter().map(|row| row.reference).collect::<Vec<_>>())
        .bind(batch.sealed.iter().map(|row| &row.body[..]).collect::<Vec<_>>());
    let row = append.fetch_one(conn).await.map_err(failure)?;
    let counted = |column| row.try_get::<i64, _>(column).map_err(failure);
    let stored = (counted(0)?, counted(1)?, counted(2)?);
    let wanted = (batch.commits.len() as i64, batch.about.len() as i64, batch.sealed.len() as i64);
    match stored {
        (0, _, _) => Err(fenced(batch.fence)),
        stored if stored == wanted => Ok(()),
        // Cannot be: the statement is one. Were it so, only reading again would tell.
        _ => Err(JournalError::Unknown { detail: format!("stored {stored:?} of {wanted:?}") }),
    }
}

/// Says that the leader lives, by its own clock and by the server's.
pub async fn beat(conn: &mut PgConnection, fence: Fence, now_ms: i64) -> Answer<()> {
    let sql = "UPDATE head SET beat_at_ms = $4, beaten_at = clock_timestamp() \
               WHERE district = $1 AND term = $2 AND owner = $3";
    let Fence { district, term, owner } = fence;
    let beat = sqlx::query(sql).bind(i64::from(district)).bind(term.cast_signed()).bind(owner).bind(now_ms);
    one_or_fenced(beat.execute(conn).await.map_err(failure)?.rows_affected(), fence)
}

/// Gives the log a new identity.
pub async fn renew_history(conn: &mut PgConnection, fence: Fence) -> Answer<Uuid> {
    let (history, Fence { district, term, owner }) = (Uuid::new_v4(), fence);
    let sql = "UPDATE head SET history = $4 WHERE district = $1 AND term = $2 AND owner = $3";
    let renew = sqlx::query(sql).bind(i64::from(district)).bind(term.cast_signed()).bind(owner).bind(history);
    one_or_fenced(renew.execute(conn).await.map_err(failure)?.rows_affected(), fence)?;
    Ok(history)
}

/// Zero rows moved means that somebody else leads.
pub fn one_or_fenced(rows: u64, fence: Fence) -> Answer<()> {
    if rows == 1 { Ok(()) } else { Err(fenced(fence)) }
}

fn fenced(fence: Fence) -> JournalError {
    JournalError::Fenced { district: fence.district, term: fence.term }
}
