//! Streams: each client proves by `seq` and `prev` that nothing is missing, or was given a snapshot.

use std::sync::Arc;
use std::time::Duration;

use matcher::{Actor, CallerKey, Command, OfferId};
use serde::de::DeserializeOwned;
use wire::client::StreamPoint;
use wire::rows::{DeskRows, OfferState, ResidentRows, VolunteerRows, WallRows};
use wire::server::{Delta, ServerFrame};

use super::street::{alarm, raise, request, street, submit, volunteer_id};
use crate::engine::{EngineHandle, Outbox, SnapshotParts, Start, StreamView};

/// A client that checks its stream.
struct Client {
    view: StreamView,
    outbox: Arc<Outbox>,
    seq: u64,
    history: uuid::Uuid,
}

fn own(number: u64) -> StreamView {
    StreamView::Volunteer { id: volunteer_id(number), caller: None }
}

fn parts<D: DeserializeOwned + std::fmt::Debug>(mut snapshot: SnapshotParts) -> Vec<D> {
    let mut parts = Vec::new();
    let mut is_over = false;
    while let Some(frame) = snapshot.next_frame() {
        assert!(!is_over, "a part after the last");
        let text = frame.texts().next().expect("a frame");
        assert!(text.len() <= wire::SNAPSHOT_PART_BYTES_MAX);
        match serde_json::from_slice::<ServerFrame<D>>(&text).expect("a frame of the protocol") {
            ServerFrame::Snapshot(part) => {
                assert_eq!(part.part as usize, parts.len());
                is_over = part.last;
                parts.push(part.data);
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(is_over, "the last part says so");
    parts
}

impl Client {
    /// Comes for the first time: a snapshot, then live.
    async fn new(handle: &EngineHandle, view: StreamView) -> (Self, SnapshotParts) {
        let outbox = Outbox::new();
        let start = handle.follow(view, None, &outbox).await.unwrap();
        let Start::Snapshot(snapshot) = start else { panic!("whoever is new gets a snapshot, not {start:?}") };
        let mut client = Client { view, outbox, seq: snapshot.seq(), history: snapshot.history() };
        let start = client.follow(handle).await;
        assert!(matches!(start, Start::Live { .. }), "{start:?}");
        (client, snapshot)
    }

    async fn follow(&mut self, handle: &EngineHandle) -> Start {
        let point = StreamPoint { history: self.history, seq: self.seq };
        handle.follow(self.view, Some(point), &self.outbox).await.unwrap()
    }

    /// Waits for at least one delta, and applies what is there.
    async fn deltas<D: DeserializeOwned + std::fmt::Debug>(&mut self) -> Vec<Delta<D>> {
        loop {
            let ready = tokio::time::timeout(Duration::from_secs(10), self.outbox.ready());
            ready.await.expect("something to be told");
            let deltas = self.apply();
            if !deltas.is_empty() {
                return deltas;
            }
        }
    }

    fn apply<D: DeserializeOwned + std::fmt::Debug>(&mut self) -> Vec<Delta<D>> {
        let mut frames = Vec::new();
        assert_eq!(self.outbox.drain(&mut frames), None, "the socket stays open");
        frames.iter().flat_map(wire::Framed::texts).filter_map(|text| self.apply_one(&text)).collect()
    }

    fn apply_one<D: DeserializeOwned + std::fmt::Debug>(&mut self, frame: &[u8]) -> Option<Delta<D>> {
        match serde_json::from_slice(frame).expect("a frame of the protocol") {
            ServerFrame::Delta(delta) => {
                let delta: Delta<D> = delta;
                assert_eq!(delta.prev, self.seq, "a gap before {}", delta.seq);
                assert!(delta.seq > self.seq && delta.history == self.history);
                self.seq = delta.seq;
                Some(delta)
            }
            ServerFrame::Latest(_) => None,
            other => panic!("{other:?}"),
        }
    }
}

fn offers(deltas: &[Delta<VolunteerRows>]) -> Vec<(u64, OfferState)> {
    deltas.iter().flat_map(|delta| &delta.data.offers).map(|offer| (offer.id.0, offer.state)).collect()
}

#[tokio::test]
async fn an_alarm_reaches_those_who_are_asked_and_nobody_else() {
    let (_engine, handle) = street(4).await;
    let (mut near, _) = Client::new(&handle, own(1)).await;
    let (mut far, _) = Client::new(&handle, own(4)).await;
    let committed = submit(&handle, alarm(100.0)).await.unwrap();
    let told = near.deltas::<VolunteerRows>().await;
    assert_eq!(told.len(), 1);
    assert_eq!(Some(told[0].seq), committed.seq);
    assert_eq!((told[0].kind.as_str(), told[0].data.offers.len()), ("incident_opened", 1));
    assert_eq!(told[0].data.offers[0].words, "带上急救包");
    assert!(told[0].trace.is_some());
    assert_eq!(far.apply::<VolunteerRows>(), vec![], "he was not asked");
}

#[tokio::test]
async fn a_drill_is_told_to_everybody_at_once_and_to_whoever_was_away() {
    let (_engine, handle) = street(2).await;
    let (mut volunteer, _) = Client::new(&handle, own(1)).await;
    let (mut resident, _) = Client::new(&handle, StreamView::Resident(CallerKey(77))).await;
    let (mut away, _) = Client::new(&handle, own(2)).await;
    away.outbox = Outbox::new();
    raise(&handle, 100.0).await;
    assert_eq!(volunteer.deltas::<VolunteerRows>().await.len(), 1);
    let committed = submit(&handle, Command::SetDrill { on: true }).await.unwrap();
    let told = volunteer.deltas::<VolunteerRows>().await;
    assert_eq!(told.iter().map(|delta| Some(delta.seq)).collect::<Vec<_>>(), [committed.seq]);
    let only = VolunteerRows { district: told[0].data.district.clone(), ..VolunteerRows::default() };
    assert_eq!((told[0].data.district.as_ref().map(|it| it.drill), &told[0].data), (Some(true), &only));
    let told = resident.deltas::<ResidentRows>().await;
    assert_eq!(told[0].data.district.as_ref().map(|it| it.drill), Some(true));
    let start = away.follow(&handle).await;
    assert!(matches!(start, Start::Replay { more: false, .. }), "{start:?}");
    let missed = away.apply::<VolunteerRows>();
    assert_eq!(missed.iter().map(|delta| delta.data.district.is_some()).collect::<Vec<_>>(), [false, true]);
    raise(&handle, 200.0).await;
    assert_eq!(away.apply::<VolunteerRows>().len() + volunteer.apply::<VolunteerRows>().len(), 0, "both are engaged");
}

#[tokio::test]
async fn accepting_is_told_to_the_one_and_withdrawn_from_the_other_in_the_same_commit() {
    let (_engine, handle) = street(2).await;
    let (mut one, _) = Client::new(&handle, own(1)).await;
    let (mut two, _) = Client::new(&handle, own(2)).await;
    raise(&handle, 100.0).await;
    let offer = OfferId(one.deltas::<VolunteerRows>().await[0].data.offers[0].id.0);
    two.deltas::<VolunteerRows>().await;
    let accept = Command::Accept { offer, eta_min: Some(3) };
    let committed = handle.submit(request(Actor::Volunteer(volunteer_id(1)), accept), None).await.unwrap();
    let accepted = one.deltas::<VolunteerRows>().await;
    assert_eq!(offers(&accepted), vec![(offer.0, OfferState::Accepted)]);
    assert_eq!(accepted[0].data.assignments[0].eta_min, Some(3));
    let withdrawn = two.deltas::<VolunteerRows>().await;
    assert_eq!(offers(&withdrawn)[0].1, OfferState::Withdrawn);
    assert_eq!((Some(accepted[0].seq), accepted[0].seq), (committed.seq, withdrawn[0].seq));
}

#[tokio::test]
async fn whoever_was_away_is_sent_what_he_missed_byte_for_byte() {
    let (_engine, handle) = street(2).await;
    let (mut stayed, _) = Client::new(&handle, own(1)).await;
    let (mut left, _) = Client::new(&handle, own(1)).await;
    left.outbox.close(wire::close::CloseCode::HeartbeatLost);
    for _ in 0..3 {
        raise(&handle, 100.0).await;
    }
    let mut live = Vec::new();
    stayed.outbox.ready().await;
    stayed.outbox.drain(&mut live);
    left.outbox = Outbox::new();
    let start = left.follow(&handle).await;
    assert!(matches!(start, Start::Replay { more: false, .. }), "{start:?}");
    let mut replayed = Vec::new();
    left.outbox.drain(&mut replayed);
    assert_eq!(live, replayed);
    assert!(!live.is_empty());
    stayed.outbox = Outbox::new();
    live.iter().flat_map(wire::Framed::texts).for_each(|text| drop(stayed.apply_one::<VolunteerRows>(&text)));
}

#[tokio::test]
async fn a_long_replay_goes_in_pieces_and_ends_live() {
    let (_engine, handle) = street(2).await;
    let (mut client, _) = Client::new(&handle, own(1)).await;
    client.outbox.close(wire::close::CloseCode::HeartbeatLost);
    for _ in 0..200 {
        submit(&handle, Command::CheckIn { volunteer: volunteer_id(1) }).await.unwrap();
        submit(&handle, Command::GoOffDuty { volunteer: volunteer_id(1) }).await.unwrap();
        let status = matcher::DutyStatus::Available;
        submit(&handle, Command::GoOnDuty { volunteer: volunteer_id(1), status, until: None }).await.unwrap();
    }
    client.outbox = Outbox::new();
    let mut pieces = 0;
    loop {
        let start = client.follow(&handle).await;
        client.apply::<VolunteerRows>();
        pieces += 1;
        match start {
            Start::Replay { more: true, .. } => {}
            Start::Replay { more: false, .. } | Start::Live { .. } => break,
            Start::Snapshot(_) => panic!("all of it is in the ring"),
        }
    }
    assert!(pieces > 3, "{pieces}");
    raise(&handle, 100.0).await;
    assert_eq!(client.deltas::<VolunteerRows>().await.len(), 1);
}

#[tokio::test]
async fn another_history_or_a_point_beyond_the_log_means_a_snapshot() {
    let (_engine, handle) = street(2).await;
    let (mut client, _) = Client::new(&handle, own(1)).await;
    let known = client.history;
    client.history = uuid::Uuid::new_v4();
    assert!(matches!(client.follow(&handle).await, Start::Snapshot(_)));
    client.history = known;
    client.seq += 1_000;
    assert!(matches!(client.follow(&handle).await, Start::Snapshot(_)));
    // The log is shorter than what was sent: it gets a new identity, once.
    let renewed = tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            match client.follow(&handle).await {
                Start::Snapshot(snapshot) if snapshot.history() != known => return snapshot.history(),
                _ => tokio::task::yield_now().await,
            }
        }
    });
    let renewed = renewed.await.expect("the history is renewed");
    (client.history, client.seq) = (renewed, u64::MAX >> 1);
    let Start::Snapshot(again) = client.follow(&handle).await else { panic!("a point beyond the log") };
    assert_eq!(again.history(), renewed);
}

