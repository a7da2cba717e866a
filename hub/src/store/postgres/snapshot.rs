//! Snapshots, in parts: each part is a statement of its own, beside the writer's connection.

use bytes::{Bytes, BytesMut};
use sqlx::{PgConnection, Row};

use super::append::{number, one_or_fenced};
use super::failure::failure;
use crate::store::checksum;
use crate::store::error::JournalError;
use crate::store::journal::Answer;
use crate::store::rows::{Fence, SNAPSHOTS_KEPT, Snapshot, SnapshotMark};

/// Writes one part. Parts of a snapshot that was never finished are overwritten or dropped later.
pub async fn put_part(conn: &mut PgConnection, fence: Fence, seq: u64, part: u32, body: Bytes) -> Answer<()> {
    let sql = "INSERT INTO snapshot_part (district, seq, part, sum, body) \
               SELECT district, $4, $5, $6, $7 FROM head WHERE district = $1 AND term = $2 AND owner = $3 \
               ON CONFLICT (district, seq, part) DO UPDATE SET sum = excluded.sum, body = excluded.body";
    let put = sqlx::query(sql)
        .bind(i64::from(fence.district))
        .bind(fence.term.cast_signed())
        .bind(fence.owner)
        .bind(seq.cast_signed())
        .bind(i64::from(part))
        .bind(checksum::of_part(fence.district, seq, part, &body).to_vec())
        .bind(&body[..]);
    one_or_fenced(put.execute(conn).await.map_err(failure)?.rows_affected(), fence)
}

/// Declares the snapshot complete and drops what is older than the ones kept.
pub async fn finish(conn: &mut PgConnection, fence: Fence, mark: SnapshotMark) -> Answer<()> {
    if mark.is_base {
        check_parts(conn, fence.district, mark).await?;
    }
    let sql = "INSERT INTO snapshot (district, seq, at_ms, parts, is_base) \
               SELECT district, $4, $5, $6, $7 FROM head WHERE district = $1 AND term = $2 AND owner = $3 \
               ON CONFLICT (district, seq) DO UPDATE SET at_ms = excluded.at_ms, parts = excluded.parts, \
                   is_base = snapshot.is_base OR excluded.is_base";
    let put = sqlx::query(sql)
        .bind(i64::from(fence.district))
        .bind(fence.term.cast_signed())
        .bind(fence.owner)
        .bind(mark.seq.cast_signed())
        .bind(mark.at_ms)
        .bind(i64::from(mark.parts))
        .bind(mark.is_base);
    one_or_fenced(put.execute(&mut *conn).await.map_err(failure)?.rows_affected(), fence)?;
    drop_old(conn, fence.district).await
}

/// Between the parts of an old state, another snapshot may have been finished and have dropped them as leftovers. The desk
/// finishes one after the other.
async fn check_parts(conn: &mut PgConnection, district: u32, mark: SnapshotMark) -> Answer<()> {
    let sql = "SELECT count(*) FROM snapshot_part WHERE district = $1 AND seq = $2 AND part < $3";
    let select = sqlx::query_scalar(sql).bind(i64::from(district)).bind(mark.seq.cast_signed());
    let found: i64 = select.bind(i64::from(mark.parts)).fetch_one(conn).await.map_err(failure)?;
    if found == i64::from(mark.parts) { Ok(()) } else { Err(JournalError::base_in_parts(mark.seq)) }
}

/// All but the newest ones, and the state that the log begins with; one that it no longer begins with goes too.
async fn drop_old(conn: &mut PgConnection, district: u32) -> Answer<()> {
    let sql = "WITH o AS (SELECT min(seq) AS seq FROM \
                            (SELECT seq FROM snapshot WHERE district = $1 ORDER BY seq DESC LIMIT $2) newest), \
                    b AS (SELECT seq FROM snapshot WHERE district = $1 AND is_base \
                          AND (seq + 1 >= (SELECT min(seq) FROM event WHERE district = $1)) IS NOT FALSE), \
                    s AS (DELETE FROM snapshot USING o WHERE snapshot.district = $1 AND snapshot.seq < o.seq \
                          AND snapshot.seq NOT IN (SELECT seq FROM b)) \
               DELETE FROM snapshot_part USING o WHERE snapshot_part.district = $1 AND snapshot_part.seq < o.seq \
               AND snapshot_part.seq NOT IN (SELECT seq FROM b)";
    let drop = sqlx::query(sql).bind(i64::from(district)).bind(i64::from(SNAPSHOTS_KEPT));
    drop.execute(conn).await.map_err(failure)?;
    Ok(())
}

/// The newest complete snapshot at or below `seq_max`, its parts checked and joined.
pub async fn latest(conn: &mut PgConnection, district: u32, seq_max: u64) -> Answer<Option<Snapshot>> {
    let sql = "SELECT seq, at_ms, parts FROM snapshot WHERE district = $1 AND seq <= $2 ORDER BY seq DESC LIMIT 1";
    let select = sqlx::query(sql).bind(i64::from(district)).bind(i64::try_from(seq_max).unwrap_or(i64::MAX));
    let Some(row) = select.fetch_optional(&mut *conn).await.map_err(failure)? else { return Ok(None) };
    let seq = row.try_get::<i64, _>(0).map_err(failure)?.cast_unsigned();
    let parts = number(&row, 2).map_err(failure)?;
    let body = join_parts(conn, district, seq, parts).await?;
    Ok(Some(Snapshot { seq, at_ms: row.try_get(1).map_err(failure)?, body }))
}

async fn join_parts(conn: &mut PgConnection, district: u32, seq: u64, parts: u32) -> Answer<Bytes> {
    let sql = "SELECT sum, body FROM snapshot_part WHERE district = $1 AND seq = $2 AND part = $3";
    let mut whole = BytesMut::new();
    for part in 0..parts {
        let select = sqlx::query(sql).bind(i64::from(district)).bind(seq.cast_signed()).bind(i64::from(part));
        let row = select.fetch_optional(&mut *conn).await.map_err(failure)?;
        let torn =
            || JournalError::corrupt(district, seq, format!("snapshot part {part} of {parts} is missing or torn"));
        let row = row.ok_or_else(torn)?;
        let sum: &[u8] = row.try_get(0).map_err(failure)?;
        let body: &[u8] = row.try_get(1).map_err(failure)?;
        if sum != checksum::of_part(district, seq, part, body) {
            return Err(torn());
        }
        whole.extend_from_slice(body);
    }
    Ok(whole.freeze())
}
