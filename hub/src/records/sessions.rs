//! Who is at the other end: sessions of accounts, volunteers and residents' devices, as bearer tokens that rotate.
//!
//! A client may exchange its token for the next one ([`Office::rotate`]). The old one is good until the new one is first
//! used; an old one that comes after that has been copied, and the session ends (RFC 9700, 4.14.2).

use futures_util::FutureExt;
use matcher::{AccountId, Actor, CallerKey, DistrictId, Position, TeamId, Timestamp, VolunteerId};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use wire::server::Role;

use super::error::{Answer, OfficeError};
use super::office::Office;
use super::once::Once;
use super::rows::{Token, districts_of, now, role_of, small};
use super::tickets::TICKET_TTL_MS;

/// How long a session of an account lasts; a phone's lasts [`PHONE_SESSION_MS`] from its last rotation.
const ACCOUNT_SESSION_MS: u64 = 12 * matcher::HOUR_MS;
const PHONE_SESSION_MS: u64 = 90 * matcher::DAY_MS;

/// A session's number; it names the session in revocations and logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SessionId(pub i64);

/// Whose a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Subject {
    Account(AccountId),
    Volunteer(VolunteerId),
    /// A resident's phone or browser.
    Device(i64),
}

/// Who somebody is, verified.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    pub session: SessionId,
    pub subject: Subject,
    pub actor: Actor,
    pub role: Role,
    pub districts: Vec<DistrictId>,
    pub team: Option<TeamId>,
    pub name: String,
    /// Where a resident lives, when he has said: an alarm without a place is taken to be there.
    pub home: Option<Position>,
    pub expires_at: Timestamp,
}

impl Identity {
    /// Over, but not revoked: good for an alarm (flagged), for nothing else.
    pub fn over(&self) -> bool {
        self.expires_at < now()
    }

    /// The volunteer, if it is one.
    pub fn volunteer(&self) -> Option<VolunteerId> {
        if let Subject::Volunteer(volunteer) = self.subject { Some(volunteer) } else { None }
    }
}

/// A token, given out once, and who it is for.
#[derive(Clone, Debug)]
pub struct Issued {
    pub token: String,
    pub identity: Identity,
}

/// A resident's phone or browser that makes itself known.
#[derive(Clone, Debug)]
pub struct Device {
    pub district: DistrictId,
    /// What the resident calls himself; may be empty.
    pub name: String,
    pub home: Option<Position>,
}

impl Office {
    /// Who holds this token. Sessions that are over are refused.
    ///
    /// # Errors
    /// `Unauthenticated`, `SessionOver`.
    pub async fn session(&self, token: &str) -> Answer<Identity> {
        let identity = self.session_for_alarm(token).await?;
        if identity.over() { Err(OfficeError::SessionOver) } else { Ok(identity) }
    }

    /// The same, for an alarm: a session that is over but was not revoked is taken; ask [`Identity::over`] to flag it.
    pub async fn session_for_alarm(&self, token: &str) -> Answer<Identity> {
        let hash = Token::parse(token).ok_or(OfficeError::Unauthenticated)?.hash();
        let row = sqlx::query(SESSION_BY_TOKEN).bind(&hash[..]).fetch_optional(&mut *self.0.reader().await?).await?;
        let Some(row) = row else {
            return self.stolen(hash).await;
        };
        if row.try_get::<Option<Vec<u8>>, _>("next")?.is_some_and(|next| next == hash) {
            self.begin_next(hash).await?;
        }
        identity(&row)
    }

    /// A token that was replaced and comes again has been copied: its session ends.
    async fn stolen(&self, hash: [u8; 32]) -> Answer<Identity> {
        let sql = "SELECT id FROM session WHERE previous = $1 AND revoked_at IS NULL";
        let session = sqlx::query(sql).bind(&hash[..]).fetch_optional(&mut *self.0.reader().await?).await?;
        if let Some(row) = session {
            let id: i64 = row.try_get("id")?;
            tracing::warn!(session = id, "a token that had been replaced came again; its session is ended");
            self.end(SessionId(id)).await?;
        }
        Err(OfficeError::Unauthenticated)
    }

    async fn begin_next(&self, hash: [u8; 32]) -> Answer<()> {
        self.write(move |conn| {
            async move {
                let sql =
                    "UPDATE session SET previous = token, token = next, next = NULL, expires_at = $2 WHERE next = $1";
                let expires_at = now().plus_ms(PHONE_SESSION_MS).0;
                sqlx::query(sql).bind(&hash[..]).bind(expires_at).execute(conn).await?;
                Ok(())
            }
            .boxed()
        })
        .await
    }

    /// The next token of a phone's session; the one given is good until the new one is first used. Sessions of
    /// accounts do not rotate: they end after twelve hours.
    pub async fn rotate(&self, token: &str, once: Option<Once>) -> Answer<Issued> {
        let identity = self.session(token).await?;
        if matches!(identity.subject, Subject::Account(_)) {
            return Ok(Issued { token: token.to_owned(), identity });
        }
        let id = identity.session.0;
        let next = self.write_once(once, move |conn| next(conn, id).boxed()).await?;
        Ok(Issued { token: next, identity })
    }

