//! What an event changes: the district itself, or the draft of a decision that has not been committed yet. Both apply
//! events by the same functions, so a decision sees exactly what the log will make of it.

use super::records::Kept;
use super::settings::{Numbers, Settings};
use crate::model::*;

pub trait World {
    fn get<R: Kept>(&self, key: u64) -> Option<&R>;
    fn get_mut<R: Kept>(&mut self, key: u64) -> Option<&mut R>;
    fn put<R: Kept>(&mut self, record: R);
    fn take<R: Kept>(&mut self, key: u64);
    fn settings(&self) -> &Settings;
    fn settings_mut(&mut self) -> &mut Settings;
    fn numbers_mut(&mut self) -> &mut Numbers;
    /// Incidents that have not ended.
    fn live(&self) -> Vec<IncidentId>;

    /// The record of an id that an event names.
    ///
    /// # Panics
    /// When there is none: the log and this code disagree, and going on would make it worse.
    fn must<R: Kept>(&self, key: u64) -> &R {
        self.get(key).unwrap_or_else(|| panic!("bug: an event names {} {key}, which is not in the state", R::NAME))
    }

    /// As [`World::must`], for change.
    fn must_mut<R: Kept>(&mut self, key: u64) -> &mut R {
        self.get_mut(key).unwrap_or_else(|| panic!("bug: an event names {} {key}, which is not in the state", R::NAME))
    }
}
