//! The database that several hubs share: reachable, and does it keep what it must.

use super::{Finding, Health};
use crate::boot::StoreSettings;
use crate::store::PostgresJournal;

/// Nothing where the data folder keeps everything.
pub async fn look(store: &StoreSettings) -> Option<Finding> {
    let postgres = match store.postgres() {
        Ok(found) => found?,
        Err(why) => return Some(Finding::new(Health::Bad, format!("数据库 / the database: {why:#}"))),
    };
    let durability = postgres.durability;
    Some(match PostgresJournal::open(postgres).await {
        Err(why) => Finding::new(Health::Bad, format!("数据库 / the database: {why}")),
        Ok(_) if durability.may_lose() => {
            let words = "数据库可用,但主备切换可能丢失报警 / the database answers, but its failover may lose alarms (store.profile)";
            Finding::new(Health::Doubtful, words)
        }
        Ok(_) => Finding::new(Health::Good, "数据库可用且持久 / the database answers and keeps what it must"),
    })
}
