//! One-time links: how somebody signs in who has no password yet. There is no default password anywhere.

use futures_util::FutureExt;
use matcher::{AccountId, VolunteerId};
use sqlx::{AnyConnection, Row};

use super::error::{Answer, OfficeError};
use super::office::Office;
use super::once::Once;
use super::rows::{Token, now};
use super::sessions::{Subject, begin};

/// Where a link leads; the code follows as the fragment (`/sign-in#CODE`), so that it is in no server's log.
pub const SIGN_IN_PATH: &str = "/sign-in";

/// Links in one call.
const LINKS_MAX: usize = 100_000;

/// For whom a link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkFor {
    Account(AccountId),
    Volunteer(VolunteerId),
}

impl Office {
    /// A code for each of `people`, in their order; each signs in once, within `ttl_ms`.
    ///
    /// # Errors
    /// `Invalid` when there are more than 100,000; `Failed` when one of them does not exist.
    pub async fn issue_links(&self, people: Vec<LinkFor>, ttl_ms: u64) -> Answer<Vec<String>> {
        if people.len() > LINKS_MAX {
            let why = format!("{} links, at most {LINKS_MAX} in one call", people.len());
            return Err(OfficeError::Invalid { field: "people", why });
        }
        self.write(move |conn| {
            async move {
                let mut codes = Vec::with_capacity(people.len());
                for person in people {
                    codes.push(issue(conn, person, ttl_ms).await?);
                }
                Ok(codes)
            }
            .boxed()
        })
        .await
    }

    /// The token of a session begun by a link, which is used up.
    pub(super) async fn redeem_link(&self, code: &str, once: Option<Once>) -> Answer<String> {
        let hash = Token::parse(code).ok_or(OfficeError::LinkOver)?.hash();
        self.write_once(once, move |conn| {
            async move {
                let sql = "UPDATE link SET used_at = $2 WHERE code = $1 AND used_at IS NULL AND expires_at > $2 \
                           RETURNING account, volunteer";
                let used = sqlx::query(sql).bind(&hash[..]).bind(now().0).fetch_optional(&mut *conn).await?;
                let used = used.ok_or(OfficeError::LinkOver)?;
                let account: Option<i64> = used.try_get("account")?;
                let volunteer: Option<i64> = used.try_get("volunteer")?;
                let subject = account
                    .map(|id| Subject::Account(AccountId(id.cast_unsigned())))
                    .or(volunteer.map(|id| Subject::Volunteer(VolunteerId(id.cast_unsigned()))));
                begin(conn, subject.ok_or(OfficeError::LinkOver)?).await
            }
            .boxed()
        })
        .await
    }
}

/// A code for one person, inside a transaction.
pub(super) async fn issue(conn: &mut AnyConnection, person: LinkFor, ttl_ms: u64) -> Answer<String> {
    let code = Token::draw();
    let (account, volunteer) = match person {
        LinkFor::Account(id) => (Some(id.0.cast_signed()), None),
        LinkFor::Volunteer(id) => (None, Some(id.0.cast_signed())),
    };
    let sql = "INSERT INTO link (code, account, volunteer, made_at, expires_at) VALUES ($1, $2, $3, $4, $5)";
    let insert = sqlx::query(sql).bind(code.hash().to_vec()).bind(account).bind(volunteer);
    insert.bind(now().0).bind(now().plus_ms(ttl_ms).0).execute(conn).await?;
    Ok(code.text())
}
