//! Snapshots, in parts: each part is a short transaction, so appends go on between them.

use bytes::{Bytes, BytesMut};
use sqlx::{Row, SqliteConnection};

use super::append::{head, one_or_fenced};
use super::desk::{Desk, failure};
use crate::store::checksum;
use crate::store::error::JournalError;
use crate::store::journal::Answer;
use crate::store::rows::{Fence, SNAPSHOTS_KEPT, Snapshot, SnapshotMark};

/// Writes one part. Parts of a snapshot that was never finished are overwritten or dropped later.
pub async fn put_part(desk: &mut Desk, fence: Fence, seq: u64, part: u32, body: Bytes) -> Answer<()> {
    let sum = checksum::of_part(fence.district, seq, part, &body).to_vec();
    let body = body.to_vec();
    desk.atomically(async |conn| {
        check_fence(conn, fence).await?;
        sqlx::query("INSERT OR REPLACE INTO snapshot_part (district, seq, part, sum, body) VALUES (?, ?, ?, ?, ?)")
            .bind(fence.district)
            .bind(seq.cast_signed())
            .bind(part)
            .bind(sum.clone())
            .bind(body.clone())
            .execute(conn)
            .await
            .map_err(failure)?;
        Ok(())
    })
    .await
}

/// Declares the snapshot complete and drops what is older than the ones kept.
pub async fn finish(desk: &mut Desk, fence: Fence, mark: SnapshotMark) -> Answer<()> {
    desk.atomically(async |conn| {
        check_fence(conn, fence).await?;
        if mark.is_base {
            check_parts(conn, fence.district, mark).await?;
        }
        let sql = "INSERT INTO snapshot (district, seq, at_ms, parts, is_base) VALUES (?, ?, ?, ?, ?) \
                   ON CONFLICT (district, seq) DO UPDATE SET at_ms = excluded.at_ms, parts = excluded.parts, \
                       is_base = max(is_base, excluded.is_base)";
        sqlx::query(sql)
            .bind(fence.district)
            .bind(mark.seq.cast_signed())
            .bind(mark.at_ms)
            .bind(mark.parts)
            .bind(mark.is_base)
            .execute(&mut *conn)
            .await
            .map_err(failure)?;
        drop_old(conn, fence.district).await
    })
    .await
}

/// Between the parts of an old state, another snapshot may have been finished and have dropped them as leftovers.
async fn check_parts(conn: &mut SqliteConnection, district: u32, mark: SnapshotMark) -> Answer<()> {
    let select = sqlx::query_scalar("SELECT count(*) FROM snapshot_part WHERE district = ? AND seq = ? AND part < ?");
    let found: i64 =
        select.bind(district).bind(mark.seq.cast_signed()).bind(mark.parts).fetch_one(conn).await.map_err(failure)?;
    if found == i64::from(mark.parts) { Ok(()) } else { Err(JournalError::base_in_parts(mark.seq)) }
}

/// All but the newest ones, and the state that the log begins with; one that it no longer begins with goes too.
async fn drop_old(conn: &mut SqliteConnection, district: u32) -> Answer<()> {
    let oldest = "SELECT min(seq) FROM (SELECT seq FROM snapshot WHERE district = ? ORDER BY seq DESC LIMIT ?)";
    let select = sqlx::query_scalar(oldest).bind(district).bind(SNAPSHOTS_KEPT);
    let oldest: i64 = select.fetch_one(&mut *conn).await.map_err(failure)?;
    for sql in [
        "DELETE FROM snapshot WHERE district = ?1 AND seq < ?2 AND NOT \
         (is_base AND seq + 1 >= (SELECT min(seq) FROM event WHERE district = ?1))",
        "DELETE FROM snapshot_part WHERE district = ?1 AND seq < ?2 \
         AND seq NOT IN (SELECT seq FROM snapshot WHERE district = ?1)",
    ] {
        sqlx::query(sql).bind(district).bind(oldest).execute(&mut *conn).await.map_err(failure)?;
    }
    Ok(())
}

/// The newest complete snapshot at or below `seq_max`, its parts checked and joined.
pub async fn latest(conn: &mut SqliteConnection, district: u32, seq_max: u64) -> Answer<Option<Snapshot>> {
    let sql = "SELECT seq, at_ms, parts FROM snapshot WHERE district = ? AND seq <= ? ORDER BY seq DESC LIMIT 1";
    let select = sqlx::query(sql).bind(district).bind(i64::try_from(seq_max).unwrap_or(i64::MAX));
    let Some(row) = select.fetch_optional(&mut *conn).await.map_err(failure)? else { return Ok(None) };
    let seq = row.try_get::<i64, _>(0).map_err(failure)?.cast_unsigned();
    let parts: u32 = row.try_get(2).map_err(failure)?;
    let body = join_parts(conn, district, seq, parts).await?;
    Ok(Some(Snapshot { seq, at_ms: row.try_get(1).map_err(failure)?, body }))
}

async fn join_parts(conn: &mut SqliteConnection, district: u32, seq: u64, parts: u32) -> Answer<Bytes> {
    let sql = "SELECT sum, body FROM snapshot_part WHERE district = ? AND seq = ? AND part = ?";
    let mut whole = BytesMut::new();
    for part in 0..parts {
        let select = sqlx::query(sql).bind(district).bind(seq.cast_signed()).bind(part);
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

/// Within a transaction: is the fence still what `head` says?
pub async fn check_fence(conn: &mut SqliteConnection, fence: Fence) -> Answer<()> {
    let stands = head(conn, fence.district).await?.is_some_and(|head| head.fence() == fence);
    one_or_fenced(u64::from(stands), fence)
}
