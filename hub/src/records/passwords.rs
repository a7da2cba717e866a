//! Passwords: Argon2id (RFC 9106), a few at a time, so that a flood of sign-ins cannot take the cores from an alarm.

use std::sync::Arc;

use anyhow::anyhow;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use super::error::{Answer, OfficeError};

/// Characters of a password.
pub const PASSWORD_LENGTH_MIN: usize = 10;
const PASSWORD_BYTES_MAX: usize = 200;
/// Hashes computed at once.
const HASHING_MAX: usize = 1;
/// Sign-ins that wait for their turn; one more is told to come back.
const WAITING_MAX: usize = 32;

/// Hashes and verifies, one at a time.
#[derive(Clone, Debug)]
pub(super) struct Passwords {
    turn: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Passwords {
    pub fn new() -> Self {
        Self { turn: Arc::new(Semaphore::new(HASHING_MAX)), places: Arc::new(Semaphore::new(WAITING_MAX)) }
    }

    /// The PHC string to keep. The caller has checked the password with [`check`].
    pub async fn hash(&self, password: String) -> Answer<String> {
        self.in_turn(move || {
            let hash = Argon2::default().hash_password(password.as_bytes());
            hash.map(|hash| hash.to_string()).map_err(|e| OfficeError::Failed(anyhow!("Argon2id: {e}")))
        })
        .await?
    }

    /// Whether `password` belongs to the PHC string. Without one (an unknown account, or one without a password) the
    /// same work is done, so that the time taken tells nothing.
    pub async fn verify(&self, password: String, stored: Option<String>) -> Answer<bool> {
        self.in_turn(move || match stored.as_deref().map(PasswordHash::new) {
            Some(Ok(hash)) => Argon2::default().verify_password(password.as_bytes(), &hash).is_ok(),
            Some(Err(_)) | None => {
                let _ = Argon2::default().hash_password(password.as_bytes());
                false
            }
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Answer<T> {
        let _place = self.places.clone().try_acquire_owned().map_err(|_| OfficeError::TooManySignIns)?;
        let turn = self.turn.clone().acquire_owned().await.map_err(|e| OfficeError::Failed(e.into()))?;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(|e| OfficeError::Failed(e.into()))
    }
}

/// The rule for a new password: at least [`PASSWORD_LENGTH_MIN`] characters, at most 200 bytes, not one character
/// repeated. No other rule: length is what counts (NIST SP 800-63B).
pub(super) fn check(password: &str) -> Answer<()> {
    let length = password.chars().count();
    let why = if length < PASSWORD_LENGTH_MIN {
        format!("{length} characters, at least {PASSWORD_LENGTH_MIN} are needed / 至少 {PASSWORD_LENGTH_MIN} 个字符")
    } else if password.len() > PASSWORD_BYTES_MAX {
        format!("{} bytes, at most {PASSWORD_BYTES_MAX} are allowed / 太长", password.len())
    } else if password.chars().all(|c| password.starts_with(c)) {
        "one character repeated / 不能是同一个字符".to_owned()
    } else {
        return Ok(());
    };
    Err(OfficeError::Invalid { field: "password", why })
}
