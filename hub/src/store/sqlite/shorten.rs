//! Taking archived commits out: each step a short transaction, so appends go on between them.

use sqlx::{Row, SqliteConnection};

use super::append::one_or_fenced;
use super::desk::{Desk, failure};
use super::snapshot::check_fence;
use crate::store::error::JournalError;
use crate::store::journal::Answer;
use crate::store::rows::{About, Fence, REMOVED_ROWS_MAX};

/// The log is to begin after `seq`.
pub async fn begin_after(desk: &mut Desk, fence: Fence, seq: u64) -> Answer<()> {
    desk.atomically(async |conn| {
        check_fence(conn, fence).await?;
        let begin = sqlx::query("UPDATE head SET last_seq = ? WHERE district = ? AND last_seq = 0");
        let begun = begin.bind(seq.cast_signed()).bind(fence.district).execute(conn).await.map_err(failure)?;
        one_or_fenced(begun.rows_affected(), fence)
    })
    .await
}

/// Looks at the next entries of the index and removes those of archived commits.
pub async fn remove_about(desk: &mut Desk, fence: Fence, to_seq: u64, after: About) -> Answer<Option<About>> {
    desk.atomically(async |conn| {
        check_fence(conn, fence).await?;
        let Some(last) = last_of_next(conn, fence.district, after).await? else { return Ok(None) };
        let sql = "DELETE FROM event_about WHERE district = ? AND (incident, seq) > (?, ?) \
                   AND (incident, seq) <= (?, ?) AND seq <= ?";
        sqlx::query(sql)
            .bind(fence.district)
            .bind(after.incident.cast_signed())
            .bind(after.seq.cast_signed())
            .bind(last.incident.cast_signed())
            .bind(last.seq.cast_signed())
            .bind(to_seq.cast_signed())
            .execute(conn)
            .await
            .map_err(failure)?;
        Ok(Some(last))
    })
    .await
}

async fn last_of_next(conn: &mut SqliteConnection, district: u32, after: About) -> Answer<Option<About>> {
    let sql = "SELECT incident, seq FROM (SELECT incident, seq FROM event_about WHERE district = ? \
               AND (incident, seq) > (?, ?) ORDER BY incident, seq LIMIT ?) ORDER BY incident DESC, seq DESC LIMIT 1";
    let select = sqlx::query(sql).bind(district).bind(after.incident.cast_signed()).bind(after.seq.cast_signed());
    let row = select.bind(REMOVED_ROWS_MAX as i64).fetch_optional(conn).await.map_err(failure)?;
    let about = |row: sqlx::sqlite::SqliteRow| {
        let (incident, seq): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        Ok(About { incident: incident.cast_unsigned(), seq: seq.cast_unsigned() })
    };
    row.map(about).transpose().map_err(failure)
}

/// Removes the oldest commits up to the base, if it is there.
pub async fn remove(desk: &mut Desk, fence: Fence, base_seq: u64) -> Answer<u64> {
    desk.atomically(async |conn| {
        check_fence(conn, fence).await?;
        let select = sqlx::query("SELECT 1 FROM snapshot WHERE district = ? AND seq = ? AND is_base");
        let base = select.bind(fence.district).bind(base_seq.cast_signed()).fetch_optional(&mut *conn).await;
        if base.map_err(failure)?.is_none() {
            return Err(JournalError::no_base_at(fence.district, base_seq));
        }
        let sql = "DELETE FROM event WHERE district = ?1 AND seq <= ?2 \
                   AND seq < (SELECT min(seq) FROM event WHERE district = ?1) + ?3 \
                   AND seq < (SELECT last_seq FROM head WHERE district = ?1)";
        let delete = sqlx::query(sql).bind(fence.district).bind(base_seq.cast_signed()).bind(REMOVED_ROWS_MAX as i64);
        Ok(delete.execute(conn).await.map_err(failure)?.rows_affected())
    })
    .await
}
