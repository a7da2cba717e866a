//! Who leads a district: a lease that runs out unless it is renewed.

use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::error::Answer;

/// How long a lease lasts from its last renewal, milliseconds. Leaders renew it each second.
pub const LEASE_MS: u64 = 3_000;

/// Who leads, and where he is found. The term is for those who look: leadership itself is taken from SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leader {
    /// The process.
    pub owner: Uuid,
    /// The term it said it leads under; 0 while it has not claimed one yet.
    pub term: u64,
    /// Where other hubs reach it, `host:port`; empty if nowhere.
    pub address: String,
}

/// A wish to hold a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bid {
    /// The district.
    pub district: u32,
    /// What the lease is to say.
    pub leader: Leader,
    /// Whether SQL has already given this process the term: then an empty store is no reason to wait.
    pub is_leading: bool,
}

/// What became of a bid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The lease is the bidder's for [`LEASE_MS`] from now.
    Held,
    /// Another holds it.
    Other(Leader),
    /// The store has started empty, and whoever led may not have renewed yet: bid again after so many milliseconds.
    Wait {
        /// How long, milliseconds.
        after_ms: u64,
    },
}

/// A hub that is here, as it said of itself within the last [`LEASE_MS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Present {
    /// The process.
    pub owner: Uuid,
    /// How many districts it leads.
    pub leads: u32,
}

/// Leases, and which hubs are here to hold them. An error says nothing about who holds one.
pub trait Election: Send + Sync {
    /// Takes the lease if it is free, renews it if the bidder holds it.
    fn bid(&self, bid: Bid) -> BoxFuture<'_, Answer<Standing>>;

    /// Gives the lease back, if `owner` holds it; whether he did.
    fn give_back(&self, district: u32, owner: Uuid) -> BoxFuture<'_, Answer<bool>>;

    /// Says that a hub is here, and tells who is, this one among them, by their owners.
    fn attend(&self, hub: Present) -> BoxFuture<'_, Answer<Vec<Present>>>;

    /// A hub is going: from now on it does not count.
    fn leave(&self, owner: Uuid) -> BoxFuture<'_, Answer<()>>;

    /// Who holds the lease.
    fn leader(&self, district: u32) -> BoxFuture<'_, Answer<Option<Leader>>>;
}
