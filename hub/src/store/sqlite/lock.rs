//! The lock file: one hub per data folder, whatever the database thinks.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use crate::store::error::JournalError;

/// The name of the lock file in the data folder.
pub const LOCK_FILE: &str = "journal.lock";

/// Holds the folder until dropped; the operating system lets go of it when the process dies.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes the folder for this process and writes its number into the file.
    ///
    /// # Errors
    /// `InUse` with the other process's number.
    pub fn take(folder: &Path) -> Result<Self, JournalError> {
        let path = folder.join(LOCK_FILE);
        let failed = |err: std::io::Error| JournalError::Failed(format!("{}: {err}", path.display()));
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(&path, &mut file)),
            Err(TryLockError::Error(err)) => return Err(failed(err)),
        }
        write_own_id(&mut file).map_err(failed)?;
        Ok(FolderLock { _file: file })
    }
}

fn write_own_id(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "{}", std::process::id())
}

fn in_use(path: &Path, file: &mut File) -> JournalError {
    let mut words = String::new();
    let holder = match file.read_to_string(&mut words) {
        Ok(_) if !words.is_empty() => format!(" (process {words})"),
        Ok(_) | Err(_) => String::new(),
    };
    JournalError::InUse { path: path.display().to_string(), holder }
}
