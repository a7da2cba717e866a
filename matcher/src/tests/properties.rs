//! Anything may be asked, in any order, at any time: after every commit all invariants hold, and the log says it all.

use proptest::prelude::*;
use proptest::sample::Index;

use super::town::{DOCTOR, DRIVER, Town, alarm, at, grid, person, plan, role, volunteer_id};
use crate::decide::decide;
use crate::*;

const PEOPLE: u64 = 14;

/// What is tried; an index picks from whatever there is when its turn comes.
#[derive(Clone, Debug)]
enum Try {
    Wait(u64),
    Raise {
        kind: usize,
        east_m: u32,
        caller: u64,
        by: Option<u64>,
        drill: bool,
        place: bool,
    },
    Request {
        kind: usize,
        east_m: u32,
    },
    TakeBack(Index),
    Duty {
        who: u64,
        minutes: Option<u64>,
        patrol: bool,
    },
    OffDuty(u64),
    Receive(Index),
    See(Index),
    Accept(Index),
    Decline(Index),
    ComeForward(u64, Index),
    Milestone(Index, u8),
    Abort(Index),
    Assign(u64, Index),
    Reassign(Index, Index),
    Substitute(Index, u64),
    StandDown(Index, Option<Index>),
    Escalate(Index),
    Merge(Index, Index),
    Unmerge(Index, Option<Index>),
    Cancel(Index),
    Close(Index),
    Reopen(Index),
    Complete(Index),
    Resume(u64),
    Enrol {
        who: u64,
        east_m: u32,
        skills: u8,
        capacity: u8,
        budget: Option<u16>,
        guest: bool,
    },
    Retire(u64),
    Minimum(u64, u16),
    /// The waves of falls fit from now on, or are of a fixed size again.
    Size(Option<u16>),
    Repeat(Index),
    GiveAid {
        number: u8,
        needs: Vec<u8>,
        east_m: u32,
    },
    TellAid {
        asked: Index,
        filled: u32,
        over: bool,
        telling: u32,
    },
    EndAid(u8),
}

const KINDS: [&str; 7] = ["fall", "stroke", "fire", "crew", "stall", "noise", "no_such_plan"];

fn who() -> impl Strategy<Value = u64> {
    1..=PEOPLE
}

fn tries() -> impl Strategy<Value = Try> {
    let at_any = any::<Index>;
    let street = 0u32..6_000;
    let duty = (who(), prop::option::of(1u64..60), any::<bool>());
    let raise =
        (0..KINDS.len(), street.clone(), 0u64..4, prop::option::of(who()), any::<bool>(), prop::bool::weighted(0.9));
    let give = (0u8..4, prop::collection::vec(0u8..4, 0..4), street.clone());
    let enrol = (who(), street.clone(), 0u8..4, 1u8..3, prop::option::of(1u16..4), prop::bool::weighted(0.1));
    prop_oneof![
        6 => (0u64..40_000).prop_map(Try::Wait),
        1 => (0u64..100_000_000).prop_map(Try::Wait),
        8 => raise.prop_map(|(kind, east_m, caller, by, drill, place)| Try::Raise { kind, east_m, caller, by, drill: drill && caller == 0, place }),
        3 => (0..KINDS.len(), street).prop_map(|(kind, east_m)| Try::Request { kind, east_m }),
        1 => at_any().prop_map(Try::TakeBack),
        6 => duty.prop_map(|(who, minutes, patrol)| Try::Duty { who, minutes, patrol }),
        1 => who().prop_map(Try::OffDuty),
        4 => at_any().prop_map(Try::Receive),
        2 => at_any().prop_map(Try::See),
        10 => at_any().prop_map(Try::Accept),
        6 => at_any().prop_map(Try::Decline),
        2 => (who(), at_any()).prop_map(|(who, incident)| Try::ComeForward(who, incident)),
        9 => (at_any(), 0u8..3).prop_map(|(assignment, step)| Try::Milestone(assignment, step)),
        2 => at_any().prop_map(Try::Abort),
        2 => (who(), at_any()).prop_map(|(who, incident)| Try::Assign(who, incident)),
        1 => (at_any(), at_any()).prop_map(|(assignment, to)| Try::Reassign(assignment, to)),
        1 => (at_any(), who()).prop_map(|(assignment, by)| Try::Substitute(assignment, by)),
        1 => (at_any(), prop::option::of(at_any())).prop_map(|(incident, assignment)| Try::StandDown(incident, assignment)),
        2 => at_any().prop_map(Try::Escalate),
        1 => (at_any(), at_any()).prop_map(|(duplicate, into)| Try::Merge(duplicate, into)),
        2 => (at_any(), prop::option::of(at_any())).prop_map(|(incident, call)| Try::Unmerge(incident, call)),
        1 => at_any().prop_map(Try::Cancel),
        1 => at_any().prop_map(Try::Close),
        2 => at_any().prop_map(Try::Reopen),
        1 => at_any().prop_map(Try::Complete),
        1 => (0u64..90_000).prop_map(Try::Resume),
        3 => enrol.prop_map(|(who, east_m, skills, capacity, budget, guest)| Try::Enrol { who, east_m, skills, capacity, budget, guest }),
        1 => who().prop_map(Try::Retire),
        1 => (1u64..7, 0u16..4).prop_map(|(grid, minimum)| Try::Minimum(grid, minimum)),
        1 => prop::option::of(1u16..=999).prop_map(Try::Size),
        1 => at_any().prop_map(Try::Repeat),
        3 => give.prop_map(|(number, needs, east_m)| Try::GiveAid { number, needs, east_m }),
        4 => (at_any(), 0u32..8, prop::bool::weighted(0.2), 0u32..9).prop_map(|(asked, filled, over, telling)| Try::TellAid { asked, filled, over, telling }),
        1 => (0u8..4).prop_map(Try::EndAid),
    ]
}

