//! Several hubs on one log: which of them leads a district, and what each tells the others.
//!
//! - [`campaign`] bids for the lease, and says to the district's task whether to lead or to follow
//! - [`ringer`] rings at the other hubs after each batch, and once a second all the same
//! - [`spread`] sees to it that no hub leads more than its share of districts
//! - [`sharing`] tells the others who has a socket here and where he is, and hears the same of them
//!
//! Absent here: the log. Whether a hub really leads is decided by the journal's fence alone.

pub mod campaign;
pub mod ringer;
pub mod sharing;
pub mod spread;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use uuid::Uuid;

pub use crate::cluster::Leader;
use crate::cluster::{Doorbell, Election, Presence};

/// What a hub that is not alone needs beside a journal.
#[derive(Clone)]
pub struct Hubs {
    /// Leases.
    pub election: Arc<dyn Election>,
    /// Sockets and fixes.
    pub presence: Arc<dyn Presence>,
    /// Rings.
    pub doorbell: Arc<dyn Doorbell>,
    /// This process.
    pub owner: Uuid,
    /// Where other hubs reach it.
    pub address: String,
    /// How many districts this hub leads: the more, the later it bids for another.
    pub led: Arc<AtomicUsize>,
    /// How many it is to lead at most, when others have room; `usize::MAX` while nobody knows.
    pub share: Arc<AtomicUsize>,
}

impl Hubs {
    /// A hub that shares the rooms of `cluster` and is reached at `address` (`host:port`).
    pub fn of<C: Election + Presence + Doorbell + 'static>(cluster: C, address: String) -> Self {
        let cluster = Arc::new(cluster);
        Hubs {
            election: cluster.clone(),
            presence: cluster.clone(),
            doorbell: cluster,
            owner: Uuid::new_v4(),
            address,
            led: Arc::default(),
            share: Arc::new(AtomicUsize::new(usize::MAX)),
        }
    }
}

/// What this hub is to a district, as far as it knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Its writer is here and takes commands.
    Leading,
    /// Its writer is elsewhere, or nowhere for the moment.
    Following(Option<Leader>),
}

/// What the election wants of a district's task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Take the term and lead.
    Lead,
    /// Follow this one; `None` while nobody is known to lead.
    Follow(Option<Leader>),
}

/// What a district's task has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// No term.
    Nothing,
    /// This term, by SQL.
    Term(u64),
    /// The term could not be taken, at this moment: somebody else should try.
    Unfit(Instant),
}

/// Whether this hub takes part in a district's election.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It bids.
    Takes,
    /// It leaves the lead to another, and bids again from this moment.
    StandsBackUntil(Instant),
    /// It is going: it gives back what it has and bids no more.
    Retires,
}
