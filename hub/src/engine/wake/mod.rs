//! What leaves the hub for others than its sockets: commits -> outbox rows -> a signed webhook of a gateway, which wakes
//! people whose phone is closed; or another district, which is asked for aid.
//!
//! [`feed`] derives wakes from commits, [`outbox`] keeps them in the journal with a cursor of their own, [`webhook`]
//! sends them. At least once: the gateway drops what it has seen by `Baiying-Delivery`.

pub mod aid;
mod feed;
mod outbox;
pub mod signature;
mod webhook;

pub use aid::{AidOrder, AidRoad, Decided};
pub use feed::{WakeBody, WakeFeed};
pub use outbox::{WAKE_TRIES_MAX, WakeOutbox, Ways};
pub use webhook::{Webhook, WebhookSettings};
