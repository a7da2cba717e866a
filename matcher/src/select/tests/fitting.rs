//! Waves that fit, against every way in which people can say yes and no.

use proptest::prelude::*;

use super::waves::{anyone, ask, asked};
use super::*;

/// The slow obvious way: every set of people who may come, with what it is worth.
fn enough_naively(needed: usize, chances: &[u16]) -> f64 {
    let worth = |comes: u32| {
        let one = |(person, &chance): (usize, &u16)| match (f64::from(chance) / 1e3, comes >> person & 1) {
            (chance, 1) => chance,
            (chance, _) => 1.0 - chance,
        };
        chances.iter().enumerate().map(one).product::<f64>()
    };
    let sets = (0..1u32 << chances.len()).filter(|comes| comes.count_ones() as usize >= needed);
    sets.map(worth).sum()
}

/// In order of distance: each of these comes so many times of a thousand.
fn street(chances: &[u16]) -> Vec<Entry> {
    (1..).zip(chances).map(|(number, _)| entry(number, 10 * number as i32, &[])).collect()
}

fn fitted(needed: usize, size: WaveSize, chances: &[u16]) -> Wave {
    let open: Vec<(usize, Option<SkillId>)> = (0..needed).map(|slot| (slot, None)).collect();
    let query = WaveQuery { size, ..ask(&open, 1) };
    wave(&index_of(&street(chances)), &query, anyone, |volunteer, _| chances[volunteer.number() as usize - 1])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_tail_is_that_of_every_set_of_people(chances in prop::collection::vec(0u16..=1_000, 0..14), needed in 0usize..6) {
        let mut tail = Tail::new(needed);
        chances.iter().for_each(|&chance| tail.ask(chance));
        let (exact, counted) = (enough_naively(needed, &chances) * 1e3, f64::from(tail.enough_permille()));
        prop_assert!((counted..counted + 1.0 + 5e-3).contains(&(exact + 5e-3)), "{exact} is counted as {counted}");
    }

    /// The nearest who are enough, and not one more.
    #[test]
    fn a_wave_that_fits_is_the_smallest_that_does(
        chances in prop::collection::vec(5u16..=950, 1..14),
        needed in 1usize..4,
        target_permille in 1u16..=999,
        max in 1u16..16,
    ) {
        let found = fitted(needed, WaveSize::fitting(target_permille, max), &chances);
        let said = found.explanation.fit.expect("the wave is to fit");
        let all_or_max = chances.len().min(usize::from(max).max(needed));
        let sure = |size: usize| enough_naively(needed, &chances[..size]) * 1e3;
        let smallest = |target: f64| (needed.min(all_or_max)..=all_or_max).find(|&size| sure(size) >= target);
        // A hair's breadth from the target, rounding may decide.
        let [less, more] = [-5e-3, 5e-3].map(|hair| smallest(f64::from(target_permille) + hair).unwrap_or(all_or_max));
        let size = found.offers.len();
        prop_assert!(size == less || size == more, "{size} are asked, not {less}: {said:?}");
        prop_assert!((f64::from(said.counted_permille) - sure(size)).abs() < 1.01, "{said:?} for {}", sure(size));
        let counted: Vec<Option<u16>> = found.offers.iter().map(|offer| offer.standing.chance_permille).collect();
        prop_assert_eq!(counted, chances[..size].iter().map(|&chance| Some(chance)).collect::<Vec<_>>());
    }
}

/// Two roles must each fail half as often; who is sure enough already is not asked again, who is not is.
#[test]
fn each_role_is_filled_up_by_itself() {
    let chances = [900, 900, 300, 300, 300, 300, 300, 300, 300, 300];
    let entries: Vec<Entry> = (1..=10).map(|n| entry(n, 10 * n as i32, if n <= 2 { &[0] } else { &[1] })).collect();
    let open = [(0, Some(SkillId(0))), (1, Some(SkillId(1)))];
    let sizes = [(800, 1, 7), (900, 2, 8), (500, 1, 4)];
    for (target_permille, first, second) in sizes {
        let query = WaveQuery { size: WaveSize::fitting(target_permille, 24), ..ask(&open, 1) };
        let found = wave(&index_of(&entries), &query, anyone, |who, _| chances[who.number() as usize - 1]);
        let of = |slots: u32| asked(&found).iter().filter(|(_, asked)| *asked == slots).count();
        assert_eq!((of(0b01), of(0b10)), (first, second), "{target_permille}: {:?}", found.explanation.fit);
        assert!(found.explanation.fit.expect("it is to fit").counted_permille >= target_permille);
    }
}

/// One who can do both is kept for the role that has nobody else.
#[test]
fn who_can_do_what_is_wanted_is_not_spent_on_what_is_sure() {
    let entries = [entry(1, 10, &[0]), entry(2, 20, &[1]), entry(3, 30, &[0, 1])];
    let open = [(0, Some(SkillId(0))), (1, Some(SkillId(1)))];
    let query = WaveQuery { size: WaveSize::fitting(700, 24), ..ask(&open, 1) };
    let found = wave(&index_of(&entries), &query, anyone, |who, _| [950, 500, 800][who.number() as usize - 1]);
    assert_eq!(asked(&found), [(1, 0b01), (2, 0b10), (3, 0b10)]);
    assert_eq!(found.explanation.fit.map(|fit| fit.counted_permille), Some(855));
}