    /// Makes a resident's phone or browser known: from now on it can raise an alarm.
    pub async fn register_device(&self, device: Device, once: Option<Once>) -> Answer<Issued> {
        let callers = self.0.callers.clone();
        let token = self.write_once(once, move |conn| {
            async move {
                let sql = "INSERT INTO device (district, caller_key, name, home_lat, home_lng, made_at) VALUES ($1, 0, $2, $3, $4, $5) RETURNING id";
                let made = sqlx::query(sql)
                    .bind(i64::from(device.district.0))
                    .bind(&device.name)
                    .bind(device.home.map(Position::lat))
                    .bind(device.home.map(Position::lng))
                    .bind(now().0)
                    .fetch_one(&mut *conn)
                    .await?;
                let id: i64 = made.try_get("id")?;
                let key = callers.of_device(id).0.cast_signed();
                sqlx::query("UPDATE device SET caller_key = $1 WHERE id = $2").bind(key).bind(id).execute(&mut *conn).await?;
                begin(conn, Subject::Device(id)).await
            }
            .boxed()
        });
        let token = token.await?;
        let identity = self.session(&token).await?;
        Ok(Issued { token, identity })
    }

    /// Ends one session: its token is refused from now on, and whoever holds a socket of it is told.
    pub async fn end(&self, session: SessionId) -> Answer<()> {
        self.revoke("UPDATE session SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL RETURNING id", session.0)
            .await
    }

    /// Ends every session of an account or a volunteer.
    pub async fn end_all(&self, subject: Subject) -> Answer<()> {
        let (sql, id) = match subject {
            Subject::Account(id) => (
                "UPDATE session SET revoked_at = $1 WHERE account = $2 AND revoked_at IS NULL RETURNING id",
                id.0.cast_signed(),
            ),
            Subject::Volunteer(id) => (
                "UPDATE session SET revoked_at = $1 WHERE volunteer = $2 AND revoked_at IS NULL RETURNING id",
                id.0.cast_signed(),
            ),
            Subject::Device(id) => {
                ("UPDATE session SET revoked_at = $1 WHERE device = $2 AND revoked_at IS NULL RETURNING id", id)
            }
        };
        self.revoke(sql, id).await
    }

    async fn revoke(&self, sql: &'static str, id: i64) -> Answer<()> {
        let ended = self
            .write(move |conn| {
                async move {
                    let rows = sqlx::query(sql).bind(now().0).bind(id).fetch_all(conn).await?;
                    rows.iter().map(|row| Ok(SessionId(row.try_get("id")?))).collect::<Answer<Vec<_>>>()
                }
                .boxed()
            })
            .await?;
        self.0.tickets.forget(|identity| ended.contains(&identity.session));
        for session in ended {
            // Nobody listens while no socket is open.
            let _ = self.0.revoked.send(session);
        }
        Ok(())
    }

    /// A ticket for one WebSocket; 30 s, one use. In an office that several hubs share it is good at each of them.
    pub async fn issue_ticket(&self, identity: Identity) -> Answer<String> {
        if !self.0.shelf.is_shared() {
            return self.0.tickets.issue(identity);
        }
        let (code, session) = (Token::draw(), identity.session.0);
        let hash = code.hash();
        // A ticket that goes with its server costs its client one more request; ten thousand clients ask at once.
        self.write_lightly(move |conn| {
            async move {
                if hash[0] == SWEEPS {
                    sqlx::query("DELETE FROM ticket WHERE expires_at < $1").bind(now().0).execute(&mut *conn).await?;
                }
                let sql = "INSERT INTO ticket (code, session, expires_at) VALUES ($1, $2, $3)";
                let until = now().plus_ms(u64::from(TICKET_TTL_MS)).0;
                sqlx::query(sql).bind(hash.to_vec()).bind(session).bind(until).execute(conn).await?;
                Ok(())
            }
            .boxed()
        })
        .await?;
        Ok(code.text())
    }

    /// Who holds this ticket; it is used up by asking.
    pub async fn redeem_ticket(&self, ticket: &str) -> Answer<Identity> {
        if !self.0.shelf.is_shared() {
            return self.0.tickets.redeem(ticket);
        }
        let hash = Token::parse(ticket).ok_or(OfficeError::TicketOver)?.hash();
        self.write_lightly(move |conn| {
            async move {
                let sql = "DELETE FROM ticket WHERE code = $1 AND expires_at > $2 RETURNING session";
                let taken = sqlx::query(sql).bind(hash.to_vec()).bind(now().0).fetch_optional(&mut *conn).await?;
                let session: i64 = taken.ok_or(OfficeError::TicketOver)?.try_get("session")?;
                let found = sqlx::query(SESSION_BY_ID).bind(session).fetch_optional(conn).await?;
                identity(&found.ok_or(OfficeError::TicketOver)?)
            }
            .boxed()
        })
        .await
    }
}

