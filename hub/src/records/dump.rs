//! The whole office, row by row, whichever database keeps it: for backups.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use futures_util::{FutureExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Column, Row};

use super::office::Office;

/// The tables, each after those that it refers to. Tickets are for seconds and stay behind.
const TABLES: [&str; 9] = ["account", "person", "device", "session", "link", "menu_item", "outbox", "audit", "once"];

/// Tables whose rows the database numbers.
const NUMBERED: [&str; 3] = ["account", "device", "session"];

/// Bytes of a name of a column; longer ones are no office's.
const COLUMN_LENGTH_MAX: usize = 40;

/// One row of one table. Columns without a value are left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OfficeRow {
    pub table: String,
    pub columns: BTreeMap<String, Value>,
}

/// What stands in a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    Number(i64),
    Real(f64),
    Text(String),
    /// Hexadecimal.
    Bytes(String),
}

impl Office {
    /// Hands every row of the office, as it is at one moment, to `take`.
    ///
    /// # Errors
    /// The database's, and those of `take`.
    pub async fn dump(&self, mut take: impl FnMut(OfficeRow) -> Result<()> + Send) -> Result<()> {
        // A connection of its own: one moment is one transaction, and it is over when the connection goes.
        let mut conn = self.0.shelf.connect().await?;
        let begin = if self.0.shelf.is_shared() { "BEGIN ISOLATION LEVEL REPEATABLE READ" } else { "BEGIN" };
        sqlx::query(begin).execute(&mut conn).await?;
        for table in TABLES {
            let mut rows = sqlx::query(AssertSqlSafe(format!("SELECT * FROM {table}"))).fetch(&mut conn);
            while let Some(row) = rows.try_next().await? {
                take(of(table, &row)?)?;
            }
        }
        sqlx::query("ROLLBACK").execute(&mut conn).await?;
        Ok(())
    }

    /// Puts rows of a dump into an office that is empty, whole or not at all.
    ///
    /// # Errors
    /// When there is a row already, or one does not fit.
    pub async fn fill(&self, rows: Vec<OfficeRow>) -> Result<()> {
        let mut conn = self.0.reader().await?;
        for table in TABLES {
            let found = sqlx::query(AssertSqlSafe(format!("SELECT 1 FROM {table} LIMIT 1"))).fetch_optional(&mut *conn);
            ensure!(found.await?.is_none(), "the office is not empty ({table}): restore into a new one");
        }
        drop(conn);
        let is_shared = self.0.shelf.is_shared();
        self.write(move |conn| {
            async move {
                // Ordered by the tables: a file of ours is, and any other must not be trusted to be.
                for table in TABLES {
                    for row in rows.iter().filter(|row| row.table == table) {
                        put(conn, row).await?;
                    }
                }
                for table in NUMBERED.iter().filter(|_| is_shared) {
                    let sql = "SELECT setval(pg_get_serial_sequence('office.TABLE', 'id'), max(id)) FROM TABLE";
                    sqlx::query(AssertSqlSafe(sql.replace("TABLE", table))).execute(&mut *conn).await?;
                }
                Ok(())
            }
            .boxed()
        })
        .await?;
        self.reload_names().await?;
        Ok(())
    }
}

fn of(table: &str, row: &AnyRow) -> Result<OfficeRow> {
    let mut columns = BTreeMap::new();
    for column in row.columns() {
        if let Some(value) = value(row, column.ordinal()).with_context(|| format!("{table}.{}", column.name()))? {
            columns.insert(column.name().to_owned(), value);
        }
    }
    Ok(OfficeRow { table: table.to_owned(), columns })
}

/// By what it is, not by what its column says: a file keeps small numbers in fewer bytes.
fn value(row: &AnyRow, at: usize) -> Result<Option<Value>> {
    if let Ok(number) = row.try_get::<Option<i64>, _>(at) {
        return Ok(number.map(Value::Number));
    }
    if let Ok(real) = row.try_get::<Option<f64>, _>(at) {
        return Ok(real.map(Value::Real));
    }
    if let Ok(text) = row.try_get::<Option<String>, _>(at) {
        return Ok(text.map(Value::Text));
    }
    let bytes: Option<Vec<u8>> = row.try_get(at)?;
    Ok(bytes.map(|bytes| Value::Bytes(bytes.iter().map(|byte| format!("{byte:02x}")).collect())))
}

async fn put(conn: &mut AnyConnection, row: &OfficeRow) -> Result<()> {
    let is_name =
        |name: &String| name.len() <= COLUMN_LENGTH_MAX && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    ensure!(row.columns.keys().all(is_name), "a column of {} has a name that is none", row.table);
    let names: Vec<&str> = row.columns.keys().map(String::as_str).collect();
    let places: Vec<String> = (1..=names.len()).map(|place| format!("${place}")).collect();
    let sql = format!("INSERT INTO {} ({}) VALUES ({})", row.table, names.join(", "), places.join(", "));
    // Only names of this file's tables and of columns as checked above go in.
    let mut insert = sqlx::query(AssertSqlSafe(sql));
    for value in row.columns.values() {
        insert = match value {
            Value::Number(number) => insert.bind(*number),
            Value::Real(real) => insert.bind(*real),
            Value::Text(text) => insert.bind(text.clone()),
            Value::Bytes(digits) => insert.bind(unhex(digits)?),
        };
    }
    insert.execute(conn).await.with_context(|| format!("a row of {} does not fit", row.table))?;
    Ok(())
}

fn unhex(digits: &str) -> Result<Vec<u8>> {
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    match digits.as_bytes().chunks(2).map(pair).collect() {
        Some(bytes) => Ok(bytes),
        None => bail!("{digits:?} is not hexadecimal"),
    }
}
