//! Waking people whose phone is closed: commits -> outbox rows -> a signed webhook of a gateway.
//!
//! [`feed`] derives wakes from commits, [`outbox`] keeps them in the journal with a cursor of their own, [`webhook`]
//! sends them. At least once: the gateway drops what it has seen by `Baiying-Delivery`.

mod feed;
mod outbox;
pub mod signature;
mod webhook;

pub use feed::{WakeBody, WakeFeed};
pub use outbox::{WAKE_TRIES_MAX, WakeOutbox};
pub use webhook::{Webhook, WebhookSettings};
