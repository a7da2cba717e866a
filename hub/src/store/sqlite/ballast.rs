//! Room kept for alarms: a file of real blocks that is given up when the volume is full.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fs4::FileExt;

/// What is kept by default: about 20,000 alarms with their answers.
pub const BALLAST_BYTES: u64 = 64 * 1024 * 1024;

/// The name of the ballast in the data folder.
pub const BALLAST_FILE: &str = "journal.ballast";

/// The free space that must be there, in ballasts, before a freed one is laid again: it must not itself be
/// what fills the volume.
const ROOM_FOR_BALLASTS: u64 = 2;

/// The ballast file, and the flag that everybody reads.
pub struct Ballast {
    path: PathBuf,
    bytes: u64,
    is_low: Arc<AtomicBool>,
}

impl Ballast {
    /// Lays the ballast if it is not there; a volume too full for it starts low on space.
    pub fn lay(folder: &Path, bytes: u64, is_low: Arc<AtomicBool>) -> Self {
        let ballast = Ballast { path: folder.join(BALLAST_FILE), bytes, is_low };
        if let Err(err) = ballast.write() {
            tracing::error!(error = %err, path = %ballast.path.display(), "no room for the ballast: only alarms and their answers are taken; free space on this volume");
            ballast.release();
        }
        ballast
    }

    /// Gives the space back. False if that was done before: then the volume is full for good.
    pub fn release(&self) -> bool {
        let was_low = self.is_low.swap(true, Ordering::AcqRel);
        if let Err(err) = fs::remove_file(&self.path)
            && err.kind() != io::ErrorKind::NotFound
        {
            tracing::error!(error = %err, path = %self.path.display(), "the ballast cannot be freed");
        }
        !was_low
    }

    /// Whether it has been given up.
    pub fn is_low(&self) -> bool {
        self.is_low.load(Ordering::Acquire)
    }

    /// Lays a freed ballast again once the volume has room, and the quota `quota_free` bytes; called about once a second.
    pub fn tend(&self, quota_free: u64) {
        if !self.is_low() || !self.has_room(quota_free) {
            return;
        }
        match self.write() {
            Ok(()) => {
                self.is_low.store(false, Ordering::Release);
                tracing::info!("the volume has room again: everything is taken");
            }
            Err(err) => tracing::warn!(error = %err, "the ballast cannot be laid yet"),
        }
    }

    fn has_room(&self, quota_free: u64) -> bool {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let wanted = self.bytes.saturating_mul(ROOM_FOR_BALLASTS);
        quota_free >= wanted && fs4::available_space(folder).is_ok_and(|free| free >= wanted)
    }

    fn write(&self) -> io::Result<()> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&self.path)?;
        FileExt::allocate(&file, self.bytes)
    }
}