#[tokio::test]
async fn a_wall_sees_masked_rows_of_everything_and_a_desk_the_rest() {
    let (_engine, handle) = street(3).await;
    let (mut wall, wall_start) = Client::new(&handle, StreamView::Wall).await;
    let (mut desk, desk_start) = Client::new(&handle, StreamView::Desk).await;
    let on_wall = parts::<WallRows>(wall_start);
    let on_desk = parts::<DeskRows>(desk_start);
    assert_eq!(on_wall.iter().map(|part| part.volunteers.len()).sum::<usize>(), 3);
    assert_eq!(on_desk.iter().map(|part| part.plans.len()).sum::<usize>(), 1);
    assert_eq!(on_desk[0].district.as_ref().map(|row| row.name.as_str()), Some("道里"));
    raise(&handle, 123.0).await;
    let told = wall.deltas::<WallRows>().await;
    let incident = &told[0].data.incidents[0];
    assert_eq!((incident.progress.asked, incident.place.lat), (2, 45.75));
    let desk_told = desk.deltas::<DeskRows>().await;
    assert_eq!((desk_told[0].data.offers.len(), desk_told[0].data.calls.len()), (2, 1));
}

#[tokio::test]
async fn a_large_snapshot_fits_through_small_parts_whole() {
    let (_engine, handle) = street(480).await;
    let (_, start) = Client::new(&handle, StreamView::Desk).await;
    let parts = parts::<DeskRows>(start);
    let mut ids: Vec<u64> = parts.iter().flat_map(|part| &part.volunteers).map(|row| row.id.0).collect();
    ids.dedup();
    assert_eq!(ids.len(), 480);
    assert!(parts.len() > 3, "{}", parts.len());
}

