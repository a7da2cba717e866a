//! The form of a commit in its row: what is written, and what of it older hubs read.

use bytes::Bytes;
use matcher::event::{Cause, Event};
use matcher::{Answer, Commit, Timestamp};
use serde::Serialize;

/// The form of rows in which every commit has its answer.
pub const FORM_WITH_EVERY_ANSWER: u32 = 1;

/// A commit as hubs wrote it that knew nothing newer than [`FORM_WITH_EVERY_ANSWER`].
#[derive(Serialize)]
struct WithAnswer<'a> {
    format: u16,
    seq: u64,
    at: Timestamp,
    cause: &'a Cause,
    events: &'a [Event],
    answer: &'a Answer,
}

/// The row of a commit in the form that every hub on the log reads. What is read back is upcast by the decoder: an answer
/// that is left out is [`Answer::Done`].
///
/// # Errors
/// Never for a commit of the core; a number that JSON does not have.
pub fn encode(commit: &Commit, form: u32) -> serde_json::Result<Bytes> {
    let bytes = if form > FORM_WITH_EVERY_ANSWER {
        serde_json::to_vec(commit)?
    } else {
        let Commit { format, seq, at, cause, events, answer } = commit;
        serde_json::to_vec(&WithAnswer { format: *format, seq: *seq, at: *at, cause, events, answer })?
    };
    Ok(Bytes::from(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same_and_the_newer_one_less() {
        let commit =
            |answer| Commit { format: 1, seq: 7, at: Timestamp(9), cause: Cause::Clock, events: Vec::new(), answer };
        for (answer, is_shorter) in [(Answer::Done, true), (Answer::NothingToDo, false)] {
            let commit = commit(answer);
            let (old, new) = (encode(&commit, 1).unwrap(), encode(&commit, 2).unwrap());
            assert!(std::str::from_utf8(&old).unwrap().contains("\"answer\""), "an old hub asks for it");
            assert_eq!(new.len() < old.len(), is_shorter);
            for row in [old, new] {
                assert_eq!(serde_json::from_slice::<Commit>(&row).unwrap(), commit);
            }
        }
    }
}
