//! What archiving asks of a store besides [`Journal`]: the log loses its oldest rows and begins with a state instead.

use std::future::Future;

use super::journal::{Answer, Journal};
use super::rows::{About, Fence};

/// A journal whose log can begin later than with its first commit.
///
/// A log either begins at 1, or its first commit follows on a base: a snapshot with
/// [`super::rows::SnapshotMark::is_base`] that the store keeps as long as the log begins there. Every step is small
/// ([`super::rows::REMOVED_ROWS_MAX`]), fenced, and leaves a log that can be recovered.
pub trait Shorten: Journal {
    /// A log without commits is to begin after `seq`, fenced: for a restore. Refused (`Fenced`) once it has any.
    fn begin_after(&self, fence: Fence, seq: u64) -> impl Future<Output = Answer<()>> + Send;

    /// Removes which incidents commits up to `to_seq` are about, as far as they stand in the next entries after `after`. Says
    /// where to go on; `None` at the end.
    fn remove_about(
        &self,
        fence: Fence,
        to_seq: u64,
        after: About,
    ) -> impl Future<Output = Answer<Option<About>>> + Send;

    /// Removes the oldest commits up to `base_seq`, never the last of the log, and says how many; 0: there are none left.
    /// `Failed` if there is no base at `base_seq`.
    fn remove(&self, fence: Fence, base_seq: u64) -> impl Future<Output = Answer<u64>> + Send;
}
