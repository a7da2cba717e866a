//! Commands that wait for a leader.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::failure::failure;
use crate::store::journal::Answer;
use crate::store::rows::{INTAKE_KEPT_MS, INTAKE_ROWS_MAX, IntakeRow};

/// Keeps a command once.
pub async fn put(conn: &mut PgConnection, row: IntakeRow) -> Answer<()> {
    let sql = "INSERT INTO intake (district, command, body) VALUES ($1, $2, $3) ON CONFLICT (command) DO NOTHING";
    let insert = sqlx::query(sql).bind(i64::from(row.district)).bind(row.command).bind(&row.body[..]);
    insert.execute(conn).await.map_err(failure)?;
    Ok(())
}

/// What is not marked, in the order in which it was kept.
pub async fn waiting(conn: &mut PgConnection, district: u32) -> Answer<Vec<IntakeRow>> {
    let sql = "SELECT command, body FROM intake WHERE district = $1 AND marked_at IS NULL ORDER BY id LIMIT $2";
    let select = sqlx::query(sql).bind(i64::from(district)).bind(INTAKE_ROWS_MAX as i64);
    let rows = select.fetch_all(conn).await.map_err(failure)?;
    let row =
        |row: &PgRow| Ok(IntakeRow { district, command: row.try_get(0)?, body: row.try_get::<Vec<u8>, _>(1)?.into() });
    rows.iter().map(row).collect::<Result<_, sqlx::Error>>().map_err(failure)
}

/// Drops the bodies of committed commands, and the ids that are older than anybody would repeat.
pub async fn mark(conn: &mut PgConnection, district: u32, commands: Vec<Uuid>) -> Answer<()> {
    let sql = "WITH m AS (UPDATE intake SET body = '', marked_at = clock_timestamp() \
                          WHERE district = $1 AND command = ANY ($2)) \
               DELETE FROM intake WHERE district = $1 AND marked_at < clock_timestamp() - $3 * interval '1 ms'";
    let mark = sqlx::query(sql).bind(i64::from(district)).bind(commands).bind(INTAKE_KEPT_MS as f64);
    mark.execute(conn).await.map_err(failure)?;
    Ok(())
}
