//! Who follows what is his own, by name. Owned by the publisher alone, so there is no lock on it.

use std::collections::HashMap;
use std::sync::Arc;

use matcher::{CallerKey, VolunteerId};
use wire::close::CloseCode;

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
            Person::Everybody => return self.push_to_all(district, delta),
        };
        for outbox in sockets.into_iter().flatten() {
            outbox.push_delta(Lane::Unicast, district, delta);
        }
    }

    /// Tens of milliseconds with ten thousand sockets; only an administrator's change of the district asks for it.
    fn push_to_all(&self, district: u32, delta: &Delta) {
        for outbox in self.volunteers.values().chain(self.residents.values()).flatten() {
            // Whoever was told something of his own in this commit stands there already, and is left out.
            outbox.push_delta(Lane::Unicast, district, delta);
        }
    }

    /// Closes every socket.
    pub fn close_all(&mut self, code: CloseCode) {
        let volunteers = std::mem::take(&mut self.volunteers).into_values();
        let residents = std::mem::take(&mut self.residents).into_values();
        volunteers.chain(residents).flatten().for_each(|outbox| outbox.close(code));
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
