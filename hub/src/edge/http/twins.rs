//! The HTTP twins of commands: the id in the path, the rest in the body, the command's own id in `Idempotency-Key`.

use axum::Json;
use axum::extract::{Path, State};
use matcher::DistrictId;
use wire::Id;
use wire::command::{CommandArgs, Drill, GoOnDuty, Nothing};
use wire::problem::Problem;
use wire::twin::*;

use super::super::Edge;
use super::super::error::Refusal;
use super::super::submit::{self, Order};
use super::answer::{Answered, InLanguage};
use super::take::{Exactly, Key, PathId, Who};

/// Submits under the session's rate.
pub async fn taken(edge: &Edge, who: &Who, order: Order) -> Answered<Taken> {
    edge.limits().command(who.identity.session).said(who.language)?;
    keyed(edge.submit(&who.identity, order).await).json(who.language)
}

pub fn keyed(taken: Result<submit::Taken, Refusal>) -> Result<Taken, Refusal> {
    taken.map(|(outcome, seq)| Taken { outcome, seq })
}

macro_rules! by_id {
    ($($(#[doc = $doc:literal])+ $handler:ident $path:literal $body:ty => $command:expr;)*) => {$(
        $(#[doc = $doc])+
        #[utoipa::path(post, path = $path, tag = "commands", request_body = $body,
            params(("id" = String, Path, description = "A string of digits."), ("Idempotency-Key" = Uuid, Header)),
            responses((status = 200, body = Taken),
                (status = "default", body = Problem, content_type = "application/problem+json")))]
        pub async fn $handler(
            State(edge): State<Edge>,
            who: Who,
            key: Key,
            PathId(id): PathId,
            Exactly(body): Exactly<$body>,
        ) -> Answered<Taken> {
            let command: fn(Id, $body) -> CommandArgs = $command;
            taken(&edge, &who, Order::new(key.0, command(id, body))).await
        }
    )*};
}

by_id! {
    /// The phone's software has the offer.
    received "/v1/offers/{id}/received" NoBody => |id, _| wire::twin::received(id);
    /// Its owner has looked.
    seen "/v1/offers/{id}/seen" NoBody => |id, _| wire::twin::seen(id);
    /// "I'll go." Too late is a normal answer: `offer_over`, `already_filled`.
    accept "/v1/offers/{id}/accept" AcceptBody => |id, body| body.of(id);
    /// "Can't." Reason and words may be left out; words are kept as said.
    decline "/v1/offers/{id}/decline" DeclineBody => |id, body| body.of(id);
    /// Come forward unasked, or after the deadline: taken if a slot is open.
    volunteer_for "/v1/incidents/{id}/volunteer-for" AcceptBody => |id, body| body.volunteer_for(id);
    /// On my way.
    en_route "/v1/assignments/{id}/en-route" MilestoneBody => |id, body| CommandArgs::EnRoute(body.args(id));
    /// I'm here.
    on_scene "/v1/assignments/{id}/on-scene" MilestoneBody => |id, body| CommandArgs::OnScene(body.args(id));
    /// Done, with the signed service sheet if there is one.
    done "/v1/assignments/{id}/done" DoneBody => |id, body| body.of(id);
    /// Give an accepted offer back; the slot is asked for again.
    abort "/v1/assignments/{id}/abort" AbortBody => |id, body| body.of(id);
    /// The same person to another incident.
    reassign "/v1/assignments/{id}/reassign" ReassignBody => |id, body| body.of(id);
    /// Another person to the same slots.
    substitute "/v1/assignments/{id}/substitute" SubstituteBody => |id, body| body.of(id);
    /// By hand: any volunteer who is free, asked or not.
    assign "/v1/incidents/{id}/assign" AssignBody => |id, body| body.of(id);
    /// Withdraw one assignment, or all that are not needed.
    stand_down "/v1/incidents/{id}/stand-down" StandDownBody => |id, body| body.of(id);
    /// The plan's next step now.
    escalate "/v1/incidents/{id}/escalate" NoBody => |id, _| wire::twin::escalate(id);
    /// This incident is a duplicate of another.
    merge "/v1/incidents/{id}/merge" MergeBody => |id, body| body.of(id);
    /// Take a merged call, or a merged incident, out again.
    unmerge "/v1/incidents/{id}/unmerge" UnmergeBody => |id, body| body.of(id);
    /// Everybody is stood down with thanks.
    cancel "/v1/incidents/{id}/cancel" EndBody => |id, body| body.of(id);
    /// Close with a disposition.
    close "/v1/incidents/{id}/close" CloseBody => |id, body| body.of(id);
    /// Open an ended incident again.
    reopen "/v1/incidents/{id}/reopen" NoBody => |id, _| wire::twin::reopen(id);
    /// A note, sealed beside the log.
    note "/v1/incidents/{id}/note" NoteBody => |id, body| body.of(id);
    /// What came of a task of the desk.
    complete "/v1/tasks/{id}/complete" CompleteBody => |id, body| body.of(id);
}

macro_rules! on_duty {
    ($($(#[doc = $doc:literal])+ $handler:ident $path:literal $body:ty => $command:expr;)*) => {$(
        $(#[doc = $doc])+
        #[utoipa::path(post, path = $path, tag = "commands", request_body = $body, params(("Idempotency-Key" = Uuid, Header)),
            responses((status = 200, body = Taken),
                (status = "default", body = Problem, content_type = "application/problem+json")))]
        pub async fn $handler(
            State(edge): State<Edge>,
            who: Who,
            key: Key,
            Exactly(body): Exactly<$body>,
        ) -> Answered<Taken> {
            taken(&edge, &who, Order::new(key.0, $command(body))).await
        }
    )*};
}

on_duty! {
    /// Go on duty, until a time if one says so.
    go_on_duty "/v1/duty/start" GoOnDuty => CommandArgs::GoOnDuty;
    /// Go off duty.
    go_off_duty "/v1/duty/end" Nothing => CommandArgs::GoOffDuty;
    /// "All normal": the answer to a roll call.
    check_in "/v1/duty/check-in" Nothing => CommandArgs::CheckIn;
}

/// From now on new incidents of the district are drills, or real again.
#[utoipa::path(post, path = "/v1/districts/{district}/drill", tag = "commands", request_body = Drill,
    params(("district" = u32, Path), ("Idempotency-Key" = Uuid, Header)),
    responses((status = 200, body = Taken), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn drill(
    State(edge): State<Edge>,
    who: Who,
    key: Key,
    Path(district): Path<String>,
    Exactly(body): Exactly<Drill>,
) -> Result<Json<Taken>, super::super::error::Said> {
    let district = edge.district_named(&district).said(who.language)?;
    let order = Order { district: Some(district), ..Order::new(key.0, CommandArgs::Drill(body)) };
    taken(&edge, &who, order).await
}

impl Edge {
    /// A district by its number as text.
    ///
    /// # Errors
    /// `unknown_district`.
    pub fn district_named(&self, text: &str) -> Result<DistrictId, Refusal> {
        let district = text.parse().ok().map(DistrictId);
        district.filter(|district| self.engine(*district).is_some()).ok_or_else(|| {
            let en = format!("there is no district {text:?} on this hub");
            Refusal::new(axum::http::StatusCode::NOT_FOUND, "unknown_district", format!("本系统没有“{text}”区"), en)
                .at("/district")
        })
    }
}
