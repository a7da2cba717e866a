//! The wake outbox: rows and cursor move together, in one statement.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::append::{number, one_or_fenced};
use super::failure::failure;
use crate::store::journal::Answer;
use crate::store::rows::{Fence, WakeOutcome, WakeRow, WakeSlot};

/// Failed wakes kept for the operator per district; the oldest leave first.
const FAILED_KEPT: i64 = 1_000;

/// Puts wakes in and moves the cursor, fenced; a wake that is there already stays as it is.
pub async fn enqueue(
    conn: &mut PgConnection,
    fence: Fence,
    from_seq: u64,
    to_seq: u64,
    slots: Vec<WakeSlot>,
) -> Answer<()> {
    let sql = "WITH h AS (UPDATE head SET wake_seq = $5 \
                          WHERE district = $1 AND term = $2 AND owner = $3 AND wake_seq = $4 RETURNING 1), \
                    w AS (INSERT INTO wake (district, seq, ordinal, due_at_ms, body) \
                          SELECT $1, u.* FROM h, UNNEST($6::bigint[], $7::bigint[], $8::bigint[], $9::bytea[]) u \
                          ON CONFLICT (district, seq, ordinal) DO NOTHING) \
               SELECT count(*) FROM h";
    let row = sqlx::query(sql)
        .bind(i64::from(fence.district))
        .bind(fence.term.cast_signed())
        .bind(fence.owner)
        .bind(from_seq.cast_signed())
        .bind(to_seq.cast_signed())
        .bind(slots.iter().map(|slot| slot.seq.cast_signed()).collect::<Vec<_>>())
        .bind(slots.iter().map(|slot| i64::from(slot.ordinal)).collect::<Vec<_>>())
        .bind(slots.iter().map(|slot| slot.due_at_ms).collect::<Vec<_>>())
        .bind(slots.iter().map(|slot| &slot.body[..]).collect::<Vec<_>>())
        .fetch_one(conn)
        .await
        .map_err(failure)?;
    one_or_fenced(row.try_get::<i64, _>(0).map_err(failure)?.cast_unsigned(), fence)
}

/// Wakes whose time has come, the longest due first.
pub async fn due(conn: &mut PgConnection, district: u32, now_ms: i64, limit: usize) -> Answer<Vec<WakeRow>> {
    let sql = "SELECT id, seq, tries, body FROM wake \
               WHERE district = $1 AND failed_why IS NULL AND due_at_ms <= $2 ORDER BY due_at_ms, id LIMIT $3";
    let select = sqlx::query(sql).bind(i64::from(district)).bind(now_ms).bind(limit as i64);
    let rows = select.fetch_all(conn).await.map_err(failure)?;
    let row = |row: &PgRow| {
        let seq = row.try_get::<i64, _>(1)?.cast_unsigned();
        Ok(WakeRow { id: row.try_get(0)?, seq, tries: number(row, 2)?, body: row.try_get::<Vec<u8>, _>(3)?.into() })
    };
    rows.iter().map(row).collect::<Result<_, sqlx::Error>>().map_err(failure)
}

/// Records what became of tries, and drops the oldest failures beyond what is kept.
pub async fn settle(conn: &mut PgConnection, fence: Fence, outcomes: Vec<(i64, WakeOutcome)>) -> Answer<()> {
    let sql = "WITH h AS (SELECT 1 FROM head WHERE district = $1 AND term = $2 AND owner = $3), \
                    d AS (DELETE FROM wake USING h WHERE district = $1 AND id = ANY ($4)), \
                    r AS (UPDATE wake SET tries = tries + 1, due_at_ms = u.due \
                          FROM h, UNNEST($5::bigint[], $6::bigint[]) u (id, due) \
                          WHERE wake.district = $1 AND wake.id = u.id), \
                    g AS (UPDATE wake SET tries = tries + 1, failed_why = u.why \
                          FROM h, UNNEST($7::bigint[], $8::text[]) u (id, why) \
                          WHERE wake.district = $1 AND wake.id = u.id) \
               SELECT count(*) FROM h";
    let sorted = Sorted::of(outcomes);
    let row = sqlx::query(sql)
        .bind(i64::from(fence.district))
        .bind(fence.term.cast_signed())
        .bind(fence.owner)
        .bind(sorted.delivered)
        .bind(sorted.retried.iter().map(|it| it.0).collect::<Vec<_>>())
        .bind(sorted.retried.iter().map(|it| it.1).collect::<Vec<_>>())
        .bind(sorted.given_up.iter().map(|it| it.0).collect::<Vec<_>>())
        .bind(sorted.given_up.iter().map(|it| it.1.as_str()).collect::<Vec<_>>())
        .fetch_one(&mut *conn)
        .await
        .map_err(failure)?;
    one_or_fenced(row.try_get::<i64, _>(0).map_err(failure)?.cast_unsigned(), fence)?;
    if sorted.given_up.is_empty() { Ok(()) } else { drop_old_failures(conn, fence.district).await }
}

#[derive(Default)]
struct Sorted {
    delivered: Vec<i64>,
    retried: Vec<(i64, i64)>,
    given_up: Vec<(i64, String)>,
}

impl Sorted {
    fn of(outcomes: Vec<(i64, WakeOutcome)>) -> Self {
        let mut sorted = Sorted::default();
        for (id, outcome) in outcomes {
            match outcome {
                WakeOutcome::Delivered => sorted.delivered.push(id),
                WakeOutcome::Retry { due_at_ms } => sorted.retried.push((id, due_at_ms)),
                WakeOutcome::GivenUp { why } => sorted.given_up.push((id, why)),
            }
        }
        sorted
    }
}

async fn drop_old_failures(conn: &mut PgConnection, district: u32) -> Answer<()> {
    let sql = "DELETE FROM wake WHERE id IN (SELECT id FROM wake WHERE district = $1 AND failed_why IS NOT NULL \
               ORDER BY id DESC OFFSET $2)";
    sqlx::query(sql).bind(i64::from(district)).bind(FAILED_KEPT).execute(conn).await.map_err(failure)?;
    Ok(())
}