fn plans() -> Vec<ResponsePlan> {
    let step = |after_ms, always, action| EscalationStep { after_ms, always, action };
    let hand_over =
        EscalationAction::HandOver { service: PublicService::Ambulance, clock_ms: 60_000, words: "别动".into() };
    let mut fall = plan("fall", vec![vec![role(None, 1)]]);
    fall.merge = MergeRule { radius_m: 150, window_ms: 600_000 };
    fall.rest_ms = 120_000;
    let mut stroke = plan("stroke", vec![vec![role(Some(DRIVER), 1), role(Some(DOCTOR), 1)], vec![role(None, 2)]]);
    stroke.urgency = Urgency::LifeThreat;
    stroke.clocks = Clocks { answer_ms: 20_000, arrive_ms: 90_000, close_ms: 600_000 };
    stroke.escalation = vec![
        step(5_000, true, hand_over),
        step(15_000, false, EscalationAction::Widen),
        step(25_000, false, EscalationAction::RaiseLevel),
        step(40_000, false, EscalationAction::TellSupervisor),
    ];
    stroke.wave.size = WaveSize::fitting(700, 5);
    let mut fire = plan("fire", vec![vec![role(None, 3)]]);
    let ask = EscalationAction::AskNeighbour { district: DistrictId(8), clock_ms: 20_000 };
    fire.escalation =
        vec![step(8_000, false, ask), step(30_000, true, EscalationAction::AddRoles(vec![role(Some(DOCTOR), 1)]))];
    let mut crew = plan("crew", vec![vec![role(Some(DRIVER), 1), role(Some(DOCTOR), 1), role(None, 1)]]);
    crew.one_person_several_roles = true;
    crew.wave.size = WaveSize::fitting(300, 6);
    let mut stall = plan("stall", vec![vec![role(None, 1), role(Some(DOCTOR), 1)]]);
    stall.batch_ms = 20_000;
    vec![fall, stroke, fire, crew, stall, plan("noise", Vec::new())]
}

fn town() -> Town {
    let mut town = Town::with_plans(plans());
    let skills = |n: u64| [&[][..], &[DOCTOR], &[DRIVER], &[DOCTOR, DRIVER]][n as usize % 4].to_vec();
    town.people((1..=8).map(|n| person(n, n as f64 * 300.0, &skills(n))).collect());
    town
}

fn pick<T: Copy>(index: &Index, from: Vec<T>) -> Option<T> {
    (!from.is_empty()).then(|| from[index.index(from.len())])
}

fn incident_at(town: &Town, index: &Index) -> Option<IncidentId> {
    pick(index, town.state.district.incidents().map(|incident| incident.id).collect())
}

/// Standing ones mostly; the rest must be refused politely.
fn offer_at(town: &Town, index: &Index) -> Option<OfferId> {
    let offers = || town.state.district.offers();
    let standing: Vec<OfferId> = offers().filter(|offer| offer.state.standing()).map(|offer| offer.id).collect();
    pick(index, standing).or_else(|| pick(index, offers().map(|offer| offer.id).collect()))
}

fn assignment_at(town: &Town, index: &Index) -> Option<AssignmentId> {
    let all = || town.state.district.assignments();
    let active: Vec<AssignmentId> = all().filter(|a| a.state.active()).map(|a| a.id).collect();
    pick(index, active).or_else(|| pick(index, all().map(|a| a.id).collect()))
}

/// A request of the neighbour's.
fn foreign(number: u8) -> AidId {
    AidId { incident: IncidentId::new(DistrictId(8), 3), number }
}

