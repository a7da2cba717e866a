//! Taking archived commits out, each step one statement. The desk does them one after the other with the ends of snapshots,
//! so that none of those drops a base between its last part and its row.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::append::one_or_fenced;
use super::failure::failure;
use crate::store::error::JournalError;
use crate::store::journal::Answer;
use crate::store::rows::{About, Fence, REMOVED_ROWS_MAX};

/// The log is to begin after `seq`.
pub async fn begin_after(conn: &mut PgConnection, fence: Fence, seq: u64) -> Answer<()> {
    let sql = "UPDATE head SET last_seq = $4 WHERE district = $1 AND term = $2 AND owner = $3 AND last_seq = 0";
    let begin = sqlx::query(sql).bind(i64::from(fence.district)).bind(fence.term.cast_signed()).bind(fence.owner);
    let begun = begin.bind(seq.cast_signed()).execute(conn).await.map_err(failure)?;
    one_or_fenced(begun.rows_affected(), fence)
}

/// Looks at the next entries of the index and removes those of archived commits.
pub async fn remove_about(conn: &mut PgConnection, fence: Fence, to_seq: u64, after: About) -> Answer<Option<About>> {
    let sql = "WITH h AS (SELECT 1 FROM head WHERE district = $1 AND term = $2 AND owner = $3), \
                    n AS (SELECT incident, seq FROM event_about WHERE district = $1 AND (incident, seq) > ($5, $6) \
                          ORDER BY incident, seq LIMIT $7), \
                    d AS (DELETE FROM event_about a USING n, h WHERE a.district = $1 AND a.incident = n.incident \
                          AND a.seq = n.seq AND n.seq <= $4) \
               SELECT (SELECT count(*) FROM h), l.incident, l.seq FROM (SELECT 1) one LEFT JOIN \
               (SELECT incident, seq FROM n ORDER BY incident DESC, seq DESC LIMIT 1) l ON TRUE";
    let remove = sqlx::query(sql).bind(i64::from(fence.district)).bind(fence.term.cast_signed()).bind(fence.owner);
    let remove = remove.bind(to_seq.cast_signed()).bind(after.incident.cast_signed()).bind(after.seq.cast_signed());
    let row = remove.bind(REMOVED_ROWS_MAX as i64).fetch_one(conn).await.map_err(failure)?;
    one_or_fenced(row.try_get::<i64, _>(0).map_err(failure)?.cast_unsigned(), fence)?;
    last(&row).map_err(failure)
}

fn last(row: &PgRow) -> Result<Option<About>, sqlx::Error> {
    let (incident, seq): (Option<i64>, Option<i64>) = (row.try_get(1)?, row.try_get(2)?);
    let about = |(incident, seq): (i64, i64)| About { incident: incident.cast_unsigned(), seq: seq.cast_unsigned() };
    Ok(incident.zip(seq).map(about))
}

/// Removes the oldest commits up to the base, if it is there.
pub async fn remove(conn: &mut PgConnection, fence: Fence, base_seq: u64) -> Answer<u64> {
    let sql = "WITH h AS (SELECT last_seq FROM head WHERE district = $1 AND term = $2 AND owner = $3), \
                    b AS (SELECT h.last_seq FROM snapshot, h WHERE district = $1 AND seq = $4 AND is_base), \
                    d AS (DELETE FROM event USING b WHERE event.district = $1 AND event.seq <= $4 \
                          AND event.seq < (SELECT min(seq) FROM event WHERE district = $1) + $5 \
                          AND event.seq < b.last_seq RETURNING 1) \
               SELECT (SELECT count(*) FROM h), (SELECT count(*) FROM b), (SELECT count(*) FROM d)";
    let remove = sqlx::query(sql).bind(i64::from(fence.district)).bind(fence.term.cast_signed()).bind(fence.owner);
    let remove = remove.bind(base_seq.cast_signed()).bind(REMOVED_ROWS_MAX as i64);
    let row = remove.fetch_one(conn).await.map_err(failure)?;
    let counted = |column| row.try_get::<i64, _>(column).map(i64::cast_unsigned).map_err(failure);
    one_or_fenced(counted(0)?, fence)?;
    if counted(1)? == 0 {
        return Err(JournalError::no_base_at(fence.district, base_seq));
    }
    counted(2)
}
