//! Names by volunteer: in memory, so that a row is rendered without a query. The live half never sees them.

use std::collections::HashMap;

use matcher::{ProviderClass, VolunteerId};
use sqlx::Row;

use super::error::Answer;
use super::office::Office;
use super::people::class_of;

/// What an unknown name is shown as.
const UNKNOWN: &str = "—";

/// Names as they were at one moment; the office puts a new book in its place after an import.
#[derive(Debug, Default)]
pub struct NameBook(HashMap<VolunteerId, (Box<str>, ProviderClass)>);

impl NameBook {
    /// As the registry has it; — when unknown.
    pub fn name(&self, volunteer: VolunteerId) -> &str {
        self.0.get(&volunteer).map_or(UNKNOWN, |(name, _)| name)
    }

    /// For walls and residents: 王师傅; an organisation by its own name.
    pub fn masked(&self, volunteer: VolunteerId) -> String {
        match self.0.get(&volunteer) {
            Some((name, ProviderClass::MemberOrganisation)) => name.to_string(),
            Some((name, ProviderClass::SkilledVolunteer | ProviderClass::GeneralVolunteer)) => masked(name),
            None => UNKNOWN.to_owned(),
        }
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Family names of two characters that are still met.
const COMPOUND_FAMILY_NAMES: [&str; 10] =
    ["欧阳", "司马", "上官", "诸葛", "司徒", "东方", "皇甫", "尉迟", "公孙", "令狐"];

fn masked(name: &str) -> String {
    let compound = COMPOUND_FAMILY_NAMES.iter().find(|family| name.starts_with(*family));
    let family = compound.map(|family| (*family).to_owned());
    let first = family.or_else(|| name.chars().next().map(String::from));
    first.map_or_else(|| UNKNOWN.to_owned(), |first| format!("{first}师傅"))
}

impl Office {
    /// Reads all names again; called after the registry has changed.
    pub(super) async fn reload_names(&self) -> Answer<()> {
        let rows = sqlx::query("SELECT volunteer, name, class FROM person WHERE retired_at IS NULL");
        let mut names = HashMap::new();
        for row in rows.fetch_all(&mut *self.0.reader().await?).await? {
            let id = VolunteerId(row.try_get::<i64, _>(0)?.cast_unsigned());
            let name: String = row.try_get(1)?;
            names.insert(id, (name.into_boxed_str(), class_of(row.try_get(2)?)?));
        }
        self.0.names.store(NameBook(names).into());
        Ok(())
    }
}
