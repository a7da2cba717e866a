//! What the office owes the live half, given to it one command after another, each under its own id until it is taken.

use std::time::Duration;

use anyhow::{Result, bail};
use matcher::{Actor, Command, Rejection, Request, VolunteerId};

use crate::engine::{EngineHandle, Role, SubmitError, body_hash};
use crate::records::{Office, OwedCommand};

/// Commands read at once.
const OWED_AT_ONCE: u32 = 16;
/// Tries of one command whose outcome is not known, or for which the district has no room; then the import is told so,
/// and the next start goes on with it.
const TRIES_MAX: u32 = 60;
const TRY_AGAIN: Duration = Duration::from_millis(500);
const NOT_NOW: &str = "the district takes no command now; what is left is kept and sent at the next start / 其余命令已保存,下次启动时继续";

/// Gives the live half everything it is owed; ends when nothing is left.
///
/// # Errors
/// When the district takes no command for half a minute: what is left stays owed.
pub async fn deliver(office: &Office, engine: &EngineHandle) -> Result<()> {
    if engine.role() != Role::Leading {
        return delivered_by_leader(office, engine).await;
    }
    loop {
        let owed = office.owed(engine.district(), OWED_AT_ONCE).await?;
        if owed.is_empty() {
            return Ok(());
        }
        for command in owed {
            let (id, enrolled) = (command.id, enrolled(&command.command));
            let refused = send(engine, command).await?;
            let strangers = if refused.is_some() { strangers(engine, enrolled) } else { Vec::new() };
            office.settled(id, refused, strangers).await?;
        }
    }
}

fn enrolled(command: &Command) -> Vec<VolunteerId> {
    match command {
        Command::EnrolVolunteers { volunteers } => volunteers.iter().map(|volunteer| volunteer.id).collect(),
        _ => Vec::new(),
    }
}

fn strangers(engine: &EngineHandle, mut volunteers: Vec<VolunteerId>) -> Vec<VolunteerId> {
    engine.read(|district| volunteers.retain(|id| district.volunteer(*id).is_none()));
    volunteers
}

/// Another hub leads the district: it finds in the office that all hubs share what is owed.
async fn delivered_by_leader(office: &Office, engine: &EngineHandle) -> Result<()> {
    for _ in 0..TRIES_MAX {
        if office.owed(engine.district(), 1).await?.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(TRY_AGAIN).await;
    }
    bail!(NOT_NOW)
}

/// Gives one command until it is taken or refused; says why when refused.
///
/// # Errors
/// When whether it was taken stays unknown; [`SubmitError::LowOnSpace`] when the disk is full.
pub async fn send(engine: &EngineHandle, owed: OwedCommand) -> Result<Option<Rejection>> {
    let body_hash = body_hash(&owed.command);
    let request = Request { id: owed.id, body_hash, actor: Actor::System, command: owed.command };
    for _ in 0..TRIES_MAX {
        match engine.submit(request.clone(), []).await {
            Ok(_) => return Ok(None),
            Err(SubmitError::Rejected(rejection)) => return Ok(Some(rejection)),
            Err(SubmitError::Stopped) => break,
            // Waiting frees no disk: whoever brings it in is told, and the command stays owed.
            Err(full @ SubmitError::LowOnSpace) => return Err(full.into()),
            Err(SubmitError::Busy { .. } | SubmitError::Unknown | SubmitError::Elsewhere) => {
                tokio::time::sleep(TRY_AGAIN).await;
            }
        }
    }
    bail!(NOT_NOW)
}
