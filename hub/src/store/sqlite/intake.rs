//! Commands that wait for a leader.

use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use super::desk::{Desk, blob, failure, uuid_at};
use crate::store::journal::Answer;
use crate::store::rows::{INTAKE_KEPT_MS, INTAKE_ROWS_MAX, IntakeRow};

/// The time of the file's machine; intake alone uses it, to forget ids that are old.
const NOW_MS: &str = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

/// Keeps a command once.
pub async fn put(desk: &mut Desk, row: IntakeRow) -> Answer<()> {
    desk.atomically(async |conn| {
        let sql = "INSERT INTO intake (district, command, body) VALUES (?, ?, ?) ON CONFLICT (command) DO NOTHING";
        let insert = sqlx::query(sql).bind(row.district).bind(blob(row.command)).bind(row.body.to_vec());
        insert.execute(conn).await.map_err(failure)?;
        Ok(())
    })
    .await
}

/// What is not marked, in the order in which it was kept.
pub async fn waiting(conn: &mut SqliteConnection, district: u32) -> Answer<Vec<IntakeRow>> {
    let sql = "SELECT command, body FROM intake WHERE district = ? AND marked_at_ms IS NULL ORDER BY id LIMIT ?";
    let rows = sqlx::query(sql).bind(district).bind(INTAKE_ROWS_MAX as i64).fetch_all(conn).await.map_err(failure)?;
    let row = |row: &sqlx::sqlite::SqliteRow| {
        let body: Vec<u8> = row.try_get(1)?;
        Ok(IntakeRow { district, command: uuid_at(row, 0)?, body: body.into() })
    };
    rows.iter().map(row).collect::<Result<_, sqlx::Error>>().map_err(failure)
}

/// Drops the bodies of committed commands, and the ids that are older than anybody would repeat.
pub async fn mark(desk: &mut Desk, district: u32, commands: Vec<Uuid>) -> Answer<()> {
    let mark = format!("UPDATE intake SET body = x'', marked_at_ms = {NOW_MS} WHERE district = ? AND command = ?");
    let forget = format!("DELETE FROM intake WHERE district = ? AND marked_at_ms < {NOW_MS} - ?");
    desk.atomically(async |conn| {
        for command in &commands {
            let update = sqlx::query(sqlx::AssertSqlSafe(mark.clone())).bind(district).bind(blob(*command));
            update.execute(&mut *conn).await.map_err(failure)?;
        }
        let delete = sqlx::query(sqlx::AssertSqlSafe(forget.clone())).bind(district).bind(INTAKE_KEPT_MS);
        delete.execute(conn).await.map_err(failure)?;
        Ok(())
    })
    .await
}
