//! What the server promises, checked before anything is entrusted to it.

use serde::Deserialize;
use sqlx::{PgConnection, Row};

use super::failure::failure;
use crate::store::error::JournalError;
use crate::store::journal::Answer;

/// What a failure may cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// A commit is on the disks of two servers before it is answered: a failover of the database loses nothing.
    #[default]
    Ha,
    /// One server, and nothing takes over when it dies: its disk keeps every commit.
    OneServer,
    /// Another server takes over that may lack the last commits: the operator has accepted the loss of acknowledged
    /// alarms.
    MayLoseAlarms,
}

impl Durability {
    /// Whether the end of the log may be missing after a failover.
    pub fn may_lose(self) -> bool {
        self == Durability::MayLoseAlarms
    }
}

/// Checks the server's settings.
///
/// # Errors
/// `Failed` naming the setting and what to write instead.
pub async fn check(conn: &mut PgConnection, durability: Durability) -> Answer<()> {
    for name in ["fsync", "full_page_writes"] {
        let value = setting(conn, name).await?;
        if value != "on" {
            return Err(refused(format!(
                "the server runs with {name} = {value}: a crash may destroy the journal; set it on"
            )));
        }
    }
    match durability {
        Durability::Ha => check_synchronous(conn).await,
        Durability::OneServer => Ok(()),
        Durability::MayLoseAlarms => {
            tracing::warn!("store.profile = may_lose_alarms: a failover of the database may lose acknowledged alarms");
            Ok(())
        }
    }
}

async fn check_synchronous(conn: &mut PgConnection) -> Answer<()> {
    let standbys = setting(conn, "synchronous_standby_names").await?;
    let commit = setting(conn, "synchronous_commit").await?;
    if standbys.trim().is_empty() {
        return Err(refused(
            "synchronous_standby_names is empty: a failover would lose alarms that were acknowledged. Name a standby there, \
             or say store.profile = \"one_server\" where nothing takes over, or \"may_lose_alarms\" to accept the loss"
                .to_owned(),
        ));
    }
    if !matches!(commit.as_str(), "on" | "remote_apply") {
        return Err(refused(format!(
            "synchronous_commit = {commit}: a commit would not wait for the standby; set it on"
        )));
    }
    Ok(())
}

async fn setting(conn: &mut PgConnection, name: &str) -> Answer<String> {
    let row = sqlx::query("SELECT current_setting($1)").bind(name).fetch_one(conn).await.map_err(failure)?;
    row.try_get(0).map_err(failure)
}

fn refused(why: String) -> JournalError {
    JournalError::Failed(format!("PostgreSQL is not safe to keep alarms: {why}"))
}