#[tokio::test]
async fn a_caller_sees_how_his_alarm_goes() {
    let (_engine, handle) = street(2).await;
    let caller = CallerKey(99);
    let (mut client, _) = Client::new(&handle, StreamView::Resident(caller)).await;
    let Command::RaiseAlarm(mut call) = alarm(100.0) else { unreachable!() };
    call.caller = Some(caller);
    submit(&handle, Command::RaiseAlarm(call)).await.unwrap();
    let told = client.deltas::<ResidentRows>().await;
    assert_eq!((told[0].data.alarms[0].asked, told[0].data.alarms[0].received), (2, 0));
    let offer = handle.read(|district| district.incidents().next().unwrap().offers[0]);
    let volunteer = handle.read(|district| district.offer(offer).unwrap().volunteer);
    handle.submit(request(Actor::Volunteer(volunteer), Command::OfferReceived { offer }), None).await.unwrap();
    assert_eq!(client.deltas::<ResidentRows>().await[0].data.alarms[0].received, 1);
}

#[tokio::test]
async fn a_pong_lets_a_filtered_client_resume_from_the_top() {
    let (_engine, handle) = street(4).await;
    let (mut client, _) = Client::new(&handle, own(4)).await;
    raise(&handle, 100.0).await;
    let pong = handle.pong(client.view, &client.outbox).expect("it follows");
    assert_eq!(pong.last, client.seq);
    assert_eq!(pong.top, handle.read(|district| district.seq));
    client.seq = pong.top;
    client.outbox = Outbox::new();
    assert!(matches!(client.follow(&handle).await, Start::Live { .. }));
}

