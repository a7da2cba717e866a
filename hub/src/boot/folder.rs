//! The data folder: what lies where, who may read it, and that only one hub has it.

use std::fs::File;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// A data folder that this process has for itself, until the value is dropped.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Makes the folder (0700) when it is missing, and locks it.
    ///
    /// # Errors
    /// When another hub has it, when others may write into it, or when it cannot be made.
    pub fn open(path: &Path) -> Result<Self> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| format!("cannot make the data folder {}", path.display()))?;
        let mode = std::fs::metadata(path)?.permissions().mode();
        if mode & 0o022 != 0 {
            bail!("others may write into the data folder {0}: run `chmod 700 {0}`", path.display());
        }
        let lock =
            File::create(path.join("hub.lock")).with_context(|| format!("cannot write into {}", path.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(std::fs::TryLockError::WouldBlock) => {
                bail!(
                    "another hub runs on {0}; stop it, or give another folder with --data / 该目录已有一个 hub 在运行",
                    path.display()
                )
            }
            Err(std::fs::TryLockError::Error(e)) => Err(e).context("cannot lock the data folder"),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where verbs of the command line speak to a running hub.
    pub fn socket(path: &Path) -> PathBuf {
        path.join("hub.sock")
    }

    /// One line: where the hub listens, once it does.
    pub fn address(path: &Path) -> PathBuf {
        path.join("address")
    }

    /// Says where the hub listens. Whoever waits for the file reads the whole line or no file, never half of one.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn say_address(path: &Path, base: &str) -> Result<()> {
        let file = Self::address(path);
        let unfinished = file.with_added_extension("part");
        std::fs::write(&unfinished, format!("{base}\n"))
            .and_then(|()| std::fs::rename(&unfinished, &file))
            .with_context(|| format!("cannot write {}", file.display()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::DataFolder;

    #[test]
    fn who_waits_for_the_address_reads_a_whole_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = DataFolder::address(folder.path());
        let ended = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let mut read = 0;
                while !ended.load(Ordering::Relaxed) {
                    if let Ok(line) = std::fs::read_to_string(&file) {
                        assert_eq!(line, "http://127.0.0.1:8110\n");
                        read += 1;
                    }
                }
                read
            });
            for _ in 0..2_000 {
                DataFolder::say_address(folder.path(), "http://127.0.0.1:8110").expect("it is written");
            }
            ended.store(true, Ordering::Relaxed);
            assert!(waiting.join().expect("every line was whole") > 0);
        });
    }
}
