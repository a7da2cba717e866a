//! Aid between districts, from both sides: this town is district 7, its neighbour is 8.

use super::town::{DOCTOR, Town, alarm, at, person, plan, role, volunteer_id};
use crate::command::{Field, Why};
use crate::*;

const NEIGHBOUR: DistrictId = DistrictId(8);

/// Two are needed, one lives here; after ten seconds the neighbour is asked, and has twenty to answer.
fn lacking() -> (Town, IncidentId, AidId) {
    let ask = EscalationAction::AskNeighbour { district: NEIGHBOUR, clock_ms: 20 * SECOND_MS };
    let step = |after_s, action| EscalationStep { after_ms: after_s * SECOND_MS, always: false, action };
    let mut fall = plan("fall", vec![vec![role(None, 1), role(Some(DOCTOR), 1)]]);
    fall.escalation = vec![step(10, ask), step(600, EscalationAction::TellSupervisor)];
    let mut town = Town::with_plans(vec![fall]);
    town.people(vec![person(1, 100.0, &[])]);
    let incident = town.raise(alarm("fall", 0.0));
    town.accept(1);
    town.pass(10 * SECOND_MS);
    (town, incident, AidId { incident, number: 1 })
}

fn known(town: &Town, incident: IncidentId) -> Incident {
    town.state.district.incident(incident).expect("it is kept").clone()
}

fn asked(town: &Town, aid: AidId) -> Aid {
    known(town, aid.incident).aids[usize::from(aid.number) - 1].clone()
}

fn tell(aid: AidId, filled: u32, over: bool, telling: u32) -> Command {
    Command::TellAid { aid, filled: SlotSet(filled), over, telling }
}

fn supervisor_was_told(town: &Town) -> bool {
    town.state.district.tasks().any(|task| task.kind == TaskKind::Supervise)
}

#[test]
fn a_step_of_the_plan_asks_the_neighbour_for_whoever_is_missing() {
    let (town, incident, aid) = lacking();
    let Some(Event::AidAsked { of, request, slots, answer_by }) =
        town.log.last().and_then(|commit| commit.events.iter().find(|event| event.name() == "aid_asked"))
    else {
        panic!("nobody was asked: {:?}", town.log.last())
    };
    assert_eq!((*of, *slots, *answer_by), (NEIGHBOUR, SlotSet(0b10), town.now.plus_ms(20 * SECOND_MS)));
    assert_eq!((request.aid, request.needs.as_slice()), (aid, &[Some("doctor".to_owned())][..]));
    assert_eq!(known(&town, incident).shortfall.map(|short| short.missing), Some(1), "it is told all the same");
}

#[test]
fn without_an_answer_in_time_the_plan_goes_on_and_the_shortfall_stands() {
    let (mut town, incident, aid) = lacking();
    town.pass(20 * SECOND_MS);
    assert_eq!(asked(&town, aid).state, AidState::Expired);
    assert!(supervisor_was_told(&town), "the next step is not waited for");
    assert_eq!(known(&town, incident).shortfall.map(|short| short.missing), Some(1));
    let late = town.must_be_refused(tell(aid, 0b1, false, 1));
    assert_eq!(late, Rejection::AidOver { aid });
}

#[test]
fn a_no_is_not_waited_for_either() {
    let (mut town, _, aid) = lacking();
    town.must(tell(aid, 0, true, 1));
    let answered = (asked(&town, aid).state, asked(&town, aid).answered_at);
    assert_eq!(answered, (AidState::Ended, Some(town.now)));
    assert!(supervisor_was_told(&town));
}