#[tokio::test]
async fn a_position_reaches_the_wall_rounded_and_the_desk_exact() {
    let (_engine, handle) = street(2).await;
    let (wall, _) = Client::new(&handle, StreamView::Wall).await;
    let (desk, _) = Client::new(&handle, StreamView::Desk).await;
    let place = matcher::Position::from_degrees(45.754_321, 126.601_234).unwrap();
    handle.observe(volunteer_id(1), place, 8.0, 0);
    assert_eq!(handle.position(volunteer_id(1)).map(|(position, _)| position), Some(place));
    assert_eq!(shown(&wall).await, (45.754, 126.601));
    let (lat, lng) = shown(&desk).await;
    assert_eq!(matcher::Position::from_degrees(lat, lng), Some(place));
}

async fn shown(client: &Client) -> (f64, f64) {
    let look = async {
        loop {
            client.outbox.ready().await;
            let mut frames = Vec::new();
            client.outbox.drain(&mut frames);
            for text in frames.iter().flat_map(wire::Framed::texts) {
                if let Ok(ServerFrame::<DeskRows>::Latest(latest)) = serde_json::from_slice(&text)
                    && let wire::server::LatestData::Position { lat, lng, .. } = latest.data
                {
                    return (lat, lng);
                }
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), look).await.expect("the position is shown")
}

#[tokio::test]
async fn a_resync_of_a_live_wall_goes_back_without_a_gap() {
    let (_engine, handle) = street(2).await;
    let (mut wall, _) = Client::new(&handle, StreamView::Wall).await;
    let stood = wall.seq;
    for _ in 0..3 {
        raise(&handle, 100.0).await;
    }
    // All three: what is queued when he asks goes out before the replay.
    let mut first = Vec::new();
    while first.len() < 3 {
        first.extend(wall.deltas::<WallRows>().await);
    }
    wall.seq = stood;
    let start = wall.follow(&handle).await;
    assert!(matches!(start, Start::Replay { more: false, .. }), "{start:?}");
    raise(&handle, 100.0).await;
    let mut again = Vec::new();
    while again.len() < 4 {
        again.extend(wall.deltas::<WallRows>().await);
    }
    assert_eq!(again[..3], first[..]);
    assert_eq!(again.len(), 4, "and each once");
}

#[tokio::test]
async fn nothing_comes_between_the_parts_of_a_snapshot() {
    let (_engine, handle) = street(2).await;
    let (mut client, _) = Client::new(&handle, own(1)).await;
    let start = handle.follow(client.view, None, &client.outbox).await.unwrap();
    let Start::Snapshot(snapshot) = start else { panic!("{start:?}") };
    raise(&handle, 100.0).await;
    assert_eq!(client.apply::<VolunteerRows>(), vec![], "the snapshot is not through yet");
    client.seq = snapshot.seq();
    client.follow(&handle).await;
    assert_eq!(client.deltas::<VolunteerRows>().await.len(), 1, "then what came meanwhile");
}

#[tokio::test]
async fn a_reopened_incident_comes_back_with_everything_that_hangs_on_it() {
    let (engine, handle) = street(4).await;
    let incident = raise(&handle, 100.0).await;
    let disposition = matcher::Disposition::FalseAlarm;
    submit(&handle, Command::Close { incident, disposition, words: None }).await.unwrap();
    let (mut desk, _) = Client::new(&handle, StreamView::Desk).await;
    submit(&handle, Command::Reopen { incident }).await.unwrap();
    let rows = desk.deltas::<DeskRows>().await.remove(0).data;
    let offers = handle.read(|district| district.incident(incident).map(|it| it.offers.len()));
    assert_eq!((rows.calls.len(), Some(rows.offers.len())), (1, offers), "a desk that came after it had ended");
    engine.stop().await.unwrap();
}

#[tokio::test]
async fn a_merged_call_is_shown_once_with_the_incident_that_answers_for_it() {
    let (engine, handle) = street(4).await;
    let (duplicate, into) = (raise(&handle, 100.0).await, raise(&handle, 900.0).await);
    let (mut desk, _) = Client::new(&handle, StreamView::Desk).await;
    submit(&handle, Command::Merge { duplicate, into }).await.unwrap();
    let rows = desk.deltas::<DeskRows>().await.remove(0).data;
    let mut heard: Vec<(u64, u64)> = rows.calls.iter().map(|call| (call.id.0, call.incident.0)).collect();
    let calls = handle.read(|district| district.incident(into).map(|it| it.calls.clone())).expect("it is open");
    let mut expected: Vec<(u64, u64)> = calls.iter().map(|call| (call.id.0, into.0)).collect();
    heard.sort_unstable();
    expected.sort_unstable();
    assert_eq!(heard, expected);
    engine.stop().await.unwrap();
}

/// A crowd that comes back at once stands at the door, and not in the publisher's way.
#[tokio::test]
async fn a_command_is_answered_before_the_crowd_that_came_first_has_been_served() {
    const CROWD: usize = 800;
    let (_engine, handle) = street(1).await;
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..CROWD {
        let handle = handle.clone();
        crowd.spawn(async move { handle.follow(own(1), None, &Outbox::new()).await });
    }
    // All of them have asked once this task has its turn again.
    tokio::task::yield_now().await;
    submit(&handle, Command::SetDrill { on: true }).await.unwrap();
    let served = std::iter::from_fn(|| crowd.try_join_next()).count();
    assert!(served < CROWD / 2, "{served} of {CROWD} were served first");
    let rest = crowd.join_all().await;
    assert!(rest.iter().all(Result::is_ok), "and everybody is served in the end");
}