/// A ticket whose hash begins with this byte, one in 256, takes those that are over with it.
const SWEEPS: u8 = 0;

const SESSION_BY_TOKEN: &str = "\
    SELECT s.id, s.next, s.account, s.volunteer, s.device, s.expires_at, a.role, a.districts, a.team, a.display, \
           p.name AS person, d.district, d.caller_key, d.name AS resident, d.home_lat, d.home_lng \
    FROM session s LEFT JOIN account a ON a.id = s.account LEFT JOIN person p ON p.volunteer = s.volunteer \
                   LEFT JOIN device d ON d.id = s.device \
    WHERE (s.token = $1 OR s.next = $1) AND s.revoked_at IS NULL AND a.disabled_at IS NULL AND p.retired_at IS NULL";

const SESSION_BY_ID: &str = "\
    SELECT s.id, s.next, s.account, s.volunteer, s.device, s.expires_at, a.role, a.districts, a.team, a.display, \
           p.name AS person, d.district, d.caller_key, d.name AS resident, d.home_lat, d.home_lng \
    FROM session s LEFT JOIN account a ON a.id = s.account LEFT JOIN person p ON p.volunteer = s.volunteer \
                   LEFT JOIN device d ON d.id = s.device \
    WHERE s.id = $1 AND s.revoked_at IS NULL AND a.disabled_at IS NULL AND p.retired_at IS NULL";

async fn next(conn: &mut AnyConnection, session: i64) -> Answer<String> {
    let next = Token::draw();
    let sql = "UPDATE session SET next = $1 WHERE id = $2 AND revoked_at IS NULL";
    sqlx::query(sql).bind(&next.hash()[..]).bind(session).execute(conn).await?;
    Ok(next.text())
}

/// Begins a session inside a transaction; says its token.
pub(super) async fn begin(conn: &mut AnyConnection, subject: Subject) -> Answer<String> {
    let token = Token::draw();
    let hash = token.hash();
    let (account, volunteer, device) = match subject {
        Subject::Account(id) => (Some(id.0.cast_signed()), None, None),
        Subject::Volunteer(id) => (None, Some(id.0.cast_signed()), None),
        Subject::Device(id) => (None, None, Some(id)),
    };
    let lasts_ms = if account.is_some() { ACCOUNT_SESSION_MS } else { PHONE_SESSION_MS };
    let sql =
        "INSERT INTO session (token, account, volunteer, device, made_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)";
    let insert = sqlx::query(sql).bind(&hash[..]).bind(account).bind(volunteer).bind(device);
    insert.bind(now().0).bind(now().plus_ms(lasts_ms).0).execute(&mut *conn).await?;
    // An account that was disabled meanwhile is not begun for.
    let row = sqlx::query(SESSION_BY_TOKEN).bind(&hash[..]).fetch_optional(conn).await?;
    row.map(|_| token.text()).ok_or(OfficeError::WrongCredentials)
}

fn identity(row: &AnyRow) -> Answer<Identity> {
    let session = SessionId(row.try_get("id")?);
    let expires_at = Timestamp(row.try_get("expires_at")?);
    if let Some(id) = row.try_get::<Option<i64>, _>("account")? {
        return of_account(row, session, expires_at, AccountId(id.cast_unsigned()));
    }
    if let Some(id) = row.try_get::<Option<i64>, _>("volunteer")? {
        let id = VolunteerId(id.cast_unsigned());
        let (actor, name) = (Actor::Volunteer(id), row.try_get("person")?);
        let (subject, districts) = (Subject::Volunteer(id), vec![id.district()]);
        let role = Role::Volunteer;
        return Ok(Identity { session, subject, actor, role, districts, team: None, name, home: None, expires_at });
    }
    of_device(row, session, expires_at)
}

fn of_account(row: &AnyRow, session: SessionId, expires_at: Timestamp, id: AccountId) -> Answer<Identity> {
    let role = role_of(row.try_get("role")?)?;
    let actor = if role == Role::Integration { Actor::Integration(id) } else { Actor::Desk(id) };
    Ok(Identity {
        session,
        subject: Subject::Account(id),
        actor,
        role,
        districts: districts_of(row.try_get("districts")?)?,
        team: row.try_get::<Option<i64>, _>("team")?.map(|team| TeamId(team.cast_unsigned())),
        name: row.try_get("display")?,
        home: None,
        expires_at,
    })
}

fn of_device(row: &AnyRow, session: SessionId, expires_at: Timestamp) -> Answer<Identity> {
    let home: (Option<f64>, Option<f64>) = (row.try_get("home_lat")?, row.try_get("home_lng")?);
    Ok(Identity {
        session,
        subject: Subject::Device(row.try_get("device")?),
        actor: Actor::Resident(CallerKey(row.try_get::<i64, _>("caller_key")?.cast_unsigned())),
        role: Role::Resident,
        districts: vec![DistrictId(small(row, "district")?)],
        team: None,
        name: row.try_get("resident")?,
        home: home.0.zip(home.1).and_then(|(lat, lng)| Position::from_degrees(lat, lng)),
        expires_at,
    })
}