#[test]
fn who_comes_from_the_neighbour_fills_a_place_until_he_does_not() {
    let (mut town, incident, aid) = lacking();
    town.must(tell(aid, 0b1, false, 1));
    let given = known(&town, incident);
    assert_eq!((given.needed_and_filled(), given.shortfall, given.aided()), ((2, 2), None, SlotSet(0b10)));
    assert_eq!((asked(&town, aid).state, asked(&town, aid).answered_at), (AidState::Given, Some(town.now)));
    town.pass(MINUTE_MS);
    assert_eq!(asked(&town, aid).state, AidState::Given, "its time limit was for the answer");
    town.must(tell(aid, 0, false, 3));
    assert_eq!(known(&town, incident).shortfall.map(|short| short.missing), Some(1));
    assert_eq!(town.must(tell(aid, 0b1, false, 2)), Answer::NothingToDo, "an older telling that comes late");
    town.must(tell(aid, 0b1, true, 4));
    let Answer::Assigned { .. } = town.must(Command::Assign { incident, volunteer: volunteer_id(1) }) else {
        panic!("he is here")
    };
    let active = town.state.district.incident_record(incident).expect("it is kept").active[0];
    town.must(Command::ReachMilestone { assignment: active, step: MilestoneStep::Done, tapped_ago_ms: 0, sheet: None });
    assert_eq!(known(&town, incident).state, IncidentState::Closed(Disposition::Resolved), "all have done it");
}

#[test]
fn the_neighbour_is_told_when_it_is_not_needed_any_more() {
    let (mut town, incident, aid) = lacking();
    town.people(vec![person(2, 200.0, &[DOCTOR])]);
    town.accept(2);
    assert_eq!(asked(&town, aid).state, AidState::Withdrawn, "the place was filled here");
    let (mut town, _, other) = (lacking().0, incident, aid);
    town.must(tell(other, 0b1, false, 1));
    town.must(Command::Close { incident: other.incident, disposition: Disposition::FalseAlarm, words: None });
    assert_eq!(asked(&town, other).state, AidState::Withdrawn, "the incident has ended");
    assert_eq!(town.must(tell(other, 0, true, 2)), Answer::NothingToDo);
}

fn request(needs: &[Option<&str>]) -> AidRequest {
    AidRequest {
        aid: AidId { incident: IncidentId::new(NEIGHBOUR, 5), number: 1 },
        kind: "fall".to_owned(),
        urgency: Urgency::Urgent,
        drill: false,
        position: at(10_500.0),
        needs: needs.iter().map(|need| need.map(str::to_owned)).collect(),
    }
}

/// A doctor near the border, and a plan that would ask the neighbour back.
fn giving(people: Vec<Volunteer>) -> Town {
    let ask = EscalationAction::AskNeighbour { district: NEIGHBOUR, clock_ms: SECOND_MS };
    let mut fall = plan("fall", vec![vec![role(None, 4)]]);
    fall.escalation = vec![EscalationStep { after_ms: SECOND_MS, always: true, action: ask }];
    let mut town = Town::with_plans(vec![fall]);
    if !people.is_empty() {
        town.people(people);
    }
    town
}

fn opened(answer: Answer) -> IncidentId {
    let Answer::Opened { incident, .. } = answer else { panic!("{answer:?}") };
    incident
}

/// What the district that asked was last told.
fn told(town: &Town) -> Option<(SlotSet, bool, u32)> {
    let told = |event: &Event| {
        let Event::AidGiven { filled, over, telling, .. } = event else { return None };
        Some((*filled, *over, *telling))
    };
    town.log.iter().rev().flat_map(|commit| commit.events.iter().rev()).find_map(told)
}

#[test]
fn the_one_asked_sends_its_own_people_by_its_own_rules_and_says_so() {
    let mut town = giving(vec![person(1, 9_900.0, &[DOCTOR]), person(2, 9_800.0, &[])]);
    let asked = request(&[Some("surgeon"), Some("doctor")]);
    let incident = opened(town.must(Command::GiveAid(asked.clone())));
    assert_eq!(known(&town, incident).slots.len(), 1, "for the need that can be served here, not for the plan's");
    assert_eq!((town.asked(incident), told(&town)), (vec![1], None));
    assert_eq!(town.must(Command::GiveAid(asked)), Answer::NothingToDo, "one incident for one request");
    town.pass(2 * SECOND_MS);
    assert!(known(&town, incident).aids.is_empty(), "nobody is asked back");
    let Answer::Assigned { assignment, .. } = town.accept(1) else { panic!("he is free") };
    assert_eq!(told(&town), Some((SlotSet(0b10), false, 1)));
    town.must(Command::AbortAssignment { assignment, reason: AbortReason::CannotGo, words: None });
    assert_eq!(told(&town), Some((SlotSet(0), true, 2)), "nobody else can");
    assert_eq!(known(&town, incident).state, IncidentState::Closed(Disposition::NobodyFound));
    assert_eq!(town.must_be_refused(Command::Reopen { incident }), Rejection::IncidentEnded { incident });
}

