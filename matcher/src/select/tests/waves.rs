use super::*;
use crate::event::Excluded;

const ANYBODY: Option<SkillId> = None;

fn place(grid: u64) -> Place {
    Place { position: CENTRE, grid: GridId::new(DISTRICT, grid), unsure: false }
}

pub(super) fn ask<'a>(open: &'a [(usize, Option<SkillId>)], size: u16) -> WaveQuery<'a> {
    WaveQuery {
        place: place(1),
        radius_m: 1_000,
        size: WaveSize::Fixed(size),
        preference: GridPreference::None,
        open,
        may_combine: false,
        resting_too: false,
    }
}

pub(super) fn anyone(_: VolunteerId) -> Result<Turn, Excluded> {
    Ok(Turn::default())
}

/// No wave of a fixed size asks for anybody's chance.
fn unlooked(_: VolunteerId, _: &Standing) -> u16 {
    unreachable!("a wave of a fixed size counts on nothing")
}

pub(super) fn asked(wave: &Wave) -> Vec<(u64, u32)> {
    wave.offers.iter().map(|offer| (offer.volunteer.number(), offer.slots.0)).collect()
}

fn next(wave: &Wave) -> Vec<u64> {
    wave.explanation.next.iter().map(|(volunteer, _)| volunteer.number()).collect()
}

#[test]
fn the_nearest_are_asked_and_the_rest_are_named_or_counted() {
    let mut entries = vec![entry(1, 300, &[]), entry(2, 100, &[]), entry(3, 200, &[]), entry(4, 1_500, &[])];
    entries.push(Entry { availability: Availability::OffDuty, ..entry(5, 10, &[]) });
    entries.push(Entry { availability: Availability::Engaged, ..entry(6, 10, &[]) });
    entries.push(Entry { availability: Availability::Resting, ..entry(7, 10, &[]) });
    let found = wave(&index_of(&entries), &ask(&[(0, ANYBODY)], 2), anyone, unlooked);
    assert_eq!(asked(&found), [(2, 1), (3, 1)]);
    assert_eq!(next(&found), [1]);
    let once = [Excluded::OffDuty, Excluded::Engaged, Excluded::Resting, Excluded::BeyondRadius];
    assert_eq!(found.explanation.excluded, once.map(|why| (why, 1)));
    assert_eq!(
        found.offers[0].standing,
        Standing {
            distance_m: 100,
            travel_ms: 100_000,
            own_grid: true,
            alerts_today: 0,
            unreachable: false,
            chance_permille: None
        }
    );
}

#[test]
fn every_open_slot_is_asked_for_however_small_the_wave() {
    let entries = [entry(1, 100, &[]), entry(2, 200, &[]), entry(3, 300, &[])];
    let open = [(0, ANYBODY), (1, ANYBODY)];
    let found = wave(&index_of(&entries), &ask(&open, 1), anyone, unlooked);
    assert_eq!(asked(&found), [(1, 0b11), (2, 0b11)]);
}

#[test]
fn a_scarce_skill_is_not_burnt_on_the_first_role() {
    // 1 is nearest and has both skills, 2 only the first.
    let entries = [entry(1, 100, &[0, 1]), entry(2, 900, &[0])];
    let open = [(0, Some(SkillId(0))), (1, Some(SkillId(1)))];
    let found = wave(&index_of(&entries), &ask(&open, 2), anyone, unlooked);
    assert_eq!(asked(&found), [(1, 0b10), (2, 0b01)]);
    assert!(found.explanation.short.is_empty());
    assert_eq!(found.explanation.excluded, [(Excluded::LacksSkill, 1)]);
}

#[test]
fn one_person_fills_both_roles_where_the_plan_lets_him() {
    let mut entries: Vec<Entry> = (1..=90).map(|n| entry(n, 100 + n as i32, &[(n % 2) as u8])).collect();
    entries.push(entry(99, 950, &[0, 1]));
    let open = [(3, Some(SkillId(0))), (5, Some(SkillId(1)))];
    let query = WaveQuery { may_combine: true, ..ask(&open, 2) };
    let found = wave(&index_of(&entries), &query, anyone, unlooked);
    assert_eq!(asked(&found)[0], (99, 0b101000), "one farther person rather than two nearer ones");
    assert_eq!(found.offers.len(), 2, "the second crew has nobody with both, and is cut to the wave");
}

