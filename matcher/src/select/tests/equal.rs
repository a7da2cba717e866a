//! The index answers what the naive list answers, whatever happened to both.

use proptest::prelude::*;

use super::*;
use crate::event::Excluded;

/// A place to live: from "the same building" to "the other end of the earth".
fn position() -> impl Strategy<Value = Position> {
    let about = |spread: i32| {
        (-spread..=spread, -spread..=spread)
            .prop_map(|(lat, lng)| Position { lat_e7: CENTRE.lat_e7 + lat, lng_e7: CENTRE.lng_e7 + lng })
    };
    let anywhere = (-900_000_000..=900_000_000, -1_800_000_000..=1_800_000_000)
        .prop_map(|(lat_e7, lng_e7)| Position { lat_e7, lng_e7 });
    prop_oneof![2 => about(3), 4 => about(5_000), 8 => about(200_000), 2 => about(9_000_000), 1 => anywhere]
}

fn travel() -> impl Strategy<Value = TravelMode> {
    prop_oneof![4 => Just(TravelMode::Walk), 2 => Just(TravelMode::Bicycle), 1 => Just(TravelMode::Car)]
}

fn availability() -> impl Strategy<Value = Availability> {
    prop_oneof![
        6 => Just(Availability::Ready),
        1 => Just(Availability::Resting),
        1 => Just(Availability::Engaged),
        2 => Just(Availability::OffDuty),
    ]
}

/// Common skills, rare ones, and one beyond the first rows.
fn skills() -> impl Strategy<Value = SkillSet> {
    prop::collection::vec(prop_oneof![6 => 0u8..3, 2 => 3u8..12, 1 => 60u8..128], 0..4)
        .prop_map(|skills| skills.into_iter().map(SkillId).collect())
}

pub(super) fn anyone_of(numbers: u64) -> impl Strategy<Value = Entry> {
    (1..=numbers, position(), skills(), travel(), 1u64..4, availability(), prop::bool::weighted(0.9)).prop_map(
        |(number, position, skills, travel, grid, availability, reachable)| Entry {
            volunteer: volunteer(number),
            position,
            skills,
            travel,
            grid: GridId::new(DISTRICT, grid),
            availability,
            reachable,
        },
    )
}

#[derive(Clone, Debug)]
enum Change {
    Upsert(Entry),
    Remove(u64),
    Move(u64, Position),
    MoveAll(Vec<(u64, Position)>),
    Availability(u64, Availability),
    Reachable(u64, bool),
    Skills(u64, SkillSet),
}

fn change(numbers: u64) -> impl Strategy<Value = Change> {
    let who = 1..=numbers;
    prop_oneof![
        3 => anyone_of(numbers).prop_map(Change::Upsert),
        1 => who.clone().prop_map(Change::Remove),
        4 => (who.clone(), position()).prop_map(|(who, position)| Change::Move(who, position)),
        2 => prop::collection::vec((who.clone(), position()), 0..40).prop_map(Change::MoveAll),
        2 => (who.clone(), availability()).prop_map(|(who, availability)| Change::Availability(who, availability)),
        1 => (who.clone(), any::<bool>()).prop_map(|(who, reachable)| Change::Reachable(who, reachable)),
        1 => (who, skills()).prop_map(|(who, skills)| Change::Skills(who, skills)),
    ]
}

/// Index and list, changed together.
#[derive(Default)]
struct Both {
    index: Index,
    naive: Naive,
}

impl Both {
    fn of(entries: &[Entry]) -> Self {
        let mut naive = Naive::default();
        entries.iter().for_each(|&entry| naive.upsert(entry));
        Self { index: entries.iter().copied().collect(), naive }
    }

