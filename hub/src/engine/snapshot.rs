//! A snapshot for one client: pulled part by part from a version of the board that no longer changes.

use std::sync::Arc;

use matcher::{District, IncidentId};
use uuid::Uuid;
use wire::{Framed, SNAPSHOT_PART_BYTES_MAX};

use super::render::page::{Cursor, Page};
use super::render::{View, desk_page, own_page, resident_page, team_page, wall_page};
use super::view::StreamView;
use crate::records::NameBook;

/// Left for the envelope and for the row that made a part full.
const PART_RESERVE_BYTES: usize = 4 * 1024;

/// A district as it was after one commit; shared by whoever reads it, kept until the last has.
#[derive(Debug)]
pub struct BoardVersion {
    /// The state; its `seq` says after which commit.
    pub district: District,
    /// The log's identity.
    pub history: Uuid,
    /// Names as they were then.
    pub names: Arc<NameBook>,
}

/// The parts of one snapshot. The socket's task takes the next one when the last has been flushed, so a slow client
/// costs a pointer and two numbers, not a queue.
#[derive(Debug)]
pub struct SnapshotParts {
    version: Arc<BoardVersion>,
    view: StreamView,
    /// The incidents that his calls are about, if the view is one person's.
    raised: Vec<IncidentId>,
    cursor: Cursor,
    part: u32,
    is_over: bool,
}

impl SnapshotParts {
    /// The snapshot of `version` as far as `view` may see it; `raised` are the incidents that his calls are about.
    pub fn new(version: Arc<BoardVersion>, view: StreamView, raised: Vec<IncidentId>) -> Self {
        SnapshotParts { version, view, raised, cursor: Cursor::default(), part: 0, is_over: false }
    }

    /// Where the stream stands when the last part has been applied.
    pub fn seq(&self) -> u64 {
        self.version.district.seq
    }

    /// The log's identity.
    pub fn history(&self) -> Uuid {
        self.version.history
    }

    /// The next frame; `None` after the last.
    pub fn next_frame(&mut self) -> Option<Framed> {
        if self.is_over {
            return None;
        }
        let mut page = Page::new(SNAPSHOT_PART_BYTES_MAX - PART_RESERVE_BYTES);
        self.is_over = self.fill(&mut page);
        let frame = self.frame(&page.finish());
        self.part += 1;
        Some(frame)
    }

    fn fill(&mut self, page: &mut Page) -> bool {
        let view = View { district: &self.version.district, names: &self.version.names };
        match self.view {
            StreamView::Desk => desk_page(&view, &mut self.cursor, page),
            StreamView::Team(team) => team_page(&view, team, &mut self.cursor, page),
            StreamView::Wall => wall_page(&view, &mut self.cursor, page),
            StreamView::Volunteer { id, caller } => {
                own_page(&view, id, (caller, &self.raised), page);
                true
            }
            StreamView::Resident(caller) => {
                resident_page(&view, caller, &self.raised, page);
                true
            }
        }
    }

    fn frame(&self, data: &[u8]) -> Framed {
        let (district, history, seq) = (self.version.district.id, self.version.history, self.seq());
        let (part, last) = (self.part, self.is_over);
        let head = format!(
            "{{\"op\":\"snapshot\",\"district\":\"{district}\",\"history\":\"{history}\",\"seq\":{seq},\
             \"part\":{part},\"last\":{last},\"data\":"
        );
        Framed::written(|text| {
            text.extend_from_slice(head.as_bytes());
            text.extend_from_slice(data);
            text.push(b'}');
        })
    }
}