fn command(town: &Town, attempt: &Try) -> Option<Command> {
    let incident = |index: &Index| incident_at(town, index);
    let offer = |index: &Index| offer_at(town, index);
    let assignment = |index: &Index| assignment_at(town, index);
    Some(match attempt {
        Try::Wait(_) | Try::Repeat(_) => return None,
        Try::Raise { kind, east_m, caller, by, drill, place } => {
            let position = place.then(|| at(f64::from(*east_m)));
            let (caller, raised_by) = (Some(CallerKey(*caller)), by.map(volunteer_id));
            let new = NewIncident { position, caller, raised_by, drill: *drill, ..alarm(KINDS[*kind], 0.0) };
            Command::RaiseAlarm(new)
        }
        Try::Request { kind, east_m } => Command::RequestService(alarm(KINDS[*kind], f64::from(*east_m))),
        Try::TakeBack(index) => {
            let calls = town.state.district.incidents().flat_map(|incident| incident.calls.iter());
            Command::CancelAlarm { alarm: pick(index, calls.map(|call| call.command).collect())? }
        }
        Try::Duty { who, minutes, patrol } => Command::GoOnDuty {
            volunteer: volunteer_id(*who),
            status: if *patrol { DutyStatus::OnPatrol } else { DutyStatus::Available },
            until: minutes.map(|minutes| town.now.plus_ms(minutes * MINUTE_MS)),
        },
        Try::OffDuty(who) => Command::GoOffDuty { volunteer: volunteer_id(*who) },
        Try::Receive(index) => Command::OfferReceived { offer: offer(index)? },
        Try::See(index) => Command::OfferSeen { offer: offer(index)? },
        Try::Accept(index) => Command::Accept { offer: offer(index)?, eta_min: Some(5) },
        Try::Decline(index) => Command::Decline { offer: offer(index)?, reason: DeclineReason::TooFar, words: None },
        Try::ComeForward(who, index) => {
            Command::VolunteerFor { incident: incident(index)?, volunteer: volunteer_id(*who), eta_min: None }
        }
        Try::Milestone(index, step) => Command::ReachMilestone {
            assignment: assignment(index)?,
            step: [MilestoneStep::EnRoute, MilestoneStep::OnScene, MilestoneStep::Done][usize::from(*step)],
            tapped_ago_ms: 700,
            sheet: None,
        },
        Try::Abort(index) => {
            Command::AbortAssignment { assignment: assignment(index)?, reason: AbortReason::CannotGo, words: None }
        }
        Try::Assign(who, index) => Command::Assign { incident: incident(index)?, volunteer: volunteer_id(*who) },
        Try::Reassign(index, to) => Command::Reassign { assignment: assignment(index)?, to: incident(to)? },
        Try::Substitute(index, by) => Command::Substitute { assignment: assignment(index)?, by: volunteer_id(*by) },
        Try::StandDown(index, one) => {
            let assignment = one.as_ref().and_then(assignment);
            Command::StandDown { incident: incident(index)?, assignment }
        }
        Try::Escalate(index) => Command::Escalate { incident: incident(index)? },
        Try::Merge(duplicate, into) => Command::Merge { duplicate: incident(duplicate)?, into: incident(into)? },
        Try::Unmerge(index, call) => {
            let incident = incident(index)?;
            let calls = &town.state.district.incident(incident)?.calls;
            let call = call.as_ref().and_then(|call| pick(call, calls.iter().map(|call| call.id).collect()));
            Command::Unmerge { incident, call }
        }
        Try::Cancel(index) => Command::Cancel { incident: incident(index)?, words: None },
        Try::Close(index) => {
            Command::Close { incident: incident(index)?, disposition: Disposition::Resolved, words: None }
        }
        Try::Reopen(index) => Command::Reopen { incident: incident(index)? },
        Try::Complete(index) => {
            let tasks = town.state.district.tasks().map(|task| task.id).collect();
            Command::CompleteTask { task: pick(index, tasks)?, outcome: TaskOutcome::TakenOver }
        }
        Try::GiveAid { number, needs, east_m } => {
            let code = |need: &u8| [None, Some("doctor"), Some("driver"), Some("surgeon")][usize::from(*need)];
            let needs = needs.iter().map(|need| code(need).map(str::to_owned)).collect();
            let (aid, position) = (foreign(*number), at(f64::from(*east_m)));
            let (kind, urgency) = ("fall".to_owned(), Urgency::Urgent);
            Command::GiveAid(AidRequest { aid, kind, urgency, drill: false, position, needs })
        }
        Try::TellAid { asked, filled, over, telling } => {
            let of = |incident: &Incident| {
                let incident_id = incident.id;
                incident
                    .aids
                    .iter()
                    .map(move |aid| AidId { incident: incident_id, number: aid.number })
                    .collect::<Vec<_>>()
            };
            let aid = pick(asked, town.state.district.incidents().flat_map(of).collect())?;
            Command::TellAid { aid, filled: SlotSet(*filled), over: *over, telling: *telling }
        }
        Try::EndAid(number) => Command::EndAid { aid: foreign(*number) },
        Try::Resume(gap_ms) => Command::ResumeService { gap_ms: *gap_ms },
        Try::Enrol { who, east_m, skills, capacity, budget, guest } => {
            let skills: Vec<SkillId> = (0..2).filter(|bit| skills >> bit & 1 == 1).map(SkillId).collect();
            let (capacity, alerts_per_day_max, guest) = (*capacity, *budget, *guest);
            let volunteer = person(*who, f64::from(*east_m), &skills);
            Command::EnrolVolunteers {
                volunteers: vec![Volunteer { capacity, alerts_per_day_max, guest, ..volunteer }],
            }
        }
        Try::Retire(who) => Command::RetireVolunteers { volunteers: vec![volunteer_id(*who)] },
        Try::Minimum(number, minimum) => {
            Command::DefineGrids { grids: vec![Grid { minimum_on_duty: *minimum, ..grid(*number) }] }
        }
        Try::Size(target_permille) => {
            let mut fall = plans().swap_remove(0);
            fall.wave.size = target_permille.map_or(WaveSize::Fixed(2), |target| WaveSize::fitting(target, 7));
            Command::DefinePlans { plans: vec![fall] }
        }
    })
}