    fn apply(&mut self, change: &Change) {
        let (index, naive) = (&mut self.index, &mut self.naive);
        let known = |naive: &mut Naive, who: u64, change: &dyn Fn(&mut Entry)| {
            naive.entry_mut(volunteer(who)).map(change).is_some()
        };
        let same = match *change {
            Change::MoveAll(ref moves) => {
                let moves: Vec<_> = moves.iter().map(|&(who, position)| (volunteer(who), position)).collect();
                index.move_all(&moves);
                for &(who, position) in &moves {
                    naive.entry_mut(who).into_iter().for_each(|entry| entry.position = position);
                }
                true
            }
            Change::Upsert(entry) => {
                index.upsert(entry);
                naive.upsert(entry);
                true
            }
            Change::Remove(who) => index.remove(volunteer(who)) == naive.remove(volunteer(who)),
            Change::Move(who, position) => {
                index.move_to(volunteer(who), position) == known(naive, who, &|entry| entry.position = position)
            }
            Change::Availability(who, availability) => {
                let there = known(naive, who, &|entry| entry.availability = availability);
                index.set_availability(volunteer(who), availability) == there
            }
            Change::Reachable(who, reachable) => {
                let there = known(naive, who, &|entry| entry.reachable = reachable);
                index.set_reachable(volunteer(who), reachable) == there
            }
            Change::Skills(who, skills) => {
                index.set_skills(volunteer(who), skills) == known(naive, who, &|entry| entry.skills = skills)
            }
        };
        assert!(same, "both know whether there is somebody: {change:?}");
    }

    fn check_nearest(&self, query: &NearestQuery) {
        let mut finder = Finder::default();
        assert_eq!(self.index.nearest(query, &mut finder), self.naive.nearest(query), "{query:?}");
    }

    fn check_rank(&self, query: &RankQuery) {
        assert_eq!(self.index.rank(query, judge), self.naive.rank(query, judge), "{query:?}");
    }

    fn check_census(&self, query: &RankQuery) {
        let roles = [query.skills, SkillSet::EMPTY, SkillSet::only(SkillId(1))];
        let naive = roles.map(|skills| self.naive.census(skills, query.at, query.radius_m));
        assert_eq!(self.index.census(&roles, query.at, query.radius_m), naive, "{query:?}");
        assert_eq!(self.index.census(&roles[..1], query.at, query.radius_m), naive[..1], "{query:?}");
    }

    fn check(&self, query: &RankQuery) {
        assert_eq!(self.index.len(), self.naive.len());
        let RankQuery { at, radius_m, skills, count, .. } = *query;
        self.check_nearest(&NearestQuery { at, radius_m, skills, count });
        self.check_rank(query);
        self.check_census(query);
    }
}

/// Refuses some, and gives the others turns with many ties.
fn judge(volunteer: VolunteerId) -> Result<Turn, Excluded> {
    match volunteer.number() % 7 {
        0 => Err(Excluded::AlreadyAsked),
        3 => Err(Excluded::Declined),
        number => Ok(Turn { alerts_today: number as u16 % 2, last_alert_at: None }),
    }
}

