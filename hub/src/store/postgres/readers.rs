//! Which hubs read the log, and which form of rows they all read. By the server's clock, which is the same for all.

use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::append::one_or_fenced;
use super::failure::failure;
use crate::store::journal::Answer;
use crate::store::rows::{Fence, READER_KEPT_MS};

/// Says that `owner` lives and reads rows up to the form `reads`; the least that any live hub reads.
pub async fn attend(conn: &mut PgConnection, district: u32, owner: Uuid, reads: u32) -> Answer<u32> {
    let sql = "WITH me AS (INSERT INTO reader (district, owner, reads, seen_at) VALUES ($1, $2, $3, clock_timestamp()) \
                           ON CONFLICT (district, owner) DO UPDATE SET reads = $3, seen_at = clock_timestamp()), \
                    gone AS (DELETE FROM reader WHERE district = $1 AND owner <> $2 \
                             AND seen_at < clock_timestamp() - $4 * interval '1 ms') \
               SELECT min(reads) FROM reader WHERE district = $1 AND owner <> $2 \
                   AND seen_at >= clock_timestamp() - $4 * interval '1 ms'";
    let ask = sqlx::query(sql).bind(i64::from(district)).bind(owner).bind(reads.cast_signed());
    let row = ask.bind(READER_KEPT_MS as f64).fetch_one(conn).await.map_err(failure)?;
    let others: Option<i32> = row.try_get(0).map_err(failure)?;
    Ok(others.map_or(reads, |least| reads.min(least.cast_unsigned())))
}

/// `owner` has gone.
pub async fn depart(conn: &mut PgConnection, district: u32, owner: Uuid) -> Answer<()> {
    let sql = "DELETE FROM reader WHERE district = $1 AND owner = $2";
    sqlx::query(sql).bind(i64::from(district)).bind(owner).execute(conn).await.map_err(failure)?;
    Ok(())
}

/// Rows may have this form from now on.
pub async fn raise(conn: &mut PgConnection, fence: Fence, format: u32) -> Answer<()> {
    let sql = "UPDATE head SET format = greatest(format, $4) WHERE district = $1 AND term = $2 AND owner = $3";
    let raise = sqlx::query(sql).bind(i64::from(fence.district)).bind(fence.term.cast_signed()).bind(fence.owner);
    let done = raise.bind(format.cast_signed()).execute(conn).await.map_err(failure)?;
    one_or_fenced(done.rows_affected(), fence)
}
