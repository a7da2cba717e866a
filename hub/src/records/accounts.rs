//! Accounts of those who work at a desk, of wall screens and of other systems.

use futures_util::FutureExt;
use matcher::{AccountId, DistrictId, TeamId, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use wire::http::SignIn;
use wire::server::Role;

use super::audit::{self, AuditEntry};
use super::error::{Answer, OfficeError};
use super::links::{self, LinkFor};
use super::office::Office;
use super::once::Once;
use super::passwords;
use super::rows::{districts_of, districts_text, now, role_name, role_of};
use super::sessions::{Issued, Subject, begin};

/// Characters of an account's name: a-z, 0-9, `.`, `_`, `-`.
const ACCOUNT_NAME_LENGTH_MAX: usize = 40;

/// An account as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub name: String,
    pub display: String,
    pub role: Role,
    pub districts: Vec<DistrictId>,
    pub team: Option<TeamId>,
    pub has_password: bool,
    pub disabled_at: Option<Timestamp>,
}

/// An account to be made. Without a password it signs in by one-time links only.
#[derive(Clone, Debug)]
pub struct NewAccount {
    pub name: String,
    /// How people see it; the name when empty.
    pub display: String,
    pub role: Role,
    pub districts: Vec<DistrictId>,
    pub team: Option<TeamId>,
    pub password: Option<String>,
}

/// How a new account is told of: for how long its link is good, what the audit keeps, and under which key.
pub struct Invitation {
    pub ttl_ms: u64,
    pub entry: AuditEntry,
    pub once: Option<Once>,
}

impl Office {
    /// Signs in by password or by the code of a one-time link.
    ///
    /// # Errors
    /// `WrongCredentials`, `LinkOver`, `TooManySignIns`.
    pub async fn sign_in(&self, sign_in: SignIn, once: Option<Once>) -> Answer<Issued> {
        let token = match sign_in {
            SignIn::Password { account, password } => self.by_password(&account, password, once).await?,
            SignIn::Link { code } => self.redeem_link(&code, once).await?,
        };
        let identity = self.session(&token).await?;
        Ok(Issued { token, identity })
    }

    async fn by_password(&self, name: &str, password: String, once: Option<Once>) -> Answer<String> {
        let sql = "SELECT id, password FROM account WHERE name = $1 AND disabled_at IS NULL";
        let row = sqlx::query(sql).bind(name).fetch_optional(&mut *self.0.reader().await?).await?;
        let stored = row.as_ref().map(|row| row.try_get::<Option<String>, _>("password")).transpose()?.flatten();
        let right = self.0.passwords.verify(password, stored).await?;
        let id = row.filter(|_| right).ok_or(OfficeError::WrongCredentials)?.try_get::<i64, _>("id")?;
        let subject = Subject::Account(AccountId(id.cast_unsigned()));
        self.write_once(once, move |conn| begin(conn, subject).boxed()).await
    }

    /// Makes an account.
    ///
    /// # Errors
    /// `Invalid` names the field: the name is taken or has other characters, a role that is no account's, a password
    /// that is too short, no district.
    pub async fn add_account(&self, account: NewAccount) -> Answer<AccountId> {
        check(&account)?;
        let password = match account.password.clone() {
            Some(password) => Some(self.0.passwords.hash(password).await?),
            None => None,
        };
        self.write(move |conn| async move { put(conn, &account, password).await }.boxed()).await
    }

    /// Makes an account without a password, and the code of the link by which its owner signs in the first time,
    /// with when it ends.
    ///
    /// # Errors
    /// As [`Office::add_account`], and `IdempotencyConflict`.
    pub async fn invite_account(&self, account: NewAccount, invitation: Invitation) -> Answer<(String, Timestamp)> {
        check(&account)?;
        let Invitation { ttl_ms, entry, once } = invitation;
        self.write_once(once, move |conn| {
            async move {
                let id = put(&mut *conn, &account, None).await?;
                audit::put(&mut *conn, entry).await?;
                let code = links::issue(conn, LinkFor::Account(id), ttl_ms).await?;
                Ok((code, now().plus_ms(ttl_ms)))
            }
            .boxed()
        })
        .await
    }

