//! Closed lists of the core to closed lists of the wire, one `match` each: a new word does not compile until it is
//! here.

use matcher as core;
use wire::command as said;
use wire::rows;

macro_rules! same_words {
    ($($name:ident: $from:path => $to:path { $($variant:ident),* $(,)? })*) => {$(
        pub fn $name(it: $from) -> $to {
            match it { $(<$from>::$variant => <$to>::$variant),* }
        }
    )*};
}

same_words! {
    urgency: core::Urgency => rows::Urgency { Ordinary, Urgent, LifeThreat }
    class: core::ProviderClass => rows::ProviderClass { SkilledVolunteer, MemberOrganisation, GeneralVolunteer }
    travel: core::TravelMode => rows::TravelMode { Walk, Bicycle, Car }
    duty: core::DutyStatus => rows::DutyStatus { OffDuty, Available, OnPatrol, Resting }
    incident_class: core::IncidentClass => rows::IncidentClass { Alarm, ServiceRequest }
    step: core::MilestoneStep => rows::MilestoneStep { EnRoute, OnScene, Done }
    source: core::MilestoneSource => rows::MilestoneSource { Volunteer, Desk, System }
    call_source: core::CallSource => rows::CallSource { Button, Phone, Web, Desk, Patrol, System, Neighbour }
    aid_state: core::AidState => rows::AidState { Asked, Given, Ended, Expired, Withdrawn }
    clock: core::Clock => rows::Clock { Answer, Arrive, Close }
    declined: core::DeclineReason => said::DeclineReason { NotSaid, Busy, TooFar, Unwell, NotQualified, Later }
    aborted: core::AbortReason => said::AbortReason { NotSaid, CannotGo, NotFound, Unsafe, ByDesk }
    outcome: core::TaskOutcome => said::TaskOutcome { Done, TakenOver, NotReached, NotNeeded }
}

pub fn incident_state(state: core::IncidentState) -> rows::IncidentState {
    match state {
        core::IncidentState::Open => rows::IncidentState::Open,
        core::IncidentState::Offering => rows::IncidentState::Offering,
        core::IncidentState::Assigned => rows::IncidentState::Assigned,
        core::IncidentState::EnRoute => rows::IncidentState::EnRoute,
        core::IncidentState::OnScene => rows::IncidentState::OnScene,
        core::IncidentState::Closed(_) => rows::IncidentState::Closed,
        core::IncidentState::Cancelled => rows::IncidentState::Cancelled,
        core::IncidentState::DuplicateOf(_) => rows::IncidentState::DuplicateOf,
    }
}

pub fn offer_state(state: core::OfferState) -> rows::OfferState {
    match state {
        core::OfferState::Made => rows::OfferState::Made,
        core::OfferState::Received => rows::OfferState::Received,
        core::OfferState::Seen => rows::OfferState::Seen,
        core::OfferState::Accepted => rows::OfferState::Accepted,
        core::OfferState::Declined(_) => rows::OfferState::Declined,
        core::OfferState::Expired => rows::OfferState::Expired,
        core::OfferState::Withdrawn(_) => rows::OfferState::Withdrawn,
    }
}

pub fn assignment_state(state: core::AssignmentState) -> rows::AssignmentState {
    match state {
        core::AssignmentState::Assigned => rows::AssignmentState::Assigned,
        core::AssignmentState::EnRoute => rows::AssignmentState::EnRoute,
        core::AssignmentState::OnScene => rows::AssignmentState::OnScene,
        core::AssignmentState::Done => rows::AssignmentState::Done,
        core::AssignmentState::Aborted(_) => rows::AssignmentState::Aborted,
        core::AssignmentState::SubstitutedBy(_) => rows::AssignmentState::SubstitutedBy,
        core::AssignmentState::StoodDown => rows::AssignmentState::StoodDown,
    }
}

pub fn disposition(state: core::IncidentState) -> Option<said::Disposition> {
    use core::PublicService::{Ambulance, Fire, Police};
    let core::IncidentState::Closed(disposition) = state else { return None };
    Some(match disposition {
        core::Disposition::Resolved => said::Disposition::Resolved,
        core::Disposition::NoDispatchNeeded => said::Disposition::NoDispatchNeeded,
        core::Disposition::FalseAlarm => said::Disposition::FalseAlarm,
        core::Disposition::HandedOver(Police) => said::Disposition::HandedOver110,
        core::Disposition::HandedOver(Fire) => said::Disposition::HandedOver119,
        core::Disposition::HandedOver(Ambulance) => said::Disposition::HandedOver120,
        core::Disposition::NobodyFound => said::Disposition::NobodyFound,
        core::Disposition::CouldNotReach => said::Disposition::CouldNotReach,
    })
}

pub fn task_kind(kind: &core::TaskKind) -> rows::TaskKind {
    use core::PublicService::{Ambulance, Fire, Police};
    match kind {
        core::TaskKind::HandOver { service: Police, .. } => rows::TaskKind::HandOver110,
        core::TaskKind::HandOver { service: Fire, .. } => rows::TaskKind::HandOver119,
        core::TaskKind::HandOver { service: Ambulance, .. } => rows::TaskKind::HandOver120,
        core::TaskKind::CallBack => rows::TaskKind::CallBack,
        core::TaskKind::Supervise => rows::TaskKind::Supervise,
    }
}

pub fn step_name(action: &core::EscalationAction) -> rows::StepName {
    use core::PublicService::{Ambulance, Fire, Police};
    match action {
        core::EscalationAction::Widen => rows::StepName::Widen,
        core::EscalationAction::RaiseLevel => rows::StepName::RaiseLevel,
        core::EscalationAction::AddRoles(_) => rows::StepName::AddRoles,
        core::EscalationAction::TellSupervisor => rows::StepName::TellSupervisor,
        core::EscalationAction::AskNeighbour { .. } => rows::StepName::AskNeighbour,
        core::EscalationAction::HandOver { service: Police, .. } => rows::StepName::HandOver110,
        core::EscalationAction::HandOver { service: Fire, .. } => rows::StepName::HandOver119,
        core::EscalationAction::HandOver { service: Ambulance, .. } => rows::StepName::HandOver120,
    }
}
