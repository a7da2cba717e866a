//! That something was committed. A ring may be lost; what it stands for is read from SQL, and a beacon each second
//! repeats the last one.

use futures_util::future::BoxFuture;
use tokio::sync::broadcast;

use super::error::Answer;

/// Rings that a listener may be behind; one further behind looks into every log once.
pub const RINGS_BEHIND_MAX: usize = 4_096;

/// The log of `district` stands at `seq` under `term`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ring {
    /// The district.
    pub district: u32,
    /// The term that wrote it.
    pub term: u64,
    /// The last commit.
    pub seq: u64,
}

/// Rings between hubs.
pub trait Doorbell: Send + Sync {
    /// Rings at every hub, this one too.
    fn ring(&self, ring: Ring) -> BoxFuture<'_, Answer<()>>;

    /// Rings from now on.
    fn listen(&self) -> broadcast::Receiver<Ring>;
}
