//! Acts and answers as commands on the wire.

use matcher::DeclineReason;
use uuid::Uuid;
use wire::Id;
use wire::client::{ClientFrame, CommandFrame};
use wire::command::{self, CommandArgs};

use crate::model::Act;

/// # Errors
/// Never for the commands of this crate; a number that JSON does not have.
pub fn command_frame(id: Uuid, district: Option<String>, args: &CommandArgs) -> serde_json::Result<ClientFrame> {
    let name = args.name().to_owned();
    let args = serde_json::to_value(args)?.get("args").cloned().unwrap_or_default();
    Ok(ClientFrame::Command(CommandFrame { id, district, name, args }))
}

/// The command that an act is, on the wire.
pub fn args_of(act: Act) -> CommandArgs {
    let milestone = |id: matcher::AssignmentId| command::MilestoneArgs { assignment: Id(id.0), tapped_ago_ms: 0 };
    match act {
        Act::Receive(offer) => CommandArgs::OfferReceived(command::OfferArgs { offer: Id(offer.0) }),
        Act::See(offer) => CommandArgs::OfferSeen(command::OfferArgs { offer: Id(offer.0) }),
        Act::Accept { offer, eta_min } => {
            CommandArgs::Accept(command::Accept { offer: Id(offer.0), eta_min: Some(eta_min) })
        }
        Act::Decline { offer, reason } => {
            CommandArgs::Decline(command::Decline { offer: Id(offer.0), reason: Some(reason_of(reason)), words: None })
        }
        Act::SetOut(id) => CommandArgs::EnRoute(milestone(id)),
        Act::Arrive(id) => CommandArgs::OnScene(milestone(id)),
        Act::Finish(id) => CommandArgs::Done(command::DoneArgs { assignment: Id(id.0), tapped_ago_ms: 0, sheet: None }),
        Act::GiveUp(id, _) => CommandArgs::Abort(command::Abort {
            assignment: Id(id.0),
            reason: Some(command::AbortReason::CannotGo),
            words: None,
        }),
    }
}

fn reason_of(reason: DeclineReason) -> command::DeclineReason {
    match reason {
        DeclineReason::NotSaid => command::DeclineReason::NotSaid,
        DeclineReason::Busy => command::DeclineReason::Busy,
        DeclineReason::TooFar => command::DeclineReason::TooFar,
        DeclineReason::Unwell => command::DeclineReason::Unwell,
        DeclineReason::NotQualified => command::DeclineReason::NotQualified,
        DeclineReason::Later => command::DeclineReason::Later,
    }
}
