//! How the office's values look in its tables.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use matcher::{DistrictId, Timestamp};
use sha2::{Digest, Sha256};
use wire::server::Role;

use super::keys::random_bytes;

/// 256 random bits: a bearer token, a link's code, a ticket. Only its hash is kept.
#[derive(Clone)]
pub(super) struct Token([u8; 32]);

impl Token {
    pub fn draw() -> Self {
        Self(random_bytes())
    }

    /// As given by a client; `None` when it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

/// The clock of the office: wall time.
pub(super) fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}

pub(super) fn role_name(role: Role) -> &'static str {
    match role {
        Role::Resident => "resident",
        Role::Volunteer => "volunteer",
        Role::TeamLeader => "team_leader",
        Role::Operator => "operator",
        Role::Reviewer => "reviewer",
        Role::Wall => "wall",
        Role::Admin => "admin",
        Role::Integration => "integration",
    }
}

pub(super) fn role_of(name: &str) -> anyhow::Result<Role> {
    let role = Role::ALL.into_iter().find(|role| role_name(*role) == name);
    role.ok_or_else(|| anyhow::anyhow!("the office has a role {name:?} that this hub does not know: is it older?"))
}

pub(super) fn districts_text(districts: &[DistrictId]) -> String {
    serde_json::to_string(districts).expect("numbers are JSON")
}

pub(super) fn districts_of(text: &str) -> anyhow::Result<Vec<DistrictId>> {
    Ok(serde_json::from_str(text)?)
}

/// A number that is smaller than the column that keeps it.
pub(super) fn small(row: &sqlx::any::AnyRow, column: &str) -> anyhow::Result<u32> {
    Ok(u32::try_from(sqlx::Row::try_get::<i64, _>(row, column)?)?)
}
