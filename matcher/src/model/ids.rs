//! Who and what: numbers that can be said on the radio, and the UUID that makes a command repeatable.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Numbers of one district run from 1 to this; an id is `district * NUMBERS_PER_DISTRICT + number`, so an id alone
/// names its district, stays below 2^53 for JavaScript, and its last digits can be said on the radio.
pub const NUMBERS_PER_DISTRICT: u64 = 1_000_000_000;

/// The highest district number, so that every id stays below 2^53.
pub const DISTRICT_MAX: u32 = 9_000_000;

/// The unit of ordering and leadership: one writer, one log. 1 ..= [`DISTRICT_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DistrictId(pub u32);

impl fmt::Display for DistrictId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! numbered_ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// The id of `number` (1 ..= 999,999,999) in `district`.
            pub const fn new(district: DistrictId, number: u64) -> Self {
                Self(district.0 as u64 * NUMBERS_PER_DISTRICT + number)
            }

            pub const fn district(self) -> DistrictId {
                DistrictId((self.0 / NUMBERS_PER_DISTRICT) as u32)
            }

            /// What one says on the radio.
            pub const fn number(self) -> u64 {
                self.0 % NUMBERS_PER_DISTRICT
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

numbered_ids! {
    GridId,
    TeamId,
    VolunteerId,
    IncidentId,
    /// One report; several calls may be one incident.
    CallId,
    OfferId,
    AssignmentId,
    /// Something a person at the desk has to do, with a clock of its own.
    TaskId,
    /// An account of the office: operator, reviewer, administrator.
    AccountId,
}

macro_rules! uuid_like {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u128);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let v = self.0;
                write!(
                    f,
                    "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
                    (v >> 96) as u32, (v >> 80) as u16, (v >> 64) as u16, (v >> 48) as u16, v & 0xffff_ffff_ffff
                )
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = NotAUuid;

            fn from_str(text: &str) -> Result<Self, NotAUuid> {
                parse_uuid(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

uuid_like! {
    /// The client's own UUIDv7: idempotency key of a command and trace id of everything that follows from it.
    CommandId,
    /// The row that keeps a caller's words and number, a note, a reason or a signature, beside the log and erasable.
    SealedRef,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID: expected 32 hexadecimal digits as 8-4-4-4-12")]
pub struct NotAUuid;

fn parse_uuid(text: &str) -> Result<u128, NotAUuid> {
    let bytes = text.as_bytes();
    let dashes_right = bytes.len() == 36 && [8, 13, 18, 23].iter().all(|&i| bytes[i] == b'-');
    if !dashes_right {
        return Err(NotAUuid);
    }
    let mut value = 0u128;
    for &byte in bytes.iter().filter(|&&b| b != b'-') {
        let digit = (byte as char).to_digit(16).ok_or(NotAUuid)?;
        value = value << 4 | u128::from(digit);
    }
    let digits = bytes.iter().filter(|&&b| b != b'-').count();
    if digits == 32 { Ok(value) } else { Err(NotAUuid) }
}

/// A keyed hash of who called (phone number or device), for merging calls and for recognising a flood; the key stays in
/// the shell, so the log alone cannot be turned back into a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallerKey(pub u64);

/// A hash of a command's body as it came, so that the same id with another body is told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BodyHash(pub u64);

/// Who gives a command. The shell has verified it; the core only records it and checks ownership (a volunteer answers
/// his own offers only).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    Volunteer(VolunteerId),
    /// Operator, reviewer, team leader or administrator at a desk.
    Desk(AccountId),
    Resident(CallerKey),
    /// Another system, by the number of its scoped key.
    Integration(AccountId),
    /// The hub itself: imports, due orders, timers.
    System,
}
