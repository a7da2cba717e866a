//! Who follows what is his own, by name. Owned by the publisher alone, so there is no lock on it.

use std::collections::HashMap;
use std::sync::Arc;

use matcher::{CallerKey, VolunteerId};

use super::frame::Delta;
use super::outbox::{Lane, Outbox};
use super::touched::Person;
use super::view::StreamView;

/// Sockets by person.
#[derive(Default)]
pub struct Audience {
    volunteers: HashMap<VolunteerId, Vec<Arc<Outbox>>>,
    residents: HashMap<CallerKey, Vec<Arc<Outbox>>>,
}

impl Audience {
    /// Adds a socket: it gets every frame pushed from here on.
    pub fn join(&mut self, view: StreamView, outbox: &Arc<Outbox>) {
        let sockets = match view {
            StreamView::Volunteer { id, .. } => self.volunteers.entry(id).or_default(),
            StreamView::Resident(caller) => self.residents.entry(caller).or_default(),
            StreamView::Desk | StreamView::Team(_) | StreamView::Wall => return,
        };
        // A resync joins again on the same socket.
        sockets.retain(|known| !known.is_closed() && !Arc::ptr_eq(known, outbox));
        sockets.push(outbox.clone());
    }

    /// Queues a frame for every socket of a person.
    pub fn push(&self, district: u32, person: Person, delta: &Delta) {
        let sockets = match person {
            Person::Volunteer(id) => self.volunteers.get(&id),
            Person::Caller(key) => self.residents.get(&key),
        };
        for outbox in sockets.into_iter().flatten() {
            outbox.push_delta(Lane::Unicast, district, delta);
        }
    }

    /// Lets go of sockets that were closed.
    pub fn sweep(&mut self) {
        self.volunteers.retain(|_, sockets| keep_open(sockets));
        self.residents.retain(|_, sockets| keep_open(sockets));
    }

    /// How many persons have a socket here.
    pub fn len(&self) -> usize {
        self.volunteers.len() + self.residents.len()
    }
}

fn keep_open(sockets: &mut Vec<Arc<Outbox>>) -> bool {
    sockets.retain(|outbox| !outbox.is_closed());
    !sockets.is_empty()
}
