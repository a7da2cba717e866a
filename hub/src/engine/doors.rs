//! The doors of all districts that this hub serves. One is opened after another, none is taken away while the hub runs: so
//! a door that was found can be held without a lock.

use std::sync::{Arc, OnceLock};

use matcher::DistrictId;

use super::EngineHandle;

/// Districts that one hub serves; more are not opened, and the operator is told.
pub const DISTRICTS_MAX: usize = 256;

/// The doors, in the order in which they were opened. Cheap to clone; all clones are the same doors.
#[derive(Clone)]
pub struct Doors(Arc<[OnceLock<EngineHandle>]>);

impl Default for Doors {
    fn default() -> Self {
        Doors((0..DISTRICTS_MAX).map(|_| OnceLock::new()).collect())
    }
}

impl Doors {
    /// Opens the door of one more district; false when there is no room for it.
    pub fn open(&self, mut door: EngineHandle) -> bool {
        for place in self.0.iter() {
            match place.set(door) {
                Ok(()) => return true,
                Err(taken) => door = taken,
            }
        }
        false
    }

    /// The door of a district.
    pub fn of(&self, district: DistrictId) -> Option<&EngineHandle> {
        self.all().find(|door| door.district() == district)
    }

    /// Every door, the first that was opened first.
    pub fn all(&self) -> impl Iterator<Item = &EngineHandle> {
        self.0.iter().map_while(OnceLock::get)
    }
}

impl FromIterator<EngineHandle> for Doors {
    fn from_iter<I: IntoIterator<Item = EngineHandle>>(doors: I) -> Self {
        let opened = Doors::default();
        for door in doors {
            assert!(opened.open(door), "at most {DISTRICTS_MAX} districts");
        }
        opened
    }
}
