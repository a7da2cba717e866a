//! Secrets of this hub: 32 random bytes each, in a file that only its owner can read.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A secret key. Its bytes are never printed.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

/// The key in a data folder; drawn when there is none yet.
///
/// # Errors
/// As [`Key::open_or_draw`].
pub fn own_key(folder: &Path) -> Result<Key> {
    Key::open_or_draw(&folder.join("caller.key"))
}

/// A key that somebody has mounted. Its group may read it: so does Kubernetes mount secrets for whoever is not root.
///
/// # Errors
/// When it is not there, not 32 bytes long, or readable by everybody.
pub fn mounted_key(file: &Path) -> Result<Key> {
    Key::open(file, 0o007)
}

impl Key {
    /// Reads the key at `path`; draws it at random and writes it (0600) when there is none yet.
    ///
    /// # Errors
    /// When others may read the file, when it is not 32 bytes long, or when it cannot be read or written.
    pub fn open_or_draw(path: &Path) -> Result<Self> {
        if path.exists() { Self::open(path, 0o077) } else { Self::draw(path) }
    }

    /// A secret of its own for `value`, one of the kind `what`: HMAC-SHA-256 (RFC 2104) of both.
    pub(super) fn derive(&self, what: &str, value: &str) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(what.as_bytes());
        mac.update(b":");
        mac.update(value.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// `not_for`: the bits of the file's mode that must not be set.
    fn open(path: &Path, not_for: u32) -> Result<Self> {
        let mut file = std::fs::File::open(path).with_context(|| format!("cannot read the key {}", path.display()))?;
        let mode = file.metadata()?.permissions().mode();
        ensure!(mode & not_for == 0, "others may read the key {0}: run `chmod 600 {0}`", path.display());
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let bytes =
            bytes.try_into().ok().with_context(|| format!("the key {} is not 32 bytes long", path.display()))?;
        Ok(Self(bytes))
    }

    fn draw(path: &Path) -> Result<Self> {
        let key = Self(random_bytes());
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .with_context(|| format!("cannot write the key {}", path.display()))?;
        file.write_all(&key.0)?;
        file.sync_all()?;
        Ok(key)
    }
}

/// Bytes from the system's generator, for tokens, links and keys.
pub(super) fn random_bytes<const N: usize>() -> [u8; N] {
    rand::random()
}
