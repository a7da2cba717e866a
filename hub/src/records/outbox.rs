//! What an import owes the live half: written with the office's rows in one transaction, sent afterwards under ids that
//! derive from the import, so that sending twice is the same as once.

use std::collections::BTreeSet;

use futures_util::FutureExt;
use matcher::{Command, CommandId, DistrictId, Rejection, VolunteerId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::any::AnyRow;
use uuid::Uuid;

use super::audit::{self, AuditEntry};
use super::error::Answer;
use super::menu::{self, MenuItem};
use super::office::Office;
use super::once::Once;
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
    /// Those who are stood down.
    pub retired: Vec<VolunteerId>,
    pub menu: Vec<MenuItem>,
    /// For the live half, in this order.
    pub commands: Vec<Command>,
}

/// A change of a district's office, with what the audit keeps of it, once under a key.
pub struct Import {
    pub district: DistrictId,
    pub change: OfficeChange,
    pub entry: Option<AuditEntry>,
    pub once: Option<Once>,
}

impl Office {
    /// Writes `change` whole or not at all. Returns the import's own id, by which its commands are found.
    pub async fn import(&self, district: DistrictId, change: OfficeChange) -> Answer<Uuid> {
        let import = Import { district, change, entry: None, once: None };
        self.import_once(import, ()).await.map(|(import, ())| import)
    }

    /// The same; `said` is what the caller is told, again when he asks again.
    ///
    /// # Errors
    /// `IdempotencyConflict`.
    pub async fn import_once<T>(&self, import: Import, said: T) -> Answer<(Uuid, T)>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
    {
        let Import { district, change, entry, once } = import;
        let import = Uuid::now_v7();
        let people_change = !(change.people.is_empty() && change.retired.is_empty());
        let imported = self.write_once(once, move |conn| {
            async move {
                if people_change {
                    // Hubs that share this office read the names again.
                    sqlx::query("UPDATE registry SET version = version + 1 WHERE id = 1").execute(&mut *conn).await?;
                }
                if let Some(entry) = entry {
                    audit::put(&mut *conn, entry).await?;
                }
                let mut guests = BTreeSet::new();
                for person in &change.people {
                    if people::put(conn, person).await? {
                        guests.insert(person.volunteer);
                    }
                }
                for volunteer in &change.retired {
                    people::retire(conn, *volunteer).await?;
                }
                for item in &change.menu {
                    menu::put(conn, district, item).await?;
                }
                let commands = change.commands.into_iter().map(|command| with_guests(command, &guests));
                for (place, command) in commands.enumerate() {
                    let sql =
                        "INSERT INTO outbox (id, import, district, place, command, made_at) VALUES ($1, $2, $3, $4, $5, $6)";
                    let id = Uuid::new_v5(&import, &(place as u64).to_be_bytes());
                    let body = serde_json::to_string(&command).map_err(anyhow::Error::from)?;
                    let insert =
                        sqlx::query(sql).bind(id.as_bytes().to_vec()).bind(import.to_string()).bind(i64::from(district.0));
                    insert.bind(place as i64).bind(body).bind(now().0).execute(&mut *conn).await?;
                }
                Ok((import, said))
            }
            .boxed()
        });
        let imported = imported.await?;
        if people_change {
            self.reload_names().await?;
        }
        Ok(imported)
    }

    /// Commands of a district that were not taken yet, oldest first, at most `limit`.
    pub async fn owed(&self, district: DistrictId, limit: u32) -> Answer<Vec<OwedCommand>> {
        let sql = "SELECT id, command FROM outbox WHERE district = $1 AND sent_at IS NULL ORDER BY made_at, import, place LIMIT $2";
        let rows = sqlx::query(sql)
            .bind(i64::from(district.0))
            .bind(i64::from(limit))
            .fetch_all(&mut *self.0.reader().await?)
            .await?;
        let owed = rows.iter().map(|row| {
            let id: Vec<u8> = row.try_get("id")?;
            let id = Uuid::from_slice(&id).map_err(anyhow::Error::from)?;
            let command = serde_json::from_str(row.try_get("command")?).map_err(anyhow::Error::from)?;
            Ok(OwedCommand { id: CommandId(id.as_u128()), command })
        });
        owed.collect()
    }

    /// Why commands of an import were refused.
    pub async fn refused(&self, import: Uuid) -> Answer<Vec<Rejection>> {
        let sql = "SELECT refused FROM outbox WHERE import = $1 AND refused IS NOT NULL ORDER BY place";
        let rows = sqlx::query(sql).bind(import.to_string()).fetch_all(&mut *self.0.reader().await?).await?;
        let rejection = |row: &AnyRow| -> Answer<Rejection> {
            Ok(serde_json::from_str(row.try_get("refused")?).map_err(anyhow::Error::from)?)
        };
        rows.iter().map(rejection).collect()
    }

    /// The live half took the command, or refused it for good (`refused` says why): then those whom it does not know
    /// are struck off the registry, which holds nobody who cannot be sent.
    pub async fn settled(&self, id: CommandId, refused: Option<Rejection>, strangers: Vec<VolunteerId>) -> Answer<()> {
        let refused = refused.map(|why| serde_json::to_string(&why).expect("a rejection is JSON"));
        self.write(move |conn| {
            async move {
                let sql = "UPDATE outbox SET sent_at = $1, refused = $2 WHERE id = $3";
                let id = Uuid::from_u128(id.0).as_bytes().to_vec();
                sqlx::query(sql).bind(now().0).bind(refused).bind(id).execute(&mut *conn).await?;
                for volunteer in strangers {
                    people::retire(conn, volunteer).await?;
                }
                Ok(())
            }
            .boxed()
        })
        .await
    }
}

/// The live half is told who is a guest: there he has no duty.
fn with_guests(command: Command, guests: &BTreeSet<VolunteerId>) -> Command {
    let Command::EnrolVolunteers { mut volunteers } = command else { return command };
    volunteers.iter_mut().for_each(|volunteer| volunteer.guest = guests.contains(&volunteer.id));
    Command::EnrolVolunteers { volunteers }
}
