//! The registry of those who help: names, numbers and homes. Nothing of it ever enters an event.

use matcher::{DistrictId, Position, ProviderClass, VolunteerId};
use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use super::error::{Answer, OfficeError};
use super::office::Office;
use super::rows::now;

/// One who helps, as the office knows him. `home` is exact; the live half gets it rounded.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    pub volunteer: VolunteerId,
    /// The registry's own number (certificate or card), when there is one: an import finds him again by it.
    pub number: Option<String>,
    pub name: String,
    pub phone: Option<String>,
    pub address: Option<String>,
    pub home: Position,
    pub class: ProviderClass,
}

/// How to reach a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    pub name: String,
    pub phone: Option<String>,
}

impl Office {
    /// Name and number of one volunteer; the caller has asked `allow`, and the desk's click is audited.
    pub async fn contact(&self, volunteer: VolunteerId) -> Answer<Contact> {
        let sql = "SELECT name, phone FROM person WHERE volunteer = ? AND retired_at IS NULL";
        let row = sqlx::query(sql).bind(volunteer.0.cast_signed()).fetch_optional(&self.0.readers).await?;
        let row = row.ok_or_else(|| OfficeError::Unknown { what: "volunteer", name: volunteer.to_string() })?;
        Ok(Contact { name: row.try_get("name")?, phone: row.try_get("phone")? })
    }

    /// All people of a district by volunteer number, for export and for finding them again in an import.
    pub async fn people(&self, district: DistrictId) -> Answer<Vec<Person>> {
        let sql = "SELECT * FROM person WHERE district = ? AND retired_at IS NULL ORDER BY volunteer";
        let rows = sqlx::query(sql).bind(district.0).fetch_all(&self.0.readers).await?;
        rows.iter().map(person).collect()
    }
}

fn person(row: &sqlx::sqlite::SqliteRow) -> Answer<Person> {
    let home = Position::from_degrees(row.try_get("home_lat")?, row.try_get("home_lng")?);
    Ok(Person {
        volunteer: VolunteerId(row.try_get::<i64, _>("volunteer")?.cast_unsigned()),
        number: row.try_get("number")?,
        name: row.try_get("name")?,
        phone: row.try_get("phone")?,
        address: row.try_get("address")?,
        home: home.ok_or_else(|| anyhow::anyhow!("the registry has a home that is no place"))?,
        class: class_of(row.try_get("class")?)?,
    })
}

/// Adds or changes one person inside a transaction.
pub(super) async fn put(conn: &mut SqliteConnection, person: &Person) -> Answer<()> {
    let sql = "INSERT INTO person (volunteer, district, person_key, number, name, phone, address, home_lat, home_lng, class, made_at) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
               ON CONFLICT (volunteer) DO UPDATE SET number = excluded.number, name = excluded.name, \
               phone = excluded.phone, address = excluded.address, home_lat = excluded.home_lat, \
               home_lng = excluded.home_lng, class = excluded.class, retired_at = NULL";
    sqlx::query(sql)
        .bind(person.volunteer.0.cast_signed())
        .bind(person.volunteer.district().0)
        .bind(Uuid::new_v4().to_string())
        .bind(&person.number)
        .bind(&person.name)
        .bind(&person.phone)
        .bind(&person.address)
        .bind(person.home.lat())
        .bind(person.home.lng())
        .bind(class_name(person.class))
        .bind(now().0)
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) fn class_name(class: ProviderClass) -> &'static str {
    match class {
        ProviderClass::SkilledVolunteer => "skilled_volunteer",
        ProviderClass::MemberOrganisation => "member_organisation",
        ProviderClass::GeneralVolunteer => "general_volunteer",
    }
}

pub(super) fn class_of(name: &str) -> anyhow::Result<ProviderClass> {
    let all = [ProviderClass::SkilledVolunteer, ProviderClass::MemberOrganisation, ProviderClass::GeneralVolunteer];
    let class = all.into_iter().find(|class| class_name(*class) == name);
    class.ok_or_else(|| anyhow::anyhow!("the registry has a provider class {name:?} that this hub does not know"))
}