pub(super) fn query() -> impl Strategy<Value = RankQuery> {
    let preference = prop_oneof![
        Just(GridPreference::None),
        (0u32..2_000).prop_map(GridPreference::MetresNearer),
        Just(GridPreference::StrictlyFirst),
    ];
    let radius_m = prop_oneof![0u32..300, 300u32..30_000, Just(25_000_000u32)];
    (position(), 1u64..4, radius_m, skills(), preference, any::<bool>(), 0usize..12).prop_map(
        |(at, grid, radius_m, skills, preference, resting_too, count)| RankQuery {
            at,
            grid: GridId::new(DISTRICT, grid),
            radius_m,
            skills,
            preference,
            resting_too,
            count,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn equal_after_any_changes(
        start in prop::collection::vec(anyone_of(300), 0..300),
        changes in prop::collection::vec(change(300), 0..400),
        queries in prop::collection::vec(query(), 8),
    ) {
        let mut both = Both::of(&start);
        queries.iter().for_each(|query| both.check(query));
        changes.iter().for_each(|change| both.apply(change));
        queries.iter().for_each(|query| both.check(query));
        for number in 1..=300 {
            prop_assert_eq!(both.index.get(volunteer(number)), both.naive.entry(volunteer(number)));
        }
    }

    #[test]
    fn equal_when_grown_one_by_one(
        changes in prop::collection::vec(anyone_of(5_000).prop_map(Change::Upsert), 0..1_500),
        queries in prop::collection::vec(query(), 8),
    ) {
        let mut both = Both::default();
        changes.iter().for_each(|change| both.apply(change));
        queries.iter().for_each(|query| both.check(query));
    }

    #[test]
    fn distance_is_that_of_geo(from in position(), to in position()) {
        use geo::{Distance, Haversine, Point};
        let point = |position: Position| Point::new(position.lng(), position.lat());
        let measured = Haversine.distance(point(from), point(to));
        prop_assert!((from.distance_m(to) - measured).abs() <= 1e-6 * measured.max(1.0));
    }
}

/// A repeatable stream of numbers (SplitMix64, Steele 2014).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// About `spread` around the centre, denser towards it.
    fn place(&mut self, spread: i64) -> Position {
        let mut off = || (0..3).map(|_| self.below(2 * spread as u64) as i64 - spread).sum::<i64>() as i32;
        Position { lat_e7: CENTRE.lat_e7 + off(), lng_e7: CENTRE.lng_e7 + off() }
    }

    /// Somebody of a city of 30 km: skill s is held by one in 2^(s+1), down to one in 4,096.
    fn somebody(&mut self, number: u64) -> Entry {
        let bits = self.next();
        let holds = |skill: u8| bits.rotate_right(u32::from(skill) * 5).trailing_zeros() > u32::from(skill);
        Entry {
            volunteer: volunteer(number),
            position: self.place(600_000),
            skills: (0u8..12).filter(|&skill| holds(skill)).map(SkillId).collect(),
            travel: [TravelMode::Walk, TravelMode::Walk, TravelMode::Bicycle, TravelMode::Car][self.below(4) as usize],
            grid: GridId::new(DISTRICT, 1 + self.below(40)),
            availability: Availability::ALL[self.below(5).saturating_sub(1) as usize],
            reachable: self.below(20) != 0,
        }
    }
}

#[test]
fn equal_for_a_hundred_thousand() {
    let mut numbers = Numbers(2);
    let entries: Vec<Entry> = (1..=100_000).map(|number| numbers.somebody(number)).collect();
    let mut both = Both::of(&entries);
    for round in 0..60u8 {
        for _ in 0..500 {
            let who = 1 + numbers.below(100_000);
            let place = numbers.place(600_000);
            both.apply(&Change::Move(who, place));
            both.apply(&Change::Move(who, Position { lat_e7: place.lat_e7 + 40, lng_e7: place.lng_e7 - 40 }));
            both.apply(&Change::Availability(1 + numbers.below(100_000), Availability::ALL[numbers.below(4) as usize]));
        }
        both.check(&RankQuery {
            at: numbers.place(600_000),
            grid: GridId::new(DISTRICT, 1 + numbers.below(40)),
            radius_m: [500, 2_000, 5_000, 40_000][usize::from(round % 4)],
            skills: SkillSet::only(SkillId(round % 13)),
            preference: [GridPreference::None, GridPreference::MetresNearer(400), GridPreference::StrictlyFirst]
                [usize::from(round % 3)],
            resting_too: round % 5 == 0,
            count: 1 + usize::from(round) / 2,
        });
    }
}

/// A list of holders has places where nobody is; where people live densely, units are small, and nothing but their mark tells
/// them from somebody on the other side of the earth.
#[test]
fn who_is_not_on_a_list_is_found_in_no_circle() {
    let mut numbers = Numbers(3);
    let mut somebody = |number| Entry { position: numbers.place(5_000), ..numbers.somebody(number) };
    let mut entries: Vec<Entry> = (1..=200).map(&mut somebody).collect();
    let rare = SkillSet::only(SkillId(20));
    entries[7] = Entry { skills: rare, availability: Availability::Ready, reachable: true, ..entries[7] };
    let both = Both::of(&entries);
    both.check(&RankQuery {
        at: CENTRE,
        grid: GridId::new(DISTRICT, 1),
        radius_m: 25_000_000,
        skills: rare,
        preference: GridPreference::None,
        resting_too: true,
        count: 3,
    });
}

#[test]
fn coming_and_going_does_not_grow_it() {
    let mut numbers = Numbers(5);
    let mut index: Index = (1..=2_000).map(|number| numbers.somebody(number)).collect();
    let mut change = |rounds: u32| {
        for _ in 0..rounds {
            let who = volunteer(1 + numbers.below(2_000));
            index.set_availability(who, Availability::ALL[numbers.below(4) as usize]);
            index.move_to(who, numbers.place(600_000));
        }
        index.bytes()
    };
    let after_a_day = change(20_000);
    assert!(change(100_000) <= after_a_day * 5 / 4, "holes are filled again");
}
