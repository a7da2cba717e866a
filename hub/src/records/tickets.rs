//! Tickets for a WebSocket: one use, 30 s, in memory only (a restart costs a client one more request).

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::error::{Answer, OfficeError};
use super::rows::Token;
use super::sessions::Identity;

/// How long a ticket is good for.
pub const TICKET_TTL_MS: u32 = 30_000;
/// Tickets given out and not used; at this many the old ones are swept, and if none is old the request is refused.
const TICKETS_MAX: usize = 65_536;

/// Tickets that have been given out.
#[derive(Debug, Default)]
pub(super) struct Tickets(Mutex<HashMap<[u8; 32], (Identity, Instant)>>);

impl Tickets {
    pub fn issue(&self, identity: Identity) -> Answer<String> {
        let token = Token::draw();
        let expires = Instant::now() + Duration::from_millis(u64::from(TICKET_TTL_MS));
        let mut tickets = self.0.lock().expect("no panic while the tickets are held");
        if tickets.len() >= TICKETS_MAX {
            let now = Instant::now();
            tickets.retain(|_, (_, expires)| *expires > now);
        }
        if tickets.len() >= TICKETS_MAX {
            return Err(OfficeError::TooManySignIns);
        }
        tickets.insert(token.hash(), (identity, expires));
        Ok(token.text())
    }

    pub fn redeem(&self, ticket: &str) -> Answer<Identity> {
        let hash = Token::parse(ticket).ok_or(OfficeError::TicketOver)?.hash();
        let taken = self.0.lock().expect("no panic while the tickets are held").remove(&hash);
        let (identity, expires) = taken.ok_or(OfficeError::TicketOver)?;
        if expires > Instant::now() { Ok(identity) } else { Err(OfficeError::TicketOver) }
    }

    /// Whoever was revoked after he got a ticket must not use it.
    pub fn forget(&self, revoked: impl Fn(&Identity) -> bool) {
        self.0.lock().expect("no panic while the tickets are held").retain(|_, (identity, _)| !revoked(identity));
    }
}
