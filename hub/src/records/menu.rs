//! What residents can order: items of the menu, each of a kind that has a response plan.

use matcher::DistrictId;
use sqlx::{AnyConnection, Row};

use super::error::Answer;
use super::office::Office;
use super::rows::small;

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
        let sql = "SELECT * FROM menu_item WHERE district = $1 ORDER BY category, code";
        let rows = sqlx::query(sql).bind(i64::from(district.0)).fetch_all(&mut *self.0.reader().await?).await?;
        rows.iter().map(item).collect()
    }
}

fn item(row: &sqlx::any::AnyRow) -> Answer<MenuItem> {
    Ok(MenuItem {
        code: row.try_get("code")?,
        category: row.try_get("category")?,
        name: row.try_get("name")?,
        kind: row.try_get("kind")?,
        fee_fen: small(row, "fee_fen")?,
        review: row.try_get::<i64, _>("review")? != 0,
        words: row.try_get("words")?,
    })
}

/// Adds or changes one item inside a transaction.
pub(super) async fn put(conn: &mut AnyConnection, district: DistrictId, item: &MenuItem) -> Answer<()> {
    let sql = "INSERT INTO menu_item (district, code, category, name, kind, fee_fen, review, words) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
               ON CONFLICT (district, code) DO UPDATE SET category = excluded.category, name = excluded.name, \
               kind = excluded.kind, fee_fen = excluded.fee_fen, review = excluded.review, words = excluded.words";
    sqlx::query(sql)
        .bind(i64::from(district.0))
        .bind(&item.code)
        .bind(&item.category)
        .bind(&item.name)
        .bind(&item.kind)
        .bind(i64::from(item.fee_fen))
        .bind(i64::from(item.review))
        .bind(&item.words)
        .execute(conn)
        .await?;
    Ok(())
}
