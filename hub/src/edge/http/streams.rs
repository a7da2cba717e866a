//! The stream by polling: the same frames that a socket would be sent, for who cannot open one.

use axum::extract::{Path, State};
use axum::response::Response;
use matcher::DistrictId;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use wire::Framed;
use wire::client::StreamPoint;
use wire::http::Polled;
use wire::problem::Problem;

use super::super::Edge;
use super::super::auth::stream_view;
use super::super::error::{Refusal, Said};
use super::answer::{InLanguage, typed};
use super::take::{Asked, Who};
use crate::engine::{EngineHandle, Outbox, SnapshotParts, Start, StreamView};

/// Stretches of a replay in one answer; who is further behind asks again.
const STRETCHES_MAX: usize = 32;

/// Where the client stands.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PollQuery {
    /// The `seq` of the answer before; without it a snapshot.
    pub after: Option<u64>,
    /// The `history` of the answer before.
    pub history: Option<Uuid>,
}

/// What has happened since `after`: the frames of the socket, in order. Mode `live`: nothing; `replay`: deltas;
/// `snapshot`: forget all rows first. Ask again with `after` = `seq` and the same `history`.
#[utoipa::path(get, path = "/v1/streams/{district}", tag = "streams", params(("district" = u32, Path), PollQuery),
    responses((status = 200, body = Polled), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn poll(
    State(edge): State<Edge>,
    who: Who,
    Path(district): Path<String>,
    Asked(query): Asked<PollQuery>,
) -> Result<Response, Said> {
    let poll = async {
        let district = edge.district_named(&district)?;
        let view = stream_view(&who.identity, district, |id| edge.office().caller_key_of(id));
        let view = view.ok_or_else(Refusal::forbidden)?;
        edge.limits().poll(who.identity.session)?;
        let point = query.history.zip(query.after).map(|(history, seq)| StreamPoint { history, seq });
        let poll = Poll { engine: edge.led(district)?, district, view, outbox: Outbox::new() };
        let polled = poll.answer(point).await;
        poll.outbox.close(wire::close::CloseCode::Drain);
        polled
    };
    poll.await.said(who.language).map(|body| typed("application/json", body))
}

struct Poll<'a> {
    engine: &'a EngineHandle,
    district: DistrictId,
    view: StreamView,
    outbox: std::sync::Arc<Outbox>,
}

impl Poll<'_> {
    async fn answer(&self, point: Option<StreamPoint>) -> Result<Vec<u8>, Refusal> {
        let (mut frames, mut point, mut mode) = (Vec::new(), point, "live");
        for _ in 0..STRETCHES_MAX {
            let start = self.engine.follow(self.view, point, &self.outbox).await?;
            self.outbox.drain(&mut frames);
            match start {
                Start::Live { seq, history } => return Ok(self.body(history, seq, mode, &frames)),
                Start::Snapshot(parts) => return Ok(self.snapshot(parts)),
                Start::Replay { history, seq, more } => {
                    mode = "replay";
                    let seq = self.outbox.last(self.district.0).unwrap_or(seq);
                    if !more {
                        return Ok(self.body(history, seq, mode, &frames));
                    }
                    point = Some(StreamPoint { history, seq });
                }
            }
        }
        let at = point.unwrap_or(StreamPoint { history: Uuid::nil(), seq: 0 });
        Ok(self.body(at.history, at.seq, mode, &frames))
    }

    fn snapshot(&self, mut parts: SnapshotParts) -> Vec<u8> {
        let (history, seq) = (parts.history(), parts.seq());
        let frames: Vec<Framed> = std::iter::from_fn(|| parts.next_frame()).collect();
        self.body(history, seq, "snapshot", &frames)
    }

    /// A [`Polled`]; its frames are JSON already. `latest` frames among them stand as they are.
    fn body(&self, history: Uuid, seq: u64, mode: &str, frames: &[Framed]) -> Vec<u8> {
        let head = format!(
            "{{\"district\":\"{}\",\"history\":\"{history}\",\"seq\":{seq},\"mode\":\"{mode}\",\"frames\":[",
            self.district
        );
        let mut body = head.into_bytes();
        let texts: Vec<_> = frames.iter().flat_map(Framed::texts).collect();
        body.extend_from_slice(&texts.join(&b","[..]));
        body.extend_from_slice(b"]}");
        body
    }
}