#[test]
fn what_nobody_can_do_is_told_as_short() {
    let entries = [entry(1, 100, &[0]), entry(2, 200, &[0])];
    let open = [(0, Some(SkillId(0))), (1, Some(SkillId(9))), (2, Some(SkillId(9)))];
    let found = wave(&index_of(&entries), &ask(&open, 3), anyone, unlooked);
    assert_eq!(found.explanation.short, SlotSet(0b110));
    assert_eq!(asked(&found), [(1, 0b001), (2, 0b001)], "more are asked for what can be done");
    assert_eq!(found.explanation.excluded, [(Excluded::LacksSkill, 2)]);
}

#[test]
fn nobody_there_is_short_of_everything() {
    let found = wave(&Index::new(), &ask(&[(0, ANYBODY), (4, Some(SkillId(2)))], 8), anyone, unlooked);
    assert_eq!((asked(&found), found.explanation.short), (vec![], SlotSet(0b10001)));
}

#[test]
fn whom_the_judge_refuses_is_counted_where_it_mattered() {
    let entries = [entry(1, 100, &[]), entry(2, 200, &[]), entry(3, 300, &[])];
    let judge = |v: VolunteerId| match v.number() {
        1 => Err(Excluded::Declined),
        2 => Err(Excluded::AlertBudget),
        _ => Ok(Turn::default()),
    };
    let found = wave(&index_of(&entries), &ask(&[(0, ANYBODY)], 1), judge, unlooked);
    assert_eq!(asked(&found), [(3, 1)]);
    assert_eq!(found.explanation.excluded, [(Excluded::AlertBudget, 1), (Excluded::Declined, 1)]);
}

#[test]
fn those_at_rest_are_asked_when_life_is_at_stake() {
    let entries = [Entry { availability: Availability::Resting, ..entry(1, 100, &[]) }];
    let query = WaveQuery { resting_too: true, ..ask(&[(0, ANYBODY)], 1) };
    assert_eq!(asked(&wave(&index_of(&entries), &query, anyone, unlooked)), [(1, 1)]);
}

#[test]
fn the_order_is_reach_then_grid_then_time_then_turn_then_id() {
    let other = GridId::new(DISTRICT, 2);
    let nearest = entry(1, 100, &[]);
    let order = |entries: &[Entry], preference, judge: fn(VolunteerId) -> Result<Turn, Excluded>| {
        let query = WaveQuery { preference, ..ask(&[(0, ANYBODY)], 9) };
        asked(&wave(&index_of(entries), &query, judge, unlooked))
            .into_iter()
            .map(|(number, _)| number)
            .collect::<Vec<_>>()
    };
    let unreachable = Entry { reachable: false, ..entry(2, 10, &[]) };
    assert_eq!(order(&[unreachable, nearest], GridPreference::None, anyone), [1, 2]);
    let driver = Entry { travel: TravelMode::Car, ..entry(2, 450, &[]) };
    assert_eq!(order(&[driver, nearest], GridPreference::None, anyone), [2, 1], "90 s by car, 100 s on foot");
    let stranger = Entry { grid: other, ..entry(2, 80, &[]) };
    assert_eq!(order(&[stranger, nearest], GridPreference::None, anyone), [2, 1]);
    assert_eq!(order(&[stranger, nearest], GridPreference::MetresNearer(30), anyone), [1, 2]);
    assert_eq!(order(&[stranger, nearest], GridPreference::StrictlyFirst, anyone), [1, 2]);
    let neighbour = Entry { volunteer: volunteer(2), ..nearest };
    assert_eq!(order(&[nearest, neighbour], GridPreference::None, anyone), [1, 2]);
    let tired = |v: VolunteerId| Ok(Turn { alerts_today: u16::from(v.number() == 1), last_alert_at: None });
    assert_eq!(order(&[nearest, neighbour], GridPreference::None, tired), [2, 1]);
    let waited = |v: VolunteerId| Ok(Turn { alerts_today: 1, last_alert_at: Some(Timestamp(9 - v.number() as i64)) });
    assert_eq!(order(&[nearest, neighbour], GridPreference::None, waited), [2, 1]);
}
