//! Alarms that a hub kept in SQL because nobody could decide them: the next leader does so first of all, under their own
//! ids, in the order in which they were kept.

use bytes::Bytes;
use matcher::Request;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Seat;
use crate::engine::writer::Entry;
use crate::store::rows::INTAKE_ROWS_MAX;
use crate::store::{IntakeRow, Journal, JournalError, SealedRow};

/// A command with what is sealed beside it, as it lies in intake.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    request: Request,
    sealed: Vec<(Uuid, String)>,
}

/// The row of a command that no leader can take.
///
/// # Errors
/// A sealed row that is not text: a bug of whoever made it.
pub fn encode_kept(district: u32, request: Request, sealed: Vec<SealedRow>) -> Result<IntakeRow, JournalError> {
    let text = |row: &SealedRow| Ok((row.reference, String::from_utf8(row.body.to_vec()).map_err(unfit)?));
    let command = Uuid::from_u128(request.id.0);
    let sealed = sealed.iter().map(text).collect::<Result<Vec<_>, JournalError>>()?;
    let body = serde_json::to_vec(&Kept { request, sealed }).map_err(unfit)?;
    Ok(IntakeRow { district, command, body: Bytes::from(body) })
}

fn unfit(err: impl std::fmt::Display) -> JournalError {
    JournalError::Failed(format!("a command cannot be kept: {err}"))
}

fn entry(row: &IntakeRow) -> Option<Entry> {
    let kept = serde_json::from_slice::<Kept>(&row.body);
    let Kept { request, sealed } = kept
        .inspect_err(|err| {
            metrics::counter!("baiying_intake_unreadable_total").increment(1);
            tracing::error!(command = %row.command, error = %err, "a kept alarm cannot be read: call back by hand");
        })
        .ok()?;
    let sealed = sealed.into_iter().map(|(reference, body)| SealedRow { reference, body: Bytes::from(body) });
    Some(Entry { request, sealed: sealed.collect() })
}

impl<J: Journal> Seat<J> {
    /// Decides everything that lies in intake. What a full disk leaves is decided later; what cannot be read is told and
    /// left where it is.
    pub(super) async fn take_intake(&mut self) -> Result<(), JournalError> {
        let district = self.parts.writer.district();
        loop {
            let rows = self.parts.journal.intake(district).await?;
            let (ids, entries): (Vec<Uuid>, Vec<Entry>) =
                rows.iter().filter_map(|row| Some((row.command, entry(row)?))).unzip();
            if entries.is_empty() {
                return Ok(());
            }
            metrics::counter!("baiying_intake_taken_total").increment(entries.len() as u64);
            let turn = self.parts.writer.turn(entries).await?;
            let taken = ids.into_iter().zip(&turn.verdicts).filter(|(_, verdict)| verdict.is_some());
            let taken: Vec<Uuid> = taken.map(|(id, _)| id).collect();
            self.publish(turn, Vec::new()).await;
            let is_all = rows.len() < INTAKE_ROWS_MAX || taken.is_empty();
            // Marked after the commit: twice is harmless, the core knows the id.
            self.parts.journal.mark_intake(district, taken).await?;
            if is_all {
                return Ok(());
            }
        }
    }
}
