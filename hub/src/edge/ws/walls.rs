//! How many wall screens are connected, by district: a dispatch centre without one may be a room where nobody looks.

use wire::server::Role;

use crate::records::Identity;

/// One open wall; it is counted until this is dropped.
#[derive(Debug)]
pub struct OpenWall {
    district: String,
}

impl OpenWall {
    /// One for each district that a wall shows; none for anybody else.
    pub fn of(who: &Identity) -> Vec<Self> {
        let is_wall = who.role == Role::Wall;
        who.districts.iter().filter(|_| is_wall).map(|district| Self::counted(district.to_string())).collect()
    }

    fn counted(district: String) -> Self {
        metrics::gauge!("baiying_walls_open", "district" => district.clone()).increment(1.0);
        Self { district }
    }
}

impl Drop for OpenWall {
    fn drop(&mut self) {
        metrics::gauge!("baiying_walls_open", "district" => self.district.clone()).decrement(1.0);
    }
}