#[test]
fn who_has_done_it_for_the_neighbour_is_counted_when_it_is_over() {
    let mut town = giving(vec![person(1, 9_900.0, &[DOCTOR])]);
    let incident = opened(town.must(Command::GiveAid(request(&[Some("doctor")]))));
    let Answer::Assigned { assignment, .. } = town.accept(1) else { panic!("he is free") };
    town.must(Command::ReachMilestone { assignment, step: MilestoneStep::Done, tapped_ago_ms: 0, sheet: None });
    assert_eq!(known(&town, incident).state, IncidentState::Closed(Disposition::Resolved));
    assert_eq!(told(&town), Some((SlotSet(0b1), true, 2)));
}

#[test]
fn who_is_not_needed_any_more_is_stood_down_and_who_is_there_has_done_it() {
    let aid = request(&[]).aid;
    assert_eq!(giving(Vec::new()).must(Command::EndAid { aid }), Answer::NothingToDo);
    for (step, state) in [
        (MilestoneStep::EnRoute, IncidentState::Cancelled),
        (MilestoneStep::OnScene, IncidentState::Closed(Disposition::Resolved)),
    ] {
        let mut town = giving(vec![person(1, 9_900.0, &[])]);
        let incident = opened(town.must(Command::GiveAid(request(&[None]))));
        let Answer::Assigned { assignment, .. } = town.accept(1) else { panic!("he is free") };
        town.must(Command::ReachMilestone { assignment, step, tapped_ago_ms: 0, sheet: None });
        town.must(Command::EndAid { aid });
        assert_eq!(known(&town, incident).state, state);
        assert!(told(&town).is_some_and(|(_, over, _)| over));
        assert_eq!(town.must(Command::EndAid { aid }), Answer::NothingToDo);
    }
}

#[test]
fn where_nobody_can_the_answer_is_no_at_once() {
    let mut town = giving(Vec::new());
    let incident = opened(town.must(Command::GiveAid(request(&[None]))));
    assert_eq!(known(&town, incident).state, IncidentState::Closed(Disposition::NobodyFound));
    assert_eq!(told(&town), Some((SlotSet(0), true, 1)));
    let strange = request(&[Some("surgeon")]);
    let no = town.must_be_refused(Command::GiveAid(strange.clone()));
    assert_eq!(no, Rejection::NoAidHere { aid: strange.aid });
    let own = AidId { incident: IncidentId::new(super::town::DISTRICT, 1), number: 1 };
    let itself = town.must_be_refused(Command::GiveAid(AidRequest { aid: own, ..request(&[None]) }));
    assert_eq!(itself, Rejection::Invalid { field: Field::Aid, why: Why::Itself });
}

#[test]
fn a_call_of_our_own_does_not_end_with_the_neighbours_need() {
    let mut fall = plan("fall", vec![vec![role(None, 1)]]);
    fall.merge = MergeRule { radius_m: 2_000, window_ms: HOUR_MS };
    let mut town = Town::with_plans(vec![fall]);
    town.people(vec![person(1, 9_900.0, &[]), person(2, 9_800.0, &[])]);
    let theirs = opened(town.must(Command::GiveAid(request(&[None]))));
    let ours = town.raise(alarm("fall", 9_990.0));
    assert_ne!(ours, theirs);
    let merge = Command::Merge { duplicate: ours, into: theirs };
    assert_eq!(town.must_be_refused(merge), Rejection::Invalid { field: Field::Into, why: Why::OtherClass });
}
