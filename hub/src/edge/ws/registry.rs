//! Every open socket of this hub, by device: the one concurrent map of the process. The newest session of a device wins.

use std::sync::Arc;

use dashmap::DashMap;
use uuid::Uuid;
use wire::close::CloseCode;

use crate::engine::Outbox;
use crate::records::{SessionId, Subject};

/// Whose device: names of devices are the clients' own, so they are told apart by whose they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeviceKey {
    pub subject: Subject,
    pub device: Box<str>,
}

/// One open socket.
#[derive(Clone, Debug)]
struct Open {
    /// Of this socket alone.
    socket: Uuid,
    /// The sign-in behind it.
    session: SessionId,
    outbox: Arc<Outbox>,
}

/// The open sockets. No guard of the map is held while a socket is closed: handles are cloned out first.
#[derive(Debug, Default)]
pub struct Registry(DashMap<DeviceKey, Open>);

impl Registry {
    /// Enters a socket; an older one of the same device is closed with 4509.
    pub fn enter(&self, device: DeviceKey, socket: Uuid, session: SessionId, outbox: Arc<Outbox>) {
        let older = self.0.insert(device, Open { socket, session, outbox });
        if let Some(older) = older {
            older.outbox.close(CloseCode::Replaced);
        }
        metrics::gauge!("baiying_sockets_open").set(self.0.len() as f64);
    }

    /// Leaves, unless a newer socket of the device has taken the place.
    pub fn leave(&self, device: &DeviceKey, socket: Uuid) {
        self.0.remove_if(device, |_, open| open.socket == socket);
        metrics::gauge!("baiying_sockets_open").set(self.0.len() as f64);
    }

    /// Closes the sockets of a sign-in that was revoked.
    pub fn close_session(&self, session: SessionId, code: CloseCode) {
        self.close_where(code, |open| open.session == session);
    }

    /// Closes every socket, after what `say` queues for it.
    pub fn drain(&self, say: impl Fn(&Outbox)) {
        let all: Vec<Arc<Outbox>> = self.0.iter().map(|open| open.outbox.clone()).collect();
        for outbox in all {
            say(&outbox);
            outbox.close(CloseCode::Drain);
        }
    }

    /// The sign-ins that have a socket.
    pub fn sessions(&self) -> Vec<SessionId> {
        self.0.iter().map(|open| open.session).collect()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any socket of `subject` is open.
    pub fn reaches(&self, subject: Subject) -> bool {
        self.0.iter().any(|open| open.key().subject == subject)
    }

    fn close_where(&self, code: CloseCode, which: impl Fn(&Open) -> bool) {
        let found: Vec<Arc<Outbox>> =
            self.0.iter().filter(|open| which(open.value())).map(|open| open.outbox.clone()).collect();
        for outbox in found {
            outbox.close(code);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use matcher::VolunteerId;

    fn key(volunteer: u64, device: &str) -> DeviceKey {
        DeviceKey { subject: Subject::Volunteer(VolunteerId(volunteer)), device: device.into() }
    }

    fn closed_with(outbox: &Outbox) -> Option<CloseCode> {
        outbox.drain(&mut Vec::new())
    }

    #[test]
    fn the_newest_session_of_a_device_wins_and_the_older_cannot_take_it_away() {
        let registry = Registry::default();
        let (old, new) = (Outbox::new(), Outbox::new());
        let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
        registry.enter(key(1, "phone"), first, SessionId(1), old.clone());
        registry.enter(key(1, "phone"), second, SessionId(1), new.clone());
        assert_eq!(closed_with(&old), Some(CloseCode::Replaced));
        registry.leave(&key(1, "phone"), first);
        assert_eq!((registry.len(), closed_with(&new)), (1, None));
        registry.leave(&key(1, "phone"), second);
        assert!(registry.is_empty());
    }

    #[test]
    fn a_device_name_is_not_another_persons() {
        let registry = Registry::default();
        let outbox = Outbox::new();
        registry.enter(key(1, "phone"), Uuid::from_u128(1), SessionId(1), outbox.clone());
        registry.enter(key(2, "phone"), Uuid::from_u128(2), SessionId(2), Outbox::new());
        assert_eq!((registry.len(), closed_with(&outbox)), (2, None));
        registry.close_session(SessionId(1), CloseCode::Unauthenticated);
        assert_eq!(closed_with(&outbox), Some(CloseCode::Unauthenticated));
    }
}