    /// A new password; every session of the account ends.
    pub async fn set_password(&self, name: &str, password: String) -> Answer<()> {
        passwords::check(&password)?;
        let account = self.account(name).await?;
        let hash = self.0.passwords.hash(password).await?;
        self.write(move |conn| {
            async move {
                let sql = "UPDATE account SET password = $1 WHERE id = $2";
                sqlx::query(sql).bind(hash).bind(account.id.0.cast_signed()).execute(conn).await?;
                Ok(())
            }
            .boxed()
        })
        .await?;
        self.end_all(Subject::Account(account.id)).await
    }

    /// Disables an account: it can no longer sign in, and its sessions end at once.
    pub async fn disable_account(&self, name: &str) -> Answer<AccountId> {
        let account = self.account(name).await?;
        self.write(move |conn| {
            async move {
                let sql = "UPDATE account SET disabled_at = $1 WHERE id = $2 AND disabled_at IS NULL";
                sqlx::query(sql).bind(now().0).bind(account.id.0.cast_signed()).execute(conn).await?;
                Ok(())
            }
            .boxed()
        })
        .await?;
        self.end_all(Subject::Account(account.id)).await?;
        Ok(account.id)
    }

    /// All accounts, by name.
    pub async fn accounts(&self) -> Answer<Vec<Account>> {
        let rows = sqlx::query("SELECT * FROM account ORDER BY name").fetch_all(&mut *self.0.reader().await?).await?;
        rows.iter().map(listed).collect()
    }

    /// One account by its name.
    pub async fn account(&self, name: &str) -> Answer<Account> {
        let row = sqlx::query("SELECT * FROM account WHERE name = $1").bind(name);
        let row = row.fetch_optional(&mut *self.0.reader().await?).await?;
        let unknown = || OfficeError::Unknown { what: "account", name: name.to_owned() };
        row.as_ref().map(listed).transpose()?.ok_or_else(unknown)
    }
}

async fn put(conn: &mut AnyConnection, account: &NewAccount, password: Option<String>) -> Answer<AccountId> {
    let sql = "INSERT INTO account (name, display, role, districts, team, password, made_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name) DO NOTHING RETURNING id";
    let display = if account.display.is_empty() { &account.name } else { &account.display };
    let made = sqlx::query(sql)
        .bind(&account.name)
        .bind(display)
        .bind(role_name(account.role))
        .bind(districts_text(&account.districts))
        .bind(account.team.map(|team| team.0.cast_signed()))
        .bind(password)
        .bind(now().0)
        .fetch_optional(conn)
        .await?;
    let taken = || invalid("account", format!("the name {:?} is taken / 账号名已被使用", account.name));
    Ok(AccountId(made.ok_or_else(taken)?.try_get::<i64, _>("id")?.cast_unsigned()))
}

fn listed(row: &AnyRow) -> Answer<Account> {
    Ok(Account {
        id: AccountId(row.try_get::<i64, _>("id")?.cast_unsigned()),
        name: row.try_get("name")?,
        display: row.try_get("display")?,
        role: role_of(row.try_get("role")?)?,
        districts: districts_of(row.try_get("districts")?)?,
        team: row.try_get::<Option<i64>, _>("team")?.map(|team| TeamId(team.cast_unsigned())),
        has_password: row.try_get::<Option<String>, _>("password")?.is_some(),
        disabled_at: row.try_get::<Option<i64>, _>("disabled_at")?.map(Timestamp),
    })
}

fn check(account: &NewAccount) -> Answer<()> {
    let name = &account.name;
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    if name.is_empty() || name.len() > ACCOUNT_NAME_LENGTH_MAX || !name.chars().all(allowed) {
        let why = format!(
            "{name:?}: 1 to {ACCOUNT_NAME_LENGTH_MAX} of a-z, 0-9, '.', '_', '-' / 只能用小写字母、数字和 . _ -"
        );
        return Err(invalid("account", why));
    }
    if matches!(account.role, Role::Volunteer | Role::Resident) {
        let why = "volunteers come by `import volunteers`, residents by their own device / 志愿者请用导入".to_owned();
        return Err(invalid("role", why));
    }
    if account.districts.is_empty() {
        return Err(invalid("districts", "at least one is needed / 至少一个区".to_owned()));
    }
    account.password.as_deref().map_or(Ok(()), passwords::check)
}

fn invalid(field: &'static str, why: String) -> OfficeError {
    OfficeError::Invalid { field, why }
}
