//! What the office owes the live half, given to it one command after another, each under its own id until it is taken.

use std::time::Duration;

use anyhow::{Result, bail};
use matcher::{Actor, BodyHash, Command, Request};
use sha2::{Digest, Sha256};

use crate::engine::{EngineHandle, SubmitError};
use crate::records::{Office, OwedCommand};

/// Commands read at once.
const OWED_AT_ONCE: u32 = 16;
/// Tries of one command whose outcome is not known, or for which the district has no room; then the import is told so,
/// and the next start goes on with it.
const TRIES_MAX: u32 = 60;
const TRY_AGAIN: Duration = Duration::from_millis(500);

/// Gives the live half everything it is owed; ends when nothing is left.
///
/// # Errors
/// When the district takes no command for half a minute: what is left stays owed.
pub async fn deliver(office: &Office, engine: &EngineHandle) -> Result<()> {
    loop {
        let owed = office.owed(engine.district(), OWED_AT_ONCE).await?;
        if owed.is_empty() {
            return Ok(());
        }
        for command in owed {
            let id = command.id;
            let refused = send(engine, command).await?;
            office.settled(id, refused).await?;
        }
    }
}

/// Gives one command until it is taken or refused; says why when refused.
///
/// # Errors
/// When whether it was taken stays unknown.
pub async fn send(engine: &EngineHandle, owed: OwedCommand) -> Result<Option<String>> {
    let body_hash = body_hash(&owed.command);
    let request = Request { id: owed.id, body_hash, actor: Actor::System, command: owed.command };
    for _ in 0..TRIES_MAX {
        match engine.submit(request.clone(), []).await {
            Ok(_) => return Ok(None),
            Err(SubmitError::Rejected(rejection)) => return Ok(Some(rejection.to_string())),
            Err(SubmitError::Stopped) => break,
            Err(SubmitError::Busy { .. } | SubmitError::LowOnSpace | SubmitError::Unknown) => {
                tokio::time::sleep(TRY_AGAIN).await;
            }
        }
    }
    bail!(
        "the district takes no command now; what is left is kept and sent at the next start / 其余命令已保存,下次启动时继续"
    )
}

/// SHA-256 of the command's JSON, its first 8 bytes: the same command again has the same.
fn body_hash(command: &Command) -> BodyHash {
    let body = serde_json::to_vec(command).expect("a command is JSON");
    let digest = Sha256::digest(body);
    BodyHash(u64::from_be_bytes(digest[..8].try_into().expect("a digest has 32 bytes")))
}
