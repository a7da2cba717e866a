//! Who is here: sockets and last fixes, shared between hubs, gone by themselves when nobody refreshes them.

use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::error::Answer;

/// How long what nobody refreshes is kept, milliseconds: as long as a fix is shown.
pub const PRESENCE_KEPT_MS: u64 = 15 * 60 * 1_000;

/// Reports in one batch; more are sent as several.
pub const REPORTS_MAX: usize = 1_000;

/// A fix as it is shared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeenFix {
    /// WGS-84 degrees.
    pub lat: f64,
    /// WGS-84 degrees.
    pub lng: f64,
    /// Radius of the circle that it is true within, metres.
    pub accuracy_m: f32,
    /// When it was taken, by the district's clock, milliseconds since 1970.
    pub at_ms: i64,
}

/// What a hub has seen of one volunteer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Report {
    /// Where he is. An older fix than the one known is passed over.
    Fix(u64, SeenFix),
    /// He has a socket open here: said when it opens and again while it is open.
    Online(u64),
    /// His last socket here was closed. Passed over if he has come to another hub since.
    Offline(u64),
    /// His fix is nobody's business any more: he went off duty.
    Forget(u64),
}

/// What all hubs know of one volunteer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// The volunteer's id.
    pub volunteer: u64,
    /// The hub where his last socket was opened, if it was not closed.
    pub hub: Option<Uuid>,
    /// His last fix.
    pub fix: Option<SeenFix>,
}

/// What has changed, and from where to ask next.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changed {
    /// For the next call, by the store's own clock, milliseconds.
    pub cursor_ms: u64,
    /// Volunteers of whom something was reported since, in no order; one may come twice in two calls.
    pub seen: Vec<Seen>,
}

/// Presence of the volunteers of districts.
pub trait Presence: Send + Sync {
    /// Reports what this hub has seen; at most [`REPORTS_MAX`] at once.
    fn report(&self, district: u32, hub: Uuid, reports: Vec<Report>) -> BoxFuture<'_, Answer<()>>;

    /// Everybody of whom something was reported at or after `cursor_ms`; 0 for all.
    fn since(&self, district: u32, cursor_ms: u64) -> BoxFuture<'_, Answer<Changed>>;
}
