//! The registry of those who help: names, numbers and homes. Nothing of it ever enters an event.

use matcher::{DistrictId, Position, ProviderClass, VolunteerId};
use sqlx::{AnyConnection, Row};
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

impl Office {
    /// All people of a district by volunteer number, for export and for finding them again in an import.
    pub async fn people(&self, district: DistrictId) -> Answer<Vec<Person>> {
        let sql = "SELECT * FROM person WHERE district = $1 AND retired_at IS NULL ORDER BY volunteer";
        let rows = sqlx::query(sql).bind(i64::from(district.0)).fetch_all(&mut *self.0.reader().await?).await?;
        rows.iter().map(person).collect()
    }

    /// The same with those who were stood down: whoever comes back keeps his number.
    pub async fn registry(&self, district: DistrictId) -> Answer<Vec<Person>> {
        let sql = "SELECT * FROM person WHERE district = $1 ORDER BY volunteer";
        let rows = sqlx::query(sql).bind(i64::from(district.0)).fetch_all(&mut *self.0.reader().await?).await?;
        rows.iter().map(person).collect()
    }

    /// One of those who help.
    ///
    /// # Errors
    /// `Unknown` when there is none of this number, or when he was stood down.
    pub async fn person(&self, volunteer: VolunteerId) -> Answer<Person> {
        let sql = "SELECT * FROM person WHERE volunteer = $1 AND retired_at IS NULL";
        let row = sqlx::query(sql).bind(volunteer.0.cast_signed()).fetch_optional(&mut *self.0.reader().await?).await?;
        person(&row.ok_or_else(|| OfficeError::Unknown { what: "volunteer", name: volunteer.to_string() })?)
    }
}

fn person(row: &sqlx::any::AnyRow) -> Answer<Person> {
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

/// Rounded to about 100 m: what the live half may know of a home.
pub fn roughly(home: Position) -> Position {
    const STEP_E7: i32 = 10_000;
    let round = |e7: i32| (e7 + STEP_E7 / 2 * e7.signum()) / STEP_E7 * STEP_E7;
    Position { lat_e7: round(home.lat_e7), lng_e7: round(home.lng_e7) }
}

/// Whether this can be a number to call: 5 to 15 digits (ITU-T E.164), and what people write between them.
pub fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    (5..=15).contains(&digits) && text.chars().all(|c| c.is_ascii_digit() || "+-() ".contains(c))
}

/// Who somebody is in the district that is his home.
struct AtHome {
    volunteer: i64,
    key: String,
}

/// The home of somebody of this name and telephone that is another district; `None` where this row is his home, as it stays
/// until he is stood down.
async fn home_elsewhere(conn: &mut AnyConnection, person: &Person) -> Answer<Option<AtHome>> {
    let own = "SELECT 1 FROM person WHERE volunteer = $1 AND retired_at IS NULL AND home_volunteer IS NULL";
    let own = sqlx::query(own).bind(person.volunteer.0.cast_signed()).fetch_optional(&mut *conn).await?;
    let Some(phone) = person.phone.as_ref().filter(|_| own.is_none()) else { return Ok(None) };
    let other = "SELECT volunteer, person_key FROM person WHERE name = $1 AND phone = $2 AND district <> $3 \
                 AND retired_at IS NULL AND home_volunteer IS NULL ORDER BY made_at, volunteer LIMIT 1";
    let other = sqlx::query(other).bind(&person.name).bind(phone).bind(i64::from(person.volunteer.district().0));
    let other = other.fetch_optional(&mut *conn).await?;
    other.map(|row| Ok(AtHome { volunteer: row.try_get(0)?, key: row.try_get(1)? })).transpose()
}

/// Adds or changes one person inside a transaction; whether he is a guest, because another district is his home. Imports
/// that change people take turns (the row of `registry`), so that no two districts become the home of one.
pub(super) async fn put(conn: &mut AnyConnection, person: &Person) -> Answer<bool> {
    let home = home_elsewhere(conn, person).await?;
    let key = home.as_ref().map_or_else(|| Uuid::new_v4().to_string(), |home| home.key.clone());
    let sql = "INSERT INTO person (volunteer, district, person_key, number, name, phone, address, home_lat, home_lng, class, \
                                   made_at, home_volunteer) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
               ON CONFLICT (volunteer) DO UPDATE SET number = excluded.number, name = excluded.name, \
               phone = excluded.phone, address = excluded.address, home_lat = excluded.home_lat, \
               home_lng = excluded.home_lng, class = excluded.class, retired_at = NULL, \
               home_volunteer = excluded.home_volunteer, person_key = CASE WHEN excluded.home_volunteer IS NULL \
               THEN person.person_key ELSE excluded.person_key END";
    sqlx::query(sql)
        .bind(person.volunteer.0.cast_signed())
        .bind(i64::from(person.volunteer.district().0))
        .bind(key)
        .bind(&person.number)
        .bind(&person.name)
        .bind(&person.phone)
        .bind(&person.address)
        .bind(person.home.lat())
        .bind(person.home.lng())
        .bind(class_name(person.class))
        .bind(now().0)
        .bind(home.as_ref().map(|home| home.volunteer))
        .execute(conn)
        .await?;
    Ok(home.is_some())
}

/// Stands one person down inside a transaction: the row stays, for those who look back, and for whoever comes back.
pub(super) async fn retire(conn: &mut AnyConnection, volunteer: VolunteerId) -> Answer<()> {
    let sql = "UPDATE person SET retired_at = $1 WHERE volunteer = $2 AND retired_at IS NULL";
    sqlx::query(sql).bind(now().0).bind(volunteer.0.cast_signed()).execute(conn).await?;
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