/// Tries it; an alarm must be taken, anything else may be refused. The same question twice gets the same answer.
fn attempt(town: &mut Town, attempt: &Try, sent: &mut Vec<(Request, Answer)>) {
    if let Try::Wait(ms) = attempt {
        town.pass(*ms);
    } else if let Some(command) = command(town, attempt) {
        let request = Request { id: town.next_id(), body_hash: BodyHash(1), actor: Actor::System, command };
        let first = decide(&town.state, town.now, &request);
        assert_eq!(first, decide(&town.state, town.now, &request), "the same question had two answers");
        assert!(first.is_ok() || !request.command.is_alarm(), "an alarm was refused: {first:?}");
        let before = town.seq();
        if let Ok(answer) = town.send(request.clone())
            && request.command.remembered()
            && town.seq() > before
        {
            sent.push((request, answer));
        }
    } else if let Try::Repeat(index) = attempt {
        repeat(town, index, sent);
    }
}

fn repeat(town: &mut Town, index: &Index, sent: &[(Request, Answer)]) {
    let Some((request, answer)) = (!sent.is_empty()).then(|| sent[index.index(sent.len())].clone()) else { return };
    if town.state.district.remembered(request.id).is_none() {
        return;
    }
    let before = town.seq();
    assert_eq!(town.send(request.clone()), Ok(answer));
    let other = Request { body_hash: BodyHash(2), ..request.clone() };
    assert_eq!(town.send(other), Err(Rejection::IdempotencyConflict { id: request.id }));
    assert_eq!(town.seq(), before, "a repeated command took effect twice");
}

/// The log alone gives the same state, and so does a snapshot.
fn check_replay(town: &Town) {
    let digest = town.state.district.digest();
    let mut replayed = State::new(super::town::DISTRICT);
    town.log.iter().for_each(|commit| replayed.evolve(commit));
    assert_eq!(replayed.district.digest(), digest, "replay is not what was live");
    let snapshot = serde_json::to_string(&town.state.district).expect("a district can be written");
    let restored: District = serde_json::from_str(&snapshot).expect("a snapshot can be read");
    assert_eq!(restored.digest(), digest, "the snapshot is not the state");
    let log = serde_json::to_string(&town.log).expect("a log can be written");
    assert_eq!(serde_json::from_str::<Vec<Commit>>(&log).expect("a log can be read"), town.log);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_tried_the_invariants_hold_and_the_log_says_it_all(tried in prop::collection::vec(tries(), 1..120)) {
        let mut town = town();
        let mut sent = Vec::new();
        for one in &tried {
            attempt(&mut town, one, &mut sent);
        }
        check_replay(&town);
        town.minutes(2);
        heals(&mut town);
    }
}

/// I11: once nothing more is asked, every open alarm is answered, waiting for an answer, or known to be short.
fn heals(town: &mut Town) {
    for record in town.state.district.incident_records().filter(|record| !record.incident.state.ended()) {
        let incident = &record.incident;
        let open = incident.open_slots();
        let known = open.is_empty() || record.in_batch() || !record.standing.is_empty() || incident.shortfall.is_some();
        assert!(known, "{incident:?} waits for nobody and nobody knows");
    }
}
