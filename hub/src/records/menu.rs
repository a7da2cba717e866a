//! What residents can order: items of the menu, each of a kind that has a response plan.

use matcher::DistrictId;
use sqlx::{Row, SqliteConnection};

use super::error::Answer;
use super::office::Office;

/// One item (12 categories of 48 items are usual).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MenuItem {
    pub code: String,
    pub category: String,
    pub name: String,
    /// The response plan that an order of it becomes.
    pub kind: String,
    /// Hundredths of a yuan; 0 is free.
    pub fee_fen: u32,
    /// Whether an order is reviewed before dispatch.
    pub review: bool,
    pub words: String,
}

impl Office {
    /// The menu of a district, by category and name.
    pub async fn menu(&self, district: DistrictId) -> Answer<Vec<MenuItem>> {
        let sql = "SELECT * FROM menu_item WHERE district = ? ORDER BY category, code";
        let rows = sqlx::query(sql).bind(district.0).fetch_all(&self.0.readers).await?;
        rows.iter().map(item).collect()
    }
}

fn item(row: &sqlx::sqlite::SqliteRow) -> Answer<MenuItem> {
    Ok(MenuItem {
        code: row.try_get("code")?,
        category: row.try_get("category")?,
        name: row.try_get("name")?,
        kind: row.try_get("kind")?,
        fee_fen: row.try_get("fee_fen")?,
        review: row.try_get("review")?,
        words: row.try_get("words")?,
    })
}

/// Adds or changes one item inside a transaction.
pub(super) async fn put(conn: &mut SqliteConnection, district: DistrictId, item: &MenuItem) -> Answer<()> {
    let sql = "INSERT OR REPLACE INTO menu_item (district, code, category, name, kind, fee_fen, review, words) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    sqlx::query(sql)
        .bind(district.0)
        .bind(&item.code)
        .bind(&item.category)
        .bind(&item.name)
        .bind(&item.kind)
        .bind(item.fee_fen)
        .bind(item.review)
        .bind(&item.words)
        .execute(conn)
        .await?;
    Ok(())
}
