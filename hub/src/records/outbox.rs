//! What an import owes the live half: written with the office's rows in one transaction, sent afterwards under ids that
//! derive from the import, so that sending twice is the same as once.

use futures_util::FutureExt;
use matcher::{Command, CommandId, DistrictId};
use sqlx::Row;
use uuid::Uuid;

use super::error::Answer;
use super::menu::{self, MenuItem};
use super::office::Office;
use super::people::{self, Person};
use super::rows::now;

/// A command that was not taken yet.
#[derive(Clone, Debug, PartialEq)]
pub struct OwedCommand {
    pub id: CommandId,
    pub command: Command,
}

/// What one import changes in the office.
#[derive(Clone, Debug, Default)]
pub struct OfficeChange {
    pub people: Vec<Person>,
    pub menu: Vec<MenuItem>,
    /// For the live half, in this order.
    pub commands: Vec<Command>,
}

impl Office {
    /// Writes `change` whole or not at all. Returns the import's own id, by which its commands are found.
    pub async fn import(&self, district: DistrictId, change: OfficeChange) -> Answer<Uuid> {
        let import = Uuid::now_v7();
        let people_change = !change.people.is_empty();
        self.write(move |conn| {
            async move {
                for person in &change.people {
                    people::put(conn, person).await?;
                }
                for item in &change.menu {
                    menu::put(conn, district, item).await?;
                }
                for (place, command) in change.commands.iter().enumerate() {
                    let sql =
                        "INSERT INTO outbox (id, import, district, place, command, made_at) VALUES (?, ?, ?, ?, ?, ?)";
                    let id = Uuid::new_v5(&import, &(place as u64).to_be_bytes());
                    let body = serde_json::to_string(command).map_err(anyhow::Error::from)?;
                    let insert =
                        sqlx::query(sql).bind(id.as_bytes().to_vec()).bind(import.to_string()).bind(district.0);
                    insert.bind(place as i64).bind(body).bind(now().0).execute(&mut *conn).await?;
                }
                Ok(())
            }
            .boxed()
        })
        .await?;
        if people_change {
            self.reload_names().await?;
        }
        Ok(import)
    }

    /// Commands of a district that were not taken yet, oldest first, at most `limit`.
    pub async fn owed(&self, district: DistrictId, limit: u32) -> Answer<Vec<OwedCommand>> {
        let sql = "SELECT id, command FROM outbox WHERE district = ? AND sent_at IS NULL ORDER BY made_at, import, place LIMIT ?";
        let rows = sqlx::query(sql).bind(district.0).bind(limit).fetch_all(&self.0.readers).await?;
        let owed = rows.iter().map(|row| {
            let id: Vec<u8> = row.try_get("id")?;
            let id = Uuid::from_slice(&id).map_err(anyhow::Error::from)?;
            let command = serde_json::from_str(row.try_get("command")?).map_err(anyhow::Error::from)?;
            Ok(OwedCommand { id: CommandId(id.as_u128()), command })
        });
        owed.collect()
    }

    /// Why commands of an import were refused.
    pub async fn refused(&self, import: Uuid) -> Answer<Vec<String>> {
        let sql = "SELECT refused FROM outbox WHERE import = ? AND refused IS NOT NULL ORDER BY place";
        let rows = sqlx::query(sql).bind(import.to_string()).fetch_all(&self.0.readers).await?;
        rows.iter().map(|row| Ok(row.try_get("refused")?)).collect()
    }

    /// The live half took the command, or refused it for good (`refused` says why).
    pub async fn settled(&self, id: CommandId, refused: Option<String>) -> Answer<()> {
        self.write(move |conn| {
            async move {
                let sql = "UPDATE outbox SET sent_at = ?, refused = ? WHERE id = ?";
                let id = Uuid::from_u128(id.0).as_bytes().to_vec();
                sqlx::query(sql).bind(now().0).bind(refused).bind(id).execute(conn).await?;
                Ok(())
            }
            .boxed()
        })
        .await
    }
}
