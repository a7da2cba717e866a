//! WebSocket close codes: 4000-4499 reconnect, 4500-4999 do not.

/// Why the hub closes a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum CloseCode {
    /// The hub is going; come back after a random delay.
    Drain = 4001,
    /// The client reads too slowly; it resumes.
    Slow = 4008,
    HeartbeatLost = 4009,
    /// Role, district or team changed: a fresh snapshot.
    Resync = 4010,
    Rate = 4011,
    TicketExpired = 4012,
    BadFrame = 4500,
    Unauthenticated = 4501,
    Forbidden = 4503,
    NoHello = 4504,
    /// A newer session of the same device is open.
    Replaced = 4509,
    Version = 4512,
}

impl CloseCode {
    pub const ALL: [CloseCode; 12] = [
        Self::Drain,
        Self::Slow,
        Self::HeartbeatLost,
        Self::Resync,
        Self::Rate,
        Self::TicketExpired,
        Self::BadFrame,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NoHello,
        Self::Replaced,
        Self::Version,
    ];

    pub const fn code(self) -> u16 {
        self as u16
    }

    /// Whether the client should come back by itself.
    pub const fn reconnect(code: u16) -> bool {
        code < 4500
    }

    /// The reason sent with the code: a word for logs.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Drain => "drain",
            Self::Slow => "slow",
            Self::HeartbeatLost => "heartbeat lost",
            Self::Resync => "resync",
            Self::Rate => "rate",
            Self::TicketExpired => "ticket expired",
            Self::BadFrame => "bad frame",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NoHello => "no hello",
            Self::Replaced => "replaced by a newer session",
            Self::Version => "version",
        }
    }
}
