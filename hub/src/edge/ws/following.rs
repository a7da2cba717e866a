//! One district followed on a socket: live, catching up, or in the middle of a snapshot whose parts are pulled one by
//! one, each when the one before it has been flushed.

use std::sync::Arc;

use matcher::DistrictId;
use wire::Framed;
use wire::client::StreamPoint;
use wire::server::{StreamMode, StreamStart};

use super::super::Edge;
use super::hello::started;
use crate::engine::{Outbox, SnapshotParts, Start, StreamView};

/// A followed district.
pub struct Following {
    pub district: DistrictId,
    pub view: StreamView,
    state: State,
}

enum State {
    /// Deltas come by themselves.
    Live,
    /// More is to be replayed when what is queued has been drained.
    More(StreamPoint),
    Snapshot(Box<SnapshotParts>),
}

/// What the socket does next for a district that is not live.
pub enum Next {
    Nothing,
    Part(Framed),
    /// Follow again from here.
    Again(StreamPoint),
}

impl Following {
    pub fn new(district: DistrictId, view: StreamView) -> Self {
        Self { district, view, state: State::Live }
    }

    /// Begins or resumes. `None` while the hub stops.
    pub async fn begin(
        &mut self,
        edge: &Edge,
        point: Option<StreamPoint>,
        outbox: &Arc<Outbox>,
    ) -> Option<StreamStart> {
        let start = edge.engine(self.district)?.follow(self.view, point, outbox).await.ok()?;
        let (state, started) = match start {
            Start::Live { seq, history } => (State::Live, started(history, seq, StreamMode::Live)),
            Start::Replay { seq, history, more } => {
                let state = if more { State::More(StreamPoint { history, seq }) } else { State::Live };
                (state, started(history, seq, StreamMode::Replay))
            }
            Start::Snapshot(parts) => {
                let at = started(parts.history(), parts.seq(), StreamMode::Snapshot);
                (State::Snapshot(Box::new(parts)), at)
            }
        };
        self.state = state;
        Some(started)
    }

    /// Called when everything queued has been flushed.
    pub fn next(&mut self, outbox: &Outbox) -> Next {
        match &mut self.state {
            State::Live => Next::Nothing,
            State::More(point) => {
                let seq = outbox.last(self.district.0).unwrap_or(point.seq);
                Next::Again(StreamPoint { history: point.history, seq })
            }
            State::Snapshot(parts) => match parts.next_frame() {
                Some(part) => Next::Part(part),
                None => Next::Again(StreamPoint { history: parts.history(), seq: parts.seq() }),
            },
        }
    }

    pub fn is_live(&self) -> bool {
        matches!(self.state, State::Live)
    }
}
