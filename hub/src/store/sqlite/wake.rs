//! The wake outbox: rows and cursor move together.

use bytes::Bytes;
use sqlx::{Row, SqliteConnection};

use super::append::one_or_fenced;
use super::desk::{Desk, blob, failure};
use super::snapshot::check_fence;
use crate::store::journal::Answer;
use crate::store::rows::{Fence, WakeOutcome, WakeRow, WakeSlot};

/// Failed wakes kept for the operator per district; the oldest leave first.
const FAILED_KEPT: u32 = 1_000;

/// Puts wakes in and moves the cursor, fenced; a wake that is there already stays as it is.
pub async fn enqueue(desk: &mut Desk, fence: Fence, from_seq: u64, to_seq: u64, slots: Vec<WakeSlot>) -> Answer<()> {
    desk.atomically(async |conn| {
        move_cursor(conn, fence, from_seq, to_seq).await?;
        for slot in &slots {
            insert(conn, fence.district, slot).await?;
        }
        Ok(())
    })
    .await
}

async fn move_cursor(conn: &mut SqliteConnection, fence: Fence, from_seq: u64, to_seq: u64) -> Answer<()> {
    let sql = "UPDATE head SET wake_seq = ? WHERE district = ? AND term = ? AND owner = ? AND wake_seq = ?";
    let moved = sqlx::query(sql)
        .bind(to_seq.cast_signed())
        .bind(fence.district)
        .bind(fence.term.cast_signed())
        .bind(blob(fence.owner))
        .bind(from_seq.cast_signed())
        .execute(conn)
        .await
        .map_err(failure)?;
    one_or_fenced(moved.rows_affected(), fence)
}

async fn insert(conn: &mut SqliteConnection, district: u32, slot: &WakeSlot) -> Answer<()> {
    let sql = "INSERT INTO wake (district, seq, ordinal, due_at_ms, body) VALUES (?, ?, ?, ?, ?) \
               ON CONFLICT (district, seq, ordinal) DO NOTHING";
    sqlx::query(sql)
        .bind(district)
        .bind(slot.seq.cast_signed())
        .bind(slot.ordinal)
        .bind(slot.due_at_ms)
        .bind(slot.body.to_vec())
        .execute(conn)
        .await
        .map_err(failure)?;
    Ok(())
}

/// Wakes whose time has come, the longest due first.
pub async fn due(conn: &mut SqliteConnection, district: u32, now_ms: i64, limit: usize) -> Answer<Vec<WakeRow>> {
    let sql = "SELECT id, seq, tries, body FROM wake \
               WHERE district = ? AND failed_why IS NULL AND due_at_ms <= ? ORDER BY due_at_ms, id LIMIT ?";
    let select = sqlx::query(sql).bind(district).bind(now_ms).bind(limit as i64);
    let rows = select.fetch_all(conn).await.map_err(failure)?;
    rows.iter()
        .map(|row| {
            let body: Vec<u8> = row.try_get(3)?;
            let seq = row.try_get::<i64, _>(1)?.cast_unsigned();
            Ok(WakeRow { id: row.try_get(0)?, seq, tries: row.try_get(2)?, body: Bytes::from(body) })
        })
        .collect::<Result<_, sqlx::Error>>()
        .map_err(failure)
}

/// Records what became of tries.
pub async fn settle(desk: &mut Desk, fence: Fence, outcomes: Vec<(i64, WakeOutcome)>) -> Answer<()> {
    desk.atomically(async |conn| {
        check_fence(conn, fence).await?;
        for (id, outcome) in &outcomes {
            settle_one(conn, *id, outcome).await?;
        }
        drop_old_failures(conn, fence.district).await
    })
    .await
}

async fn settle_one(conn: &mut SqliteConnection, id: i64, outcome: &WakeOutcome) -> Answer<()> {
    let update = match outcome {
        WakeOutcome::Delivered => sqlx::query("DELETE FROM wake WHERE id = ?").bind(id),
        WakeOutcome::Retry { due_at_ms } => {
            sqlx::query("UPDATE wake SET tries = tries + 1, due_at_ms = ? WHERE id = ?").bind(*due_at_ms).bind(id)
        }
        WakeOutcome::GivenUp { why } => {
            let sql = "UPDATE wake SET tries = tries + 1, failed_why = ? WHERE id = ?";
            sqlx::query(sql).bind(why.clone()).bind(id)
        }
    };
    update.execute(conn).await.map_err(failure)?;
    Ok(())
}

async fn drop_old_failures(conn: &mut SqliteConnection, district: u32) -> Answer<()> {
    let sql = "DELETE FROM wake WHERE id IN (SELECT id FROM wake WHERE district = ? AND failed_why IS NOT NULL \
               ORDER BY id DESC LIMIT -1 OFFSET ?)";
    sqlx::query(sql).bind(district).bind(FAILED_KEPT).execute(conn).await.map_err(failure)?;
    Ok(())
}
