//! A POST that takes effect once: what came of it is kept under the caller's own key, in the transaction that did it.
//!
//! An answer may hold a token or the code of a link, of which the office keeps hashes only. So it is sealed
//! (ChaCha20-Poly1305, RFC 8439) under a key drawn from the hub's own and the caller's, which the office forgets.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use matcher::HOUR_MS;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use sqlx::{AnyConnection, Row};
use uuid::Uuid;

use super::error::{Answer, OfficeError};
use super::keys::{Key, random_bytes};
use super::office::Office;
use super::rows::now;
use super::sessions::Subject;

/// How long the same key gives the same answer.
const KEPT_MS: u64 = 72 * HOUR_MS;
/// Answers kept; the oldest leave first.
const KEPT_MAX: i64 = 100_000;

/// Under which key something is to happen once, and what it stands for.
#[derive(Clone)]
pub struct Once {
    whose: String,
    body: [u8; 32],
}

impl Once {
    /// `whose` is `None` before a sign-in; `route` and `body` are what the key stands for from now on.
    pub fn new(whose: Option<Subject>, key: Uuid, route: &str, body: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update((route.len() as u64).to_be_bytes());
        hash.update(route.as_bytes());
        hash.update(body);
        Self { whose: format!("{whose:?}/{key}"), body: hash.finalize().into() }
    }

    fn drawer(self, key: &Key) -> Drawer {
        let seal = key.derive("once seal", &self.whose);
        let seal = UnboundKey::new(&CHACHA20_POLY1305, &seal).expect("the key has 32 bytes");
        Drawer { row: key.derive("once row", &self.whose), body: self.body, seal: LessSafeKey::new(seal) }
    }
}

/// Where an answer lies, and what opens it.
struct Drawer {
    row: [u8; 32],
    body: [u8; 32],
    seal: LessSafeKey,
}

impl Office {
    /// What this key was answered, if it was.
    ///
    /// # Errors
    /// `IdempotencyConflict` when it stood for another body.
    pub async fn recall<T: DeserializeOwned>(&self, once: Option<Once>) -> Answer<Option<T>> {
        let Some(once) = once else { return Ok(None) };
        let mut conn = self.0.reader().await?;
        once.drawer(&self.0.key).look(&mut conn).await
    }

    /// [`Office::write`], once under a key: the same key with the same body again is answered from the first time.
    ///
    /// # Errors
    /// `IdempotencyConflict` when the key stood for another body; those of `work`, after which the key is free again.
    pub(super) async fn write_once<T, F>(&self, once: Option<Once>, work: F) -> Answer<T>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        F: for<'c> FnOnce(&'c mut AnyConnection) -> BoxFuture<'c, Answer<T>> + Send + 'static,
    {
        let Some(once) = once else { return self.write(work).await };
        let drawer = once.drawer(&self.0.key);
        self.write(move |conn| {
            async move {
                if let Some(answer) = drawer.look(conn).await? {
                    return Ok(answer);
                }
                let answer = work(&mut *conn).await?;
                let sealed = drawer.seal(serde_json::to_vec(&answer).map_err(anyhow::Error::from)?)?;
                drawer.keep(conn, sealed).await?;
                Ok(answer)
            }
            .boxed()
        })
        .await
    }
}

impl Drawer {
    async fn look<T: DeserializeOwned>(&self, conn: &mut AnyConnection) -> Answer<Option<T>> {
        let sql = "SELECT body, answer FROM once WHERE row = $1 AND made_at > $2";
        let row = sqlx::query(sql).bind(&self.row[..]).bind(now().minus_ms(KEPT_MS).0).fetch_optional(conn).await?;
        let Some(row) = row else { return Ok(None) };
        if row.try_get::<Vec<u8>, _>("body")? != self.body {
            return Err(OfficeError::IdempotencyConflict);
        }
        let mut sealed: Vec<u8> = row.try_get("answer")?;
        Ok(Some(serde_json::from_slice(self.open(&mut sealed)?).map_err(anyhow::Error::from)?))
    }

    async fn keep(&self, conn: &mut AnyConnection, sealed: Vec<u8>) -> Answer<()> {
        let sql = "DELETE FROM once WHERE made_at <= $1 OR \
                   made_at < (SELECT made_at FROM once ORDER BY made_at DESC LIMIT 1 OFFSET $2)";
        sqlx::query(sql).bind(now().minus_ms(KEPT_MS).0).bind(KEPT_MAX - 1).execute(&mut *conn).await?;
        let sql = "INSERT INTO once (row, body, answer, made_at) VALUES ($1, $2, $3, $4)";
        let insert = sqlx::query(sql).bind(&self.row[..]).bind(&self.body[..]).bind(sealed);
        insert.bind(now().0).execute(conn).await?;
        Ok(())
    }

    /// The number of the sealing, then what was sealed.
    fn seal(&self, mut answer: Vec<u8>) -> Answer<Vec<u8>> {
        let number: [u8; NONCE_LEN] = random_bytes();
        let (nonce, body) = (Nonce::assume_unique_for_key(number), Aad::from(self.body));
        let done = self.seal.seal_in_place_append_tag(nonce, body, &mut answer);
        done.map_err(|_| anyhow::anyhow!("an answer is too long to be sealed"))?;
        Ok([&number[..], &answer].concat())
    }

    fn open<'a>(&self, sealed: &'a mut [u8]) -> Answer<&'a [u8]> {
        let changed = || anyhow::anyhow!("an answer kept in office.db was changed");
        let (number, answer) = sealed.split_at_mut_checked(NONCE_LEN).ok_or_else(changed)?;
        let nonce = Nonce::try_assume_unique_for_key(number).map_err(|_| changed())?;
        Ok(self.seal.open_in_place(nonce, Aad::from(self.body), answer).map_err(|_| changed())?)
    }
}
