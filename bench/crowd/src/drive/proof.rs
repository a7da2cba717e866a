//! Every phone proves its own stream: each delta names the one before it, so a hole or a repetition cannot hide.

use wire::client::StreamPoint;

/// What to do with a delta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Apply,
    /// Had it already: drop.
    Doubled,
    /// Something is missing between `expected` and it: ask for it.
    Lost {
        expected: u64,
    },
}

/// Where one district's stream stands on this phone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    at: Option<StreamPoint>,
}

impl Proof {
    pub fn point(&self) -> Option<StreamPoint> {
        self.at
    }

    /// The stream starts over, or goes on, from here.
    pub fn stand(&mut self, point: StreamPoint) {
        self.at = Some(point);
    }

    /// Judges a delta and, when it is the next, moves to it.
    pub fn take(&mut self, prev: u64, delta: StreamPoint) -> Verdict {
        let Some(at) = self.at.filter(|at| at.history == delta.history) else {
            return Verdict::Lost { expected: 0 };
        };
        if delta.seq <= at.seq {
            return Verdict::Doubled;
        }
        if prev != at.seq {
            return Verdict::Lost { expected: at.seq };
        }
        self.at = Some(delta);
        Verdict::Apply
    }
}
